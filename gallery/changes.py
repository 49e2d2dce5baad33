"""The change log: what happened to tracklets, in the order in which it was committed."""

from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy import Connection

from gallery import schema
from gallery.database import Database
from gallery.tracklet_rows import now

_log = schema.changes.c
_TRIMMED = sa.select(schema.meta.c.value).where(schema.meta.c.name == "trimmed")
_HEAD = sa.select(_TRIMMED.scalar_subquery(), sa.select(sa.func.max(_log.seq)).scalar_subquery())
_NEWS = (
    sa.select(_log.seq, _log.op, _log.tracklet)
    .where(_log.seq > sa.bindparam("after"))
    .order_by(_log.seq)
    .limit(sa.bindparam("most"))
)


@dataclass(frozen=True, eq=False)
class Changes:
    """A piece of the log.

    Attributes:
        position: The last change in it; where to go on.
        added: (A,) int64, numbers of tracklets that came in, in order. Some may be gone again.
        erased: (E,) int64, numbers of tracklets that went. A number never comes back.
    """

    position: int
    added: NDArray[np.int64]
    erased: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.added) + len(self.erased)


class ChangeLog:
    """Each reader keeps its position, reads on from there, and applies what it reads in order."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def head(self) -> int:
        """The last change that was committed, 0 before any."""
        with self._database.read() as connection:
            return head(connection)

    def read(self, after: int, limit: int = 100_000) -> Changes | None:
        """The changes after a position, oldest first.

        Args:
            after: The last change that the reader has seen, 0 for none.
            limit: The most changes to give; ask again until none come.

        Returns:
            None if changes after that position were trimmed: the reader has to begin anew from the tracklets.
        """
        with self._database.read() as connection:
            trimmed, last = connection.execute(_HEAD).one()
            if after < int(trimmed or 0):
                return None
            if last is None or last <= after:  # as nearly always: every question asks
                return Changes(after, np.empty(0, np.int64), np.empty(0, np.int64))
            rows = connection.execute(_NEWS, {"after": after, "most": limit}).all()
        return Changes(
            position=int(rows[-1].seq) if rows else after,
            added=np.array([row.tracklet for row in rows if row.op == "add"], dtype=np.int64),
            erased=np.array([row.tracklet for row in rows if row.op == "erase"], dtype=np.int64),
        )

    def stamp(self, position: int) -> int:
        """When the change at a position was made, 0 if there is none: a restored backup has another one there."""
        log = schema.changes.c
        with self._database.read() as connection:
            return int(connection.scalar(sa.select(log.time).where(log.seq == position)) or 0)

    def has_erasures(self, after: int) -> bool:
        """Whether tracklets were, or may have been, erased after a position: what was trimmed is not known."""
        log = schema.changes.c
        statement = sa.select(log.seq).where(log.seq > after, log.op == "erase").limit(1)
        with self._database.read() as connection:
            return after < _trimmed(connection) or connection.scalar(statement) is not None

    def position(self, reader: str) -> int | None:
        """Where a reader stands, None if it is not known."""
        readers = schema.readers.c
        with self._database.read() as connection:
            found = connection.scalar(sa.select(readers.position).where(readers.name == reader))
        return None if found is None else int(found)

    def move(self, reader: str, position: int) -> None:
        """Note that a reader has applied all changes up to a position; the log is kept for it from there."""
        readers = schema.readers.c
        values = {"position": position, "updated": now()}
        with self._database.write() as connection:
            known = connection.execute(sa.update(schema.readers).where(readers.name == reader).values(**values))
            if known.rowcount == 0:
                connection.execute(sa.insert(schema.readers).values(name=reader, **values))

    def forget(self, reader: str) -> None:
        """Keep nothing for a reader any more."""
        with self._database.write() as connection:
            connection.execute(sa.delete(schema.readers).where(schema.readers.c.name == reader))

    def trim(self) -> int:
        """Delete the changes that every known reader has seen; gives their number. Nothing without readers."""
        log = schema.changes.c
        with self._database.write() as connection:
            oldest = connection.scalar(sa.select(sa.func.min(schema.readers.c.position)))
            # The last change that all have seen stays, to be recognised by its stamp.
            last = -1 if oldest is None else int(oldest) - 1
            if last <= _trimmed(connection):
                return 0
            deleted = connection.execute(sa.delete(schema.changes).where(log.seq <= last)).rowcount
            connection.execute(sa.update(schema.meta).where(schema.meta.c.name == "trimmed").values(value=str(last)))
        return int(deleted)


def head(connection: Connection) -> int:
    """The last change, as one transaction sees it."""
    last = connection.scalar(sa.select(sa.func.max(schema.changes.c.seq)))
    return _trimmed(connection) if last is None else int(last)


def log_embedder_change(connection: Connection) -> None:
    """Note that every vector was replaced: all that came before is trimmed, so that every reader begins anew."""
    row = sa.insert(schema.changes).values(op="embedder", tracklet=0, time=now())
    connection.execute(row)
    last = connection.scalar(sa.select(sa.func.max(schema.changes.c.seq)))
    connection.execute(sa.delete(schema.changes).where(schema.changes.c.seq < last))
    connection.execute(sa.update(schema.meta).where(schema.meta.c.name == "trimmed").values(value=str(last)))


def _trimmed(connection: Connection) -> int:
    return int(connection.scalar(_TRIMMED) or 0)
