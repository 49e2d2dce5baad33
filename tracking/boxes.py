"""Boxes in the forms that detectors, trackers and files use, and how much they overlap."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32] | NDArray[np.float64]


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
    centres = xywh[:, :2] + xywh[:, 2:] / 2
    return np.column_stack([centres, xywh[:, 2] / xywh[:, 3], xywh[:, 3]])


def cxcyah_to_xyxy(boxes: Floats) -> NDArray[np.float64]:
    """Centre, aspect and height to corners, (N, 4).

    >>> cxcyah_to_xyxy(np.array([[20.0, 40.0, 0.5, 40.0]])).tolist()
    [[10.0, 20.0, 30.0, 60.0]]
    """
    cxcyah = np.asarray(boxes, np.float64)
    half = np.column_stack([cxcyah[:, 2] * cxcyah[:, 3], cxcyah[:, 3]]) / 2
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
    first, second = np.asarray(a, np.float64), np.asarray(b, np.float64)
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    sides = np.maximum(high - low, 0)
    return np.asarray(sides[..., 0] * sides[..., 1])


def iou(a: Floats, b: Floats) -> NDArray[np.float64]:
    """Intersection over union of each xyxy box of a (N) with each of b (M), (N, M), 0-1; 0 for boxes without area.

    >>> iou(np.array([[0.0, 0.0, 2.0, 2.0]]), np.array([[1.0, 0.0, 3.0, 2.0]])).round(3).tolist()
    [[0.333]]
    """
    common = intersection(a, b)
    union = area(a)[:, None] + area(b)[None, :] - common
    return np.divide(common, union, out=np.zeros_like(common), where=union > 0)


def intersection_over_area(a: Floats, b: Floats) -> NDArray[np.float64]:
    """The share of each xyxy box of a (N) that each of b (M) covers, (N, M), 0-1; 0 for boxes of a without area.

    >>> intersection_over_area(np.array([[0.0, 0.0, 2.0, 2.0]]), np.array([[1.0, 0.0, 9.0, 9.0]])).tolist()
    [[0.5]]
    """
    common = intersection(a, b)
    whole = np.broadcast_to(area(a)[:, None], common.shape)
    return np.divide(common, whole, out=np.zeros_like(common), where=whole > 0)


def visible_share(boxes: Floats) -> NDArray[np.float32]:
    """The share of each xyxy box (N, 4) that no nearer one covers, (N,) float32, 0-1.

    Of two people the nearer is the one whose feet are lower in the picture; of several that hide one only the one that
    hides most counts.

    >>> visible_share(np.array([[0.0, 0.0, 10.0, 10.0], [5.0, 0.0, 15.0, 12.0]])).tolist()
    [0.5, 1.0]
    """
    covered = intersection_over_area(boxes, boxes)
    nearer = boxes[None, :, 3] > boxes[:, None, 3]
    return np.asarray(1.0 - np.where(nearer, covered, 0.0).max(axis=1, initial=0.0), np.float32)


def clip(boxes: Floats, width: float, height: float) -> NDArray[np.float64]:
    """Xyxy boxes cut off at the edges of a picture, (N, 4).

    >>> clip(np.array([[-5.0, 2.0, 30.0, 60.0]]), 20, 40).tolist()
    [[0.0, 2.0, 20.0, 40.0]]
    """
    return np.clip(np.asarray(boxes, np.float64), 0, np.array([width, height, width, height], np.float64))
