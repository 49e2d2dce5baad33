"""Tracks drawn on a frame: boxes, ids, where people came from, and a line about the moment."""

import colorsys
from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.frame import Frame, Image

Colour = tuple[int, int, int]

FONT = cv2.FONT_HERSHEY_DUPLEX
WHITE: Colour = (255, 255, 255)
BLACK: Colour = (16, 16, 16)

TRAIL_SECONDS = 2.0
"""How long a person's way stays visible, where nobody says."""

GOLDEN = 0.61803398875
"""Steps of the golden section never come close to an earlier hue for long."""

SHADES = ((0.85, 1.0), (0.6, 1.0), (0.95, 0.78))
"""Saturation and value, in turn: ids whose hues come close differ in these."""

DESIGN_HEIGHT = 720
"""Line widths and text are given for a picture of so many rows, and scaled to the real one."""

HEADER_BRIGHTNESS = 0.35
HEADER_SHARE = 6
"""A header that would take more than one row in so many is left out: the people matter more."""

DASH_PX = 10.0
SMOOTHED = 5
"""Places over which a trail is averaged: boxes jitter, feet do not."""


class Annotator:
    """Draws the people of one video, frame after frame; it remembers where they were, for their trails."""

    def __init__(
        self, *, header: bool = True, trail_seconds: float = TRAIL_SECONDS, clock_from: datetime | None = None
    ) -> None:
        """Sets what is drawn.

        Args:
            header: Whether a line with the time and the number of people is drawn at the top.
            trail_seconds: How long a person's way stays visible; 0 for no trails.
            clock_from: The header shows the time since then; None: the UTC time of day.
        """
        self._header = header
        self._trail = timedelta(seconds=trail_seconds)
        self._clock_from = clock_from
        self._feet: dict[int, deque[tuple[datetime, tuple[int, int]]]] = {}

    def draw(
        self,
        frame: Frame,
        ids: NDArray[np.int64],
        boxes: NDArray[np.float32],
        coasted: NDArray[np.bool_] | None = None,
    ) -> Image:
        """Draws the tracks of one frame.

        Args:
            frame: The frame; its image is left as it is.
            ids: (N,) numbers of the tracks.
            boxes: (N, 4) float, xyxy, pixels; they may reach beyond the picture.
            coasted: (N,) whether a box is a guess without a detection; such ones are dashed. None: no box is.

        Returns:
            (H, W, 3) uint8, BGR, a new picture.
        """
        pen = Pen(frame.image.copy())
        guessed = np.zeros(len(ids), bool) if coasted is None else coasted
        corners = np.rint(boxes).astype(int).tolist()
        self._walk(frame.time, ids.tolist(), corners)
        for track in ids.tolist():
            pen.trail([foot for _, foot in self._feet.get(track, ())], colour_of(track))
        # Nearer people (lower in the picture) are drawn over those behind them.
        order = sorted(range(len(ids)), key=lambda row: corners[row][3])
        for row in order:
            pen.box(corners[row], colour_of(int(ids[row])), dashed=bool(guessed[row]))
        if self._header:
            pen.header(self._clock(frame.time), people_text(len(ids)))
        for row in order:
            pen.label(str(int(ids[row])), corners[row], colour_of(int(ids[row])))
        return pen.image

    def _walk(self, time: datetime, ids: Iterable[int], corners: list[list[int]]) -> None:
        """Adds where everybody stands now, and forgets what is older than the trail."""
        if not self._trail:
            return
        for track, (left, _, right, bottom) in zip(ids, corners, strict=True):
            self._feet.setdefault(track, deque()).append((time, ((left + right) // 2, bottom)))
        for track, feet in list(self._feet.items()):
            while feet and feet[0][0] < time - self._trail:
                feet.popleft()
            if not feet:
                del self._feet[track]

    def _clock(self, time: datetime) -> str:
        if self._clock_from is None:
            return f"{time:%Y-%m-%d %H:%M:%S}.{time.microsecond // 100_000} UTC"
        tenths = int((time - self._clock_from) / timedelta(milliseconds=100))
        seconds = tenths // 10
        return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{tenths % 10}"


def people_text(count: int) -> str:
    """Says how many.

    Example:
        >>> people_text(1), people_text(3)
        ('1 person', '3 people')
    """
    return f"{count} {'person' if count == 1 else 'people'}"


def colour_of(track: int) -> Colour:
    """The colour of a track, BGR: always the same for one id, far from those of its neighbours."""
    saturation, value = SHADES[track % len(SHADES)]
    red, green, blue = colorsys.hsv_to_rgb(track * GOLDEN % 1.0, saturation, value)
    return round(255 * blue), round(255 * green), round(255 * red)


def ink_on(colour: Colour) -> Colour:
    """Black or white, whichever reads better on a BGR colour (by its luma, ITU-R BT.601)."""
    blue, green, red = colour
    return BLACK if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else WHITE


class Pen:
    """Draws on one picture, with widths that fit its height."""

    def __init__(self, image: Image) -> None:
        self.image = image
        height = image.shape[0]
        self._scale = max(height / DESIGN_HEIGHT, 0.45)
        self._line = max(2 if height >= DESIGN_HEIGHT // 2 else 1, round(2 * self._scale))
        self._edge = max(1, round(self._scale)) if height >= DESIGN_HEIGHT // 2 else 0
        self._stroke = max(1, round(1.2 * self._scale))
        self._free_from = 0

    def trail(self, feet: list[tuple[int, int]], colour: Colour) -> None:
        """A way over the ground, thinner the older it is."""
        way = smoothed(feet)
        ages = np.arange(1, len(way)) / max(len(way), 1)
        widths = np.maximum(1, np.rint((0.8 + 2.0 * ages) * self._scale)).astype(int)
        widths[(way[1:, 1] >= len(self.image) - 1) & (way[:-1, 1] >= len(self.image) - 1)] = 0  # below the picture
        turns = np.flatnonzero(np.diff(widths)) + 1
        for grown, ink in ((2 * self._edge, BLACK), (0, colour)) if self._edge else ((0, colour),):
            for begin, end in pairwise([0, *turns.tolist(), len(widths)]):
                if end > begin and widths[begin]:
                    piece = way[begin : end + 1]
                    cv2.polylines(self.image, [piece], False, ink, int(widths[begin]) + grown, cv2.LINE_AA)

    def box(self, corners: list[int], colour: Colour, *, dashed: bool) -> None:
        """A box, with a dark edge around its line so that it shows on any ground."""
        left, top, right, bottom = corners
        if dashed:
            self._dashed(corners, colour)
            return
        if self._edge:
            cv2.rectangle(self.image, (left, top), (right, bottom), BLACK, self._line + 2 * self._edge)
        cv2.rectangle(self.image, (left, top), (right, bottom), colour, self._line)

    def label(self, text: str, corners: list[int], colour: Colour) -> None:
        """A text on a plate above the box, or inside it at the edge of the picture."""
        size, pad = 0.7 * self._scale, round(4 * self._scale)
        (width, height), _ = cv2.getTextSize(text, FONT, size, self._stroke)
        plate_width, plate_height = width + 2 * pad, height + 2 * pad
        left = min(max(corners[0] - self._line // 2, 0), max(self.image.shape[1] - plate_width, 0))
        top = corners[1] - plate_height
        if top < self._free_from:
            top = max(corners[1], self._free_from)
        cv2.rectangle(self.image, (left, top), (left + plate_width - 1, top + plate_height - 1), colour, cv2.FILLED)
        self._write(text, (left + pad, top + pad + height), size, ink_on(colour))

    def header(self, left: str, right: str) -> None:
        """A dimmed bar at the top with a text at each end; the right one gives way in a narrow picture."""
        size, pad = 0.6 * self._scale, round(10 * self._scale)
        (left_width, height), _ = cv2.getTextSize(left, FONT, size, self._stroke)
        (right_width, _), _ = cv2.getTextSize(right, FONT, size, self._stroke)
        bar = self.image[: height + 2 * pad]
        if HEADER_SHARE * len(bar) > len(self.image):
            return
        bar[:] = (bar * HEADER_BRIGHTNESS).astype(np.uint8)
        self._free_from = len(bar)
        self._write(left, (pad, pad + height), size, WHITE)
        begin = self.image.shape[1] - right_width - pad
        if begin > left_width + 2 * pad:
            self._write(right, (begin, pad + height), size, WHITE)

    def _write(self, text: str, place: tuple[int, int], size: float, ink: Colour) -> None:
        cv2.putText(self.image, text, place, FONT, size, ink, self._stroke, cv2.LINE_AA)

    def _dashed(self, corners: list[int], colour: Colour) -> None:
        left, top, right, bottom = corners
        points = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
        for begin, end in pairwise(points):
            self._dashed_line(np.array(begin), np.array(end), colour)

    def _dashed_line(self, begin: NDArray[np.int64], end: NDArray[np.int64], colour: Colour) -> None:
        """Dashes as filled rectangles along a side: lines would have round ends, which close the gaps."""
        dash = max(DASH_PX * self._scale, 2.0 * (self._line + 2 * self._edge))
        dashes = max(1, round(float(np.hypot(*(end - begin))) / (2 * dash)))
        half = self._line // 2
        for number in range(dashes):
            a = np.rint(begin + (end - begin) * number / dashes).astype(int)
            b = np.rint(begin + (end - begin) * (number + 0.5) / dashes).astype(int)
            low, high = np.minimum(a, b) - half, np.maximum(a, b) - half + self._line - 1
            for grown, ink in ((self._edge, BLACK), (0, colour)) if self._edge else ((0, colour),):
                first, last = (low - grown).tolist(), (high + grown).tolist()
                cv2.rectangle(self.image, first, last, ink, cv2.FILLED)


def smoothed(places: list[tuple[int, int]]) -> NDArray[np.int32]:
    """A way (N, 2) without its jitter: each place the mean of those around it, as many before it as after it.

    >>> smoothed([(0, 0), (10, 3), (20, 0)]).tolist()
    [[0, 0], [10, 1], [20, 0]]
    """
    numbers = np.arange(len(places))
    reach = np.minimum(SMOOTHED // 2, np.minimum(numbers, len(places) - 1 - numbers))
    sums = np.concatenate([np.zeros((1, 2)), np.cumsum(np.array(places, np.float64).reshape(-1, 2), axis=0)])
    means = (sums[numbers + reach + 1] - sums[numbers - reach]) / (2 * reach + 1)[:, None]
    return np.asarray(np.rint(means), np.int32)
