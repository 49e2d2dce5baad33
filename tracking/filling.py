"""Fills the gaps of a track after the fact: where somebody was while nothing saw them.

The straight line between the two boxes around a gap, as in the interpolation step of StrongSORT's GSI (arXiv 2202.13514,
section 3.4); its Gaussian smoothing of the boxes that were seen is left out, since a measured box is the better evidence.
"""

import numpy as np

from tracking.trajectory import Trajectory


def fill_gaps(trajectory: Trajectory, max_gap: int) -> Trajectory:
    """The track with its short gaps filled.

    Args:
        trajectory: Where somebody was seen.
        max_gap: Longest gap to fill, frames that are missing; longer ones stay.

    Returns:
        The same rows and between them new ones with confidence 0: nothing was detected there.

    >>> seen = Trajectory(1, np.array([0, 4]), np.array([[0, 0, 8, 16], [4, 0, 12, 16]], np.float32), np.ones(2, np.float32))
    >>> filled = fill_gaps(seen, 3)
    >>> filled.frames.tolist(), filled.boxes[:, 0].tolist(), filled.confidences.tolist()
    ([0, 1, 2, 3, 4], [0.0, 1.0, 2.0, 3.0, 4.0], [1.0, 0.0, 0.0, 0.0, 1.0])
    """
    frames = trajectory.frames
    missing = np.diff(frames) - 1
    whole = np.arange(frames[0], frames[-1] + 1)
    before = np.searchsorted(frames, whole, "right") - 1
    seen = frames[before] == whole
    kept = seen | (np.append(missing, 0)[before] <= max_gap)
    boxes = np.stack([np.interp(whole, frames, side) for side in trajectory.boxes.T], axis=1)
    boxes[seen] = trajectory.boxes
    confidences = np.zeros(len(whole), np.float32)
    confidences[seen] = trajectory.confidences
    return Trajectory(trajectory.track_id, whole[kept], boxes[kept].astype(np.float32), confidences[kept])


def joined(trajectories: list[Trajectory]) -> Trajectory:
    """Several fragments as one track, with the id of the earliest.

    Where two have a box in the same frame, the more confident one counts.

    Raises:
        ValueError: If there is no fragment.
    """
    if not trajectories:
        raise ValueError("there are no fragments to join")
    frames = np.concatenate([t.frames for t in trajectories])
    confidences = np.concatenate([t.confidences for t in trajectories])
    order = np.lexsort((-confidences, frames))
    order = order[np.unique(frames[order], return_index=True)[1]]
    boxes = np.concatenate([t.boxes for t in trajectories])
    first = min(trajectories, key=lambda t: (int(t.frames[0]), t.track_id))
    return Trajectory(first.track_id, frames[order], boxes[order], confidences[order])
