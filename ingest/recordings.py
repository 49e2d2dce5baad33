"""What a recorder leaves: a folder, or a pattern, of videos of one camera, one after the other."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from gallery.errors import SourceError
from ingest.image_folder import SUFFIXES, natural_order

VIDEO_SUFFIXES = frozenset(
    ".mp4 .m4v .mov .mkv .webm .avi .ts .mts .m2ts .mpg .mpeg .flv .wmv .asf .3gp .264 .h264 .265 .h265 .hevc".split()  # noqa: SIM905
)

PATTERN = re.compile(r"[*?[]")

TIME_IN_NAME = re.compile(
    r"(?<!\d)((?:19|20)\d\d)[-_.]?(\d\d)[-_.]?(\d\d)[T_ .-]*(\d\d)[-_.:h]?(\d\d)[-_.:m]?(\d\d)(?!\d)"
)


@dataclass(frozen=True)
class Recording:
    """One video of a row.

    Attributes:
        path: The file.
        start: UTC time of its first frame; None where only the video itself, or the one before it, may tell.
        is_named: Whether that time is from its name.
    """

    path: Path
    start: datetime | None
    is_named: bool


def recordings(source: str, start: datetime | None) -> list[Recording] | None:
    """The videos of a folder or a pattern, in order; None for any other source.

    Where every name holds a time of its own (``2024-05-01_08-00-00.mp4``, ``cam1-20240501T080000.mkv``), these times
    give the order and the distances: in UTC, or, with a start given, counted from there. Else the order is that of
    the numbers in the names, and only the first one has the start that was given.

    Args:
        source: A folder of videos, or a path with ``*``, ``?`` or ``[...]``.
        start: UTC time of the first frame of the first video, if it is known.

    Raises:
        SourceError: If a pattern fits nothing, or a folder holds both videos and images.
    """
    videos = _videos(source)
    if videos is None:
        return None
    times = _times(videos)
    if times is None:
        return [Recording(path, start if place == 0 else None, is_named=False) for place, path in enumerate(videos)]
    row = sorted(zip(times, videos, strict=True))
    if start is None:
        return [Recording(path, time, is_named=True) for time, path in row]
    return [Recording(path, start + (time - row[0][0]), is_named=False) for time, path in row]


def time_in_name(name: str) -> datetime | None:
    """The one time in a file's name, taken as UTC; None where there is none, or more than one.

    Example:
        >>> time_in_name("door_2024-05-01_08-00-00.mp4").isoformat()
        '2024-05-01T08:00:00+00:00'
        >>> time_in_name("door12.mp4")
    """
    found = TIME_IN_NAME.findall(name)
    if len(found) != 1:
        return None
    year, month, day, hour, minute, second = map(int, found[0])
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None


def _videos(source: str) -> list[Path] | None:
    place = Path(source).expanduser()
    try:
        if place.is_dir():
            return _in_folder(place)
        if place.exists() or not PATTERN.search(source):
            return None
    except OSError:  # open_source says what is wrong
        return None
    found = [path for path in Path(place.anchor).glob(str(place.relative_to(place.anchor))) if path.is_file()]
    if not found:
        raise SourceError(f"no file fits {source}; check the pattern")
    return sorted(found, key=natural_order)


def _in_folder(folder: Path) -> list[Path] | None:
    try:
        files = sorted((path for path in folder.iterdir() if not path.name.startswith(".")), key=natural_order)
    except OSError:
        return None
    videos = [path for path in files if path.suffix.lower() in VIDEO_SUFFIXES and path.is_file()]
    images = [path for path in files if path.suffix.lower() in SUFFIXES and path.is_file()]
    if videos and images:
        raise SourceError(
            f"{folder} holds {len(videos)} videos and {len(images)} images; name the videos by a pattern "
            f"({folder}/*{videos[0].suffix}), or move one kind elsewhere"
        )
    return videos or None


def _times(videos: list[Path]) -> list[datetime] | None:
    """The times in all names, None where one has none, or two have the same."""
    times = [time for time in (time_in_name(path.name) for path in videos) if time is not None]
    complete = len(times) == len(videos)
    return times if complete and all(before != after for before, after in pairwise(sorted(times))) else None
