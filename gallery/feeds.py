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
            raise QueryError(f"there is no camera {camera!r} that this server reads; add it first")
        return _row(row)

    def rows(self) -> list[Feed]:
        """All of them, by camera."""
        with self._database.read() as connection:
            return [_row(row) for row in connection.execute(sa.select(schema.feeds).order_by(_feeds.camera))]

    def want(self, camera: str, *, wanted: bool, job: str | None = None) -> None:
        """Says whether a camera is to be read, and by which job from now on (None: the same as before)."""
        values: dict[str, object] = {"wanted": int(wanted)} | ({} if job is None else {"job": job})
        with self._database.write() as connection:
            connection.execute(sa.update(schema.feeds).where(_feeds.camera == camera).values(**values))

    def remove(self, camera: str) -> None:
        """Forgets a feed; what was ingested from it stays."""
        with self._database.write() as connection:
            connection.execute(sa.delete(schema.feeds).where(_feeds.camera == camera))


def _row(row: "sa.Row[tuple[object, ...]]") -> Feed:
    return Feed(
        row.camera, row.source, json.loads(row.settings), bool(row.wanted), row.job, from_microseconds(row.created)
    )
