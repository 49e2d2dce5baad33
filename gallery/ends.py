"""Where and when tracklets begin and end: all that is asked of the hundreds of candidates of one question."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy import Connection

from gallery import schema
from gallery.codec import unpack_boxes
from gallery.tracklet_rows import pieces

_tracklets = schema.tracklets.c
_STATEMENT = sa.select(
    _tracklets.number,
    _tracklets.id,
    _tracklets.camera,
    _tracklets.frames,
    _tracklets.start,
    _tracklets.end,
    _tracklets.first_box,
    _tracklets.last_box,
).where(_tracklets.number.in_(sa.bindparam("numbers", expanding=True)))


@dataclass(frozen=True, eq=False)
class Ends:
    """N tracklets, column by column: a tenth of the work of as many ``TrackletRow``.

    Attributes:
        numbers: (N,) int64, ascending.
        ids: The texts by which people know them.
        cameras: Names of the cameras.
        frames: In how many frames each was seen.
        starts: Microseconds, UTC.
        ends: Microseconds, UTC.
        first_boxes: (N, 4) float32, xyxy, pixels.
        last_boxes: (N, 4) float32, xyxy, pixels.
    """

    numbers: NDArray[np.int64]
    ids: Sequence[str]
    cameras: Sequence[str]
    frames: Sequence[int]
    starts: Sequence[int]
    ends: Sequence[int]
    first_boxes: NDArray[np.float32]
    last_boxes: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.numbers)


def ends_of(connection: Connection, numbers: Sequence[int]) -> Ends:
    """Tracklets by number; those that are gone are left out."""
    names = {row[0]: row[1] for row in connection.execute(sa.select(schema.cameras.c.id, schema.cameras.c.name))}
    rows: list[sa.Row[*tuple[Any, ...]]] = []
    for piece in pieces(sorted(numbers)):
        rows += connection.execute(_STATEMENT, {"numbers": piece}).all()
    rows.sort(key=lambda row: row[0])
    found, ids, cameras, frames, starts, ends, first, last = zip(*rows, strict=True) if rows else ((),) * 8
    return Ends(
        numbers=np.array(found, np.int64),
        ids=ids,
        cameras=[names[camera] for camera in cameras],
        frames=frames,
        starts=starts,
        ends=ends,
        first_boxes=unpack_boxes(first),
        last_boxes=unpack_boxes(last),
    )
