"""What a demo camera looks at."""

from dataclasses import dataclass

from ingest.demo_painter import Screen
from ingest.demo_view import View
from ingest.frame import Image

Lane = tuple[tuple[float, float], ...]
"""Points (X, Z) on the ground, metres, from out of sight to out of sight."""


@dataclass(frozen=True, eq=False)
class Place:
    """What a camera looks at.

    Attributes:
        name: For captions.
        view: How its camera sees.
        plate: (H, W, 3) uint8 BGR, the place without people.
        screens: What people can walk behind.
        lanes: Where they walk.
        light: Side the light comes from, -1 left to 1 right.
        shadow: Where a metre of height casts its shadow on the ground: (X, Z), metres.
        shadow_strength: How dark that shadow is, 0-1.
    """

    name: str
    view: View
    plate: Image
    screens: tuple[Screen, ...]
    lanes: tuple[Lane, ...]
    light: float
    shadow: tuple[float, float]
    shadow_strength: float
