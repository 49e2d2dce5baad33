"""The bank of features against lists and loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracking.appearance import FeatureBank


def unit(vectors):
    vectors = np.asarray(vectors, np.float64)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


EAST, NORTH, WEST = unit([[1, 0], [0, 1], [-1, 0]])
NORTH_EAST = unit([[1, 1]])[0]


def table(bank, ids, features):
    """The exact distance of each track to each feature."""
    pairs = np.repeat(ids, len(features)), np.tile(features, (len(ids), 1))
    return bank.distances(*pairs, np.full(len(pairs[0]), -np.inf)).reshape(len(ids), len(features))


def distances(bank, ids, *features):
    return table(bank, np.array(ids), np.array(features, np.float32))


def test_the_smallest_distance_counts():
    bank = FeatureBank(None)
    bank.add(np.array([1, 2]), np.array([EAST, WEST]))
    bank.add(np.array([1]), np.array([NORTH]))
    assert distances(bank, [1, 2], NORTH_EAST, WEST) == pytest.approx(
        np.array([[1 - 0.5**0.5, 1.0], [1 + 0.5**0.5, 0.0]]), abs=1e-6
    )


def test_features_beyond_the_budget_are_forgotten_oldest_first():
    bank = FeatureBank(2)
    for feature in (EAST, NORTH, WEST):
        bank.add(np.array([7]), feature[None])
        bank.keep(np.array([7]))
    assert distances(bank, [7], EAST, NORTH, WEST)[0] == pytest.approx([1, 0, 0], abs=1e-6)


def test_a_track_without_features_is_infinitely_far():
    bank = FeatureBank(2)
    assert distances(bank, [3], EAST).tolist() == [[np.inf]]
    bank.add(np.array([3]), EAST[None])
    assert distances(bank, [2, 3, 4], EAST).tolist() == [[np.inf], [0.0], [np.inf]]
    assert table(bank, np.array([3]), np.zeros((0, 2), np.float32)).shape == (1, 0)


class ListedFeatures:
    """The same, slowly."""

    def __init__(self, budget):
        self.budget, self.features = budget, {}

    def add(self, ids, features):
        for track, feature in zip(ids.tolist(), features, strict=True):
            self.features.setdefault(track, []).append(feature)
            if self.budget is not None:
                self.features[track] = self.features[track][-self.budget :]

    def keep(self, ids):
        self.features = {track: kept for track, kept in self.features.items() if track in ids}

    def distances(self, ids, features):
        return np.array(
            [[min((1 - float(a @ b) for a in self.features.get(t, [])), default=np.inf) for b in features] for t in ids]
        ).reshape(len(ids), len(features))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 2, 5, None]), st.integers(1, 120))
def test_the_bank_is_lists_of_features(seed, budget, frames):
    random = np.random.default_rng(seed)
    bank, twin = FeatureBank(budget), ListedFeatures(budget)
    alive, following = np.zeros(0, np.int64), 1
    for _ in range(frames):
        asked = unit(random.standard_normal((3, 8)))
        assert np.allclose(table(bank, alive, asked), twin.distances(alive, asked), atol=1e-5)
        alive = np.concatenate(
            [alive[random.random(len(alive)) < 0.9], np.arange(following, following + random.integers(3))]
        )
        following = max(following, int(alive.max(initial=0)) + 1)
        seen = alive[random.random(len(alive)) < 0.7]
        features = unit(random.standard_normal((len(seen), 8)))
        for each in (bank, twin):
            each.add(seen, features)
            each.keep(alive)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.0, 1.5))
def test_a_distance_that_is_near_enough_need_not_be_the_smallest(seed, enough):
    random = np.random.default_rng(seed)
    bank, ids = FeatureBank(50), np.arange(1, 6)
    for _ in range(random.integers(1, 80)):
        bank.add(ids, unit(random.standard_normal((5, 4))))
    asked = unit(random.standard_normal((5, 4)))
    exact = np.diag(table(bank, ids, asked))
    found = bank.distances(ids, asked, np.full(5, enough))
    assert ((found <= enough) == (exact <= enough)).all()
    assert (found >= exact - 1e-6).all()
    assert found[exact > enough] == pytest.approx(exact[exact > enough], abs=1e-6)


def test_the_room_of_tracks_that_ended_is_used_again():
    random = np.random.default_rng(4)
    bank = FeatureBank(8)
    for first in range(0, 3000, 3):
        ids = np.arange(first, first + 3)
        for _ in range(5):
            bank.add(ids, unit(random.standard_normal((3, 4))))
        bank.keep(ids)
    assert len(bank._matrix) < 200


def test_the_bank_does_not_grow_without_end():
    bank = FeatureBank(10)
    for _ in range(1000):
        bank.add(np.array([1, 2]), np.array([EAST, WEST]))
        bank.keep(np.array([1, 2]))
    owners, features = bank.state()
    assert len(owners) == len(features) < 100  # 20 are needed


def test_a_restored_bank_goes_on_with_the_same_bits():
    random = np.random.default_rng(3)
    bank = FeatureBank(4)
    for _ in range(30):
        bank.add(np.array([1, 2, 5]), unit(random.standard_normal((3, 16))))
        bank.keep(np.array([1, 2, 5]))
    other = FeatureBank(4)
    other.restore(*bank.state())
    more, asked = unit(random.standard_normal((3, 16))), unit(random.standard_normal((6, 16)))
    for each in (bank, other):
        each.add(np.array([1, 2, 5]), more)
    ids = np.array([1, 2, 5])
    assert table(bank, ids, asked).tobytes() == table(other, ids, asked).tobytes()
