"""Tracklets going into SQL and out of it, with their vectors, crops and lines of the change log."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection

from gallery import schema
from gallery.codec import pack_box, pack_trajectory, pack_vector
from gallery.crops import content_name
from gallery.errors import GalleryError
from gallery.instants import to_microseconds
from gallery.tracklet import Tracklet

Item = TypeVar("Item")

_PER_STATEMENT = 5000
"""SQLite takes at most 32,766 values in one statement, PostgreSQL 65,535."""


def pieces(items: Sequence[Item], size: int = _PER_STATEMENT) -> Iterator[Sequence[Item]]:
    """Cut a sequence into pieces that one statement takes."""
    for first in range(0, len(items), size):
        yield items[first : first + size]


def insert_tracklets(
    connection: Connection, camera: int, ingest: int, embedder: int, tracklets: Sequence[Tracklet]
) -> None:
    """Store tracklets with everything that belongs to them, and note them in the change log.

    Args:
        connection: A write transaction.
        camera: Row of the camera.
        ingest: Row of the ingest.
        embedder: Row of the embedder of the vectors.
        tracklets: What to store.

    Raises:
        GalleryError: If one of the ids is taken.
    """
    if not tracklets:
        return
    _refuse_known(connection, [tracklet.id for tracklet in tracklets])
    connection.execute(sa.insert(schema.tracklets), [_tracklet_row(camera, ingest, one) for one in tracklets])
    numbers = _numbers(connection, [tracklet.id for tracklet in tracklets])
    vectors = [row for one in tracklets for row in _vector_rows(numbers[one.id], embedder, one)]
    crops = [row for one in tracklets for row in _crop_rows(numbers[one.id], one)]
    connection.execute(sa.insert(schema.vectors), vectors)
    if crops:
        connection.execute(sa.insert(schema.crops), crops)
    _log(connection, "add", [numbers[tracklet.id] for tracklet in tracklets])


def remove_tracklets(connection: Connection, numbers: Sequence[int]) -> None:
    """Delete tracklets with everything that belongs to them, and note it in the change log.

    Questions that were made from one of them, or confirmed by one, go as well: they hold vectors and a picture of the
    same person. Their crop files are noted in ``removals``; ``gallery.cleanup`` takes them away after the commit.

    Args:
        connection: A write transaction.
        numbers: Numbers of the tracklets.
    """
    for piece in pieces(numbers):
        _remove_questions(connection, piece)
        files = sa.select(schema.crops.c.file).where(schema.crops.c.tracklet.in_(piece)).distinct()
        note_removals(connection, "crop", connection.scalars(files).all())
        connection.execute(sa.delete(schema.crops).where(schema.crops.c.tracklet.in_(piece)))
        connection.execute(sa.delete(schema.vectors).where(schema.vectors.c.tracklet.in_(piece)))
        connection.execute(sa.delete(schema.tracklets).where(schema.tracklets.c.number.in_(piece)))
        _log(connection, "erase", piece)


def _remove_questions(connection: Connection, numbers: Sequence[int]) -> None:
    part = schema.query_tracklets.c
    theirs = part.tracklet.in_(numbers)
    queries = connection.scalars(sa.select(part.query).where(theirs, part.part != "rejected").distinct()).all()
    connection.execute(sa.delete(schema.query_tracklets).where(theirs))
    for piece in pieces(queries):
        connection.execute(sa.delete(schema.query_tracklets).where(part.query.in_(piece)))
        connection.execute(sa.delete(schema.queries).where(schema.queries.c.id.in_(piece)))


def note_removals(connection: Connection, kind: str, files: Sequence[str] = ("",)) -> None:
    """Write down what has to be taken away after the commit, each thing once."""
    for piece in pieces(files):
        removals = schema.removals.c
        known = sa.select(removals.file).where(removals.kind == kind, removals.file.in_(piece))
        noted = set(connection.scalars(known))
        rows = [{"kind": kind, "file": file} for file in piece if file not in noted]
        if rows:
            connection.execute(sa.insert(schema.removals), rows)


def now() -> int:
    """The present, as SQL keeps it."""
    return to_microseconds(datetime.now(UTC))


def _refuse_known(connection: Connection, ids: Sequence[str]) -> None:
    known = sorted(_numbers(connection, ids))
    if not known and len(set(ids)) < len(ids):
        known = sorted({one for one in ids if ids.count(one) > 1})
    if known:
        raise GalleryError(
            f"tracklet {known[0]} is stored already: an id is used once, start the ingest again from its checkpoint"
        )


def _numbers(connection: Connection, ids: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for piece in pieces(ids):
        statement = sa.select(schema.tracklets.c.id, schema.tracklets.c.number).where(schema.tracklets.c.id.in_(piece))
        found.update((row.id, row.number) for row in connection.execute(statement))
    return found


def _log(connection: Connection, op: str, numbers: Sequence[int]) -> None:
    time = now()
    connection.execute(sa.insert(schema.changes), [{"op": op, "tracklet": number, "time": time} for number in numbers])


def _tracklet_row(camera: int, ingest: int, tracklet: Tracklet) -> dict[str, object]:
    trajectory = tracklet.trajectory
    return {
        "id": tracklet.id,
        "camera": camera,
        "ingest": ingest,
        "start": to_microseconds(tracklet.start),
        "end": to_microseconds(tracklet.end),
        "first_frame": int(trajectory.frames[0]),
        "last_frame": int(trajectory.frames[-1]),
        "frames": len(trajectory),
        "confidence": tracklet.confidence,
        "track": trajectory.track_id,
        "first_box": pack_box(trajectory.boxes[0]),
        "last_box": pack_box(trajectory.boxes[-1]),
        "trajectory": pack_trajectory(trajectory, tracklet.times),
    }


def _vector_rows(number: int, embedder: int, tracklet: Tracklet) -> list[dict[str, object]]:
    return [
        {"tracklet": number, "embedder": embedder, "ordinal": ordinal, "vector": pack_vector(vector)}
        for ordinal, vector in enumerate(tracklet.vectors)
    ]


def _crop_rows(number: int, tracklet: Tracklet) -> list[dict[str, object]]:
    return [
        {
            "tracklet": number,
            "ordinal": ordinal,
            "file": content_name(crop.jpeg),
            "frame": crop.frame,
            **dict(zip(("x1", "y1", "x2", "y2"), map(float, crop.box), strict=True)),
            "quality": float(crop.quality),
        }
        for ordinal, crop in enumerate(tracklet.crops, start=1)
    ]
