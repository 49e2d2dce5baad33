"""The head of a drawn person: face, hair and hat, all painted onto balls so that they turn with it."""

import numpy as np
from numpy.typing import NDArray

from ingest.demo_canvas import Canvas, Floats
from ingest.demo_gait import Point
from ingest.demo_person import Person, bgr

_RADIUS, _RADIUS_UP = 0.060, 0.072
Mask = NDArray[np.bool_]


def draw_head(canvas: Canvas, person: Person, up: float, look: float) -> None:
    """Face, then hair, then hat; ``up`` is the height of the head's middle, ``look`` its turn against the body."""
    size = 1.22 if person.child else 1.0
    centre = np.array([0.012, 0.0, up + (size - 1) * _RADIUS_UP])
    ball = _Head(canvas, centre, size, look)
    ball.paint(1.0, person.skin, _everywhere, details=True)
    _hair(ball, person)
    _hat(ball, person)


def draw_long_hair(canvas: Canvas, person: Person, up: float) -> None:
    """What of long hair hangs over the shoulders; nothing for other styles or under a headscarf."""
    if person.hair.style not in ("long", "ponytail") or (person.hat is not None and person.hat.kind == "scarf"):
        return
    colour = bgr(person.hair.colour)
    crown = np.array([-0.030, 0.0, up + 0.01])
    if person.hair.style == "ponytail":
        crown = np.array([-0.066, 0.0, up + 0.02])
        canvas.capsule(crown, crown + [-0.022, 0.0, -0.115], 0.024, 0.014, colour)
        return
    for side in (-0.028, 0.0, 0.028):
        canvas.capsule(crown + [0, side, 0], crown + [-0.012, side * 1.3, -0.125], 0.036, 0.026, colour)


def _everywhere(forward: Floats, left: Floats, up: Floats) -> Mask:
    return np.ones(up.shape, np.bool_)


class _Head:
    """One ball on which layers are painted."""

    def __init__(self, canvas: Canvas, centre: Point, size: float, look: float) -> None:
        self.canvas, self.centre, self.size = canvas, centre, size
        self._cos, self._sin = np.cos(look), np.sin(look)

    def paint(self, swell: float, colour: str, where: "Where", *, details: bool = False, shade: float = 1.0) -> None:
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
        ball.paint(
            1.05,
            hair.colour,
            lambda f, s, u: (
                (u < -0.30 + 0.25 * np.abs(s)) & (f > -0.15) & ~((np.abs(s) < 0.2) & (np.abs(u + 0.45) < 0.07))
            ),
        )
    if hair.style == "bald" or (person.hat is not None and person.hat.kind == "scarf"):
        return
    if hair.style == "bun":
        ball.canvas.capsule(
            ball.point(-0.75, 0.85), ball.point(-0.78, 0.9), 0.027 * ball.size, 0.027 * ball.size, bgr(hair.colour)
        )
    if hair.style == "curly":
        ball.paint(1.32, hair.colour, lambda f, s, u: (u + 0.55 * -f > 0.02) & (u > -0.55))
        return
    low = -0.75 if hair.style == "long" else -0.42
    ball.paint(1.09, hair.colour, lambda f, s, u: ((u - 0.62 * f > 0.22) | (u > 0.62)) & (u > low))


def _hat(ball: _Head, person: Person) -> None:
    if person.hat is None:
        return
    kind, colour = person.hat.kind, person.hat.colour
    if kind == "scarf":
        ball.paint(1.16, colour, lambda f, s, u: ~((f > 0.35) & (np.hypot(s, (u + 0.02) * 0.85) < 0.66)))
        chest = ball.point(0.05, -1.15)
        ball.canvas.capsule(chest, chest - [0.0, 0.0, 0.02], 0.052, 0.058, bgr(colour))
        ball.paint(1.16, colour, lambda f, s, u: ~((f > 0.35) & (np.hypot(s, (u + 0.02) * 0.85) < 0.66)))
        return
    ball.paint(1.14, colour, lambda f, s, u: u > 0.30)
    if kind == "beanie":
        ball.paint(1.18, colour, lambda f, s, u: (u > 0.22) & (u < 0.44), shade=0.80)
    if kind == "cap":
        ball.canvas.capsule(
            ball.point(0.85, 0.42),
            ball.point(1.75, 0.30),
            0.022 * ball.size,
            0.016 * ball.size,
            tuple(0.85 * c for c in bgr(colour)),
        )  # type: ignore[arg-type]
    if kind == "brim":
        ball.paint(1.16, colour, lambda f, s, u: (u > 0.30) & (u < 0.46), shade=0.55)
        _brim(ball, colour)


def _brim(ball: _Head, colour: str) -> None:
    rim = np.linspace(0, 2 * np.pi, 9)
    middle = ball.point(0.0, 0.42)
    for turn in rim:
        end = middle + np.array([np.cos(turn) * 0.092, np.sin(turn) * 0.092, -0.004])
        ball.canvas.capsule(middle, end, 0.030, 0.012, tuple(0.92 * c for c in bgr(colour)))  # type: ignore[arg-type]
    ball.paint(1.10, colour, lambda f, s, u: u > 0.46)
