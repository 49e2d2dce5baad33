"""The average of each track against a dictionary and a loop."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracking.smoothed_features import SmoothedFeatures


def unit(vector):
    return np.asarray(vector, np.float32) / np.linalg.norm(vector)


def table(bank, ids, features):
    """The distance of each track to each feature."""
    pairs = np.repeat(ids, len(features)), np.tile(features, (len(ids), 1))
    return bank.distances(*pairs, np.zeros(len(pairs[0]))).reshape(len(ids), len(features))


def test_a_track_without_features_is_infinitely_far():
    bank = SmoothedFeatures(0.9)
    assert bank.dimension == 0
    assert table(bank, np.array([1]), np.zeros((0, 4), np.float32)).shape == (1, 0)
    bank.add(np.array([2]), unit([1, 0])[None])
    assert table(bank, np.array([1, 2]), unit([1, 0])[None])[:, 0].tolist() == [np.inf, 0.0]


@settings(deadline=None, max_examples=30)
@given(st.floats(0, 1), st.lists(st.lists(st.integers(1, 5), max_size=4, unique=True), max_size=12))
def test_it_is_the_loop_over_tracks(smoothing, frames):
    rng = np.random.default_rng(len(frames))
    bank, slow = SmoothedFeatures(smoothing), {}
    for ids in frames:
        features = np.array([unit(rng.normal(size=6)) for _ in ids], np.float32).reshape(-1, 6)
        bank.add(np.array(sorted(ids), np.int64), features)
        for track, feature in zip(sorted(ids), features, strict=True):
            slow[track] = unit(smoothing * slow[track] + (1 - smoothing) * feature) if track in slow else feature
        if len(ids) == 3:
            bank.keep(np.array(sorted(ids)))
            slow = {track: slow[track] for track in ids}
    probe = np.eye(6, dtype=np.float32)
    expected = [1 - slow[track] @ probe.T if track in slow else np.full(6, np.inf) for track in range(1, 6)]
    assert table(bank, np.arange(1, 6), probe) == pytest.approx(np.array(expected), abs=1e-4)


def test_the_state_is_all_of_it():
    bank, other = SmoothedFeatures(0.5), SmoothedFeatures(0.5)
    bank.add(np.array([3, 4]), np.eye(2, 4, dtype=np.float32))
    other.restore(*bank.state())
    probe = np.eye(4, dtype=np.float32)
    assert np.array_equal(table(bank, np.array([3, 4]), probe), table(other, np.array([3, 4]), probe))
