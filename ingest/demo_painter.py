"""A brush for the places of the demo: flat shapes set in space, and the things that can hide people."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.demo_person import Colour, bgr
from ingest.demo_view import View
from ingest.frame import Image

OVERSAMPLING = 2
Corner = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class Screen:
    """Something people can walk behind.

    Attributes:
        mask: (H, W) uint8, 255 where it is.
        distance: People farther away than this are hidden by it.
    """

    mask: NDArray[np.uint8]
    distance: float


class Painter:
    """Paints one place as its camera sees it."""

    def __init__(self, view: View, colour: Colour) -> None:
        self.view = replace(view, width=view.width * OVERSAMPLING, height=view.height * OVERSAMPLING)
        self.size = (view.width, view.height)
        self.pixels = np.full((self.view.height, self.view.width, 3), bgr(colour), np.uint8)
        self.screens: list[Screen] = []
        self._mask: NDArray[np.uint8] | None = None

    @contextmanager
    def screen(self, distance: float) -> Iterator[None]:
        """All that is painted inside hides people who are farther away than ``distance``."""
        self._mask = np.zeros(self.pixels.shape[:2], np.uint8)
        yield
        small = cv2.resize(self._mask, self.size, interpolation=cv2.INTER_AREA)
        self.screens.append(Screen(np.asarray((small > 127) * np.uint8(255)), distance))
        self._mask = None

    def shape(self, corners: Sequence[Corner], colour: Colour, opacity: float = 1.0) -> None:
        """A polygon in space."""
        flat = np.rint(self.view.project(np.array(corners)) * 16).astype(np.int32)
        self._fill(flat, colour, opacity)

    def wall(
        self, left: float, right: float, low: float, high: float, distance: float, colour: Colour, opacity: float = 1.0
    ) -> None:
        """A rectangle that faces the camera."""
        corners = [(left, low, distance), (right, low, distance), (right, high, distance), (left, high, distance)]
        self.shape(corners, colour, opacity)

    def side(
        self, x: float, near: float, far: float, low: float, high: float, colour: Colour, opacity: float = 1.0
    ) -> None:
        """A rectangle that runs away from the camera, as the wall of a corridor."""
        self.shape([(x, low, near), (x, low, far), (x, high, far), (x, high, near)], colour, opacity)

    def floor(
        self, left: float, right: float, near: float, far: float, colour: Colour, opacity: float = 1.0, up: float = 0.0
    ) -> None:
        """A rectangle on the ground, or ``up`` metres over it."""
        self.shape([(left, up, near), (right, up, near), (right, up, far), (left, up, far)], colour, opacity)

    def disc(self, x: float, up: float, distance: float, radius: float, colour: Colour, opacity: float = 1.0) -> None:
        """A disc that faces the camera."""
        turns = np.linspace(0, 2 * np.pi, 40)
        self.shape([(x + radius * np.cos(a), up + radius * np.sin(a), distance) for a in turns], colour, opacity)

    def pool(
        self, x: float, distance: float, wide: float, deep: float, colour: Colour, opacity: float = 1.0, up: float = 0.0
    ) -> None:
        """An ellipse on the ground: a shadow, a fountain, the foot of a tree."""
        turns = np.linspace(0, 2 * np.pi, 40)
        self.shape([(x + wide * np.cos(a), up, distance + deep * np.sin(a)) for a in turns], colour, opacity)

    def text(self, words: str, left: float, low: float, distance: float, metres: float, colour: Colour) -> None:
        """Letters on a wall that faces the camera."""
        x, y = self.view.project(np.array([[left, low, distance]]))[0]
        scale = self.view.height_px(metres, distance) / 22
        cv2.putText(
            self.pixels,
            words,
            (int(x), int(y)),
            cv2.FONT_HERSHEY_DUPLEX,
            scale,
            bgr(colour),
            max(round(scale * 2), 1),
            cv2.LINE_AA,
        )

    def shade(self, top: float, bottom: float) -> None:
        """Makes the whole picture lighter or darker from top to bottom."""
        steps = np.linspace(top, bottom, self.pixels.shape[0])[:, None, None]
        self.pixels = np.clip(self.pixels * steps, 0, 255).astype(np.uint8)

    def grain(self, seed: int, strength: float) -> None:
        """Blotches and specks, so that nothing is as even as only drawings are."""
        rng = np.random.default_rng(seed)
        high, wide = self.pixels.shape[:2]
        texture = np.zeros((high, wide), np.float32)
        for cells, share in ((12, 0.8), (48, 0.6), (200, 0.7)):
            coarse = rng.normal(0, share, (max(cells * high // wide, 2), cells)).astype(np.float32)
            texture += cv2.resize(coarse, (wide, high), interpolation=cv2.INTER_CUBIC)
        self.pixels = np.clip(self.pixels + (texture * strength)[..., None], 0, 255).astype(np.uint8)

    def finish(self) -> Image:
        """The picture at its real size."""
        return np.asarray(cv2.resize(self.pixels, self.size, interpolation=cv2.INTER_AREA), np.uint8)

    def _fill(self, flat: NDArray[np.int32], colour: Colour, opacity: float) -> None:
        if opacity >= 1:
            cv2.fillPoly(self.pixels, [flat], bgr(colour), cv2.LINE_AA, 4)
        else:
            layer = self.pixels.copy()
            cv2.fillPoly(layer, [flat], bgr(colour), cv2.LINE_AA, 4)
            cv2.addWeighted(layer, opacity, self.pixels, 1 - opacity, 0, self.pixels)
        if self._mask is not None:
            cv2.fillPoly(self._mask, [flat], 255.0, cv2.LINE_8, 4)


def mask_box(mask: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what is set; all 0 where nothing is."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if len(rows) == 0:
        return 0, 0, 0, 0
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
