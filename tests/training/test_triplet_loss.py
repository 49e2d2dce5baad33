import math

import numpy as np
import pytest

from benchmarks import plain_losses
from gallery.errors import ConfigError
from ingest.paddle_library import paddle
from tests.training.loss_batches import (
    LABELS,
    check_gradients,
    check_stays_finite,
    check_values,
    differences,
    double,
    extremes,
    features,
    gradient,
    people,
    value,
)
from training.triplet_loss import TripletLoss

OPTIONS = [
    {},
    {"margin": 1.0},
    {"margin": "soft"},
    {"normalise": True},
    {"squared": True},
    {"margin": "soft", "normalise": True, "squared": True},
]
LINE = np.array([[0.0], [1.0], [3.0], [3.5]])
"""Places of people 0, 0, 1, 1 on a line."""


@pytest.mark.parametrize("options", OPTIONS)
def test_hard_ones_are_what_plain_loops_give(options):
    one = double(TripletLoss(**options))
    check_values(one, lambda f, labels: plain_losses.triplet(f, labels, **options))
    check_gradients(one, features(7), people(LABELS))


def test_by_hand():
    labels = people([0, 0, 1, 1])
    # The farthest of one's own less the nearest other: 1-3, 1-2, 0.5-2, 0.5-2.5.
    assert value(TripletLoss(margin=1.75), LINE, labels) == pytest.approx((0 + 0.75 + 0.25 + 0) / 4)
    soft = [math.log(1 + math.exp(gap)) for gap in (-2, -1, -1.5, -2)]
    assert value(TripletLoss(margin="soft"), LINE, labels) == pytest.approx(sum(soft) / 4)
    # Squared: 1-9, 1-4, 0.25-4, 0.25-6.25.
    assert value(TripletLoss(margin=4.0, squared=True), LINE, labels) == pytest.approx((0 + 1 + 0.25 + 0) / 4)


def test_an_image_alone_is_no_anchor():
    # 0 and 1 are one person's, 1-2 and 1-1 from what is alone at 2.
    assert value(TripletLoss(margin=1.0), np.array([[0.0], [1.0], [2.0]]), people([0, 0, 1])) == pytest.approx(0.5)


@pytest.mark.parametrize("options", [{}, {"margin": "soft", "squared": True}, {"normalise": True, "margin": 0.1}])
def test_random_ones_are_drawn_evenly(options):
    one = TripletLoss(mining="random", **options)
    given, rows = features(1), None
    rows = plain_losses.units(given) if one.normalise else given
    far = plain_losses.squared_distance if one.squared else plain_losses.distance
    means = []
    for anchor, same, different in plain_losses.anchors(LABELS):
        gaps = [far(rows[anchor], rows[p]) - far(rows[anchor], rows[n]) for p in same for n in different]
        means.append(plain_losses.mean([plain_losses.hinge_or_soft(gap, one.margin) for gap in gaps]))
    paddle.seed(0)
    drawn = [value(one, given, people(LABELS)) for _ in range(300)]
    error = np.std(drawn) / math.sqrt(len(drawn))
    assert error > 0
    assert abs(np.mean(drawn) - np.mean(means)) < 4 * error


def test_random_ones_of_one_choice_are_the_hard_ones():
    given, labels = np.array([[0.0, 1.0], [0.5, 2.0], [1.0, -1.0]]), people([0, 0, 1])
    assert value(TripletLoss(mining="random"), given, labels) == value(TripletLoss(), given, labels)


def test_random_ones_have_the_gradient_of_what_was_drawn():
    one = TripletLoss(mining="random", margin="soft")

    def seeded(moved):
        paddle.seed(3)
        return value(one, moved, people(LABELS))

    given = features(2)
    paddle.seed(3)
    found = gradient(one, given, people(LABELS))
    np.testing.assert_allclose(found, differences(seeded, given), rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("name", extremes())
@pytest.mark.parametrize("mining", ["hard", "random"])
@pytest.mark.parametrize("options", OPTIONS)
def test_it_stays_finite(name, mining, options):
    given, labels = extremes()[name]
    found, slope = check_stays_finite(TripletLoss(mining=mining, **options), given, people(labels))
    if len(set(labels)) in (1, len(labels)):  # no pair of one person, or none of two
        assert found == 0
        assert not slope.any()


def test_collapsed_features_cost_the_margin():
    assert check_stays_finite(TripletLoss(), np.ones([9, 4]), people(LABELS))[0] == pytest.approx(0.3)


def test_a_negative_margin_is_refused():
    with pytest.raises(ConfigError, match=r"triplet: margin is -0\.1; use a number from 0 on, usually 0\.3, or soft"):
        TripletLoss(margin=-0.1)
