"""Fragments of one visit merge; two visits, two people and two cameras do not."""

import numpy as np
import pytest

from retrieval.sightings import Candidate, group_into_visits
from tracking.joining import Fragment, JoinRule

RULE = JoinRule(max_gap_seconds=8, max_overlap_seconds=0.5, min_similarity=0.5)
RED, BLUE = np.array([1, 0], np.float32), np.array([0, 1], np.float32)


def tracklet(id_, start, end, *, x=(0, 0), mean=RED, camera="door"):
    first, last = (np.array([at, 0, at + 40, 100], np.float32) for at in x)
    fragment = Fragment(int(start * 1e6), int(end * 1e6), first, last, mean)
    return Candidate(0, id_, camera, 10, 0.9, fragment)


def visits(*tracklets):
    return sorted(sorted(tracklets[k].id for k in group) for group in group_into_visits(tracklets, RULE))


def test_nothing_gives_no_visit():
    assert visits() == []


def test_a_track_that_was_lost_behind_a_pillar_is_one_visit():
    assert visits(tracklet("a", 0, 4, x=(0, 200)), tracklet("b", 5, 9, x=(280, 500))) == [["a", "b"]]


def test_a_chain_of_fragments_is_one_visit():
    parts = [tracklet(f"t{k}", 5 * k, 5 * k + 4, x=(100 * k, 100 * k + 80)) for k in range(4)]
    assert visits(*parts) == [["t0", "t1", "t2", "t3"]]


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (tracklet("b", 13, 20), "comes back after the longest gap"),
        (tracklet("b", 2, 9), "was there at the same time"),
        (tracklet("b", 5, 9, mean=BLUE), "looks different"),
        (tracklet("b", 5, 9, camera="yard"), "another camera"),
        (tracklet("b", 4.5, 9, x=(900, 500)), "nobody walks nine heights in half a second"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_these_stay_two_visits(other, why):
    assert visits(tracklet("a", 0, 4), other) == [["a"], ["b"]]


def test_a_fragment_that_fits_two_people_goes_to_the_more_similar_one():
    like_red = np.array([0.9, 0.436], np.float32)
    # red and purple are there together; the fragment can belong to one of them only
    purple = np.array([0.8, 0.6], np.float32)
    assert visits(
        tracklet("red", 0, 4), tracklet("purple", 0, 4, mean=purple), tracklet("late", 5, 9, mean=like_red)
    ) == [
        ["late", "purple"],
        ["red"],
    ]


def test_order_of_candidates_does_not_matter():
    parts = [tracklet("a", 0, 4), tracklet("b", 5, 9), tracklet("c", 30, 34), tracklet("d", 35, 39)]
    assert visits(*parts) == visits(*reversed(parts)) == [["a", "b"], ["c", "d"]]
