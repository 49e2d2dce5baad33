"""Options that several commands share, and how their texts are read."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from gallery.errors import ConfigError

CAMERA_NAME = re.compile(r"[\w][\w.\- ]{0,63}")
FIRST_YEAR, LAST_YEAR = 1900, 2999
MAX_FPS = 1000


def at_least_one(parameter: typer.CallbackParam, value: int | None) -> int | None:
    """Refuses numbers below 1.

    Raises:
        ConfigError: Naming the option and its value.
    """
    if value is not None and value < 1:
        raise ConfigError(f"{option_of(parameter)} {value} is too small; give 1 or more")
    return value


def frame_rate(parameter: typer.CallbackParam, value: float | None) -> float | None:
    """Refuses what is no rate of frames.

    Raises:
        ConfigError: Naming the option and its value.
    """
    if value is not None and not 0 < value <= MAX_FPS:
        raise ConfigError(f"{option_of(parameter)} {value:g} is out of range; give more than 0 and at most {MAX_FPS}")
    return value


def fraction(parameter: typer.CallbackParam, value: float | None) -> float | None:
    """Refuses what does not lie between 0 and 1.

    Raises:
        ConfigError: Naming the option and its value.
    """
    if value is not None and not 0 <= value <= 1:
        raise ConfigError(f"{option_of(parameter)} {value:g} is out of range; give 0 to 1")
    return value


def option_of(parameter: typer.CallbackParam) -> str:
    """How an option is written."""
    return str(parameter.opts[0])


Top = Annotated[int, typer.Option(metavar="N", callback=at_least_one, help="Most sightings to list.")]
Fps = Annotated[
    float | None,
    typer.Option(metavar="N", callback=frame_rate, help="Look at so many frames a second.", show_default="every frame"),
]
Confidence = Annotated[
    float | None,
    typer.Option(
        metavar="N", callback=fraction, help="Least confidence of a detection, 0-1.", show_default="the detector's"
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(
        metavar="N", callback=at_least_one, help="Threads for networks and decoders together.", show_default="all cores"
    ),
]
Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        envvar="PASSERBY_DATA",
        help="Folder of the gallery.",
        show_default="in your user data folder",
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on standard output, all else on standard error.")
]
Device = Annotated[Literal["cpu", "cuda"], typer.Option(help="Where networks run.")]
Since = Annotated[str | None, typer.Option(metavar="TIME", help="Only what ends after this time, ISO 8601.")]
Until = Annotated[str | None, typer.Option(metavar="TIME", help="Only what starts before this time, ISO 8601.")]
Precision = Annotated[Literal["fp32", "bf16"], typer.Option(help="Arithmetic of the networks.")]
SkipStill = Annotated[
    bool,
    typer.Option(
        "--skip-still/--every-frame",
        help="Keep the boxes of the frame before where nothing moves. The motion detector sees every frame in any case.",
    ),
]
DetectFps = Annotated[
    float | None,
    typer.Option(
        metavar="N",
        callback=frame_rate,
        help="Look for people in at least so many frames a second; boxes between are interpolated.",
        show_default="every frame",
    ),
]
EmbedOption = Annotated[
    Literal["auto", "all", "needed"],
    typer.Option(
        "--embed",
        help="Embed all crops, or those that tell who somebody is or that a tracklet keeps; auto means needed for a "
        "network, all for the built-in embedder.",
    ),
]
RunnerName = Annotated[
    Literal["processes", "shared"],
    typer.Option(
        "--runner",
        help="Several cameras: as many processes as threads, each with its networks; or all at once, sharing them.",
    ),
]
DetectorName = Annotated[
    str, typer.Option("--detector", metavar="NAME", help="A name of `passerby models list`, a network file, or auto.")
]
EmbedderName = Annotated[
    str, typer.Option("--embedder", metavar="NAME", help="A name of `passerby models list`, a network file, or auto.")
]


def data_folder(data: Path | None) -> Path:
    """The gallery's folder: as given, else in the user's data folder. Absolute."""
    if data is not None:
        return data.absolute()
    from platformdirs import user_data_path

    return user_data_path("passerby") / "gallery"


def thread_count(threads: int | None) -> int:
    """The thread budget: as given, else the cores that this process may use."""
    return threads or len(os.sched_getaffinity(0))


@dataclass(frozen=True)
class CameraSource:
    """One ``NAME=SOURCE[@START]``.

    Attributes:
        camera: Name of the camera.
        source: File or folder, absolute, so that the gallery finds it again from anywhere.
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
            f"{text!r} is not a camera: write NAME=SOURCE or NAME=SOURCE@START, for example door=door.mp4"
        )
    if not CAMERA_NAME.fullmatch(camera):
        raise ConfigError(
            f"camera name {camera!r} is not allowed: use 1-64 letters, digits, '_', '.', '-' or spaces, a letter or digit first"
        )
    try:
        source.encode()
    except UnicodeEncodeError as error:
        raise ConfigError(f"camera {camera}: the name of {source!a} is no text in UTF-8; rename it") from error
    path, at, start = source.rpartition("@")
    if not at or Path(source).exists():
        return CameraSource(camera, absolute(source), None)
    return CameraSource(camera, absolute(path), parse_time(start, f"the start of camera {camera}"))


def absolute(source: str) -> str:
    """The full path of a file or folder; an address stays what it is."""
    return source if "://" in source else str(Path(source).expanduser().absolute())


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
