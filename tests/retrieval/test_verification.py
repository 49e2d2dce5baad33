"""Pairs of one person and of two: rates by hand, and against a slow obvious version."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.person_images import DISTRACTOR, JUNK
from retrieval.verification import BINS, verify


def column(*similarities):
    """A gallery whose similarity to the query (1, 0) is as given."""
    return np.array([[s, math.sqrt(1 - s * s)] for s in similarities], np.float32)


def one_query(similarities, people, cameras=None, **keywords):
    """Pairs of one query, person 1 by camera 1, with a gallery."""
    cameras = cameras or [2] * len(people)
    return verify(
        np.array([[1, 0]], np.float32), np.array([1]), np.array([1]),
        column(*similarities), np.array(people), np.array(cameras), **keywords,
    )  # fmt: skip


def test_the_rates_of_six_pairs_by_hand():
    # Falling: same, other, same, other, other, other. Couples in the right order: 4 + 3 of 8.
    counted = one_query([0.9, 0.8, 0.7, 0.6, 0.5, 0.4], [1, 2, 1, 3, 4, 5])
    assert (counted.same, counted.different) == (2, 4)
    assert counted.area == pytest.approx(7 / 8)
    # From (FAR 1/4, TAR 1/2) the curve rises to TAR 1; it meets FAR = 1 - TAR at TAR 3/4.
    assert counted.equal_error_rate == pytest.approx(1 / 4)
    far, tar = counted.roc()
    assert far.tolist() == [0, 0, 0, 0.25, 0.25, 1]
    assert tar.tolist() == [0, 0, 0.5, 0.5, 1, 1]


def test_a_true_accept_rate_has_a_threshold_that_gives_it():
    counted = one_query([0.9, 0.8, 0.7, 0.6, 0.5, 0.4], [1, 2, 1, 3, 4, 5])
    quarter = counted.accept_rate(0.25)
    assert (quarter.tar, quarter.allowed, quarter.enough) == (1.0, 1, False)
    assert quarter.threshold == pytest.approx(0.7)
    assert counted.accept_rate(0.5).tar == 1.0
    assert counted.accept_rate(1.0).threshold == pytest.approx(0.7)


def test_too_few_pairs_of_two_people_are_said():
    counted = one_query([0.9, 0.8, 0.7, 0.6, 0.5, 0.4], [1, 2, 1, 3, 4, 5])
    none = counted.accept_rate(0.1)
    assert (none.tar, none.threshold, none.allowed, none.enough) == (None, None, 0, False)
    many = one_query([0.9, *np.linspace(-0.5, 0.5, 300)], [1, *range(2, 302)])
    assert many.accept_rate(0.1).allowed == 30
    assert many.accept_rate(0.1).enough
    assert not many.accept_rate(0.09).enough


def test_no_threshold_may_be_good_enough():
    # One false accept is allowed, but two other people come before the first right pair.
    counted = one_query([0.9, 0.8, 0.7, 0.1], [2, 3, 1, 4])
    rate = counted.accept_rate(0.4)
    assert (rate.tar, rate.threshold, rate.allowed) == (0.0, None, 1)


def test_ties_are_decided_as_by_a_coin():
    counted = one_query([0.5, 0.5], [1, 2])
    assert counted.area == 0.5
    assert counted.equal_error_rate == 0.5
    assert counted.accept_rate(0.99).tar is None
    assert counted.accept_rate(1.0).tar == 1.0


def test_perfect_and_hopeless():
    perfect = one_query([0.9, 0.1], [1, 2])
    assert (perfect.area, perfect.equal_error_rate) == (1.0, 0.0)
    hopeless = one_query([0.1, 0.9], [1, 2])
    assert (hopeless.area, hopeless.equal_error_rate) == (0.0, 1.0)


def test_junk_and_the_own_camera_are_no_pairs_and_distractors_are_others():
    counted = one_query(
        [0.9, 0.8, 0.7, 0.6, 0.5], [JUNK, 1, 1, DISTRACTOR, 2], cameras=[2, 1, 2, 2, 1]
    )  # the own camera's view of the person is dropped, its view of person 2 is not
    assert (counted.same, counted.different) == (1, 2)
    assert counted.thresholds.tolist() == pytest.approx([0.7])


def test_a_histogram_holds_every_pair():
    counted = one_query([1.0, 0.99, -1.0, 0.01], [1, 1, 2, 3])
    assert counted.same_histogram[BINS - 1] == 2
    assert counted.different_histogram[0] == 1
    assert counted.different_histogram[BINS // 2] == 1
    assert counted.same_histogram.sum() == counted.same
    assert counted.different_histogram.sum() == counted.different


@pytest.mark.parametrize("people", [[2, 3], [1, 1]], ids=["nobody twice", "one person only"])
def test_rates_need_pairs_of_both_kinds(people):
    counted = one_query([0.9, 0.8], people)
    for ask in (counted.roc, lambda: counted.accept_rate(0.1), lambda: counted.area):
        with pytest.raises(ValueError, match="pairs of both kinds"):
            ask()


@pytest.mark.parametrize("far", [0, -0.1, 1.1, float("nan")])
def test_a_rate_lies_between_0_and_1(far):
    with pytest.raises(ValueError, match="0-1"):
        one_query([0.9, 0.8], [1, 2]).accept_rate(far)


def test_a_block_holds_at_least_a_pair():
    with pytest.raises(ValueError, match="block_pairs"):
        one_query([0.9, 0.8], [1, 2], block_pairs=0)


LEVELS = st.sampled_from([-1.0, -0.5, 0.0, 0.25, 0.5, 0.75, 1.0])
IMAGE = st.tuples(LEVELS, st.integers(-1, 3), st.integers(1, 3))


@given(
    query=st.lists(IMAGE, min_size=1, max_size=5),
    gallery=st.lists(IMAGE, min_size=1, max_size=8),
    block=st.integers(1, 50),
    threads=st.sampled_from([1, 3]),
)
@settings(max_examples=150, deadline=None)
def test_it_agrees_with_looking_at_each_pair(query, gallery, block, threads):
    same, different = slow_pairs(query, gallery)
    q, g = np.array(query), np.array(gallery)
    counted = verify(
        q[:, :1].astype(np.float32), q[:, 1].astype(int), q[:, 2].astype(int),
        g[:, :1].astype(np.float32), g[:, 1].astype(int), g[:, 2].astype(int), block_pairs=block, threads=threads,
    )  # fmt: skip
    assert (counted.same, counted.different) == (len(same), len(different))
    for k, threshold in enumerate(counted.thresholds.tolist()):
        assert counted.true_accepts[k] == sum(s >= threshold for s in same)
        assert counted.false_accepts[k] == sum(s >= threshold for s in different)
    if same and different:
        order = [(s > d) + (s == d) / 2 for s in same for d in different]
        assert counted.area == pytest.approx(sum(order) / len(order))
        for far in (0.1, 0.25, 0.5, 1.0):
            rate = counted.accept_rate(far)
            assert (rate.tar or 0.0) == pytest.approx(slow_accept_rate(same, different, far) if rate.allowed else 0.0)
        assert counted.equal_error_rate == slow_equal_error_rate(*counted.roc())


def slow_pairs(query, gallery):
    """Similarities of the pairs of one person, and of two, by loops."""
    same, different = [], []
    for vector, person, camera in query:
        for other, other_person, other_camera in gallery:
            if JUNK in (person, other_person) or (person == other_person and camera == other_camera):
                continue
            (same if person == other_person else different).append(vector * other)
    return same, different


def slow_accept_rate(same, different, far):
    """The best share of one person's pairs accepted, trying every threshold."""
    best = 0.0
    for threshold in same:
        if sum(d >= threshold for d in different) <= far * len(different) + 1e-9:
            best = max(best, sum(s >= threshold for s in same) / len(same))
    return best


def slow_equal_error_rate(far, tar):
    """Where the curve meets FAR = 1 - TAR, by walking along it in small steps."""
    for k in range(1, len(far)):
        for share in np.linspace(0, 1, 241):
            at = far[k - 1] + share * (far[k] - far[k - 1])
            if at + tar[k - 1] + share * (tar[k] - tar[k - 1]) >= 1 - 1e-12:
                return pytest.approx(at, abs=(far[k] - far[k - 1]) / 240 + 1e-12)
    raise AssertionError("the curve ends at (1, 1)")


def test_junk_queries_make_no_pairs():
    counted = verify(
        np.array([[1, 0], [1, 0]], np.float32), np.array([JUNK, 1]), np.array([1, 1]),
        column(0.5), np.array([3]), np.array([2]),
    )  # fmt: skip
    assert (counted.same, counted.different) == (0, 1)
