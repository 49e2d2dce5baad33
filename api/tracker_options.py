"""Options about following people, for the commands that do."""

from typing import Annotated

import typer

from api.options import at_least_one, fraction, option_of
from gallery.errors import ConfigError

LONGEST_TRAIL_SECONDS = 3600.0


def cosine_distance(parameter: typer.CallbackParam, value: float | None) -> float | None:
    """Refuses what is no cosine distance.

    Raises:
        ConfigError: Naming the option and its value.
    """
    if value is not None and not 0 <= value <= 2:
        raise ConfigError(f"{option_of(parameter)} {value:g} is out of range; give 0 to 2")
    return value


def at_least_none(parameter: typer.CallbackParam, value: int | None) -> int | None:
    """Refuses numbers below 0.

    Raises:
        ConfigError: Naming the option and its value.
    """
    if value is not None and value < 0:
        raise ConfigError(f"{option_of(parameter)} {value} is too small; give 1 or more, or 0 to keep all")
    return value


def trail_length(parameter: typer.CallbackParam, value: float | None) -> float | None:
    """Refuses what is no length of a trail.

    Raises:
        ConfigError: Naming the option and its value.
    """
    if value is not None and not 0 <= value <= LONGEST_TRAIL_SECONDS:
        raise ConfigError(
            f"{option_of(parameter)} {value:g} is out of range; give 0 to {LONGEST_TRAIL_SECONDS:g} seconds"
        )
    return value


MaxCosineDistance = Annotated[
    float | None,
    typer.Option(
        metavar="N",
        callback=cosine_distance,
        help="Largest cosine distance, 0-2, at which somebody looks like a track.",
        show_default="the embedder's; for --detections 0.2",
    ),
]
NnBudget = Annotated[
    int | None,
    typer.Option(metavar="N", callback=at_least_none, help="Vectors kept per track; 0 keeps all.", show_default="100"),
]
MaxIouDistance = Annotated[
    float | None,
    typer.Option(
        metavar="N",
        callback=fraction,
        help="Largest 1 - IoU, 0-1, at which somebody stands where a track is.",
        show_default="0.7",
    ),
]
MaxAge = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        callback=at_least_one,
        help="Frames somebody may be unseen and keep the id.",
        show_default="3 seconds of frames; for --detections 30",
    ),
]
NInit = Annotated[
    int | None,
    typer.Option(
        metavar="N", callback=at_least_one, help="Detections in a row that confirm a track.", show_default="3"
    ),
]
Trail = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS",
        callback=trail_length,
        help="How long somebody's way stays visible; 0 for no trails.",
        show_default="2",
    ),
]
