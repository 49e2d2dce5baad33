"""How well a crop shows its person."""

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.frame import Image
from tracking.boxes import visible_share

FULL_HEIGHT_PX = 192.0
"""Height from which a larger crop shows nothing more: Re-ID networks take 128-256 rows."""
FULL_SHARPNESS = 120.0
"""Variance of the Laplacian at 64 x 128 from which a crop counts as sharp."""


def crop_qualities(
    boxes: NDArray[np.float32],
    confidences: NDArray[np.float32],
    images: list[Image],
    width: int,
) -> NDArray[np.float32]:
    """How well each crop of one frame shows its person.

    The product of the detector's confidence, size, sharpness, the share that no nearer person hides, and a penalty
    for boxes that the frame's edge cuts. A person is nearer when the lower edge of the box is lower.

    Args:
        boxes: (N, 4) float32, xyxy, pixels.
        confidences: (N,) float32, 0-1.
        images: N crops.
        width: Of the frame, pixels.

    Returns:
        (N,) float32, 0-1.
    """
    if len(boxes) == 0:
        return np.zeros(0, np.float32)
    sharp = np.array([sharpness(image) for image in images], np.float32)
    heights = boxes[:, 3] - boxes[:, 1]
    return quality(confidences, heights, sharp, visible_share(boxes), is_cut(boxes, width))


def quality(
    confidences: NDArray[np.float32],
    heights: NDArray[np.float32],
    sharpnesses: NDArray[np.float32],
    visible: NDArray[np.float32],
    cut: NDArray[np.bool_],
) -> NDArray[np.float32]:
    """The product behind ``crop_qualities``, of N crops that may be of any frames.

    Args:
        confidences: (N,) float32, 0-1.
        heights: (N,) float32, pixels.
        sharpnesses: (N,) float32, see ``sharpness``.
        visible: (N,) float32, 0-1, see ``tracking.boxes.visible_share``.
        cut: (N,) bool, see ``is_cut``.

    Returns:
        (N,) float32, 0-1.
    """
    size = np.clip(heights / FULL_HEIGHT_PX, 0.05, 1.0)
    sharp = np.minimum(sharpnesses / FULL_SHARPNESS, 1.0)
    product = confidences * np.sqrt(size) * (0.5 + 0.5 * sharp) * visible * np.where(cut, 0.5, 1.0)
    return np.asarray(np.clip(product, 1e-3, 1.0), np.float32)


def is_cut(boxes: NDArray[np.float32], width: int, margin: float = 2.0) -> NDArray[np.bool_]:
    """Whether the frame's left, right or upper edge cuts a box; feet at the lower edge are the common case."""
    return np.asarray((boxes[:, 0] <= margin) | (boxes[:, 2] >= width - margin) | (boxes[:, 1] <= margin))


def sharpness(image: Image) -> float:
    """Variance of the Laplacian of the grey picture at 64 x 128, so that crops of all sizes compare."""
    grey = cv2.cvtColor(cv2.resize(image, (64, 128), interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
    return float(cv2.Laplacian(grey, cv2.CV_32F).var())
