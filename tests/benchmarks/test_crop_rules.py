"""Rules for keeping crops, by hand."""

import numpy as np
import pytest

from benchmarks.crop_looks import Looks
from benchmarks.crop_rules import (
    Rule,
    by_quality,
    equally,
    keep_apart,
    keep_as_shipped,
    keep_best,
    keep_even,
    keep_largest,
    keep_middles,
    keep_none,
    keep_one_by_one,
    keep_spread,
    ours,
    ours_without,
    pp_human,
    pp_human_quality,
)
from benchmarks.tracklet_map import Described, difference, find_each


def looks(confidences, *, rate=10.0, heights=None, vectors=None, **changed):
    """Crops of equal size and sharpness, so that their quality goes with the confidence."""
    n = len(confidences)
    high = np.full(n, 100.0) if heights is None else np.array(heights, float)
    fields = {
        "boxes": np.column_stack([np.full(n, 50.0), np.full(n, 20.0), np.full(n, 90.0), 20 + high]).astype(np.float32),
        "confidences": np.array(confidences, np.float32),
        "vectors": np.eye(n, dtype=np.float32) if vectors is None else np.array(vectors, np.float32),
        "sharpness": np.full(n, 60, np.float32),
        "brightness": np.full(n, 100, np.float32),
        "visible": np.ones(n, np.float32),
        "apart": np.ones(n, np.float32),
        "cut": np.zeros(n, np.bool_),
        "seconds": np.arange(n) / rate,
    }
    return Looks(**(fields | changed))


def test_the_best_the_largest_and_the_even_ones():
    some = looks([0.5, 0.9, 0.7, 0.8, 0.6], heights=[90, 80, 120, 100, 110])
    assert keep_largest(some, 2).tolist() == [2, 4]
    assert keep_even(some, 2).tolist() == [1, 3]
    assert keep_best(looks([0.5, 0.9, 0.7, 0.8, 0.6]), 2).tolist() == [1, 3]


def test_apart_in_time_and_one_by_one():
    some = looks([0.5, 0.9, 0.8, 0.4, 0.7])
    assert keep_apart(some, 2, 0.2).tolist() == [1, 4]  # 2 is too near 1, 3 is worse than 4
    assert keep_one_by_one(some, 2, 0.2).tolist() == [1, 4]
    assert keep_one_by_one(looks([0.5, 0.9, 0.8]), 5, 0.7).tolist() == [1]


def test_the_middles_of_the_parts():
    # 0.8 s; of the halves' middle halves the rows are 1, 2, 3 and 5, 6, 7.
    some = looks([0.9, 0.3, 0.5, 0.2, 0.8, 0.4, 0.6, 0.7, 0.9])
    assert keep_middles(some, 2).tolist() == [7, 2]


@pytest.mark.parametrize("n", [1, 2, 5, 19])
@pytest.mark.parametrize("count", [1, 3, 5])
def test_what_is_shipped_is_the_same_in_one_pass_while_each_crop_has_a_piece_of_its_own(n, count):
    some = looks(np.random.default_rng(n).uniform(0.5, 1, n), rate=3.0)
    if n <= 4 * count:
        assert keep_as_shipped(some, count).tolist() == keep_middles(some, count).tolist()


def test_spread_takes_the_one_least_like_the_best():
    some = looks([0.9, 0.8, 0.7, 0.1], vectors=[[1, 0], [0.8, 0.6], [0, 1], [-1, 0]])
    assert keep_spread(some, 2, among=0.75).tolist() == [0, 2]


@pytest.mark.parametrize("part", ["size", "sharpness", "confidence", "occlusion", "truncation"])
def test_each_part_of_the_quality_can_be_left_out(part):
    bad = {}
    if part == "size":
        bad = {"heights": [50]}
    if part == "sharpness":
        bad = {"sharpness": np.array([5], np.float32)}
    if part == "occlusion":
        bad = {"visible": np.array([0.5], np.float32)}
    if part == "truncation":
        bad = {"cut": np.array([True])}
    fine, poor = looks([0.9]), looks([0.5 if part == "confidence" else 0.9], **bad)
    assert ours(poor)[0] < ours(fine)[0]
    assert ours_without(poor, part)[0] == pytest.approx(ours_without(fine, part)[0], rel=1e-6)


def test_the_mean_comes_first_and_counts_as_weighed():
    some = looks([1.0, 0.5], vectors=[[1, 0], [0, 1]])
    described = Rule("", lambda x: keep_best(x, 1), by_quality).describe(some)
    np.testing.assert_allclose(described, [np.array([2, 1]) / np.sqrt(5), [1, 0]], rtol=1e-6)
    np.testing.assert_allclose(Rule("", keep_none, equally).describe(some), [[0.5**0.5] * 2], rtol=1e-6)


def test_pp_humans_quality_and_its_two_readings():
    dark = looks([0.9] * 3, brightness=np.array([25, 50, 200], np.float32), apart=np.array([1, 0.5, 1], np.float32))
    # 100 px high, 40 wide: the whole counts 1 at most.
    np.testing.assert_allclose(pp_human_quality(dark), [0.7 + 0.15, 0.35 + 0.3, 1.0], rtol=1e-6)
    some = looks([0.9] * 3, apart=np.array([0.1, 0.8, 0.9], np.float32))
    # By quality 2, 1, 0; above 0.6 are 1 and 2. As it runs, the mask of time [no, yes, yes] is laid on that order.
    assert pp_human(some, np.zeros(0, np.int64), meant=True).tolist() == [0, 1, 1]
    assert pp_human(some, np.zeros(0, np.int64), meant=False).tolist() == [1, 1, 0]


def test_tracklets_are_asked_for_in_the_other_cameras():
    def one(camera, person, x, y):
        return Described(camera, person, np.array([[x, y], [x, y]], np.float32))

    all_ = [one("a", 1, 1, 0), one("b", 2, 1, 0), one("b", 1, 0.8, 0.6), one("b", -1, 0, 1), one("a", 1, 1, 0)]
    found = find_each(all_[:1], all_)
    assert found.people.tolist() == [1]
    assert found.precision.tolist() == [0.5]  # the other person is more alike
    assert found.first.tolist() == [False]
    assert find_each([one("a", 3, 1, 0), one("a", -1, 1, 0)], all_).people.tolist() == []
    assert difference(found, found) == (0, 0)
