"""Where one person was, frame by frame, in one camera."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Trajectory:
    """Boxes of one track, one row for each frame in which it was seen.

    Attributes:
        track_id: Number of the track, unique within its camera.
        frames: (N,) int64, frame indices (from 0), strictly increasing.
        boxes: (N, 4) float32, xyxy, pixels.
        confidences: (N,) float32, the detector's, 0-1.

    Raises:
        ValueError: If the arrays do not fit together or the frames do not increase.
    """

    track_id: int
    frames: NDArray[np.int64]
    boxes: NDArray[np.float32]
    confidences: NDArray[np.float32]

    def __post_init__(self) -> None:
        length = len(self.frames)
        if self.boxes.shape != (length, 4) or self.confidences.shape != (length,):
            raise ValueError(
                f"trajectory {self.track_id}: {length} frames need boxes of shape ({length}, 4) and confidences of "
                f"shape ({length},), not {self.boxes.shape} and {self.confidences.shape}"
            )
        if length == 0 or bool(np.any(np.diff(self.frames) <= 0)):
            raise ValueError(f"trajectory {self.track_id}: frames must be present and strictly increasing")

    def __len__(self) -> int:
        return len(self.frames)


def between(
    first: int,
    first_box: NDArray[np.float32],
    last: int,
    last_box: NDArray[np.float32],
    frames: NDArray[np.int64],
) -> NDArray[np.float32]:
    """Boxes (K, 4) of the frames (K,) between two, on the straight way from one box to the other.

    >>> start, end = np.array([0, 0, 10, 20], np.float32), np.array([8, 4, 18, 24], np.float32)
    >>> between(10, start, 14, end, np.array([11, 13])).tolist()
    [[2.0, 1.0, 12.0, 21.0], [6.0, 3.0, 16.0, 23.0]]
    """
    share = ((frames - first) / (last - first))[:, None]
    return np.asarray(first_box + share * (last_box - first_box), np.float32)
