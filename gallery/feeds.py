"""The cameras that a server reads itself: where from, and whether it should."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from gallery import schema
from gallery.database import Database
from gallery.errors import QueryError
from gallery.instants import from_microseconds
from gallery.jobs import insert_job
from gallery.tracklet_rows import now

_feeds = schema.feeds.c


@dataclass(frozen=True)
class Feed:
    """A camera that a server reads.

    Attributes:
        camera: Its name.
        source: File, folder or address; may hold a login, which must not be shown.
        settings: ``start`` (ISO 8601) and ``upload`` where given.
        wanted: Whether it is to be read.
        job: The job that reads it, or did so last.
        created: UTC.
    """

    camera: str
    source: str = field(repr=False)
    settings: Mapping[str, str]
    wanted: bool
    job: str | None
    created: datetime


class FeedTable:
    """The feeds of a gallery.

    Args:
        database: The gallery's.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, camera: str, source: str, settings: Mapping[str, str]) -> Feed:
        """Adds a feed, which is not wanted yet.

        Raises:
            QueryError: If the camera has one already.
        """
        values = {
            "camera": camera,
            "source": source,
            "settings": json.dumps(settings),
            "wanted": 0,
            "created": now(),
        }
        with self._database.write() as connection:
            try:
                connection.execute(sa.insert(schema.feeds).values(**values))
            except IntegrityError as error:
                raise QueryError(
                    f"camera {camera!r} is there already; remove it first, or choose another name"
                ) from error
        return self.get(camera)

    def get(self, camera: str) -> Feed:
        """The feed of a camera.

        Raises:
            QueryError: If it has none.
        """
        with self._database.read() as connection:
            row = connection.execute(sa.select(schema.feeds).where(_feeds.camera == camera)).first()
        if row is None:
            raise _no_feed(camera)
        return _row(row)

    def rows(self) -> list[Feed]:
        """All of them, by camera."""
        with self._database.read() as connection:
            return [_row(row) for row in connection.execute(sa.select(schema.feeds).order_by(_feeds.camera))]

    def begin(self, camera: str, asked_by: str) -> str:
        """Has a camera read from now on; gives the job that does it: one that waits or runs already, else a new one.

        Raises:
            QueryError: If it has no feed.
        """
        is_on = schema.jobs.c.state.in_(("queued", "running"))
        known = sa.select(_feeds.camera, schema.jobs.c.id).outerjoin(
            schema.jobs, (schema.jobs.c.id == _feeds.job) & is_on
        )
        with self._database.write() as connection:  # one transaction: two who ask at once must not get two jobs
            row = connection.execute(known.where(_feeds.camera == camera)).first()
            if row is None:
                raise _no_feed(camera)
            job = row.id or insert_job(connection, "ingest", f"Ingest {camera}", {"camera": camera}, asked_by)
            connection.execute(sa.update(schema.feeds).where(_feeds.camera == camera).values(wanted=1, job=job))
        return str(job)

    def end(self, camera: str) -> None:
        """Says that a camera is to be read no longer."""
        with self._database.write() as connection:
            connection.execute(sa.update(schema.feeds).where(_feeds.camera == camera).values(wanted=0))

    def remove(self, camera: str) -> None:
        """Forgets a feed; what was ingested from it stays."""
        with self._database.write() as connection:
            connection.execute(sa.delete(schema.feeds).where(_feeds.camera == camera))


def _no_feed(camera: str) -> QueryError:
    return QueryError(f"there is no camera {camera!r} that this server reads; add it first")


def _row(row: "sa.Row[tuple[object, ...]]") -> Feed:
    return Feed(
        row.camera, row.source, json.loads(row.settings), bool(row.wanted), row.job, from_microseconds(row.created)
    )
