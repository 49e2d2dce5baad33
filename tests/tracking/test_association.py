"""Assignment against trying every possibility, and the cascade against its words in the paper."""

from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linear_sum_assignment

from tracking.association import assign, assign_among, cascade

MAX = 0.5


def best_total(distances, max_distance):
    """Least total by trying all ways to pair; a pair beyond the limit costs just more than the limit."""
    rows, columns = distances.shape
    pairs = min(rows, columns)
    limited = np.where(distances > max_distance, max_distance + 1e-5, distances)
    return min(
        sum(limited[r, c] for r, c in zip(some, order, strict=True))
        for some in combinations(range(rows), pairs)
        for order in permutations(range(columns), pairs)
    )


def pairs_of(matches):
    return list(zip(matches.rows.tolist(), matches.columns.tolist(), strict=True))


@settings(deadline=None)
@given(arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(1, 4)), elements=st.floats(0, 1)))
def test_assignment_is_the_best_of_all(distances):
    found = assign(distances, MAX)
    assert all(distances[r, c] <= MAX for r, c in pairs_of(found))
    assert sorted([*found.columns, *found.left]) == list(range(distances.shape[1]))
    assert len(set(found.rows.tolist())) == len(found.rows)
    alone = min(distances.shape) - len(found.rows)
    total = sum(distances[r, c] for r, c in pairs_of(found)) + alone * (MAX + 1e-5)
    assert total == pytest.approx(best_total(distances, MAX), abs=1e-9)


def test_the_limit_itself_is_near_enough():
    assert pairs_of(assign(np.array([[MAX]]), MAX)) == [(0, 0)]
    assert pairs_of(assign(np.array([[MAX + 1e-9]]), MAX)) == []


def test_how_much_too_far_does_not_bend_the_others():
    # Left as they are, 0.1 + 9 > 0.4 + 0.6 would give up the good pair for the sake of two bad ones.
    assert pairs_of(assign(np.array([[0.1, 0.6], [0.4, 9.0]]), MAX)) == [(0, 0)]


def test_left_columns_are_first_the_untouched_then_the_refused():
    _, (refused,) = linear_sum_assignment(np.full((1, 4), MAX + 1e-5))
    found = assign(np.full((1, 4), np.inf), MAX)
    assert pairs_of(found) == []
    assert found.left.tolist() == [column for column in range(4) if column != refused] + [refused]


def test_nothing_to_match_leaves_all_columns_in_their_order():
    columns = np.array([4, 2, 7])
    found = assign_among(np.zeros((3, 9)), MAX, np.zeros(0, np.int64), columns)
    assert found.left.tolist() == [4, 2, 7]
    assert len(assign_among(np.zeros((3, 9)), MAX, np.array([1]), columns[:0]).rows) == 0


def test_rows_and_columns_keep_their_numbers():
    distances = np.ones((4, 5))
    distances[3, 2] = 0.1
    found = assign_among(distances, MAX, np.array([3, 1]), np.array([2, 4]))
    assert pairs_of(found) == [(3, 2)]
    assert found.left.tolist() == [4]


def test_a_track_seen_lately_chooses_first():
    distances = np.array([[0.01], [0.4]])
    found = cascade(distances, np.array([5, 1]), MAX, 30, np.array([0, 1]), np.array([0]))
    assert pairs_of(found) == [(1, 0)]  # though track 0 looks more like it


def test_tracks_missed_for_longer_than_max_age_do_not_take_part():
    found = cascade(np.zeros((1, 1)), np.array([31]), MAX, 30, np.array([0]), np.array([0]))
    assert pairs_of(found) == []
    assert found.left.tolist() == [0]


@settings(deadline=None)
@given(
    arrays(np.float64, (5, 4), elements=st.floats(0, 1)),
    st.lists(st.integers(1, 4), min_size=5, max_size=5),
    st.integers(1, 4),
)
def test_the_cascade_is_a_loop_over_ages(distances, missed, max_age):
    left, expected = np.arange(4), []
    for age in range(1, max_age + 1):
        rows = np.array([row for row in range(5) if missed[row] == age], np.int64)
        found = assign_among(distances, MAX, rows, left)
        expected += pairs_of(found)
        left = found.left
    found = cascade(distances, np.array(missed), MAX, max_age, np.arange(5), np.arange(4))
    assert pairs_of(found) == expected
    assert found.left.tolist() == left.tolist()
