"""Where and when every tracklet was, in memory: what filters and lists ask at every step."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy import Connection

from gallery import changes, schema
from gallery.changes import ChangeLog
from gallery.database import Database
from gallery.instants import to_microseconds
from gallery.reading import camera_ids
from gallery.tracklet_rows import pieces

_tracklets = schema.tracklets.c
_COLUMNS = (_tracklets.number, _tracklets.camera, _tracklets.start, _tracklets.end)
_BATCH = 20_000


@dataclass(frozen=True, eq=False)
class _State:
    """The tracklets at one position of the change log; never changed, only replaced.

    Attributes:
        position: The last change that is in it.
        table: (4, N) int64: number (ascending), row of the camera, start and end in microseconds.
    """

    position: int
    table: NDArray[np.int64]


class Outline:
    """Four numbers of each tracklet, 32 bytes, always of the gallery's present state.

    SQL needs a tenth of a second to list 100,000 rows; this needs a millisecond to choose among them. It follows the
    change log, as the vector index does. May be used from several threads.

    Args:
        database: The gallery's tables.
        log: Its change log.
    """

    def __init__(self, database: Database, log: ChangeLog) -> None:
        self._database, self._log = database, log
        self._guard = threading.Lock()
        self._state: _State | None = None

    def numbers(
        self, cameras: Sequence[str] | None = None, since: datetime | None = None, until: datetime | None = None
    ) -> NDArray[np.int64]:
        """(N,) int64, ascending: numbers of the tracklets that overlap a window of time. See ``Gallery.filter_numbers``.

        Raises:
            QueryError: If there is no camera of a name.
        """
        number, camera, start, end = self._present()
        chosen = np.ones(len(number), np.bool_)
        if cameras is not None:
            with self._database.read() as connection:
                chosen &= np.isin(camera, list(camera_ids(connection, cameras).values()))
        if until is not None:
            chosen &= start <= to_microseconds(until)
        if since is not None:
            chosen &= end >= to_microseconds(since)
        found: NDArray[np.int64] = number[chosen]
        return found

    def present(self, numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of some tracklets, (N,) int64, are there now."""
        known = self._present()[0]
        places = np.minimum(np.searchsorted(known, numbers), max(0, len(known) - 1))
        return known[places] == numbers if len(known) else np.zeros(len(numbers), np.bool_)

    def _present(self) -> NDArray[np.int64]:
        """The table, after what the change log brought."""
        with self._guard:
            state = self._state or self._read()
            while True:
                news = self._log.read(state.position)
                if news is None:
                    state = self._read()
                elif len(news) == 0:
                    self._state = state
                    return state.table
                else:
                    state = self._applied(state, news)

    def _read(self) -> _State:
        # One transaction, so that the position and the rows are of the same moment.
        with self._database.read() as connection:
            return _State(changes.head(connection), _table(connection, sa.select(*_COLUMNS)))

    def _applied(self, state: _State, news: changes.Changes) -> _State:
        with self._database.read() as connection:
            added = [
                _table(connection, sa.select(*_COLUMNS).where(_tracklets.number.in_(piece)))
                for piece in pieces(news.added.tolist())
            ]
        gone = np.concatenate([news.erased, news.added])  # what is added may be known already, after a rebuild
        kept = state.table[:, ~np.isin(state.table[0], gone)]
        return _State(news.position, _sorted(np.concatenate([kept, *added], axis=1)))


def _table(connection: Connection, statement: sa.Select[tuple[int, int, int, int]]) -> NDArray[np.int64]:
    parts = [np.empty((0, 4), np.int64)]
    parts += [
        np.array([tuple(row) for row in rows], np.int64) for rows in connection.execute(statement).partitions(_BATCH)
    ]
    return _sorted(np.concatenate(parts).T)


def _sorted(table: NDArray[np.int64]) -> NDArray[np.int64]:
    ordered: NDArray[np.int64] = np.ascontiguousarray(table[:, np.argsort(table[0], kind="stable")])
    return ordered
