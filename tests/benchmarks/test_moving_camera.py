import numpy as np
import pytest

from benchmarks.moving_camera import MOVES, Move, fading, moved_truth, read_motion, seen_visits, steps_of, window_path
from retrieval.scene_truth import CameraTruth, Visit

SIZE = (100, 60)
SHIFT = np.array([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], [[1.0, 0.0, -30.0], [0.0, 1.0, 5.0]]])


def truth(boxes: list[list[float]], frames: list[int]) -> CameraTruth:
    people = np.arange(1, len(boxes) + 1)
    return CameraTruth(np.array(frames), people, np.array(boxes, np.float32), np.full(len(boxes), 0.8, np.float32))


def test_true_boxes_move_with_the_picture_and_are_cut_at_its_border():
    boxes = [[10, 10, 30, 50], [40, 10, 60, 50], [20, 10, 40, 50], [5, 10, 25, 50]]
    moved = moved_truth(truth(boxes, [1, 2, 2, 2]), SHIFT, SIZE)
    assert moved.people.tolist() == [1, 2, 3]  # the fourth is all outside
    assert moved.boxes.tolist() == [[10, 10, 30, 50], [10, 15, 30, 55], [0, 15, 10, 55]]
    assert moved.visibility == pytest.approx([0.8, 0.8, 0.4])


def test_a_turned_box_becomes_the_upright_box_around_it():
    quarter = np.array([[[0.0, -1.0, 60.0], [1.0, 0.0, 0.0]]])  # (x, y) -> (60 - y, x)
    moved = moved_truth(truth([[10, 20, 20, 40]], [1]), quarter, SIZE)
    assert moved.boxes.tolist() == [[20, 10, 40, 20]]


@pytest.mark.parametrize("name", MOVES)
def test_steps_chain_to_the_whole_motion(name: str):
    path = window_path(MOVES[name], 50, 12.0, (960, 540), np.random.default_rng(1))
    assert np.array_equal(path, window_path(MOVES[name], 50, 12.0, (960, 540), np.random.default_rng(1)))
    point = path[0] @ [300, 200, 1]
    for step in steps_of(path)[1:]:
        point = step @ [*point, 1]
    assert point == pytest.approx(path[-1] @ [300, 200, 1])
    assert np.ptp(path[:, :, 2], axis=0).min() > 5


def test_a_pan_never_looks_beyond_the_picture():
    path = window_path(MOVES["pan"], 500, 12.0, (960, 540), np.random.default_rng(2))
    corners = np.array([[0, 0, 1], [960, 540, 1]])
    first, last = (path @ corner for corner in corners)
    assert (first <= 0).all()
    assert (last >= [960, 540]).all()


def test_a_camera_without_move_sees_the_picture_as_it_is():
    still = window_path(Move(1.0, 0.9, (6.0, 15.0), 0.0, 0.0, 0.0, 0.0), 3, 12.0, SIZE, np.random.default_rng(1))
    assert np.allclose(still, np.eye(2, 3))


def test_jolts_keep_their_spread():
    noise = np.random.default_rng(3).normal(size=(20000, 1))
    assert fading(noise, 0.5).std() == pytest.approx(1, abs=0.03)
    assert np.array_equal(fading(noise, 0.0), noise)


def test_a_visit_lasts_while_the_moving_camera_sees_it():
    visits = (Visit(1, "cam1", 1, 9), Visit(2, "cam1", 1, 9))
    seen = CameraTruth(np.array([3, 4, 20]), np.array([1, 1, 1]), np.zeros((3, 4), np.float32), np.ones(3, np.float32))
    assert list(seen_visits(visits, {"cam1": seen})) == [(visits[0], 3, 4)]


def test_a_fixed_camera_has_no_motion(tmp_path):
    assert read_motion(tmp_path, "cam1") is None
    np.savez(tmp_path / "cam1_motion.npz", steps=SHIFT)
    assert np.array_equal(read_motion(tmp_path, "cam1"), SHIFT)
