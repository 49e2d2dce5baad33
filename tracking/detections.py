"""What a tracker accepts as the detections of one frame."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32] | NDArray[np.float64]

UNIT_TOLERANCE = 0.01
"""How far from 1 the length of a feature may be; half precision is off by 0.001."""


def check_detections(boxes: Floats, confidences: Floats, features: Floats | None, dimension: int) -> None:
    """Refuses detections that would silently spoil the tracks.

    Args:
        boxes: Should be (N, 4) xyxy, finite, with an area.
        confidences: Should be (N,), finite.
        features: Should be (N, D), of unit length, or zero for a detection without one; None where there are none.
        dimension: The D of earlier features, 0 if there were none.

    Raises:
        ValueError: Says what is wrong, the value, and the remedy.
    """
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f"boxes have the shape {boxes.shape}; give (N, 4), xyxy, and (0, 4) for no detections")
    if confidences.shape != (len(boxes),):
        raise ValueError(f"confidences have the shape {confidences.shape}; give ({len(boxes)},), one per box")
    if not (np.isfinite(boxes).all() and np.isfinite(confidences).all()):
        bad = ~np.isfinite(boxes).all(axis=1) | ~np.isfinite(confidences)
        at = int(np.argmax(bad))
        raise ValueError(
            f"detection {at} is not finite: box {boxes[at].tolist()}, confidence {confidences[at]}; leave it out"
        )
    empty = boxes[:, 2:] <= boxes[:, :2]
    if empty.any():
        at = int(np.argmax(empty.any(axis=1)))
        raise ValueError(f"box {at} has no area: {boxes[at].tolist()}; boxes are xyxy with x1 < x2 and y1 < y2")
    if features is not None and len(boxes):
        check_features(features, len(boxes), dimension)


def check_features(features: Floats, count: int, dimension: int) -> None:
    """Refuses features that do not fit the boxes, the earlier ones, or a cosine distance."""
    if features.ndim != 2 or len(features) != count or features.shape[1] == 0:
        raise ValueError(f"features have the shape {features.shape}; give ({count}, D), one per box")
    if dimension and features.shape[1] != dimension:
        raise ValueError(
            f"features have {features.shape[1]} numbers, earlier ones {dimension}; use one embedder for all frames"
        )
    lengths = np.sqrt(np.vecdot(features, features))
    wrong = ~((np.abs(lengths - 1) <= UNIT_TOLERANCE) | (lengths == 0))
    if wrong.any():
        at = int(np.argmax(wrong))
        raise ValueError(
            f"feature {at} has the length {lengths[at]:.6g}; divide each feature by its length, or give zeros for none"
        )
