"""Where similar begins to mean the same person."""

import numpy as np
import pytest

from gallery.errors import ConfigError
from training.thresholds import best_cut, choose_thresholds, count_pairs

BINS = 4000


def histogram(**counts):
    """Counts by similarity: ``s0_5=3`` is three pairs at 0.5."""
    found = np.zeros(BINS, np.int64)
    for name, count in counts.items():
        found[int((float(name[1:].replace("_", ".")) + 1) * BINS / 2)] += count
    return found


def made(people=12, noise=0.35, cameras=2, images=3, seed=0):
    """Unit vectors around a direction for each person."""
    random = np.random.default_rng(seed)
    who = np.repeat(np.arange(people), cameras * images)
    where = np.tile(np.repeat(np.arange(cameras), images), people)
    vectors = random.normal(size=(people, 32))[who] + noise * random.normal(size=(len(who), 32))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), who, where


def test_a_cut_lies_between_what_is_apart():
    cut = best_cut(histogram(s0_8=10), histogram(s0_2=100), rivals=1)
    assert 0.2 < cut < 0.8
    assert cut == pytest.approx(0.5, abs=0.001)  # the middle of all that are as good


def test_the_more_wrong_candidates_the_higher_the_cut():
    right, wrong = histogram(s0_5=5, s0_7=5), histogram(s0_6=1, s0_2=99)
    # With one rival: above 0.2, F1 = 2·10 / (10 + 10 + 0.1) = 0.995; above 0.6 it is 2·5 / (10 + 5) = 0.67.
    assert 0.2 < best_cut(right, wrong, rivals=1) < 0.5
    # With 200: above 0.2 the share of 0.01 is 20 false, 20 / (20 + 20) = 0.5 < 0.67.
    assert 0.6 < best_cut(right, wrong, rivals=200) < 0.7


def test_cuts_that_are_nearly_as_good_count():
    # Up to 0.1 F1 is 1; from there to 0.9 it is 2·99 / (100 + 99) = 0.995, as good. Below 0.1 nothing is.
    right = histogram(s0_1=1, s0_9=99)
    assert best_cut(right, histogram(s0_2=0), rivals=1) == pytest.approx((0.1 + 0.9) / 2, abs=0.001)


def test_pairs_are_counted_as_a_slow_loop_counts_them():
    vectors, who, where = made(people=5, cameras=3, images=2)
    order = np.random.default_rng(1).permutation(len(who))
    vectors, who, where = vectors[order], who[order], where[order]
    slow = [np.zeros(BINS, np.int64) for _ in range(4)]

    def place(similarity):
        return min(int((float(similarity) + 1) * BINS / 2), BINS - 1)

    for i in range(len(who)):
        for person in range(5):
            for camera in range(3):
                if camera != where[i]:
                    seen = [vectors[i] @ vectors[j] for j in range(len(who)) if (who[j], where[j]) == (person, camera)]
                    slow[0 if person == who[i] else 1][place(max(seen))] += 1
        for j in range(i):
            if where[i] == where[j]:
                slow[2 if who[i] == who[j] else 3][place(vectors[i] @ vectors[j])] += 1
    fast = count_pairs(vectors, who, where)
    for counts, expected in zip(
        (fast.visits_right, fast.visits_wrong, fast.images_right, fast.images_wrong), slow, strict=True
    ):
        assert counts.sum() == expected.sum()
        assert np.abs(counts.cumsum() - expected.cumsum()).max() <= 1  # a pair may fall on the other side of an edge


def test_blocks_change_nothing(monkeypatch):
    vectors, who, where = made()
    whole = count_pairs(vectors, who, where)
    monkeypatch.setattr("training.thresholds._BLOCK", 7)
    parts = count_pairs(vectors, who, where)
    assert np.abs(whole.images_wrong.cumsum() - parts.images_wrong.cumsum()).max() <= 1
    assert whole.visits_right.sum() == parts.visits_right.sum()


def test_thresholds_part_people():
    vectors, who, where = made()
    chosen = choose_thresholds(vectors, who, where)
    similarities = vectors @ vectors.T
    same, together = who[:, None] == who, where[:, None] == where
    np.fill_diagonal(together, False)
    assert similarities[~same].max() < chosen.operating_point < similarities[same & ~together].max()
    assert similarities[~same & together].max() < chosen.visit_similarity
    assert 1 - similarities[same & together].max() < chosen.max_cosine_distance


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"people": 9}, r"cannot be measured on 9 people.*at least 10"),
        ({"cameras": 1}, "was seen by two cameras"),
        ({"images": 1}, "was seen twice by one camera"),
    ],
)
def test_people_who_do_not_do_are_refused(change, message):
    with pytest.raises(ConfigError, match=message):
        choose_thresholds(*made(**change))


def test_lengths_must_fit():
    with pytest.raises(ValueError, match="3 embeddings, 2 people, 3 cameras"):
        count_pairs(np.eye(3, dtype=np.float32), np.zeros(2, np.int64), np.zeros(3, np.int64))
