"""A piece of a recording as a video that browsers play: around a tracklet, with the boxes of the person in it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gallery.errors import QueryError
from gallery.instants import to_microseconds
from gallery.rows import StoredTracklet
from ingest.seeking import frames_between
from ingest.video_writer import VideoWriter
from retrieval.recordings import Recording, Recordings

MOST_SECONDS = 120.0
"""Of a clip: a longer tracklet is shown from its beginning."""

BoxAt = tuple[float, float, float, float, float]
"""Seconds from the first frame, then x1, y1, x2, y2 in pixels."""


@dataclass(frozen=True)
class Cut:
    """A video that was cut out of a recording.

    Attributes:
        start: UTC time of its first frame.
        last: UTC time of its last frame.
        until: The first moment that it does not show any more.
        rate: Nominal frames per second.
        width: Pixels.
        height: Pixels.
    """

    start: datetime
    last: datetime
    until: datetime
    rate: float
    width: int
    height: int

    @property
    def seconds(self) -> float:
        """How long it is."""
        return (self.last - self.start).total_seconds() + 1 / self.rate


@dataclass(frozen=True)
class Clip:
    """What a clip of a tracklet shows.

    Attributes:
        cut: The video.
        boxes: Of the person.
    """

    cut: Cut
    boxes: tuple[BoxAt, ...]


def write_clip(recordings: Recordings, tracklet: StoredTracklet, padding_seconds: float, path: Path) -> Clip:
    """Writes a clip of a tracklet, masked as its source was when it was ingested.

    Args:
        recordings: What to cut it out of.
        tracklet: Whom to show.
        padding_seconds: How much to show before and after.
        path: Where to; it appears there when it is complete.

    Raises:
        QueryError: If the recording is gone, is another one now, or was live.
        SourceError: If it cannot be read, or the clip not be written.
    """
    since = tracklet.row.start - timedelta(seconds=padding_seconds)
    until = min(tracklet.row.end, tracklet.row.start + timedelta(seconds=MOST_SECONDS))
    until += timedelta(seconds=padding_seconds)
    recording = recordings.at(tracklet.row.camera, tracklet.row.start)
    cut = write_frames(recording, since, until, path)
    if cut is None:
        raise QueryError(f"{recording.source.name} has no frame of {tracklet.row.id} any more")
    return Clip(cut, boxes_in(cut, tracklet.times, tracklet.trajectory.boxes))


def write_frames(recording: Recording, since: datetime, until: datetime, path: Path) -> Cut | None:
    """Decodes a span of a recording, masks its frames and encodes them; None, and no file, if it has none there.

    Args:
        recording: What to cut it out of.
        since: The first moment.
        until: The last moment.
        path: Where to; it appears there when it is complete.

    Raises:
        SourceError: If it cannot be read, or the video not be written.
    """
    source, stencil = recording.source, recording.stencil
    first = last = None
    with VideoWriter(path, rate=source.rate, threads=1, quick=True) as writer:
        for frame in recording.watched(frames_between(source, since, until)):
            first, last = first or frame.time, frame.time
            writer.write(stencil.apply(frame.image), frame.time)
    if first is None or last is None:
        return None
    return Cut(first, last, until, source.rate, source.width, source.height)


def boxes_in(cut: Cut, times: NDArray[np.int64], boxes: NDArray[np.float32]) -> tuple[BoxAt, ...]:
    """The boxes of one person that a video shows, to a tenth of a pixel.

    Args:
        cut: The video.
        times: (N,) int64, microseconds since the Unix epoch, UTC.
        boxes: (N, 4) float32, xyxy, pixels.
    """
    first, last = to_microseconds(cut.start), to_microseconds(cut.last)
    there = (first <= times) & (times <= last)
    rows = np.column_stack([(times[there] - first) / 1_000_000, np.round(boxes[there].astype(float), 1)])
    return tuple((seconds, x1, y1, x2, y2) for seconds, x1, y1, x2, y2 in rows.tolist())
