"""Assignment against trying every possibility, and the cascade against its words in the paper."""

from dataclasses import replace
from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linear_sum_assignment

from tracking.association import Pairs, assign, assign_among, cascade

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


def among(distances, max_distance, rows, columns):
    return assign_among(Pairs.of(distances), max_distance, rows, columns)


def cascaded(distances, missed, max_distance, max_age, rows, columns):
    """The cascade over a matrix; only pairs that are asked for have their distances."""
    pairs = replace(Pairs.of(distances), distances=np.full(np.isfinite(distances).sum(), np.nan))
    return cascade(pairs, lambda some: distances[some.rows, some.columns], missed, max_distance, max_age, rows, columns)


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
    found = among(np.zeros((3, 9)), MAX, np.zeros(0, np.int64), columns)
    assert found.left.tolist() == [4, 2, 7]
    assert len(among(np.zeros((3, 9)), MAX, np.array([1]), columns[:0]).rows) == 0


def test_rows_and_columns_keep_their_numbers():
    distances = np.ones((4, 5))
    distances[3, 2] = 0.1
    found = among(distances, MAX, np.array([3, 1]), np.array([2, 4]))
    assert pairs_of(found) == [(3, 2)]
    assert found.left.tolist() == [4]


def test_a_track_seen_lately_chooses_first():
    distances = np.array([[0.01], [0.4]])
    found = cascaded(distances, np.array([5, 1]), MAX, 30, np.array([0, 1]), np.array([0]))
    assert pairs_of(found) == [(1, 0)]  # though track 0 looks more like it


def test_tracks_missed_for_longer_than_max_age_do_not_take_part():
    found = cascaded(np.zeros((1, 1)), np.array([31]), MAX, 30, np.array([0]), np.array([0]))
    assert pairs_of(found) == []
    assert found.left.tolist() == [0]


@settings(deadline=None)
@given(arrays(np.float64, (6, 5), elements=st.floats(0, 1)), st.permutations(range(6)), st.permutations(range(5)))
def test_assigning_among_pairs_is_assigning_in_the_matrix(distances, rows, columns):
    rows, columns = np.array(rows[:4]), np.array(columns[:3])
    found, expected = among(distances, MAX, rows, columns), assign(distances[np.ix_(rows, columns)], MAX)
    assert pairs_of(found) == [(rows[r], columns[c]) for r, c in pairs_of(expected)]
    assert found.left.tolist() == columns[expected.left].tolist()


@settings(deadline=None, max_examples=300)
@given(
    arrays(np.float64, (7, 6), elements=st.floats(0, 1) | st.just(np.inf)),
    st.lists(st.integers(1, 4), min_size=7, max_size=7),
    st.integers(1, 4),
    st.sets(st.integers(0, 6)),
    st.permutations(range(6)),
    st.integers(0, 6),
)
def test_the_cascade_is_a_loop_over_ages(distances, missed, max_age, rows, columns, count):
    missed, rows, columns = np.array(missed), np.array(sorted(rows), np.int64), np.array(columns[:count], np.int64)
    left, expected = columns, []
    for age in range(1, max_age + 1):
        now = rows[missed[rows] == age]
        if len(now) and len(left):  # the whole matrix, also for those who have nobody
            found = assign(distances[np.ix_(now, left)], MAX)
            expected += [(now[r], left[c]) for r, c in pairs_of(found)]
            left = left[found.left]
    found = cascaded(distances, missed, MAX, max_age, rows, columns)
    assert pairs_of(found) == expected
    assert found.left.tolist() == left.tolist()
