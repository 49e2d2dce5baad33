"""How the texts on a command line are read: cameras, times, boxes, names."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from gallery.errors import ConfigError
from ingest.address import is_live, shown

CAMERA_NAME = re.compile(r"[\w][\w.\- ]{0,63}")
FIRST_YEAR, LAST_YEAR = 1900, 2999
DATE = re.compile(r"[0-9]{4}-[0-9]{2}")


@dataclass(frozen=True)
class CameraSource:
    """One ``NAME=SOURCE[@START]``.

    Attributes:
        camera: Name of the camera.
        source: File or folder, absolute, so that the gallery finds it again from anywhere; or a live camera.
        start: When its first frame was taken, UTC; None where it was not said.
    """

    camera: str
    source: str
    start: datetime | None


def parse_camera_source(text: str) -> CameraSource:
    """Reads ``NAME=SOURCE[@START]``.

    Raises:
        ConfigError: If there is no name, a bad one, or no source, or one whose name is no text.

    >>> parse_camera_source("door=/clips/door.mp4@2024-05-01T08:00:00Z")
    CameraSource(camera='door', source='/clips/door.mp4', start=datetime.datetime(2024, 5, 1, 8, 0, tzinfo=datetime.timezone.utc))
    """
    camera, equals, source = text.partition("=")
    if not equals or not source:
        raise ConfigError(
            f"{shown(text)!r} is not a camera: write NAME=SOURCE or NAME=SOURCE@START, for example door=door.mp4"
        )
    if not CAMERA_NAME.fullmatch(camera):
        raise ConfigError(
            f"camera name {shown(camera)!r} is not allowed: use 1-64 letters, digits, '_', '.', '-' or spaces, a letter or digit first"
        )
    try:
        source.encode()
    except UnicodeEncodeError as error:
        raise ConfigError(f"camera {camera}: the name of {shown(source)!a} is no text in UTF-8; rename it") from error
    path, at, start = source.rpartition("@")
    # In an address an @ stands before the host too, so there only what begins as a date is a start.
    if not at or (not DATE.match(start) if is_live(source) else Path(source).exists()):
        return CameraSource(camera, absolute(source), None)
    return CameraSource(camera, absolute(path), parse_time(start, f"the start of camera {camera}"))


def absolute(source: str) -> str:
    """The full path of a file or folder; an address or a webcam stays what it is."""
    return source if is_live(source) else str(Path(source).expanduser().absolute())


def parse_time(text: str, what: str) -> datetime:
    """Reads an ISO 8601 time; one without a zone is UTC.

    Raises:
        ConfigError: If it is none.

    >>> parse_time("2024-05-01T10:00:00+02:00", "since").isoformat()
    '2024-05-01T08:00:00+00:00'
    """
    try:
        time = datetime.fromisoformat(text)
        time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ConfigError(
            f"{what}: {text!r} is not a time; write ISO 8601, for example 2024-05-01T08:00:00Z"
        ) from error
    if not FIRST_YEAR <= time.year <= LAST_YEAR:
        raise ConfigError(f"{what}: {text!r} is out of range; give a year from {FIRST_YEAR} to {LAST_YEAR}")
    return time


def parse_optional_time(text: str | None, what: str) -> datetime | None:
    """``parse_time`` where there may be none."""
    return None if text is None else parse_time(text, what)


def parse_window(since: str | None, until: str | None) -> tuple[datetime | None, datetime | None]:
    """Reads ``--since`` and ``--until``.

    Raises:
        ConfigError: If one is no time, or nothing lies between them.
    """
    first, last = parse_optional_time(since, "--since"), parse_optional_time(until, "--until")
    if first is not None and last is not None and first > last:
        raise ConfigError(f"--since {since} is later than --until {until}; nothing lies between them")
    return first, last


def parse_box(text: str) -> tuple[float, float, float, float]:
    """Reads ``X1,Y1,X2,Y2``, pixels.

    Raises:
        ConfigError: If it is not four numbers, or the box has no area.
    """
    try:
        x1, y1, x2, y2 = (float(part) for part in text.split(","))
    except ValueError as error:
        raise ConfigError(
            f"box {text!r} is not four numbers; write X1,Y1,X2,Y2 in pixels, for example 40,60,120,300"
        ) from error
    if not (x1 < x2 and y1 < y2):
        raise ConfigError(f"box {text!r} has no area; write its left upper corner first: X1,Y1,X2,Y2")
    return x1, y1, x2, y2


def known(names: Sequence[str], wanted: Sequence[str], what: str) -> None:
    """Refuses names that do not exist.

    Raises:
        ConfigError: Naming the unknown one and those that there are.
    """
    for name in wanted:
        if name not in names:
            raise ConfigError(f"{what} {name!r} is not in the gallery; it holds {', '.join(names) or 'none'}")
