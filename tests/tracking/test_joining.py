"""Fragments of one walk become one; what nobody can have walked does not."""

import numpy as np
import pytest

from tracking.joining import Fragment, JoinRule, heights_apart, join

RED, BLUE = np.array([1, 0], np.float32), np.array([0, 1], np.float32)
RULE = JoinRule(min_similarity=0.5)


def fragment(start, end, *, x=(0, 0), mean=RED):
    first, last = (np.array([at, 0, at + 40, 100], np.float32) for at in x)
    return Fragment(int(start * 1e6), int(end * 1e6), first, last, mean)


def groups(*fragments, rule=RULE):
    return sorted(sorted(group) for group in join(fragments, rule))


def test_no_fragments_make_no_group():
    assert groups() == []


def test_who_goes_on_where_a_track_ended_is_the_same():
    assert groups(fragment(0, 4, x=(0, 200)), fragment(5, 9, x=(280, 500))) == [[0, 1]]


@pytest.mark.parametrize(
    ("changed", "joined"),
    [
        ({"max_gap_seconds": 3.0}, False),
        ({"max_gap_seconds": 5.0}, True),
        ({"min_similarity": 0.99}, False),
        ({"reach_heights": 0.1, "reach_heights_a_second": 0.1}, False),
        ({"reach_heights": 0.1, "reach_heights_a_second": 0.5}, True),
    ],
)
def test_each_limit_counts(changed, joined):
    like_red = np.array([0.95, np.sqrt(1 - 0.95**2)], np.float32)
    rule = JoinRule(**({"min_similarity": 0.5} | changed))
    parts = fragment(0, 4, x=(0, 100)), fragment(8, 12, x=(250, 400), mean=like_red)  # 1.5 heights in 4 s
    assert (groups(*parts, rule=rule) == [[0, 1]]) is joined


def test_two_who_were_there_together_are_two_even_through_a_third():
    parts = fragment(0, 4), fragment(5, 9), fragment(7, 11)  # the first fits both, the others overlap by 2 s
    assert len(groups(*parts)) == 2


def test_heights_apart_counts_feet_in_mean_heights():
    near, far = np.array([0, 0, 10, 100], np.float32), np.array([300, 0, 310, 200], np.float32)
    assert heights_apart(near, far) == pytest.approx(np.hypot(300, 100) / 150)
