"""Brushes for drawn figures: capsules, barrels and balls, seen from any side.

Points are (forward, left, up) in body heights. A heading of 0 walks to the right of the picture, pi / 2 away from the
camera, -pi / 2 towards it. Everything is drawn without anti-aliasing at ``OVERSAMPLING`` times the size and averaged
down, which leaves premultiplied colours with soft edges.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.demo_gait import Point

OVERSAMPLING = 2
Colour3 = tuple[float, float, float]
Floats = NDArray[np.float64]
Paint = Callable[[Floats, Floats], Floats]
"""(angle round the body: 0 in front, pi / 2 left; up) -> (..., 3) BGR."""
BallPaint = Callable[[Floats, Floats, Floats], tuple[Floats, NDArray[np.bool_]]]
"""Unit (forward, left, up) of a ball's surface -> (..., 3) BGR and where it is painted at all."""

_CIRCLE = np.stack([np.cos(np.linspace(0, 2 * np.pi, 14)), np.sin(np.linspace(0, 2 * np.pi, 14))], axis=1).astype(
    np.float32
)


@dataclass(frozen=True, eq=False)
class Sprite:
    """A figure ready to be laid over a picture.

    Attributes:
        pixels: (H, W, 4) uint8, premultiplied BGRA.
        foot_x: Column under the pelvis, counted from the sprite's left.
        foot_y: Row of the ground under the pelvis, counted from the sprite's top.
    """

    pixels: NDArray[np.uint8]
    foot_x: int
    foot_y: int


class Canvas:
    """Premultiplied BGRA picture of one figure in the making.

    Args:
        height_px: Pixels that one body height takes in the finished sprite.
        heading: Where the figure walks, radians.
        tilt: How much the camera looks down: rise in the picture per depth.
        offset: Fraction of a pixel by which the finished sprite is moved right and down.
    """

    def __init__(self, height_px: float, heading: float, tilt: float, offset: tuple[float, float]) -> None:
        self.scale = height_px * OVERSAMPLING
        self.heading, self.tilt = heading, tilt
        self.cos, self.sin = math.cos(heading), math.sin(heading)
        self.foot_x, self.foot_y = int(height_px * 0.5) + 1, int(height_px * 1.14) + 1
        self._x = (self.foot_x + offset[0]) * OVERSAMPLING
        self._y = (self.foot_y + offset[1]) * OVERSAMPLING
        height = (self.foot_y + int(height_px * 0.12) + 2) * OVERSAMPLING
        self.pixels = np.zeros((height, 2 * self.foot_x * OVERSAMPLING, 4), np.uint8)

    def across(self, point: Point) -> float:
        """How far to the right a point lies, in body heights."""
        return float(point[0] * self.cos - point[1] * self.sin)

    def depth(self, point: Point) -> float:
        """How far behind the pelvis a point lies as the camera sees it, in body heights."""
        return float(point[0] * self.sin + point[1] * self.cos)

    def project(self, point: Point) -> tuple[float, float]:
        """Where a point falls on the canvas, pixels."""
        x = self._x + self.scale * self.across(point)
        return x, self._y - self.scale * (float(point[2]) + self.tilt * self.depth(point))

    def capsule(self, start: Point, end: Point, start_radius: float, end_radius: float, colour: Colour3) -> None:
        """A limb: the hull of two discs."""
        rim = np.empty((2 * len(_CIRCLE), 2), np.float32)
        rim[: len(_CIRCLE)] = _CIRCLE * (start_radius * self.scale) + self.project(start)
        rim[len(_CIRCLE) :] = _CIRCLE * (end_radius * self.scale) + self.project(end)
        self._polygon(np.asarray(cv2.convexHull(rim), np.float64), colour)

    def band(self, start: Point, end: Point, radius: float, colour: Colour3) -> None:
        """A stretch of a limb between two straight cuts, for prints on sleeves."""
        first, last = np.array(self.project(start)), np.array(self.project(end))
        along = last - first
        aside = np.array([-along[1], along[0]]) * (radius * self.scale / max(float(np.hypot(*along)), 1e-6))
        self._polygon(np.stack([first - aside, first + aside, last + aside, last - aside]), colour)

    def barrel(self, sections: Floats, paint: Paint) -> None:
        """A torso, skirt or coat: an upright tube of elliptical sections.

        Args:
            sections: (K, 4) up (increasing), half width, half depth, forward offset; body heights.
            paint: Its colours.
        """
        up = sections[:, 0]
        slack = self.tilt * float(sections[:, 1:3].max()) * 1.5
        rows = self._span(self._y - self.scale * (up[-1] + slack), self._y - self.scale * (up[0] - slack), 0)
        level = (self._y - rows - 0.5) / self.scale
        wide, deep, forward = (np.interp(level, up, sections[:, k]) for k in (1, 2, 3))
        half = np.hypot(wide * self.sin, deep * self.cos)
        bulge = np.hypot(wide * self.cos, deep * self.sin)
        centre = self._x + self.scale * forward * self.cos
        reach = self.scale * half
        columns = self._span(float((centre - reach).min()), float((centre + reach).max()), 1)
        u = (columns[None, :] + 0.5 - centre[:, None]) / reach[:, None]
        near = np.sqrt(np.clip(1 - u * u, 0, 1))
        height = level[:, None] + self.tilt * (bulge[:, None] * near - (forward * self.sin)[:, None])
        inside = (np.abs(u) <= 1) & (height >= up[0]) & (height <= up[-1])
        turn = np.arcsin(np.clip(u, -1, 1)) - self.heading
        self._fill(rows, columns, inside, paint(np.arctan2(-np.cos(turn), np.sin(turn)), height))

    def ball(self, centre: Point, radius: float, radius_up: float, paint: BallPaint) -> None:
        """A head, or the hair on it: an ellipsoid, round seen from above."""
        x, y = self.project(centre)
        columns = self._span(x - radius * self.scale, x + radius * self.scale, 1)
        rows = self._span(y - radius_up * self.scale, y + radius_up * self.scale, 0)
        right = np.broadcast_to((columns + 0.5 - x) / (radius * self.scale), (len(rows), len(columns)))
        rise = ((y - rows - 0.5) / (radius_up * self.scale))[:, None]
        near = np.sqrt(np.clip(1 - right**2 - rise**2, 0, 1))
        towards, up = near - rise * self.tilt, rise + near * self.tilt
        colours, painted = paint(self.cos * right - self.sin * towards, -self.sin * right - self.cos * towards, up)
        self._fill(rows, columns, (right**2 + rise**2 <= 1) & painted, colours)

    def finish(self, light: float) -> "Sprite":
        """The sprite: averaged down, shaded round its edges, lit from the right (``light`` > 0) or left."""
        x, y, width, height = cv2.boundingRect(np.ascontiguousarray(self.pixels[..., 3]))
        step = OVERSAMPLING
        left, top = x // step - 1, y // step - 1
        right, bottom = (x + width) // step + 2, (y + height) // step + 2
        left, top = max(left, 0), max(top, 0)
        part = self.pixels[top * step : bottom * step, left * step : right * step]
        small = cv2.resize(part, (part.shape[1] // step, part.shape[0] // step), interpolation=cv2.INTER_AREA)
        reach = max(round(self.scale / step * 0.030), 1)
        soft = cv2.blur(small[..., 3], (2 * reach + 1, 2 * reach + 1), borderType=cv2.BORDER_CONSTANT)
        soft = soft.astype(np.float32) / 255
        shade = 0.74 + 0.26 * soft
        shade[:, reach:-reach] += light * 0.55 * (soft[:, : -2 * reach] - soft[:, 2 * reach :])
        factors = cv2.merge([np.clip(shade, 0, 1.25)] * 3 + [np.ones_like(shade)])
        shaded = cv2.multiply(small, factors, dtype=cv2.CV_8U)
        return Sprite(np.asarray(shaded, np.uint8), self.foot_x - left, self.foot_y - top)

    def _polygon(self, corners: Floats, colour: Colour3) -> None:
        cv2.fillConvexPoly(self.pixels, np.rint(corners * 16).astype(np.int32), (*colour, 255.0), cv2.LINE_8, 4)

    def _span(self, low: float, high: float, axis: int) -> NDArray[np.int64]:
        return np.arange(max(int(low), 0), min(int(high) + 2, self.pixels.shape[axis]))

    def _fill(
        self, rows: NDArray[np.int64], columns: NDArray[np.int64], inside: NDArray[np.bool_], colours: Floats
    ) -> None:
        part = self.pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        paint = np.full((*inside.shape, 4), 255, np.uint8)
        paint[..., :3] = np.clip(colours, 0, 255)
        cv2.copyTo(paint, inside.astype(np.uint8), part)
