"""The piece of a recording that shows a tracklet, as a video that browsers play, and where the person is in it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from gallery.errors import QueryError, SourceError
from gallery.instants import from_microseconds
from gallery.rows import StoredTracklet
from gallery.store import Gallery
from ingest.seeking import frames_between, unchanged
from ingest.source import Source, open_source
from ingest.video_writer import VideoWriter
from ingest.zones import Stencil
from retrieval.query import zones_in

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


class ClipMaker:
    """Cuts clips out of what a gallery was ingested from. May be used from several threads."""

    def __init__(self, gallery: Gallery) -> None:
        self._gallery = gallery
        self._hashes: dict[tuple[str, int, int], str] = {}

    def write(self, tracklet: StoredTracklet, padding_seconds: float, path: Path) -> Clip:
        """Writes a clip, masked as its source was when it was ingested.

        Args:
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
        source, settings = self._source(tracklet)
        stencil = Stencil(zones_in(settings), source.width, source.height)
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

    def _source(self, tracklet: StoredTracklet) -> tuple[Source, str]:
        """The recording that shows it, and the settings of its ingest."""
        camera, time = tracklet.row.camera, tracklet.row.start
        was_live, gone = False, ""
        for ingest in reversed(self._gallery.ingests(camera)):  # what was ingested last has the masks that count now
            if ingest.since is None or ingest.until is None or not ingest.since <= time <= ingest.until:
                continue
            if ingest.is_live:
                was_live = True
                continue
            try:
                source = open_source(ingest.source, start=ingest.start)
                if unchanged(source, self._hashes, ingest.source_hash):
                    return source, ingest.settings
                gone = f"{ingest.source} is no longer the video that {camera} was ingested from; put it back"
            except SourceError as error:
                gone = f"the video of {camera} at {time.isoformat()} cannot be read again: {error}"
        if was_live and not gone:
            gone = f"{camera} was live at {time.isoformat()}, and its video was not kept; its crops are all there is"
        raise QueryError(gone or f"{camera} has no video at {time.isoformat()}")


def _boxes(
    tracklet: StoredTracklet, first: datetime, last: datetime
) -> Iterator[tuple[float, float, float, float, float]]:
    for microseconds, box in zip(tracklet.times.tolist(), tracklet.trajectory.boxes, strict=True):
        time = from_microseconds(microseconds)
        if first <= time <= last:
            x1, y1, x2, y2 = np.round(box.astype(float), 1).tolist()
            yield (time - first).total_seconds(), x1, y1, x2, y2
