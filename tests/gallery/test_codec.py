import numpy as np
import pytest

from gallery.codec import pack_trajectory, pack_vector, unpack_trajectory, unpack_vectors
from tracking.trajectory import Trajectory


def test_a_trajectory_comes_back_bit_for_bit():
    rng = np.random.default_rng(1)
    frames = np.array([3, 4, 9, 200_000], dtype=np.int64)
    boxes = rng.uniform(-1e4, 1e4, (4, 4)).astype(np.float32)
    confidences = rng.random(4, dtype=np.float32)
    times = np.array([5, 5, 1_714_564_800_000_000, 1_714_564_800_000_001], dtype=np.int64)
    back, back_times = unpack_trajectory(7, pack_trajectory(Trajectory(7, frames, boxes, confidences), times))
    assert back.track_id == 7
    for ours, theirs in (
        (back.frames, frames),
        (back.boxes, boxes),
        (back.confidences, confidences),
        (back_times, times),
    ):
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)


def test_regular_steps_take_little_room():
    frames = np.arange(1000)
    still = Trajectory(1, frames, np.ones((1000, 4), np.float32), np.ones(1000, np.float32))
    assert len(pack_trajectory(still, 40_000 * frames)) < 1000


def test_a_damaged_trajectory_is_refused():
    with pytest.raises(ValueError, match="trajectory 7 is damaged"):
        unpack_trajectory(7, b"not compressed")


def test_vectors_lose_less_than_a_thousandth_of_similarity():
    vectors = np.random.default_rng(0).standard_normal((50, 128)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    back = unpack_vectors([pack_vector(vector) for vector in vectors], 128)
    assert back.shape == (50, 128)
    assert back.dtype == np.float16
    np.testing.assert_allclose(back.astype(np.float32) @ vectors.T, vectors @ vectors.T, atol=1e-3)


def test_no_vectors_are_an_empty_matrix():
    assert unpack_vectors([], 128).shape == (0, 128)


def test_vectors_of_another_length_are_refused():
    with pytest.raises(ValueError, match="reshape"):
        unpack_vectors([b"1234"], 3)
