"""A piece of a recording, without decoding what lies before it."""

from collections.abc import Generator
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

    A video file with timestamps is entered at the key frame before the span; a raw stream, or one whose timestamps jump, is
    decoded from its beginning. Indices are those of ``frames()`` only where it is.

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
    elif isinstance(source, VideoFile) and source.fps is None and source.is_timed:
        frames = _entered(source, since)
    else:
        frames = source.frames()
    for frame in frames:
        if frame.time > until:
            break
        if frame.time >= since:
            yield frame
    frames.close()


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


def unchanged(source: Source, known: dict[tuple[str, int, int], str], content_hash: str) -> bool:
    """Whether a recording is still what it was; a file that was hashed before, and has its size and time, is not read again.

    Args:
        source: The recording.
        known: Hashes by path, size and time of change; is added to.
        content_hash: What it was.
    """
    if not isinstance(source, VideoFile):
        return source.content_hash == content_hash
    try:
        facts = source.path.stat()
    except OSError as error:
        raise SourceError(f"{source.path} cannot be read ({error.strerror}); check it is still there") from error
    key = (str(source.path), facts.st_size, facts.st_mtime_ns)
    if key not in known:
        known[key] = source.content_hash
    return known[key] == content_hash
