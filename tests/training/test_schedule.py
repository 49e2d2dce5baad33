"""The learning rate, worked out by hand."""

import math

import pytest

from training.schedule import learning_rate


def test_it_rises_in_a_straight_line_and_never_from_zero():
    rates = [learning_rate(step, peak=2.0, length=100, warmup=4) for step in range(6)]
    assert rates == pytest.approx([0.4, 0.8, 1.2, 1.6, 2.0, 2.0])


def test_without_warm_up_the_first_step_has_the_whole_rate():
    assert learning_rate(0, peak=0.3, length=10) == 0.3


@pytest.mark.parametrize(
    ("step", "expected"), [(0, 1.0), (4999, 1.0), (5000, 0.1), (6999, 0.1), (7000, 0.01), (9000, 0.001)]
)
def test_piecewise_falls_at_each_milestone(step, expected):
    rate = learning_rate(step, peak=1.0, length=12_000, kind="piecewise", milestones=(5000, 7000, 9000))
    assert rate == pytest.approx(expected)


def test_the_factor_is_the_callers():
    rates = [learning_rate(s, peak=1.0, length=9, kind="piecewise", milestones=(3, 6), factor=0.5) for s in (2, 3, 6)]
    assert rates == [1.0, 0.5, 0.25]


def test_cosine_falls_from_the_end_of_the_warm_up_to_zero():
    def rate(step):
        return learning_rate(step, peak=1.0, length=110, warmup=10, kind="cosine")

    assert rate(10) == 1.0
    assert rate(60) == pytest.approx(0.5)
    assert rate(35) == pytest.approx((1 + math.cos(math.pi / 4)) / 2)
    assert rate(110) == pytest.approx(0.0)
    assert all(rate(step) > rate(step + 1) for step in range(10, 110))
