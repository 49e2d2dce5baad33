"""Boxes in the forms that detectors, trackers and files use, and how much they overlap."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32] | NDArray[np.float64]

ROUNDING = 1 + 1e-9
"""So much more than a bound, lest rounding lose what lies on it."""


def xyxy_to_xywh(boxes: Floats) -> NDArray[np.float64]:
    """Corners to left, top, width, height, (N, 4).

    >>> xyxy_to_xywh(np.array([[10.0, 20.0, 30.0, 60.0]])).tolist()
    [[10.0, 20.0, 20.0, 40.0]]
    """
    corners = np.asarray(boxes, np.float64)
    return np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)


def xywh_to_xyxy(boxes: Floats) -> NDArray[np.float64]:
    """Left, top, width, height to corners, (N, 4).

    >>> xywh_to_xyxy(np.array([[10.0, 20.0, 20.0, 40.0]])).tolist()
    [[10.0, 20.0, 30.0, 60.0]]
    """
    xywh = np.asarray(boxes, np.float64)
    return np.concatenate([xywh[:, :2], xywh[:, :2] + xywh[:, 2:]], axis=1)


def xyxy_to_cxcyah(boxes: Floats) -> NDArray[np.float64]:
    """Corners to centre, aspect (width over height) and height, (N, 4), as DeepSORT's filter has them.

    >>> xyxy_to_cxcyah(np.array([[10.0, 20.0, 30.0, 60.0]])).tolist()
    [[20.0, 40.0, 0.5, 40.0]]
    """
    xywh = xyxy_to_xywh(boxes)
    cxcyah = np.empty_like(xywh)
    cxcyah[:, :2] = xywh[:, :2] + xywh[:, 2:] / 2
    cxcyah[:, 2] = xywh[:, 2] / xywh[:, 3]
    cxcyah[:, 3] = xywh[:, 3]
    return cxcyah


def cxcyah_to_xyxy(boxes: Floats) -> NDArray[np.float64]:
    """Centre, aspect and height to corners, (N, 4).

    >>> cxcyah_to_xyxy(np.array([[20.0, 40.0, 0.5, 40.0]])).tolist()
    [[10.0, 20.0, 30.0, 60.0]]
    """
    cxcyah = np.asarray(boxes, np.float64)
    half = cxcyah[:, 2:] / 2
    half[:, 0] *= cxcyah[:, 3]
    return np.concatenate([cxcyah[:, :2] - half, cxcyah[:, :2] + half], axis=1)


def area(boxes: Floats) -> NDArray[np.float64]:
    """Areas of xyxy boxes in square pixels, (N,); nothing for boxes turned inside out.

    >>> area(np.array([[10.0, 20.0, 30.0, 60.0], [30.0, 60.0, 10.0, 20.0]])).tolist()
    [800.0, 0.0]
    """
    corners = np.asarray(boxes, np.float64)
    sides = np.maximum(corners[:, 2:] - corners[:, :2], 0)
    return np.asarray(sides[:, 0] * sides[:, 1])


def intersection(a: Floats, b: Floats) -> NDArray[np.float64]:
    """Common area of each xyxy box of a (N) with each of b (M), (N, M), square pixels.

    >>> intersection(np.array([[0.0, 0.0, 2.0, 2.0]]), np.array([[1.0, 0.0, 3.0, 2.0]])).tolist()
    [[2.0]]
    """
    return common_area(a[:, None], b[None])


def iou(a: Floats, b: Floats) -> NDArray[np.float64]:
    """Intersection over union of each xyxy box of a (N) with each of b (M), (N, M), 0-1; 0 for boxes without area.

    >>> iou(np.array([[0.0, 0.0, 2.0, 2.0]]), np.array([[1.0, 0.0, 3.0, 2.0]])).round(3).tolist()
    [[0.333]]
    """
    common = intersection(a, b)
    return share_of(common, area(a)[:, None] + area(b)[None, :] - common)


def iou_of_pairs(a: Floats, b: Floats) -> NDArray[np.float64]:
    """Intersection over union of each xyxy box of a (P) with the one beside it in b (P), (P,), 0-1.

    >>> iou_of_pairs(np.array([[0.0, 0.0, 2.0, 2.0]]), np.array([[1.0, 0.0, 3.0, 2.0]])).round(3).tolist()
    [0.333]
    """
    common = common_area(a, b)
    return share_of(common, area(a) + area(b) - common)


def intersection_over_area(a: Floats, b: Floats) -> NDArray[np.float64]:
    """The share of each xyxy box of a (N) that each of b (M) covers, (N, M), 0-1; 0 for boxes of a without area.

    >>> intersection_over_area(np.array([[0.0, 0.0, 2.0, 2.0]]), np.array([[1.0, 0.0, 9.0, 9.0]])).tolist()
    [[0.5]]
    """
    common = intersection(a, b)
    return share_of(common, np.broadcast_to(area(a)[:, None], common.shape))


def common_area(a: Floats, b: Floats) -> NDArray[np.float64]:
    """Common area of xyxy boxes (..., 4) that are broadcast against each other, (...), square pixels."""
    first, second = np.asarray(a, np.float64), np.asarray(b, np.float64)
    sides = np.minimum(first[..., 2:], second[..., 2:]) - np.maximum(first[..., :2], second[..., :2])
    np.maximum(sides, 0, out=sides)
    return np.asarray(sides[..., 0] * sides[..., 1])


def share_of(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    """Part over whole, 0 where there is no whole."""
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def touching(a: Floats, b: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which xyxy boxes of a (N) and b (M) touch or overlap: rows of a, ascending, and of b, (P,) each.

    Looks from left to right, so that boxes far apart are never compared.

    >>> left, right = [0.0, 0.0, 2.0, 2.0], [5.0, 0.0, 9.0, 2.0]
    >>> [found.tolist() for found in touching(np.array([left, right]), np.array([right]))]
    [[1], [0]]
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    order = np.argsort(b[:, 0])
    lefts = b[order, 0]
    widest = (b[:, 2] - b[:, 0]).max(initial=0) * ROUNDING
    first = np.searchsorted(lefts, a[:, 0] - widest, "left")
    counts = np.searchsorted(lefts, a[:, 2], "right") - first
    rows = np.repeat(np.arange(len(a)), counts)
    columns = order[np.arange(len(rows)) + np.repeat(first - np.cumsum(counts) + counts, counts)]
    one, other = a.take(rows, axis=0), b.take(columns, axis=0)
    touch = (one[:, 0] <= other[:, 2]) & (one[:, 1] <= other[:, 3]) & (other[:, 1] <= one[:, 3])
    return rows[touch], columns[touch]


def visible_share(boxes: Floats) -> NDArray[np.float32]:
    """The share of each xyxy box (N, 4) that no nearer one covers, (N,) float32, 0-1.

    Of two people the nearer is the one whose feet are lower in the picture; of several that hide one only the one that
    hides most counts.

    >>> visible_share(np.array([[0.0, 0.0, 10.0, 10.0], [5.0, 0.0, 15.0, 12.0]])).tolist()
    [0.5, 1.0]
    """
    rows, columns = touching(boxes, boxes)
    nearer = boxes[columns, 3] > boxes[rows, 3]
    hidden, hiding = boxes[rows[nearer]], boxes[columns[nearer]]
    covered = np.zeros(len(boxes))
    np.maximum.at(covered, rows[nearer], share_of(common_area(hidden, hiding), area(hidden)))
    return np.asarray(1.0 - covered, np.float32)


def clip(boxes: Floats, width: float, height: float) -> NDArray[np.float64]:
    """Xyxy boxes cut off at the edges of a picture, (N, 4).

    >>> clip(np.array([[-5.0, 2.0, 30.0, 60.0]]), 20, 40).tolist()
    [[0.0, 2.0, 20.0, 40.0]]
    """
    return np.clip(np.asarray(boxes, np.float64), 0, np.array([width, height, width, height], np.float64))
