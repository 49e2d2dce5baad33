"""The piece of a recording that shows a tracklet, as a video that browsers play, and where the person is in it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from gallery.errors import QueryError
from gallery.instants import from_microseconds
from gallery.rows import StoredTracklet
from ingest.seeking import frames_between
from ingest.video_writer import VideoWriter
from retrieval.recordings import Recordings

MOST_SECONDS = 120.0
"""Of a clip: a longer tracklet is shown from its beginning."""


@dataclass(frozen=True)
class Clip:
    """What a clip shows.

    Attributes:
        start: UTC time of its first frame.
        seconds: How long it is.
        width: Pixels.
        height: Pixels.
        boxes: Of the person: seconds from ``start``, then x1, y1, x2, y2 in pixels of the clip.
    """

    start: datetime
    seconds: float
    width: int
    height: int
    boxes: tuple[tuple[float, float, float, float, float], ...]


def write_clip(recordings: Recordings, tracklet: StoredTracklet, padding_seconds: float, path: Path) -> Clip:
    """Writes a clip, masked as its source was when it was ingested.

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
    source, stencil = recording.source, recording.stencil
    frames = frames_between(source, since, until)
    shown = next(frames, None)
    if shown is None:
        raise QueryError(f"{source.name} has no frame of {tracklet.row.id} any more")
    first = last = shown.time
    with VideoWriter(path, rate=source.rate, threads=1, quick=True) as writer:
        writer.write(stencil.apply(shown.image), shown.time)
        for frame in frames:
            last = frame.time
            writer.write(stencil.apply(frame.image), frame.time)
    return Clip(
        start=first,
        seconds=(last - first).total_seconds() + 1 / source.rate,
        width=source.width,
        height=source.height,
        boxes=tuple(_boxes(tracklet, first, last)),
    )


def _boxes(
    tracklet: StoredTracklet, first: datetime, last: datetime
) -> Iterator[tuple[float, float, float, float, float]]:
    for microseconds, box in zip(tracklet.times.tolist(), tracklet.trajectory.boxes, strict=True):
        time = from_microseconds(microseconds)
        if first <= time <= last:
            x1, y1, x2, y2 = np.round(box.astype(float), 1).tolist()
            yield (time - first).total_seconds(), x1, y1, x2, y2
