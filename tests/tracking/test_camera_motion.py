"""Tracks under a moving camera, by hand."""

import numpy as np
import pytest

from tracking import kalman
from tracking.camera_motion import STILL, move_boxes, move_motion, move_tracks, scale_of
from tracking.tracks import Tracks

ZOOM = np.array([[2.0, 0.0, 5.0], [0.0, 2.0, -3.0]])
QUARTER_TURN = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0]])


def tracks():
    return Tracks.begin(np.array([1]), np.array([[10.0, 20.0, 0.5, 40.0]]))


def test_a_camera_that_stands_still_changes_nothing():
    before = tracks()
    assert move_tracks(before, STILL) is before


def test_boxes_follow_and_grow():
    assert move_boxes(np.array([[10.0, 20.0, 0.5, 40.0]]), ZOOM).tolist() == [[25.0, 37.0, 0.5, 80.0]]


def test_velocities_turn_and_grow_and_variances_grow_by_the_square():
    motion = kalman.initiate(np.array([[10.0, 20.0, 0.5, 40.0]]))
    motion = kalman.Motion.of(
        motion.mean, np.array([[3.0, 1.0, 0.0, 0.5]]), motion.variance, motion.covariance, motion.velocity_variance
    )
    zoomed, turned = move_motion(motion, ZOOM), move_motion(motion, QUARTER_TURN)
    assert zoomed.velocity.tolist() == [[6.0, 2.0, 0.0, 1.0]]
    assert turned.velocity.tolist() == [[-1.0, 3.0, 0.0, 0.5]]
    assert (zoomed.variance / motion.variance)[0].tolist() == pytest.approx([4, 4, 1, 4])
    assert turned.variance == pytest.approx(motion.variance)


def test_what_was_seen_last_moves_too():
    moved = move_tracks(tracks(), ZOOM)
    assert moved.observed.tolist() == [[25.0, 37.0, 0.5, 80.0]]
    assert moved.last_seen.mean.tolist() == moved.motion.mean.tolist() == moved.observed.tolist()


@pytest.mark.parametrize(("affine", "scale"), [(STILL, 1), (ZOOM, 2), (QUARTER_TURN, 1), (ZOOM * [[-1], [1]], 0)])
def test_scale(affine, scale):
    assert scale_of(affine) == pytest.approx(scale)
