"""What a fixed camera sees when nobody is there, and what in a picture differs from that."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.frame import Image

Mask = NDArray[np.uint8]
"""(H, W) uint8, 255 or 0."""
Plane = NDArray[np.float32]
_SUM = np.ones((1, 3), np.float32)
"""Adds up the channels, by ``cv2.transform``: much faster than NumPy along a short last axis."""
_SHADE_COLOUR = 0.55
"""A shadow changes colour by at most this share of what counts as a difference."""


@dataclass(frozen=True, eq=False)
class Difference:
    """How a picture differs from the background.

    Attributes:
        strong: Where something stands before the background; shadows are left out.
        strength: (H, W) float32, difference in units of what counts as one.
    """

    strong: Mask
    strength: Plane


class Background:
    """Mean and noise of every pixel.

    Two means are kept: one takes in, slowly, also what stands still; the other only what is free. Who has stopped long
    enough to become background, and then goes, leaves no hole: the second mean still knows the place.

    Args:
        first: Pictures to begin with, (N, H, W, 3) uint8; their median is the background.
        rate: Share of a new picture that goes into the background where nobody is.
        slow_rate: The same where somebody is: long after they stop they become part of the background.
        contrast: Smallest difference of colour that counts, grey levels.
        noise_factor: Or that many times the pixel's usual noise, if that is more.
        shadow: A shadow leaves at least this share of the light.
        highlight: And a reflection adds at most this share to it.
    """

    def __init__(
        self,
        first: NDArray[np.uint8],
        *,
        rate: float,
        slow_rate: float,
        contrast: float,
        noise_factor: float,
        shadow: float,
        highlight: float,
    ) -> None:
        self._mean = np.median(first, axis=0).astype(np.float32)
        spread = np.linalg.norm(first - self._mean, axis=3)
        self._empty = self._mean.copy()
        self._noise = np.clip(np.median(spread, axis=0), 1.0, 8.0).astype(np.float32)
        self._rate, self._slow_rate = rate, slow_rate
        self._contrast, self._noise_factor = contrast, noise_factor
        self._shadow, self._highlight = shadow, highlight
        self._light = np.ones(3, np.float32)

    def light(self, picture: Plane, occupied: Mask) -> None:
        """Measures how much brighter or darker each channel is than usual, where nobody was last."""
        step = (slice(None, None, 4), slice(None, None, 4))
        seen, usual, free = picture[step], self._mean[step], occupied[step] == 0
        free &= (usual > 16).all(axis=2)
        if np.count_nonzero(free) >= 50:
            self._light = np.clip(np.median(seen[free] / usual[free], axis=0), 0.5, 2.0).astype(np.float32)

    def compare(self, picture: Plane) -> Difference:
        """Where a picture differs from what is usual now, and from what was usual before somebody stopped there."""
        now = self._differ(picture, self._mean, self._noise)
        left, top, width, height = cv2.boundingRect(now.strong)
        if width == 0:
            return now
        window = (slice(top, top + height), slice(left, left + width))
        before = self._differ(picture[window], self._empty[window], self._noise[window])
        now.strong[window] &= before.strong
        now.strength[window] = np.minimum(now.strength[window], before.strength)
        return now

    def _differ(self, picture: Plane, mean: Plane, noise: Plane) -> Difference:
        """Splits each pixel into its brightness, relative to the background's, and its colour.

        See Horprasert et al., A statistical approach for real-time robust background subtraction and shadow
        detection, 1999.
        """
        usual = mean * self._light
        power = cv2.transform(usual * usual, _SUM) + 30.0
        share = (cv2.transform(usual * picture, _SUM) + 30.0) / power
        colour = picture - usual * share[..., None]
        off = picture - usual
        least = np.maximum(self._contrast, self._noise_factor * noise)
        strength = np.sqrt(cv2.transform(off * off, _SUM)) / least
        off_colour = cv2.transform(colour * colour, _SUM) < (_SHADE_COLOUR * least) ** 2
        shaded = (share > self._shadow) & (share < 1.0 + self._highlight) & off_colour
        return Difference(_mask((strength > 1.0) & ~shaded), strength)

    def learn(self, picture: Plane, occupied: Mask) -> None:
        """Takes a picture into the background, much more slowly where somebody is."""
        steady = picture / self._light
        free = cv2.bitwise_not(occupied)
        off = steady - self._mean
        cv2.accumulateWeighted(np.sqrt(cv2.transform(off * off, _SUM)), self._noise, self._rate, free)
        np.clip(self._noise, 1.0, 12.0, out=self._noise)
        cv2.accumulateWeighted(steady, self._mean, self._rate, free)
        cv2.accumulateWeighted(steady, self._mean, self._slow_rate, occupied)
        cv2.accumulateWeighted(steady, self._empty, self._rate, free)

    def forget(self, picture: Plane, window: tuple[slice, slice], where: Mask) -> None:
        """Takes a part of a picture for the background at once."""
        steady = picture[window] / self._light
        cv2.copyTo(steady, where, self._mean[window])
        cv2.copyTo(steady, where, self._empty[window])

    def is_ghost(self, picture: Plane, window: tuple[slice, slice], shape: Mask) -> bool:
        """Whether a shape's outline is to be seen in the background but not in the picture.

        That is where somebody stood from the beginning and has gone: what differs is the place itself.
        """
        brush = np.ones((3, 3), np.uint8)
        bordered = cv2.copyMakeBorder(shape, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0.0)
        outline = cv2.morphologyEx(bordered, cv2.MORPH_GRADIENT, brush)[1:-1, 1:-1] > 0
        usual = self._mean[window] * self._light
        return bool(_edges(picture[window])[outline].mean() < 0.4 * _edges(usual)[outline].mean())


def _edges(picture: Plane) -> Plane:
    """(H, W) float32, strength of the edges of the grey picture."""
    grey = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.magnitude(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)), np.float32)


def _mask(where: NDArray[np.bool_]) -> Mask:
    return where.astype(np.uint8) * np.uint8(255)


def shrink(image: Image, width: int) -> Plane:
    """The picture as float32, smaller by the whole number that brings it nearest to a width; slightly blurred."""
    high, wide = image.shape[:2]
    share = max(round(wide / width), 1)
    small = cv2.resize(image, (max(wide // share, 1), max(high // share, 1)), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small, (3, 3), 0), np.float32)
