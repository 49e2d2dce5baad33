"""Observation-centric re-update: who is found again had moved all along (OC-SORT, arXiv 2203.14360, section 3.3)."""

import numpy as np
from numpy.typing import NDArray

from tracking import kalman
from tracking.kalman import Motion
from tracking.tracks import Tracks

Floats = NDArray[np.float64]


def walk_straight(tracks: Tracks, measurements: Floats) -> Motion:
    """What would be believed of tracks now had each been seen on the way from its last detection to its new one.

    A filter that coasts piles up the error of its velocity with every frame; the straight line between the two
    detections is closer to what happened.

    Args:
        tracks: K tracks, predicted into this frame.
        measurements: (K, 4) cxcyah, what each was given in this frame.

    Returns:
        The K motions before they are corrected by the measurements; those of tracks seen in the frame before are as
        they were.
    """
    motion = tracks.motion
    away = np.flatnonzero(tracks.missed > 1)
    if not len(away):
        return motion
    frames, first, last = tracks.missed[away], tracks.observed[away], measurements[away]
    walked = tracks.last_seen.take(away)
    for step in range(1, int(frames.max()) + 1):
        under_way = np.flatnonzero(frames >= step)
        ahead = kalman.predict(walked.take(under_way))
        arriving = np.flatnonzero(frames[under_way] == step)
        between = first[under_way] + (last - first)[under_way] * (step / frames[under_way])[:, None]
        seen = kalman.update(ahead, between)
        walked = walked.put(under_way, seen.put(arriving, ahead.take(arriving)))
    return motion.put(away, walked)
