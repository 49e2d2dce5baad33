"""Long work of a server, as SQL keeps it: what is to be done, how far it is, and what came of it."""

import json
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

import sqlalchemy as sa

from gallery import schema
from gallery.database import Database
from gallery.errors import QueryError
from gallery.instants import from_microseconds, optional_instant, to_microseconds
from gallery.tracklet_rows import now

JobState = Literal["queued", "running", "stopping", "done", "failed", "cancelled"]
STATES: tuple[JobState, ...] = get_args(JobState)
OPEN: frozenset[JobState] = frozenset({"queued", "running", "stopping"})
"""What is not over."""

MOST_ENDED = 1000
"""Jobs that are over; older ones are forgotten."""

_jobs = schema.jobs.c


@dataclass(frozen=True)
class JobRow:
    """One job.

    Attributes:
        id: Random text.
        kind: What is done: ``ingest``, ``track``, ``reembed``, ``evaluate``.
        title: For people.
        request: What was asked for.
        state: How it stands.
        progress: ``done``, ``total`` and ``rate`` (a second), ``what``; ``not_before`` (seconds since the epoch) and
            ``tries`` where it waits to be tried again.
        result: What came of it, None before.
        error: Why it failed, or why it is tried again.
        asked_by: Name of a token.
        created: UTC.
        started: UTC, of the latest try.
        ended: UTC.
    """

    id: str
    kind: str
    title: str
    request: Mapping[str, object]
    state: JobState
    progress: Mapping[str, float | str | None]
    result: Mapping[str, object] | None
    error: str | None
    asked_by: str
    created: datetime
    started: datetime | None
    ended: datetime | None

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state not in OPEN


class JobTable:
    """The jobs of a gallery. May be used from several threads and processes.

    Args:
        database: The gallery's.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, kind: str, title: str, request: Mapping[str, object], asked_by: str) -> JobRow:
        """Puts a job at the end of the queue."""
        with self._database.write() as connection:
            job_id = insert_job(connection, kind, title, request, asked_by)
        return self.get(job_id)

    def get(self, job_id: str) -> JobRow:
        """One job.

        Raises:
            QueryError: If there is none of that id.
        """
        with self._database.read() as connection:
            row = connection.execute(sa.select(schema.jobs).where(_jobs.id == job_id)).first()
        if row is None:
            raise QueryError(f"there is no job {job_id!r}")
        return _row(row)

    def rows(self, states: Collection[JobState] | None = None, limit: int = 100, offset: int = 0) -> list[JobRow]:
        """Jobs in some states, all by default; the newest first."""
        statement = sa.select(schema.jobs).order_by(_jobs.number.desc()).limit(limit).offset(offset)
        if states is not None:
            statement = statement.where(_jobs.state.in_(states))
        with self._database.read() as connection:
            return [_row(row) for row in connection.execute(statement)]

    def count(self, states: Collection[JobState] | None = None) -> int:
        """How many there are in some states, all by default."""
        statement = sa.select(sa.func.count()).select_from(schema.jobs)
        if states is not None:
            statement = statement.where(_jobs.state.in_(states))
        with self._database.read() as connection:
            return int(connection.scalar(statement) or 0)

    def begin(self, job_id: str) -> bool:
        """Marks a queued job as running; False if it is queued no longer."""
        return self._move(job_id, {"queued"}, state="running", started=now(), ended=None, error=None)

    def tell(self, job_id: str, progress: Mapping[str, float | str | None]) -> None:
        """Notes how far a running job is."""
        with self._database.write() as connection:
            running = sa.update(schema.jobs).where(_jobs.id == job_id, _jobs.state.in_(OPEN))
            connection.execute(running.values(progress=json.dumps(progress)))

    def finish(
        self, job_id: str, state: JobState, result: Mapping[str, object] | None = None, error: str | None = None
    ) -> None:
        """Ends a job."""
        said = None if result is None else json.dumps(result)
        self._move(job_id, OPEN, state=state, result=said, error=error, ended=now())

    def again(
        self, job_id: str, progress: Mapping[str, float | str | None], error: str | None, states: Collection[JobState]
    ) -> bool:
        """Puts a job back into the queue, if it is in one of some states."""
        return self._move(job_id, states, state="queued", progress=json.dumps(progress), error=error, ended=None)

    def ask_to_stop(self, job_id: str) -> JobRow:
        """Cancels a job that waits, and has one that runs end.

        Raises:
            QueryError: If there is none of that id.
        """
        if not self._move(job_id, {"queued"}, state="cancelled", ended=now()):
            self._move(job_id, {"running"}, state="stopping")
        return self.get(job_id)

    def remove(self, job_id: str) -> bool:
        """Forgets a job that is over; False if it is not."""
        with self._database.write() as connection:
            over = sa.delete(schema.jobs).where(_jobs.id == job_id, _jobs.state.not_in(OPEN))
            return connection.execute(over).rowcount > 0

    def ended_before(self, kind: str, time: datetime) -> list[str]:
        """Ids of the jobs of a kind that are over since before a time."""
        old = sa.select(_jobs.id).where(
            _jobs.kind == kind, _jobs.state.not_in(OPEN), _jobs.ended < to_microseconds(time)
        )
        with self._database.read() as connection:
            return list(connection.scalars(old))

    def forget_old(self, kept: int = MOST_ENDED) -> list[str]:
        """Forgets the oldest that are over; gives their ids."""
        over = (
            sa.select(_jobs.id).where(_jobs.state.not_in(OPEN)).order_by(_jobs.number.desc()).offset(kept).limit(1000)
        )
        with self._database.write() as connection:
            gone = list(connection.scalars(over))
            connection.execute(sa.delete(schema.jobs).where(_jobs.id.in_(gone)))
        return gone

    def _move(self, job_id: str, states: Collection[JobState], **values: object) -> bool:
        with self._database.write() as connection:
            moved = sa.update(schema.jobs).where(_jobs.id == job_id, _jobs.state.in_(states)).values(**values)
            return connection.execute(moved).rowcount > 0


def insert_job(connection: sa.Connection, kind: str, title: str, request: Mapping[str, object], asked_by: str) -> str:
    """Puts a job at the end of the queue, in a transaction; gives its id."""
    job_id = secrets.token_hex(8)
    connection.execute(
        sa.insert(schema.jobs).values(
            id=job_id,
            kind=kind,
            title=title,
            request=json.dumps(request),
            state="queued",
            progress="{}",
            asked_by=asked_by,
            created=now(),
        )
    )
    return job_id


def _row(row: "sa.Row[tuple[object, ...]]") -> JobRow:
    return JobRow(
        id=row.id,
        kind=row.kind,
        title=row.title,
        request=json.loads(row.request),
        state=row.state,
        progress=json.loads(row.progress),
        result=None if row.result is None else json.loads(row.result),
        error=row.error,
        asked_by=row.asked_by,
        created=from_microseconds(row.created),
        started=optional_instant(row.started),
        ended=optional_instant(row.ended),
    )


def is_due(job: JobRow, time: datetime) -> bool:
    """Whether a queued job may begin."""
    wait = job.progress.get("not_before")
    return not isinstance(wait, int | float) or to_microseconds(time) / 1e6 >= wait
