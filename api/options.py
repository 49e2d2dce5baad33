"""Options that several commands share, and how their texts are read."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gallery.errors import ConfigError
from ingest.address import is_live
from ingest.live_limits import LIVE_LIMITS, LiveLimits

if TYPE_CHECKING:
    from ingest.zones import Zones

MAX_FPS = 1000
MAX_WAIT_SECONDS = 10_000_000


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


def patience(parameter: typer.CallbackParam, value: float | None) -> float | None:
    """Refuses what is no time to wait.

    Raises:
        ConfigError: Naming the option and its value.
    """
    if value is not None and not 0 < value <= MAX_WAIT_SECONDS:
        raise ConfigError(
            f"{option_of(parameter)} {value:g} is out of range; give more than 0 and at most {MAX_WAIT_SECONDS} seconds"
        )
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
LowConfidence = Annotated[
    float,
    typer.Option(
        metavar="N",
        callback=fraction,
        help="Least confidence of a box that may go on with a track, though not begin one; "
        "1 for as much as any other. Networks only.",
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
Device = Annotated[
    Literal["cpu", "cuda", "tensorrt"], typer.Option(help="Where networks run; TensorRT takes Paddle exports only.")
]
Since = Annotated[str | None, typer.Option(metavar="TIME", help="Only what ends after this time, ISO 8601.")]
Until = Annotated[str | None, typer.Option(metavar="TIME", help="Only what starts before this time, ISO 8601.")]
Precision = Annotated[
    Literal["fp32", "bf16", "fp16", "int8"],
    typer.Option(help="Arithmetic of the networks: bf16 in OpenVINO, fp16 and int8 in TensorRT."),
]
MovingCamera = Annotated[
    bool,
    typer.Option(
        "--moving-camera", help="The camera pans, tilts or shakes: measure its motion and take it out of the tracks'."
    ),
]
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
    str,
    typer.Option(
        "--detector", metavar="NAME", help="A name of `passerby models list`, a network file or its folder, or auto."
    ),
]
EmbedderName = Annotated[
    str,
    typer.Option(
        "--embedder", metavar="NAME", help="A name of `passerby models list`, a network file or its folder, or auto."
    ),
]

ZonesFile = Annotated[
    Path | None,
    typer.Option(
        "--zones",
        metavar="FILE",
        help="TOML file of zones to ignore and of privacy masks; `passerby zones` checks and shows it.",
    ),
]
CameraSection = Annotated[
    str | None,
    typer.Option(
        "--camera", metavar="NAME", help="Whose section of --zones counts.", show_default="the only one of the file"
    ),
]
OpenTimeout = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS",
        callback=patience,
        help="How long a live camera may take to answer.",
        show_default=f"{LIVE_LIMITS.open_seconds:g}",
    ),
]
ReadTimeout = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS",
        callback=patience,
        help="A longer silence of a live camera is a loss.",
        show_default=f"{LIVE_LIMITS.read_seconds:g}",
    ),
]
StopAfter = Annotated[
    float | None,
    typer.Option(
        "--for",
        metavar="SECONDS",
        callback=patience,
        help="How long to watch live cameras.",
        show_default="until Ctrl-C",
    ),
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


def live_limits(
    open_timeout: float | None, read_timeout: float | None, stop_after: float | None, sources: Sequence[str]
) -> LiveLimits:
    """How long live cameras are waited for and watched.

    Raises:
        ConfigError: If they say so, and none of the sources is live.
    """
    given = {"--open-timeout": open_timeout, "--read-timeout": read_timeout, "--for": stop_after}
    said = [f"{option} {value:g}" for option, value in given.items() if value is not None]
    if said and not any(is_live(source) for source in sources):
        raise ConfigError(f"{said[0]} is for live cameras, and none of the sources is one; leave it out")
    return LiveLimits(open_timeout or LIVE_LIMITS.open_seconds, read_timeout or LIVE_LIMITS.read_seconds, stop_after)


def zones_given(path: Path | None, camera: str | None) -> "Zones":
    """The zones of ``--zones FILE --camera NAME``; none where no file is given.

    Raises:
        ConfigError: If the file is wrong or does not know the camera, or there is a name without a file.
    """
    from ingest.zones import NO_ZONES
    from ingest.zones_file import zones_of_one

    if path is None and camera is not None:
        raise ConfigError(f"--camera {camera} names a section of a file of zones; add --zones FILE")
    return NO_ZONES if path is None else zones_of_one(path, camera)
