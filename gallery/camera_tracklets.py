"""One camera's tracklets by time: a page of them, how many begin when, and where people are in a piece of video."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy import Connection

from gallery import schema
from gallery.codec import unpack_trajectory
from gallery.crops import CropStore
from gallery.instants import to_microseconds
from gallery.reading import camera_ids, rows_of
from gallery.rows import IngestRow, TrackletRow

_tracklets = schema.tracklets.c


@dataclass(frozen=True, eq=False)
class Passage:
    """Where one tracklet is within a span of time.

    Attributes:
        id: Of the tracklet.
        times: (N,) int64, microseconds since the Unix epoch, UTC, increasing; N is at least 1.
        boxes: (N, 4) float32, xyxy, pixels of the frame.
        has_crop: Whether there is a picture of the person.
    """

    id: str
    times: NDArray[np.int64]
    boxes: NDArray[np.float32]
    has_crop: bool


def page_of(
    connection: Connection, crops: CropStore, camera: str, first: int, count: int, *, newest: bool
) -> tuple[list[TrackletRow], int]:
    """Some of a camera's tracklets in the order of time, and how many there are in all.

    Args:
        connection: A read transaction.
        crops: Where pictures are.
        camera: Its name.
        first: How many to pass over.
        count: Most to give.
        newest: Whether those that began last come first.

    Raises:
        QueryError: If there is no such camera.
    """
    theirs = _tracklets.camera == camera_ids(connection, [camera])[camera]
    total = connection.execute(sa.select(sa.func.count()).select_from(schema.tracklets).where(theirs)).scalar_one()
    order = [_tracklets.start, _tracklets.end, _tracklets.number]  # as the index has them, so that nothing is sorted
    numbers = (
        sa.select(_tracklets.number)
        .where(theirs)
        .order_by(*[column.desc() for column in order] if newest else order)
        .offset(first)
        .limit(count)
    )
    return rows_of(connection, crops, list(connection.scalars(numbers))), int(total)


def starts_in(connection: Connection, camera: str, since: datetime, until: datetime, bins: int) -> list[int]:
    """How many tracklets of a camera begin in each of so many equal parts of a span of time, its end included.

    Raises:
        QueryError: If there is no such camera.
        ValueError: If the span holds no time.
    """
    first, last = to_microseconds(since), to_microseconds(until)
    if last <= first:
        raise ValueError(f"there is no time between {since.isoformat()} and {until.isoformat()}")
    begins = _tracklets.start
    theirs = _tracklets.camera == camera_ids(connection, [camera])[camera]
    part = ((begins - first) * bins // (last - first + 1)).label("part")
    statement = sa.select(part, sa.func.count()).where(theirs, begins >= first, begins <= last).group_by(part)
    counts = [0] * bins
    for place, count in connection.execute(statement):
        counts[int(place)] = int(count)
    return counts


def passages(connection: Connection, camera: str, ingest: IngestRow, since: datetime, until: datetime) -> list[Passage]:
    """Whom the tracker followed in a piece of a recording, by their first moment in it.

    Tracklets of other ingests count if these saw the very same recording at the same time: their boxes fit its pictures.

    Args:
        connection: A read transaction.
        camera: Its name.
        ingest: Of the recording.
        since: The first moment.
        until: The last moment.

    Raises:
        QueryError: If there is no such camera.
    """
    known, first, last = schema.ingests.c, to_microseconds(since), to_microseconds(until)
    row = camera_ids(connection, [camera])[camera]
    same = sa.select(known.id).where(
        known.camera == row, known.source_hash == ingest.source_hash, known.start == to_microseconds(ingest.start)
    )
    has_crop = sa.exists().where(schema.crops.c.tracklet == _tracklets.number).label("has_crop")
    statement = sa.select(_tracklets.id, _tracklets.track, _tracklets.trajectory, has_crop).where(
        _tracklets.camera == row, _tracklets.start <= last, _tracklets.end >= first, _tracklets.ingest.in_(same)
    )
    found = []
    for id_, track, trajectory, crop in connection.execute(statement):
        path, times = unpack_trajectory(track, trajectory)
        there = (times >= first) & (times <= last)
        if there.any():
            found.append(Passage(id_, times[there], path.boxes[there], bool(crop)))
    return sorted(found, key=lambda one: (int(one.times[0]), one.id))
