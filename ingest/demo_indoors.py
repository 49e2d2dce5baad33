"""The demo's places under a roof: a corridor and a station."""

import numpy as np

from ingest.demo_painter import Painter
from ingest.demo_place import Lane, Place
from ingest.demo_view import View


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
    p.shade(0.94, 1.06)
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
