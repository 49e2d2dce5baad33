"""Which boxes of a rendered scene become crops."""

import numpy as np

from benchmarks.drawn_market import rows_by_frame
from retrieval.scene_truth import CameraTruth, Visit


def test_each_visit_gives_four_crops_evenly_and_the_first_asks():
    frames = np.repeat(np.arange(1, 21), 2)
    people = np.tile([1, 2], 20)
    visibility = np.where(people == 1, 1.0, 0.3).astype(np.float32)
    truth = CameraTruth(frames, people, np.zeros((40, 4), np.float32), visibility)
    wanted = rows_by_frame(truth, [Visit(1, "cam1", 6, 16), Visit(2, "cam1", 1, 20)])
    assert sorted(wanted) == [8, 10, 12, 14]
    assert [order for frame in sorted(wanted) for _, order in wanted[frame]] == [0, 1, 2, 3]
    assert all(people[row] == 1 and frames[row] == frame for frame, rows in wanted.items() for row, _ in rows)


def test_a_visit_of_two_frames_is_too_short():
    truth = CameraTruth(np.array([3, 4]), np.array([1, 1]), np.zeros((2, 4), np.float32), np.ones(2, np.float32))
    assert rows_by_frame(truth, [Visit(1, "cam1", 3, 4)]) == {}
