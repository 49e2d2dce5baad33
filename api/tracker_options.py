"""Options about following people, for the commands that do."""

from collections.abc import Callable
from typing import Annotated, TypeVar

import typer

from api.options import option_of
from gallery.errors import ConfigError

N = TypeVar("N", int, float)

MOST = 1_000_000
"""Frames, detections or vectors: more than a track can have."""


def within(low: N, high: N, remark: str = "") -> Callable[[typer.CallbackParam, N | None], N | None]:
    """A check that a number is in its range, which names the option and its value where it is not."""

    def check(parameter: typer.CallbackParam, value: N | None) -> N | None:
        if value is not None and not low <= value <= high:
            raise ConfigError(f"{option_of(parameter)} {value} is out of range; give {low} to {high}{remark}")
        return value

    return check


MaxCosineDistance = Annotated[
    float | None,
    typer.Option(
        metavar="N",
        callback=within(0, 2),
        help="Largest cosine distance, 0-2, at which somebody looks like a track.",
        show_default="the embedder's",
    ),
]
NnBudget = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        callback=within(0, MOST, ", 0 for all"),
        help="Vectors kept per track to compare with; 0 keeps all.",
        show_default="100",
    ),
]
MaxIouDistance = Annotated[
    float | None,
    typer.Option(
        metavar="N",
        callback=within(0, 1),
        help="Largest 1 - IoU, 0-1, at which somebody stands where a track is.",
        show_default="0.7",
    ),
]
MaxAge = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        callback=within(1, MOST),
        help="Frames within which somebody who was out of sight gets the same id again.",
        show_default="3 seconds of frames",
    ),
]
NInit = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        callback=within(1, MOST),
        help="Detections in a row that confirm a track.",
        show_default="3",
    ),
]
Trail = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS",
        callback=within(0, 300, " seconds"),
        help="How long somebody's way stays visible; 0 for no trails.",
        show_default="2",
    ),
]
