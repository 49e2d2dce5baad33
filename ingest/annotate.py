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
DASH_PX = 9.0


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
        self._scale = max(image.shape[0] / DESIGN_HEIGHT, 0.45)
        self._line = max(1, round(2 * self._scale))
        self._edge = self._line + (2 if image.shape[0] >= DESIGN_HEIGHT // 2 else 0)
        self._free_from = 0

    def trail(self, feet: list[tuple[int, int]], colour: Colour) -> None:
        """A way over the ground, thinner the older it is."""
        for number, (begin, end) in enumerate(pairwise(feet), start=1):
            width = max(1, round((0.5 + 2.0 * number / len(feet)) * self._scale))
            cv2.line(self.image, begin, end, colour, width, cv2.LINE_AA)

    def box(self, corners: list[int], colour: Colour, *, dashed: bool) -> None:
        """A box, with a dark edge around its line so that it shows on any ground."""
        left, top, right, bottom = corners
        if dashed:
            self._dashed(corners, colour)
            return
        cv2.rectangle(self.image, (left, top), (right, bottom), BLACK, self._edge)
        cv2.rectangle(self.image, (left, top), (right, bottom), colour, self._line)

    def label(self, text: str, corners: list[int], colour: Colour) -> None:
        """A text on a plate above the box, or inside it at the edge of the picture."""
        size, pad = 0.62 * self._scale, round(4 * self._scale) + 1
        (width, height), _ = cv2.getTextSize(text, FONT, size, 1)
        plate_width, plate_height = width + 2 * pad, height + 2 * pad
        left = min(max(corners[0] - self._line // 2, 0), max(self.image.shape[1] - plate_width, 0))
        top = corners[1] - plate_height
        if top < self._free_from:
            top = max(corners[1], self._free_from)
        cv2.rectangle(self.image, (left, top), (left + plate_width - 1, top + plate_height - 1), colour, cv2.FILLED)
        cv2.putText(self.image, text, (left + pad, top + pad + height), FONT, size, ink_on(colour), 1, cv2.LINE_AA)

    def header(self, left: str, right: str) -> None:
        """A dimmed bar at the top with a text at each end; the right one gives way in a narrow picture."""
        size, pad = 0.6 * self._scale, round(10 * self._scale)
        (left_width, height), _ = cv2.getTextSize(left, FONT, size, 1)
        (right_width, _), _ = cv2.getTextSize(right, FONT, size, 1)
        bar = self.image[: height + 2 * pad]
        bar[:] = (bar * HEADER_BRIGHTNESS).astype(np.uint8)
        self._free_from = len(bar)
        cv2.putText(self.image, left, (pad, pad + height), FONT, size, WHITE, 1, cv2.LINE_AA)
        begin = self.image.shape[1] - right_width - pad
        if begin > left_width + 2 * pad:
            cv2.putText(self.image, right, (begin, pad + height), FONT, size, WHITE, 1, cv2.LINE_AA)

    def _dashed(self, corners: list[int], colour: Colour) -> None:
        left, top, right, bottom = corners
        points = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
        for begin, end in pairwise(points):
            self._dashed_line(np.array(begin), np.array(end), colour)

    def _dashed_line(self, begin: NDArray[np.int64], end: NDArray[np.int64], colour: Colour) -> None:
        dashes = max(1, round(float(np.hypot(*(end - begin))) / (2 * DASH_PX * self._scale)))
        for number in range(dashes):
            a = begin + (end - begin) * number / dashes
            b = begin + (end - begin) * (number + 0.5) / dashes
            ends = tuple(np.rint(a).astype(int).tolist()), tuple(np.rint(b).astype(int).tolist())
            cv2.line(self.image, *ends, BLACK, self._edge)
            cv2.line(self.image, *ends, colour, self._line)
