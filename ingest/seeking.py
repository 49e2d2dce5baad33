"""A piece of a recording, without decoding what lies before it."""

from collections.abc import Generator
from contextlib import closing
from datetime import datetime, timedelta
from fractions import Fraction

from av.video.reformatter import VideoReformatter

from gallery.errors import SourceError
from ingest.frame import Frame
from ingest.image_folder import ImageFolder
from ingest.source import Source
from ingest.video_container import opened_video
from ingest.video_damage import Damage
from ingest.video_file import VideoFile, decoded

MARGIN_SECONDS = 1.0
"""Seeking aims at so much before the piece: containers round, and pictures come in another order than they are stored."""


def frames_between(source: Source, since: datetime, until: datetime) -> Generator[Frame, None, None]:
    """Gives the frames of a recording that were taken in a span of time: the same ones, at the same times, as ``frames()``.

    A video file with an index is entered at the key frame before the span; others are decoded from their beginning: raw
    streams have no timestamps, and those of transport streams may jump. Indices are those of ``frames()`` only there.

    Args:
        source: A file or a folder, without zones; frames are not sampled.
        since: The first moment.
        until: The last moment.

    Raises:
        SourceError: If the source can no longer be read.
    """
    if isinstance(source, ImageFolder):
        first = max(0, int((since - source.start).total_seconds() * source.rate) - 1)
        frames = source.frames(first)
    elif isinstance(source, VideoFile) and source.fps is None and source.can_be_entered:
        frames = _entered(source, since)
    else:
        frames = source.frames()
    with closing(frames):
        for frame in frames:
            if frame.time > until:
                break
            if frame.time >= since:
                yield frame


def _entered(source: VideoFile, since: datetime) -> Generator[Frame, None, None]:
    """Decodes from the key frame before a moment on; damaged coded frames are passed over, as in ``frames()``."""
    wanted = (since - source.start).total_seconds() - MARGIN_SECONDS
    scaler = VideoReformatter()
    with opened_video(source.path, threads=1) as (container, stream):
        base = stream.time_base
        first = next(decoded(container, stream, Damage()), None)
        if first is None or first.pts is None or base is None:
            raise SourceError(f"{source.path}: its first frame cannot be decoded any more; check the file")
        begins = first.pts * base
        at = begins + Fraction(max(0.0, wanted)).limit_denominator(1000)
        container.seek(int(at / base), stream=stream, backward=True)
        for index, picture in enumerate(decoded(container, stream, Damage())):
            if picture.pts is not None:
                time = source.start + timedelta(microseconds=round((picture.pts * base - begins) * 1_000_000))
                if time >= since:
                    yield source.shown(index, time, picture, scaler)
