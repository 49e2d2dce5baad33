"""Gaps are filled on the straight line; what was seen stays to the last bit."""

import numpy as np
import pytest

from tracking.filling import fill_gaps, joined
from tracking.trajectory import Trajectory


def track(*frames, id_=1, confidence=0.9):
    boxes = np.array([(10 * f, 5, 10 * f + 20, 65) for f in frames], np.float32).reshape(-1, 4)
    return Trajectory(id_, np.array(frames, np.int64), boxes, np.full(len(frames), confidence, np.float32))


def test_a_gap_is_filled_on_the_straight_line_with_confidence_0():
    filled = fill_gaps(track(3, 4, 7), 2)
    assert filled.frames.tolist() == [3, 4, 5, 6, 7]
    assert filled.boxes.tolist() == track(3, 4, 5, 6, 7).boxes.tolist()
    assert filled.confidences.tolist() == pytest.approx([0.9, 0.9, 0, 0, 0.9])


@pytest.mark.parametrize(("max_gap", "frames"), [(0, [0, 3, 10]), (2, [0, 1, 2, 3, 10]), (6, list(range(11)))])
def test_longer_gaps_stay(max_gap, frames):
    assert fill_gaps(track(0, 3, 10), max_gap).frames.tolist() == frames


def test_what_was_seen_is_not_rounded():
    seen = track(0, 5)
    seen.boxes[:] = np.float32(np.pi)
    seen.boxes[:, 2:] += 1
    assert np.array_equal(fill_gaps(seen, 9).boxes[[0, -1]], seen.boxes)


def test_fragments_become_one_track_with_the_id_of_the_earliest():
    one = joined([track(8, 9, id_=3), track(1, 2, id_=7)])
    assert (one.track_id, one.frames.tolist()) == (7, [1, 2, 8, 9])


def test_of_two_boxes_in_one_frame_the_more_confident_counts():
    sure, unsure = track(2, 3, confidence=0.9), track(3, 4, id_=2, confidence=0.4)
    unsure.boxes[:] = 1
    unsure.boxes[:, 2:] = 2
    one = joined([unsure, sure])
    assert one.frames.tolist() == [2, 3, 4]
    assert one.boxes[1].tolist() == sure.boxes[1].tolist()
    assert one.confidences.tolist() == pytest.approx([0.9, 0.9, 0.4])


def test_nothing_cannot_be_joined():
    with pytest.raises(ValueError, match="no fragments"):
        joined([])
