"""What is no trajectory."""

import numpy as np
import pytest

from tracking.trajectory import Trajectory


def trajectory(frames, boxes=None, confidences=None):
    count = len(frames)
    boxes = np.zeros((count, 4), np.float32) if boxes is None else boxes
    confidences = np.ones(count, np.float32) if confidences is None else confidences
    return Trajectory(3, np.array(frames, np.int64), boxes, confidences)


def test_frames_may_be_left_out():
    assert len(trajectory([4, 5, 9])) == 3


@pytest.mark.parametrize("frames", [[], [5, 4], [4, 4]])
def test_frames_must_increase(frames):
    with pytest.raises(ValueError, match="trajectory 3: frames must be present and strictly increasing"):
        trajectory(frames)


def test_arrays_must_fit_together():
    with pytest.raises(ValueError, match=r"2 frames need boxes of shape \(2, 4\)"):
        trajectory([1, 2], boxes=np.zeros((1, 4), np.float32))
    with pytest.raises(ValueError, match=r"confidences of shape \(2,\)"):
        trajectory([1, 2], confidences=np.ones(3, np.float32))
