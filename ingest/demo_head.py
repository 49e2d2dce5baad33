"""The head of a drawn person: face, hair and hat, all painted onto balls so that they turn with it."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ingest.demo_canvas import Canvas, Colour3, Floats
from ingest.demo_gait import Point, vector
from ingest.demo_person import Person, bgr, dimmed

_RADIUS, _RADIUS_UP = 0.060, 0.072
Mask = NDArray[np.bool_]
Where = Callable[[Floats, Floats, Floats], Mask]
"""Unit (forward, left, up) on a head -> where a layer covers it."""


def draw_head(canvas: Canvas, person: Person, up: float, look: float) -> None:
    """Face, then hair, then hat; ``up`` is the height of the head's middle, ``look`` its turn against the body."""
    size = 1.22 if person.child else 1.0
    centre = vector(0.012, 0.0, up + (size - 1) * _RADIUS_UP)
    ball = _Head(canvas, centre, size, look)
    ball.paint(1.0, person.skin, _everywhere, details=True)
    _hair(ball, person)
    _hat(ball, person)


def draw_long_hair(canvas: Canvas, person: Person, up: float) -> None:
    """What of long hair hangs over the shoulders; nothing for other styles or under a headscarf."""
    if person.hair.style not in ("long", "ponytail") or (person.hat is not None and person.hat.kind == "scarf"):
        return
    colour = bgr(person.hair.colour)
    crown = vector(-0.030, 0.0, up + 0.01)
    if person.hair.style == "ponytail":
        crown = vector(-0.066, 0.0, up + 0.02)
        canvas.capsule(crown, crown + vector(-0.022, 0.0, -0.115), 0.024, 0.014, colour)
        return
    for side in (-0.028, 0.0, 0.028):
        lock = crown + vector(0.0, side, 0.0)
        canvas.capsule(lock, crown + vector(-0.012, side * 1.3, -0.125), 0.036, 0.026, colour)


def _everywhere(forward: Floats, left: Floats, up: Floats) -> Mask:
    return np.ones(up.shape, np.bool_)


class _Head:
    """One ball on which layers are painted."""

    def __init__(self, canvas: Canvas, centre: Point, size: float, look: float) -> None:
        self.canvas, self.centre, self.size = canvas, centre, size
        self._cos, self._sin = np.cos(look), np.sin(look)

    def paint(self, swell: float, colour: str, where: Where, *, details: bool = False, shade: float = 1.0) -> None:
        tone = np.array(bgr(colour)) * shade

        def layer(forward: Floats, left: Floats, up: Floats) -> tuple[Floats, Mask]:
            ahead = forward * self._cos + left * self._sin
            aside = left * self._cos - forward * self._sin
            colours = np.empty((*up.shape, 3))
            colours[:] = tone
            if details:
                _face(colours, ahead, aside, up)
            return colours, where(ahead, aside, up)

        radius = _RADIUS * self.size * swell
        self.canvas.ball(self.centre, radius, _RADIUS_UP * self.size * swell, layer)

    def knob(self, start: Point, end: Point, start_radius: float, end_radius: float, colour: Colour3) -> None:
        """Something round that stands off the head."""
        self.canvas.capsule(start, end, start_radius * self.size, end_radius * self.size, colour)

    def point(self, forward: float, up: float) -> Point:
        """A point in the head's middle plane, in head radii."""
        return (
            self.centre
            + np.array([forward * self._cos * _RADIUS, forward * self._sin * _RADIUS, up * _RADIUS_UP]) * self.size
        )


def _face(colours: Floats, forward: Floats, left: Floats, up: Floats) -> None:
    for side in (-0.36, 0.36):
        eye = np.hypot(left - side, (up - 0.06) * 0.9) < 0.115
        colours[eye & (forward > 0)] = (30, 26, 24)
        cheek = np.hypot(left - side * 1.35, up + 0.25) < 0.17
        colours[cheek & (forward > 0)] *= (0.92, 0.92, 1.04)
    mouth = (np.abs(left) < 0.22) & (np.abs(up + 0.42 - 0.9 * left**2) < 0.055)
    colours[mouth & (forward > 0)] *= 0.62
    nose = (np.abs(left) < 0.09) & (np.abs(up + 0.12) < 0.13)
    colours[nose & (forward > 0)] *= 0.88


def _hair(ball: _Head, person: Person) -> None:
    hair = person.hair
    if hair.beard:
        ball.paint(1.05, hair.colour, _on_chin)
    if hair.style == "bald" or (person.hat is not None and person.hat.kind == "scarf"):
        return
    if hair.style == "bun":
        ball.knob(ball.point(-0.75, 0.85), ball.point(-0.78, 0.90), 0.027, 0.027, bgr(hair.colour))
    if hair.style == "curly":
        ball.paint(1.32, hair.colour, lambda forward, left, up: (up - 0.55 * forward > 0.02) & (up > -0.55))
        return
    low = -0.75 if hair.style == "long" else -0.42
    ball.paint(1.09, hair.colour, lambda forward, left, up: ((up - 0.62 * forward > 0.22) | (up > 0.62)) & (up > low))


def _on_chin(forward: Floats, left: Floats, up: Floats) -> Mask:
    mouth = (np.abs(left) < 0.2) & (np.abs(up + 0.45) < 0.07)
    return (up < -0.30 + 0.25 * np.abs(left)) & (forward > -0.15) & ~mouth


def _round_face(forward: Floats, left: Floats, up: Floats) -> Mask:
    return ~((forward > 0.35) & (np.hypot(left, (up + 0.02) * 0.85) < 0.66))


def _hat(ball: _Head, person: Person) -> None:
    if person.hat is None:
        return
    kind, colour = person.hat.kind, person.hat.colour
    if kind == "scarf":
        chest = ball.point(0.05, -1.15)
        ball.knob(chest, chest - vector(0.0, 0.0, 0.02), 0.052, 0.058, bgr(colour))
        ball.paint(1.16, colour, _round_face)
        return
    ball.paint(1.14, colour, lambda forward, left, up: up > 0.30)
    if kind == "beanie":
        ball.paint(1.18, colour, lambda forward, left, up: (up > 0.22) & (up < 0.44), shade=0.80)
    if kind == "cap":
        ball.knob(ball.point(0.85, 0.42), ball.point(1.75, 0.30), 0.022, 0.016, dimmed(colour, 0.85))
    if kind == "brim":
        _brim(ball, colour)


def _brim(ball: _Head, colour: str) -> None:
    ball.paint(1.16, colour, lambda forward, left, up: (up > 0.30) & (up < 0.46), shade=0.55)
    middle = ball.point(0.0, 0.42)
    for turn in np.linspace(0, 2 * np.pi, 9):
        end = middle + vector(np.cos(turn) * 0.092, np.sin(turn) * 0.092, -0.004)
        ball.knob(middle, end, 0.030, 0.012, dimmed(colour, 0.92))
    ball.paint(1.10, colour, lambda forward, left, up: up > 0.46)
