"""Which detections surely belong to which track by their place alone, so that nobody need look at the person."""

import numpy as np
from numpy.typing import NDArray

from tracking.boxes import iou

Floats = NDArray[np.float32] | NDArray[np.float64]

SAME_PLACE = 0.5
"""IoU with the predicted box from which a detection is where its track should be."""

NEAR = 0.1
"""IoU from which somebody else is near enough to be mistaken. Association by place ends at 0.3; this leaves room."""


def sure_partners(
    predicted: Floats, steady: NDArray[np.bool_], boxes: Floats, *, same_place: float = SAME_PLACE, near: float = NEAR
) -> NDArray[np.int64]:
    """The track that each detection surely continues.

    A detection and a track are a sure pair where the detection lies in the track's predicted place, no other track is
    near the detection, and no other detection is near the track. Only steady tracks can be sure; any track can make a
    detection unsure.

    Args:
        predicted: (T, 4) xyxy, pixels: where all tracks should be in this frame.
        steady: (T,) whether each track is confirmed and was seen in the frame before.
        boxes: (N, 4) xyxy, pixels: the detections.
        same_place: Least IoU of a sure pair.
        near: IoU from which a third one is near.

    Returns:
        (N,) int64, row of the track; -1 where the person must be looked at.

    >>> here, there = [0.0, 0.0, 10.0, 20.0], [50.0, 0.0, 60.0, 20.0]
    >>> sure_partners(np.array([here, there]), np.array([True, False]), np.array([there, here])).tolist()
    [-1, 0]
    """
    partners = np.full(len(boxes), -1, np.int64)
    if not len(predicted) or not len(boxes):
        return partners
    overlap = iou(predicted, boxes)
    close = overlap >= near
    alone = (overlap >= same_place) & steady[:, None]
    alone &= (close.sum(axis=0) == 1)[None, :] & (close.sum(axis=1) == 1)[:, None]
    rows, columns = np.nonzero(alone)
    partners[columns] = rows
    return partners
