"""The demo's places in the open: a street with shops and a square."""

import numpy as np

from ingest.demo_painter import Painter
from ingest.demo_place import Lane, Place
from ingest.demo_view import View


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
        ((-5.6, 7.6), (-1.0, 8.8), (6.2, 9.8)),
        ((-6.8, 10.4), (-2.0, 8.9), (5.0, 7.4)),
        ((-6.5, 10.2), (0.5, 10.4), (6.4, 10.0)),
        ((-4.4, 6.4), (0.0, 6.9), (4.6, 6.3)),
        ((-6.4, 9.9), (-1.6, 8.0), (0.6, 3.6), (0.8, 3.0)),
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
