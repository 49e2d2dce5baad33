"""Whether anything has moved before a camera since the people in its picture were last looked for."""

import cv2
import numpy as np
from numpy.typing import NDArray

from gallery.tracklet import to_microseconds
from ingest.frame import Frame, Image

Cells = NDArray[np.uint8]
State = dict[str, NDArray[np.generic]]

CELL_PX = 8
"""Pixels along a cell. The lowest people looked for, 32 px, are four cells high; in the mean of 64 pixels the noise of a
camera is an eighth of what it is in one."""


class Stillness:
    """Compares each frame with the last one that counted as moved.

    The picture is averaged in cells of 8 x 8 pixels. The difference that most cells have in common is light that came
    or went, or a camera that adapts, and is taken off each channel. What is left in the *most* changed channel of the
    *most* changed cell decides, not its mean over the picture: one small person far away changes a few cells of
    thousands. Since the comparison is with the last frame that was looked at, slow motion adds up until it counts.

    Args:
        contrast: Grey levels by which a cell must change to count as motion.
        longest_seconds: After so much time a frame counts as moved whatever it shows, so that somebody who was missed
            once, or came slowly in the colour of the ground, is not missed for long.

    Raises:
        ValueError: If a setting is not above 0.
    """

    def __init__(self, *, contrast: float = 5.0, longest_seconds: float = 1.0) -> None:
        for name, value in (("contrast", contrast), ("longest_seconds", longest_seconds)):
            if not value > 0:
                raise ValueError(f"{name} is {value}; give more than 0")
        self.contrast = contrast
        self.longest_seconds = longest_seconds
        self._cells: Cells = np.zeros((0, 0, 3), np.uint8)
        self._microseconds = 0

    @property
    def settings(self) -> str:
        """All that changes the answers, as readable text."""
        return f"still contrast={self.contrast:g} longest_seconds={self.longest_seconds:g}"

    def moved(self, frame: Frame) -> bool:
        """Whether something may have moved since the last frame for which the answer was yes; the first always has."""
        cells, now = averaged(frame.image), to_microseconds(frame.time)
        comparable = cells.shape == self._cells.shape and abs(now - self._microseconds) < self.longest_seconds * 1e6
        if comparable and most_changed(self._cells, cells) <= self.contrast:
            return False
        self._cells, self._microseconds = cells, now
        return True

    def state(self) -> State:
        """All that is needed to go on, as plain arrays."""
        return {"cells": self._cells.copy(), "microseconds": np.array(self._microseconds, np.int64)}

    def restore(self, state: State) -> None:
        """Goes on from a state that ``state`` gave."""
        self._cells = state["cells"].astype(np.uint8)
        self._microseconds = int(state["microseconds"])


def averaged(image: Image, cell_px: int = CELL_PX) -> Cells:
    """(H // 8, W // 8, 3) uint8, the mean of each whole cell; what is left at the right and the lower edge is not seen.

    >>> averaged(np.full((16, 31, 3), 7, np.uint8)).tolist()
    [[[7, 7, 7], [7, 7, 7], [7, 7, 7]], [[7, 7, 7], [7, 7, 7], [7, 7, 7]]]
    """
    height, width = (max(side // cell_px, 1) for side in image.shape[:2])
    whole = image[: height * cell_px, : width * cell_px]  # by whole numbers OpenCV is several times as fast
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def most_changed(before: Cells, after: Cells) -> float:
    """Grey levels by which the most changed cell changed beyond what the light of the whole picture did.

    >>> before = np.full((4, 4, 3), 50, np.uint8)
    >>> after = before + np.uint8(3)
    >>> after[0, 0] = [53, 53, 40]
    >>> most_changed(before, after)
    13.0
    """
    change = after.astype(np.int16) - before
    return float(np.abs(change - np.median(change, axis=(0, 1))).max())
