"""The four places where the demo's cameras hang."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.demo_painter import Painter, Screen
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


def corridor(width: int, height: int) -> Place:
    """Indoors: people come towards the camera or go away from it, through doors at the sides."""
    view = View(width, height, 0.84, 0.06, 2.75)
    p = Painter(view, "#d8d3c6")
    p.floor(-3, 3, 3.4, 16, "#b9ad98")
    for row in range(14):
        for column in range(6):
            if (row + column) % 2:
                p.floor(column - 3.0, column - 2.0, 3.4 + row * 0.95, 4.35 + row * 0.95, "#a4977f")
    p.wall(-3, 3, 0, 3.4, 16, "#c9c2b1")
    p.wall(-1.1, 1.1, 0, 2.3, 15.95, "#6d7f86")
    p.wall(-1.0, -0.05, 0.1, 2.2, 15.9, "#bcd3da")
    p.wall(0.05, 1.0, 0.1, 2.2, 15.9, "#c9dde2")
    for reach in (0.9, 0.6, 0.3):
        p.pool(0, 13.4, 1.6 * reach, 2.2 * reach, "#f2efe2", 0.16)
    for x, near, far in ((3.0, 12.6, 14.6), (-3.0, 11.2, 13.6), (3.0, 6.0, 8.2)):
        _opening(p, x, near, far)
    with p.screen(11.2):
        p.side(-3, 3.3, 11.2, 0, 3.4, "#cfc6b2")
        _corridor_panels(p, -3, ((4.4, 5.5), (7.6, 8.7)))
    p.side(-3, 13.6, 16, 0, 3.4, "#c2b9a5")
    with p.screen(6.0):
        p.side(3, 3.3, 6.0, 0, 3.4, "#d6cdb9")
    with p.screen(12.6):
        p.side(3, 8.2, 12.6, 0, 3.4, "#cfc6b2")
        _corridor_panels(p, 3, ((9.4, 10.5),))
    p.side(3, 14.6, 16, 0, 3.4, "#c2b9a5")
    with p.screen(8.6):
        _plant(p, -2.35, 8.6)
    p.shade(0.90, 1.06)
    p.grain(11, 2.2)
    lanes: tuple[Lane, ...] = (
        ((-4.2, 12.3), (-2.0, 12.3), (-0.9, 9.0), (0.3, 7.1), (4.2, 6.9)),
        ((4.6, 13.6), (2.2, 13.4), (1.2, 10.0), (-0.2, 7.4), (1.0, 3.3)),
        ((-4.2, 12.6), (-2.2, 12.4), (0.4, 11.0), (1.5, 7.4), (4.4, 7.2)),
        ((4.5, 7.4), (2.2, 7.2), (-0.6, 7.2), (-1.3, 5.4), (-1.1, 3.2)),
    )
    return Place("corridor", view, p.finish(), tuple(p.screens), lanes, 0.15, (0.05, 0.10), 0.30)


def _opening(p: Painter, x: float, near: float, far: float) -> None:
    """A passage to the side: its far wall, its floor and the dark over it."""
    beyond = x * 2.5
    p.side(x, near, far, 0, 3.4, "#a89f8c")
    p.shape([(x, 0, near), (x, 0, far), (beyond, 0, far), (beyond, 0, near)], "#94886f")
    p.shape([(x, 0, far), (x, 2.6, far), (beyond, 2.6, far), (beyond, 0, far)], "#aaa08b")
    p.side(x, near, far, 2.5, 3.4, "#cbc2ae")
    p.side(x, near, far, 2.42, 2.5, "#8c8069")


def _corridor_panels(p: Painter, x: float, doors: tuple[tuple[float, float], ...]) -> None:
    p.side(x, 3.3, 11.2 if x < 0 else 12.6, 0, 0.16, "#8c8069")
    for near, far in doors:
        p.side(x, near, far, 0, 2.15, "#7b5f47")
        p.side(x, near + 0.08, far - 0.08, 0.05, 2.08, "#93714f")
        p.side(x, near + 0.16, near + 0.24, 0.95, 1.10, "#e0c878")
        p.side(x, near + 0.35, far - 0.35, 1.25, 1.85, "#b7cbd0")


def _plant(p: Painter, x: float, distance: float) -> None:
    p.shape(
        [(x - 0.24, 0, distance), (x + 0.24, 0, distance), (x + 0.32, 0.55, distance), (x - 0.32, 0.55, distance)],
        "#a4532f",
    )
    rng = np.random.default_rng(5)
    for _ in range(46):
        up, aside = rng.uniform(0.55, 1.75), rng.normal(0, 0.17)
        colour = ("#2f6b3a", "#3f8a4a", "#5aa05a")[int(rng.integers(3))]
        p.disc(x + aside * (1.2 - abs(up - 1.1)), up, distance, float(rng.uniform(0.06, 0.13)), colour)


def street(width: int, height: int) -> Place:
    """A pavement before shops: people pass from side to side, behind a lamp and a tree."""
    view = View(width, height, 0.88, 0.055, 3.1)
    p = Painter(view, "#a9b7c4")
    p.wall(-12, 12, 0, 8, 13, "#a8604a")
    _bricks(p)
    shops = (
        (-8.2, "#2f5d62", "BOOKS", "#f3e9d2"),
        (-2.6, "#b5472f", "CAFE ANNA", "#fbf3e4"),
        (3.0, "#34495e", "BAKERY", "#f5d76e"),
    )
    for left, colour, words, letters in shops:
        _shop(p, left, colour, words, letters)
    p.floor(-14, 14, 7.0, 13, "#a7a9a6")
    for k in range(15):
        p.floor(-10.5 + 1.5 * k, -10.47 + 1.5 * k, 7.0, 13, "#8f918f")
    for far in (8.4, 9.8, 11.3):
        p.floor(-14, 14, far, far + 0.035, "#8f918f")
    p.floor(-14, 14, 6.55, 7.0, "#c9c8c1", up=0.0)
    p.floor(-14, 14, 3.0, 6.55, "#6a6f76")
    for k in range(6):
        p.floor(-7.6 + 2.7 * k, -6.2 + 2.7 * k, 4.55, 4.75, "#dcdcd2", 0.85)
    p.pool(2.9, 6.9, 0.7, 0.18, "#3c4148", 0.35)
    with p.screen(6.9):
        _lamp(p, 2.9, 6.9)
    with p.screen(9.2):
        _box_tree(p, -3.3, 9.2)
    p.shade(1.04, 0.96)
    p.grain(12, 2.6)
    lanes: tuple[Lane, ...] = (
        ((-6.6, 10.2), (6.6, 10.4)),
        ((-5.8, 8.6), (-1.0, 8.3), (5.8, 8.8)),
        ((-5.1, 7.7), (5.1, 7.5)),
        ((-6.9, 11.0), (-0.5, 10.6), (3.0, 8.2), (5.6, 8.0)),
        ((-4.0, 5.7), (4.2, 5.9)),
    )
    return Place("street", view, p.finish(), tuple(p.screens), lanes, -0.5, (0.55, 0.25), 0.34)


def _bricks(p: Painter) -> None:
    rng = np.random.default_rng(3)
    tones = ("#9d5844", "#b06650", "#a3604c", "#964f3e")
    for row in range(7):
        for column in range(34):
            left = -8.6 + column * 0.52 + (row % 2) * 0.26
            p.wall(left, left + 0.49, 3.02 + row * 0.17, 3.16 + row * 0.17, 13, tones[int(rng.integers(4))])


def _shop(p: Painter, left: float, colour: str, words: str, letters: str) -> None:
    p.wall(left, left + 5.2, 0, 2.95, 13, colour)
    p.wall(left + 0.25, left + 3.5, 0.55, 2.2, 12.98, "#c8d6d3")
    p.wall(left + 0.35, left + 1.8, 0.62, 2.12, 12.97, "#8fa9ad")
    p.wall(left + 1.95, left + 3.4, 0.62, 2.12, 12.97, "#9cb4b5")
    for k in range(5):
        wide = 0.22 + 0.07 * ((k * 7) % 3)
        p.wall(
            left + 0.5 + 0.6 * k,
            left + 0.5 + 0.6 * k + wide,
            0.62,
            0.95 + 0.12 * ((k * 5) % 3),
            12.96,
            ("#d9a441", "#8c4a3c", "#e8e0d0", "#4f7a5b", "#6b5b8c")[k],
        )
    p.shape(
        [(left + 0.4, 2.1, 12.95), (left + 1.0, 2.1, 12.95), (left + 0.6, 0.64, 12.95), (left + 0.36, 0.64, 12.95)],
        "#ffffff",
        0.22,
    )
    p.wall(left + 3.8, left + 4.85, 0.0, 2.2, 12.98, "#3a2f2a")
    p.wall(left + 3.9, left + 4.75, 0.35, 2.1, 12.97, "#7f9699")
    p.text(words, left + 0.5, 2.42, 12.9, 0.36, letters)


def _lamp(p: Painter, x: float, distance: float) -> None:
    p.wall(x - 0.13, x + 0.13, 0, 0.45, distance, "#23282d")
    p.wall(x - 0.06, x + 0.06, 0.4, 4, distance, "#2c3238")
    p.wall(x - 0.06, x - 0.02, 0.4, 4, distance, "#4a525a")


def _box_tree(p: Painter, x: float, distance: float) -> None:
    p.pool(x, distance, 0.55, 0.3, "#5b5f60", 0.5)
    p.wall(x - 0.30, x + 0.30, 0, 0.50, distance, "#75573f")
    p.wall(x - 0.30, x + 0.30, 0.40, 0.50, distance, "#8a6a4e")
    for up, aside, colour in (
        (0.75, 0.0, "#3d6b41"),
        (0.92, 0.06, "#4d8250"),
        (0.98, -0.1, "#47784a"),
        (0.84, -0.05, "#5b9159"),
    ):
        p.disc(x + aside, up, distance, 0.24, colour)


def square(width: int, height: int) -> Place:
    """A paved square in low sun: long shadows, a fountain, people crossing in all directions."""
    view = View(width, height, 0.86, 0.05, 3.4)
    p = Painter(view, "#bcd0dc")
    p.wall(-16, 16, 0, 6, 19, "#d9c3a0")
    for k in range(9):
        left = -13.6 + 3.1 * k
        p.wall(left, left + 1.9, 0, 2.9, 18.9, "#8d7659")
        p.disc(left + 0.95, 2.9, 18.9, 0.95, "#8d7659")
        p.wall(left + 0.2, left + 1.7, 0, 2.85, 18.85, "#5d4c3c")
        p.disc(left + 0.95, 2.85, 18.85, 0.74, "#5d4c3c")
        p.wall(left - 0.75, left - 0.45, 0, 4, 18.8, "#e6d3b3")
    p.floor(-20, 20, 3.0, 19, "#cdbb9a")
    _paving(p)
    _fountain(p)
    p.pool(-3.6, 7.7, 1.3, 0.35, "#6d6250", 0.45)
    with p.screen(8.0):
        _bench(p, -3.7, 8.0)
    with p.screen(6.6):
        p.wall(3.35, 3.85, 0, 5, 6.6, "#b79c76")
        p.wall(3.35, 3.48, 0, 5, 6.6, "#d3b98f")
        p.wall(3.22, 3.98, 0, 0.32, 6.6, "#a58a64")
    p.floor(3.35, 3.85, 6.65, 9.4, "#7d6f58", 0.35)
    p.shade(0.98, 1.02)
    p.grain(13, 2.4)
    lanes: tuple[Lane, ...] = (
        ((-5.6, 7.6), (-1.0, 9.4), (6.4, 10.6)),
        ((-7.4, 11.8), (-2.0, 9.2), (5.0, 7.4)),
        ((-7.0, 11.2), (0.5, 11.0), (7.0, 10.6)),
        ((-4.4, 6.4), (0.0, 6.9), (4.6, 6.3)),
        ((-6.8, 10.6), (-1.6, 8.0), (0.6, 3.6), (0.8, 3.0)),
        ((6.0, 9.4), (2.6, 8.4), (-2.0, 6.6), (-4.4, 6.2)),
    )
    return Place("square", view, p.finish(), tuple(p.screens), lanes, 0.6, (-0.75, -0.22), 0.32)


def _paving(p: Painter) -> None:
    rng = np.random.default_rng(9)
    tones = ("#c6b391", "#d4c3a4", "#cab895", "#c0ad8b")
    for row in range(16):
        for column in range(26):
            left, near = -13.0 + column + 0.5 * (row % 2), 3.0 + row
            p.floor(left + 0.03, left + 0.97, near + 0.03, near + 0.97, tones[int(rng.integers(4))])


def _fountain(p: Painter) -> None:
    p.pool(1.2, 14.4, 2.5, 1.5, "#8c7f6a", 0.6)
    p.pool(1.2, 14.4, 2.2, 1.25, "#b09f84", up=0.5)
    p.shape([(-1.0, 0.5, 14.4), (3.4, 0.5, 14.4), (3.3, 0.0, 13.6), (-0.9, 0.0, 13.6)], "#a39275")
    p.pool(1.2, 14.4, 1.95, 1.05, "#7fb0bf", up=0.5)
    p.pool(0.9, 14.2, 1.1, 0.4, "#a9cfd8", 0.7, up=0.5)
    p.wall(1.05, 1.35, 0.5, 1.9, 14.4, "#b9a88b")
    p.disc(1.2, 1.95, 14.4, 0.28, "#c8b798")


def _bench(p: Painter, x: float, distance: float) -> None:
    for left in (x - 0.8, x + 0.68):
        p.wall(left, left + 0.12, 0, 0.42, distance, "#3d3a36")
    for up in (0.40, 0.58, 0.74):
        p.wall(x - 0.9, x + 0.9, up, up + 0.11, distance, "#7d5a3a")
        p.wall(x - 0.9, x + 0.9, up + 0.08, up + 0.11, distance, "#9b744d")


def platform(width: int, height: int) -> Place:
    """A station under lamps: a dim, greenish picture, pillars near the camera, tiles behind."""
    view = View(width, height, 0.86, 0.06, 2.95)
    p = Painter(view, "#5a6664")
    p.wall(-13, 13, 0, 4.2, 12.4, "#8fa39b")
    for row in range(10):
        p.wall(-13, 13, 0.30 * row, 0.30 * row + 0.02, 12.38, "#7d918a")
    for column in range(40):
        p.wall(-9.0 + 0.45 * column, -8.98 + 0.45 * column, 0, 4.2, 12.38, "#7d918a")
    p.wall(-13, 13, 1.42, 1.66, 12.36, "#2f6f73")
    p.wall(-2.1, 1.5, 1.95, 2.65, 12.34, "#20433f")
    p.text("ELM STREET", -1.85, 2.16, 12.3, 0.34, "#eef4ee")
    for left, colour, accent in (
        (-6.6, "#c9b458", "#7d3b34"),
        (3.6, "#b4606a", "#e9dcc0"),
        (5.6, "#4d7ea8", "#dfe7ea"),
    ):
        p.wall(left, left + 1.5, 0.75, 2.75, 12.34, "#39413f")
        p.wall(left + 0.08, left + 1.42, 0.83, 2.67, 12.32, colour)
        p.disc(left + 0.75, 1.95, 12.3, 0.42, accent)
        p.wall(left + 0.3, left + 1.2, 1.05, 1.2, 12.3, accent)
    p.floor(-14, 14, 3.0, 12.4, "#77817d")
    for k in range(27):
        p.floor(-13 + k, -12.97 + k, 3.0, 12.4, "#6b7571")
    for far in (4.2, 5.4, 6.6, 7.8, 9.0, 10.2, 11.4):
        p.floor(-14, 14, far, far + 0.03, "#6b7571")
    p.floor(-14, 14, 4.9, 5.25, "#c2a94a")
    for x in (-4.5, 0.3, 5.0):
        for reach in (1.0, 0.7, 0.4):
            p.pool(x, 8.4, 2.2 * reach, 1.6 * reach, "#c9d6cc", 0.10)
    with p.screen(11.0):
        _machine(p, -3.0, 11.0)
    p.pool(-1.7, 6.35, 0.5, 0.22, "#3c4442", 0.5)
    with p.screen(6.4):
        p.wall(-1.93, -1.47, 0, 5, 6.4, "#46605d")
        p.wall(-1.93, -1.80, 0, 5, 6.4, "#5d7b77")
        p.wall(-2.0, -1.40, 0, 0.22, 6.4, "#37403f")
        p.wall(-1.93, -1.47, 0.9, 1.2, 6.4, "#c2a94a")
    p.shade(0.82, 0.92)
    p.grain(14, 2.4)
    lanes: tuple[Lane, ...] = (
        ((-6.4, 9.8), (6.4, 9.6)),
        ((-5.6, 8.4), (0.4, 8.8), (5.6, 8.0)),
        ((-5.0, 7.4), (1.5, 7.2), (5.0, 7.6)),
        ((-6.6, 10.4), (-0.6, 9.2), (2.6, 7.3), (4.9, 7.1)),
        ((-4.3, 6.0), (4.3, 6.0)),
    )
    return Place("platform", view, p.finish(), tuple(p.screens), lanes, 0.0, (0.04, 0.08), 0.36)


def _machine(p: Painter, x: float, distance: float) -> None:
    p.wall(x - 0.45, x + 0.45, 0, 1.85, distance, "#34566b")
    p.wall(x - 0.35, x + 0.35, 1.05, 1.6, distance, "#a9d3d6")
    p.wall(x - 0.35, x + 0.1, 0.6, 0.85, distance, "#24323b")
    p.wall(x + 0.2, x + 0.32, 0.62, 0.95, distance, "#e0b13f")


def places(count: int, width: int, height: int) -> list[Place]:
    """The first ``count`` places, 1 to 4."""
    return [make(width, height) for make in (corridor, street, square, platform)[:count]]


def mask_box(mask: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what is set; all 0 where nothing is."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if len(rows) == 0:
        return 0, 0, 0, 0
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
