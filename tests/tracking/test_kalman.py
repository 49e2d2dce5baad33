"""The filter against numbers worked by hand, and against the textbook's 8 x 8 matrices."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracking import kalman

BOX = np.array([[100.0, 200.0, 0.5, 80.0]])
ONE_BELOW_GATE, ONE_ABOVE_GATE = 9.48, 9.50


class MatrixFilter:
    """DeepSORT's filter of one track as section 2.1 of the paper and FACTS say it: plain matrices, nothing clever."""

    transition = np.eye(8) + np.eye(8, k=4)
    observation = np.eye(4, 8)

    def __init__(self, z):
        h = z[3]
        self.x = np.concatenate([z, np.zeros(4)])
        p, v = 2 * h / 20, 10 * h / 160
        self.P = np.diag(np.square([p, p, 1e-2, p, v, v, 1e-5, v]))

    def predict(self):
        p, v = self.x[3] / 20, self.x[3] / 160
        noise = np.diag(np.square([p, p, 1e-2, p, v, v, 1e-5, v]))
        self.x = self.transition @ self.x
        self.P = self.transition @ self.P @ self.transition.T + noise

    def spread(self):
        p = self.x[3] / 20
        return self.observation @ self.P @ self.observation.T + np.diag(np.square([p, p, 1e-1, p]))

    def update(self, z):
        gain = self.P @ self.observation.T @ np.linalg.inv(self.spread())
        self.x = self.x + gain @ (z - self.observation @ self.x)
        self.P = (np.eye(8) - gain @ self.observation) @ self.P

    def gating_distance(self, z):
        innovation = z - self.observation @ self.x
        return innovation @ np.linalg.inv(self.spread()) @ innovation


def gating_table(motion, measurements):
    """The distance of each track to each measurement."""
    rows, columns = np.indices((len(motion), len(measurements))).reshape(2, -1)
    distances = kalman.gating_distances(motion, measurements, rows, columns)
    return distances.reshape(len(motion), len(measurements))


def assert_same(motion, twins):
    for row, twin in enumerate(twins):
        assert np.allclose(motion.mean[row], twin.x[:4], rtol=1e-9)
        assert np.allclose(motion.velocity[row], twin.x[4:], rtol=1e-7, atol=1e-9)
        assert np.allclose(motion.variance[row], np.diag(twin.P)[:4], rtol=1e-9)
        assert np.allclose(motion.covariance[row], np.diag(twin.P[:4, 4:]), rtol=1e-7, atol=1e-12)
        assert np.allclose(motion.velocity_variance[row], np.diag(twin.P)[4:], rtol=1e-9)
        for offset in (1, 2, 3, 5, 6, 7):  # the closed form is right only because these blocks stay empty
            assert np.allclose(np.diag(twin.P, offset), 0, atol=1e-9)


def test_a_new_track_stands_still():
    motion = kalman.initiate(BOX)
    assert motion.mean.tolist() == BOX.tolist()
    assert motion.velocity.tolist() == [[0, 0, 0, 0]]
    assert motion.variance[0] == pytest.approx([64, 64, 1e-4, 64])  # (2 * 80 / 20) ** 2
    assert motion.velocity_variance[0] == pytest.approx([25, 25, 1e-10, 25])  # (10 * 80 / 160) ** 2
    assert motion.covariance.tolist() == [[0, 0, 0, 0]]


def test_one_prediction_and_one_update_by_hand():
    motion = kalman.predict(kalman.initiate(BOX))
    assert motion.mean.tolist() == BOX.tolist()
    # 64 + 2 * 0 + 25 + (80 / 20) ** 2; 0 + 25; 25 + (80 / 160) ** 2
    assert (motion.variance[0, 0], motion.covariance[0, 0], motion.velocity_variance[0, 0]) == (105, 25, 25.25)
    seen = kalman.update(motion, BOX + np.array([[12.1, 0, 0, 0]]))
    # innovation variance 105 + 16 = 121
    assert seen.mean[0, 0] == pytest.approx(100 + 12.1 * 105 / 121)
    assert seen.velocity[0, 0] == pytest.approx(12.1 * 25 / 121)
    assert seen.variance[0, 0] == pytest.approx(105 - 105 * 105 / 121)
    assert seen.covariance[0, 0] == pytest.approx(25 - 105 * 25 / 121)
    assert seen.velocity_variance[0, 0] == pytest.approx(25.25 - 25 * 25 / 121)
    assert seen.mean[0, 1:].tolist() == BOX[0, 1:].tolist()


def test_the_gate_by_hand():
    motion = kalman.predict(kalman.initiate(BOX))
    measured = BOX + np.array([[11 * np.sqrt(ONE_BELOW_GATE), 0, 0, 0], [0, 11 * np.sqrt(ONE_ABOVE_GATE), 0, 0]])
    distances = gating_table(motion, measured)
    assert distances[0] == pytest.approx([ONE_BELOW_GATE, ONE_ABOVE_GATE])
    assert (distances <= kalman.GATE).tolist() == [[True, False]]


def test_nothing_beyond_the_reach_is_possible():
    motion = kalman.predict(kalman.initiate(BOX))
    assert kalman.gate_reach(motion)[0] == pytest.approx(np.full(2, 11 * np.sqrt(kalman.GATE)))


def test_process_noise_follows_the_height_before_the_step():
    shrinking = kalman.Motion.of(
        mean=BOX,
        velocity=np.array([[0, 0, 0, -40.0]]),
        variance=np.zeros((1, 4)),
        covariance=np.zeros((1, 4)),
        velocity_variance=np.zeros((1, 4)),
    )
    later = kalman.predict(shrinking)
    assert later.mean[0, 3] == 40
    assert later.variance[0, 3] == pytest.approx((80 / 20) ** 2)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 40))
def test_all_tracks_at_once_are_the_matrices_one_by_one(seed, count, frames):
    random = np.random.default_rng(seed)
    start = np.column_stack(
        [random.uniform(0, 2000, (count, 2)), random.uniform(0.2, 1, count), random.uniform(20, 400, count)]
    )
    motion, twins = kalman.initiate(start), [MatrixFilter(z) for z in start]
    for _ in range(frames):
        motion = kalman.predict(motion)
        for twin in twins:
            twin.predict()
        measured = motion.mean + random.standard_normal((count, 4)) * [5, 5, 0.02, 5]
        expected = [[twin.gating_distance(z) for z in measured] for twin in twins]
        assert np.allclose(gating_table(motion, measured), expected)
        seen = np.flatnonzero(random.random(count) < 0.6)
        motion = motion.put(seen, kalman.update(motion.take(seen), measured[seen]))
        for row in seen:
            twins[row].update(measured[row])
    assert_same(motion, twins)


def test_nothing_is_also_a_number_of_tracks():
    motion = kalman.predict(kalman.initiate(np.zeros((0, 4))))
    assert len(motion) == 0
    assert gating_table(motion, BOX).shape == (0, 1)
    assert len(kalman.update(motion, np.zeros((0, 4)))) == 0


def test_taking_putting_and_appending():
    motion = kalman.initiate(np.array([[1.0, 1, 1, 1], [2, 2, 2, 2]]))
    both = motion.append(kalman.initiate(BOX))
    assert both.mean[:, 0].tolist() == [1, 2, 100]
    assert both.take(np.array([2, 0])).mean[:, 0].tolist() == [100, 1]
    changed = both.put(np.array([1]), kalman.initiate(BOX))
    assert changed.mean[:, 0].tolist() == [1, 100, 100]
    assert both.mean[:, 0].tolist() == [1, 2, 100]  # the first is as it was
