"""A piece of a camera's time: what shows it, as a video, and who is in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from gallery.errors import QueryError
from gallery.store import Gallery
from ingest.copying import Bounds, copy_piece
from retrieval.clip import BoxAt, Cut, boxes_in, write_frames
from retrieval.recordings import Recordings
from retrieval.stretches import MOMENT, Stretch

MOST_SECONDS = 60.0
"""Of a piece."""


@dataclass(frozen=True)
class Span:
    """What of a camera's time a piece is cut out of.

    Attributes:
        stretch: What shows it.
        since: The first moment that is wanted; it lies in the stretch.
        until: The first moment that is not.
    """

    stretch: Stretch
    since: datetime
    until: datetime


@dataclass(frozen=True)
class Person:
    """Somebody in a piece.

    Attributes:
        id: Of the tracklet.
        boxes: In the order of time.
        has_crop: Whether there is a picture of the person.
    """

    id: str
    boxes: tuple[BoxAt, ...]
    has_crop: bool


def span_at(row: Sequence[Stretch], since: datetime, seconds: float) -> Span | None:
    """What of a camera is seen first within so many seconds from a moment on; None if nothing is.

    A piece never goes across the end of a stretch: pictures of two recordings may differ in size.

    Args:
        row: The camera's stretches, in order.
        since: The moment.
        seconds: At most ``MOST_SECONDS``.
    """
    until = since + timedelta(seconds=seconds)
    for stretch in row:
        if stretch.until > since:
            first, end = max(since, stretch.since), min(until, stretch.until)
            return Span(stretch, first, end) if first < end else None
    return None


def write_piece(recordings: Recordings, camera: str, span: Span, path: Path) -> Cut:
    """Writes a piece, masked as its source was; its coded frames are copied where that shows the same.

    A copy begins with the key frame before the span and ends before its last one, so that what follows can be copied too.

    Args:
        recordings: What to cut it out of.
        camera: Its name.
        span: What to show.
        path: Where to; it appears there when it is complete.

    Raises:
        QueryError: If the recording is gone, is another one now, or was live.
        SourceError: If it cannot be read, or the piece not be written.
    """
    if not span.stretch.has_video:
        raise QueryError(
            f"{camera} was live at {span.since.isoformat()}, and that video was not kept; see whom it saw on its page, "
            f"or ingest a recording of that time"
        )
    recording = recordings.of(camera, span.stretch.ingest, span.since)
    source = recording.source
    if not recording.stencil.masked.any():
        longest = timedelta(seconds=MOST_SECONDS)
        bounds = Bounds(span.stretch.since, span.since, span.until, longest, span.stretch.until)
        copied = copy_piece(source, bounds, path)
        if copied is not None:
            return Cut(copied.first, copied.last, copied.until, source.rate, source.width, source.height)
    cut = write_frames(recording, span.since, span.until - MOMENT, path)
    if cut is None:
        asked = (span.until - span.since).total_seconds()
        raise QueryError(
            f"{source.name} has no frame within {asked:g} s from {span.since.isoformat()}; ask for more seconds"
        )
    return Cut(cut.start, cut.last, span.until, cut.rate, cut.width, cut.height)


def people_in(gallery: Gallery, camera: str, stretch: Stretch, cut: Cut) -> list[Person]:
    """Everybody in a piece, by their first moment in it."""
    return [
        Person(one.id, boxes_in(cut, one.times, one.boxes), one.has_crop)
        for one in gallery.passages(camera, stretch.ingest, cut.start, cut.last)
    ]
