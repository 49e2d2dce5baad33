"""Resampling people: by hand where every resample is known, and against a slow obvious version."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.bootstrap import mean_interval, paired_difference, resampled_means


def test_the_value_is_the_mean_over_queries_not_over_people():
    found = mean_interval(np.array([1.0, 1.0, 1.0, 0.0]), np.array([7, 7, 7, 9]))
    assert found.value == 0.75


def test_two_people_give_three_different_resamples():
    # Draws of two from {A: 1, 1, 1; B: 0}: AA 1.0 (1/4), AB 0.75 (1/2), BB 0.0 (1/4).
    means = resampled_means(np.array([1.0, 1.0, 1.0, 0.0]), np.array([7, 7, 7, 9]), 20_000, 0.95, 0)
    values, counts = np.unique(means, return_counts=True)
    assert values.tolist() == [0.0, 0.75, 1.0]
    assert counts / len(means) == pytest.approx([0.25, 0.5, 0.25], abs=0.01)


def test_people_and_not_queries_are_drawn():
    # Ten queries of each person agree, so there is as little to know as from one query of each.
    values, people = np.array([1.0, 0.0, 1.0, 0.0, 1.0, 1.0]), np.arange(6)
    once = mean_interval(values, people)
    tenfold = mean_interval(np.repeat(values, 10), np.repeat(people, 10))
    assert (tenfold.low, tenfold.high) == pytest.approx((once.low, once.high))


def test_a_binomial_share_has_its_known_interval():
    values = np.array([1.0] * 70 + [0.0] * 30)
    found = mean_interval(values, np.arange(100))
    half = 1.96 * math.sqrt(0.7 * 0.3 / 100)
    assert (found.low, found.high) == pytest.approx((0.7 - half, 0.7 + half), abs=0.012)
    narrow = mean_interval(values, np.arange(100), level=0.5)
    assert found.low < narrow.low < narrow.high < found.high


def test_the_seed_decides():
    values, people = np.random.default_rng(1).random(40), np.arange(40) // 2
    assert mean_interval(values, people, seed=3) == mean_interval(values, people, seed=3)
    assert mean_interval(values, people, seed=3) != mean_interval(values, people, seed=4)


def test_blocks_do_not_change_the_draws(monkeypatch):
    values, people = np.random.default_rng(1).random(40), np.arange(40)
    whole = resampled_means(values, people, 500, 0.95, 0)
    monkeypatch.setattr("retrieval.bootstrap.BLOCK_DRAWS", 130)
    assert np.array_equal(resampled_means(values, people, 500, 0.95, 0), whole)


def test_a_steady_gain_is_sure_although_each_run_is_not():
    rng = np.random.default_rng(2)
    first, people = rng.random(60), np.arange(60) // 2
    found = paired_difference(first, first + 0.01, people)
    assert found.value == pytest.approx(0.01)
    assert (found.low, found.high) == pytest.approx((0.01, 0.01))
    assert found.p_value == pytest.approx(2 / 10_001)
    assert mean_interval(first, people).high - mean_interval(first, people).low > 0.1


def test_the_same_run_twice_differs_by_nothing():
    values = np.array([0.2, 0.4, 0.9])
    found = paired_difference(values, values, np.arange(3))
    assert (found.value, found.low, found.high, found.p_value) == (0, 0, 0, 1)


def test_turning_the_runs_round_turns_the_difference():
    rng = np.random.default_rng(3)
    first, second, people = rng.random(50), rng.random(50), np.arange(50)
    there, back = paired_difference(first, second, people), paired_difference(second, first, people)
    assert (back.value, back.low, back.high) == pytest.approx((-there.value, -there.high, -there.low))
    assert back.p_value == there.p_value


def test_the_p_value_of_three_people_by_hand():
    # Changes +1, +1, -1 of three people: of the 27 draws the mean is <= 0 in those with at most one +1.
    change = np.array([1.0, 1.0, -1.0])
    share = np.mean([np.mean(draw) <= 0 for draw in itertools.product(change, repeat=3)])
    found = paired_difference(np.zeros(3), change, np.arange(3), resamples=40_000)
    assert share == pytest.approx(7 / 27)
    assert found.p_value == pytest.approx(2 * share, abs=0.02)


def test_one_person_says_nothing_about_others():
    alone = mean_interval(np.array([0.5, 0.7]), np.array([4, 4]))
    assert alone.value == pytest.approx(0.6)
    assert math.isnan(alone.low)
    assert math.isnan(alone.high)
    assert math.isnan(paired_difference(np.zeros(2), np.ones(2), np.array([4, 4])).p_value)


@given(st.lists(st.tuples(st.integers(0, 4), st.floats(0, 1, width=32)), min_size=2, max_size=12), st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_it_agrees_with_collecting_the_queries_of_each_draw(queries, seed):
    people, values = np.array([q[0] for q in queries]), np.array([q[1] for q in queries], np.float64)
    means = resampled_means(values, people, 20, 0.95, seed)
    names = sorted(set(people.tolist()))
    if len(names) < 2:
        assert len(means) == 0
        return
    drawn = np.random.default_rng(seed).integers(len(names), size=(20, len(names)))
    for mean, draw in zip(means, drawn, strict=True):
        taken = [value for k in draw for person, value in zip(people, values, strict=True) if person == names[k]]
        assert mean == pytest.approx(sum(taken) / len(taken))


@pytest.mark.parametrize(
    ("values", "people", "keywords", "says"),
    [
        ([], [], {}, "at least one"),
        ([0.1, 0.2], [1], {}, "one value per query"),
        ([0.1, float("nan")], [1, 2], {}, "finite"),
        ([0.1, 0.2], [1, 2], {"resamples": 0}, "resample"),
        ([0.1, 0.2], [1, 2], {"level": 1.0}, "level"),
    ],
)
def test_what_is_no_set_of_queries_is_refused(values, people, keywords, says):
    with pytest.raises(ValueError, match=says):
        mean_interval(np.array(values), np.array(people, np.int64), **keywords)


def test_runs_of_different_queries_cannot_be_paired():
    with pytest.raises(ValueError, match="same queries"):
        paired_difference(np.zeros(2), np.zeros(3), np.arange(2))
