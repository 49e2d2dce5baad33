"""From what differs from the background to shapes of persons: pieces put together, crowds taken apart."""

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from ingest.background import Difference, Mask

_WIDEST = 1.1
"""A striding person is at most this wide in heights; only one who is cut by the lower edge may be wider."""
_JOINED = 0.75
"""Pieces are not joined to something wider than this in heights."""
_CARVED = 0.25
"""At least this share of a remembered person's box must differ from the background."""
_CROWD = 0.36
"""Narrower shapes, in heights, are one person and not looked at for more heads."""
_HEAD_RISE = 0.05
"""A second head stands out over the valley between the two by this share of the height."""


@dataclass(frozen=True, eq=False)
class Blob:
    """One thing that may be a person.

    Attributes:
        box: (4,) float32, xyxy, pixels of the mask.
        fill: Share of the box that differs from the background.
        strength: How much it differs, 1 = only just.
        mask: The part of the picture's mask inside the box.
    """

    box: NDArray[np.float32]
    fill: float
    strength: float
    mask: Mask

    @property
    def window(self) -> tuple[slice, slice]:
        """Rows and columns of the box."""
        left, top, right, bottom = (int(edge) for edge in self.box)
        return slice(top, bottom), slice(left, right)


@dataclass(frozen=True, eq=False)
class Shape:
    """Something that hangs together: one person, or several who touch in the picture.

    Attributes:
        box: (4,) float32, xyxy, pixels of the mask.
        mask: (H, W) bool, the shape inside its box.
        people: What it was cut into; empty where it is no person.
    """

    box: NDArray[np.float32]
    mask: NDArray[np.bool_]
    people: list[Blob]

    def carve(self, box: NDArray[np.float32], difference: Difference) -> Blob | None:
        """The part of the shape in a box, as a person of that box; None where too little of it is there."""
        clipped = np.concatenate([np.maximum(box[:2], self.box[:2]), np.minimum(box[2:], self.box[2:])])
        left, top, right, bottom = (round(float(edge)) for edge in clipped)
        x, y = int(self.box[0]), int(self.box[1])
        part = self.mask[max(top - y, 0) : bottom - y, max(left - x, 0) : right - x]
        if part.size == 0 or part.mean() < _CARVED:
            return None
        strength = difference.strength[top:bottom, left:right]
        whole = np.array([left, top, right, bottom], np.float32)
        return Blob(whole, float(part.mean()), float(strength[part].mean()), part.astype(np.uint8) * np.uint8(255))


def shapes(difference: Difference, min_height: float) -> list[Shape]:
    """All that differs from the background, put together and cut into people.

    Args:
        difference: Of a picture from its background.
        min_height: Lower people are left out, pixels.
    """
    mask = clean(difference.strong)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    least = max((0.10 * min_height) ** 2, 4.0)
    pieces = [k for k in range(1, count) if stats[k, cv2.CC_STAT_AREA] >= least]
    boxes = np.array([_corners(stats[k]) for k in pieces], np.float64).reshape(-1, 4)
    found = []
    for group in join(boxes):
        whole = _hull(boxes[group]).astype(int)
        left, top, right, bottom = whole.tolist()
        part = np.isin(labels[top:bottom, left:right], [pieces[k] for k in group])
        blobs = [_blob(part[:, start:stop], left + start, top, difference) for start, stop in cut(part)]
        people = [blob for blob in blobs if blob is not None and _upright(blob.box, min_height, mask.shape[0])]
        found.append(Shape(whole.astype(np.float32), part, people))
    return found


def _upright(box: NDArray[np.float32], min_height: float, bottom: int) -> bool:
    wide, high = box[2] - box[0], box[3] - box[1]
    return bool(high >= min_height and (wide <= _WIDEST * high or box[3] >= bottom - 1))


def clean(mask: Mask) -> Mask:
    """Without specks and small holes; what is close above one another grows together."""
    square = np.ones((3, 3), np.uint8)
    tall = np.ones((max(mask.shape[0] // 45, 3), 3), np.uint8)
    opened = cv2.morphologyEx(mask, cv2.MORPH_OPEN, square)
    return np.asarray(cv2.morphologyEx(opened, cv2.MORPH_CLOSE, tall), np.uint8)


def join(boxes: NDArray[np.float64]) -> list[list[int]]:
    """Groups of pieces that are one person: one above the other, or touching, and together no wider than a person.

    Args:
        boxes: (N, 4) xyxy.

    Returns:
        Lists of row numbers; each row is in one.

    >>> join(np.array([[0, 0, 10, 12], [1, 14, 9, 40], [30, 0, 40, 40]], float))
    [[1, 0], [2]]
    """
    groups: list[list[int]] = []
    for k in sorted(range(len(boxes)), key=lambda k: (-_area(boxes[k]), k)):
        for group in groups:
            whole = _hull(boxes[group])
            if _belongs(boxes[k], whole):
                group.append(k)
                break
        else:
            groups.append([k])
    return groups


def _belongs(piece: NDArray[np.float64], whole: NDArray[np.float64]) -> bool:
    """Whether a smaller piece is part of the person that has most of ``whole``."""
    together = _hull(np.stack([piece, whole]))
    wide, high = together[2] - together[0], together[3] - together[1]
    overlap = min(piece[2], whole[2]) - max(piece[0], whole[0])
    gap = max(piece[1] - whole[3], whole[1] - piece[3])
    above_one_another = overlap >= 0.5 * min(piece[2] - piece[0], whole[2] - whole[0]) and gap <= 0.22 * high
    beside = gap < 0 and overlap > -0.06 * high and _area(piece) < 0.35 * _area(whole)
    return bool((above_one_another or beside) and wide <= max(_JOINED * high, whole[2] - whole[0]))


def cut(part: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Columns of each person in a shape: cut between heads, where the outline is lowest.

    Args:
        part: (H, W) where the shape is.

    Returns:
        Column ranges from left to right; the whole range where there is one head.
    """
    high, wide = part.shape
    if high < 12 or wide < _CROWD * high:
        return [(0, wide)]
    outline = np.where(part.any(axis=0), high - part.argmax(axis=0), 0).astype(np.float64)
    reach = max(round(high * 0.05), 1)
    smooth = np.convolve(np.pad(outline, reach, mode="edge"), np.ones(2 * reach + 1) / (2 * reach + 1), mode="valid")
    heads, _ = find_peaks(
        np.pad(smooth, 1),
        height=0.50 * high,
        prominence=_HEAD_RISE * high,
        distance=max(round(0.16 * high), 1),
    )
    heads = heads - 1
    valleys = [int(a + np.argmin(smooth[a : b + 1])) for a, b in pairwise(heads)]
    edges = [0, *valleys, wide]
    return list(pairwise(edges))


def _blob(part: NDArray[np.bool_], left: int, top: int, difference: Difference) -> Blob | None:
    """The shape without its thin ends; None where nothing is left."""
    rows, columns = part.sum(axis=1), part.sum(axis=0)
    full_rows = np.flatnonzero(rows >= max(0.06 * rows.max(initial=0), 1))
    full_columns = np.flatnonzero(columns >= max(0.05 * columns.max(initial=0), 1))
    if len(full_rows) == 0 or len(full_columns) == 0:
        return None
    up, down = int(full_rows[0]), int(full_rows[-1]) + 1
    first, last = int(full_columns[0]), int(full_columns[-1]) + 1
    inside = part[up:down, first:last]
    box = np.array([left + first, top + up, left + last, top + down], np.float32)
    strength = difference.strength[top + up : top + down, left + first : left + last]
    return Blob(box, float(inside.mean()), float(strength[inside].mean()), inside.astype(np.uint8) * np.uint8(255))


def _corners(stats: NDArray[np.int32]) -> tuple[int, int, int, int]:
    left, top, width, height = (int(stats[k]) for k in range(4))
    return left, top, left + width, top + height


def _hull(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])


def _area(box: NDArray[np.float64]) -> float:
    return float((box[2] - box[0]) * (box[3] - box[1]))
