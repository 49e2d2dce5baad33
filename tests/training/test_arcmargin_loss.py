import math

import numpy as np
import pytest

from benchmarks import plain_losses
from gallery.errors import ConfigError
from ingest.paddle_library import paddle
from tests.training.loss_batches import (
    CLASSES,
    LABELS,
    check_gradients,
    check_stays_finite,
    check_values,
    double,
    extremes,
    features,
    people,
    value,
)
from training.arcmargin_loss import ArcMarginLoss


def loss(**options) -> ArcMarginLoss:
    paddle.seed(0)
    return ArcMarginLoss(4, CLASSES, **options)


@pytest.mark.parametrize(
    "options", [{}, {"scale": 10.0}, {"scale": 10.0, "margin": 0.5}, {"scale": 10.0, "margin": 1.5}, {"easy": True}]
)
def test_it_is_what_plain_loops_give(options):
    one = double(loss(**options))
    weight = one.weight.numpy()
    check_values(one, lambda f, labels: plain_losses.arcmargin(f, labels, weight, **options))
    check_gradients(one, features(7), people(LABELS))


@pytest.mark.parametrize(
    ("degrees", "easy", "logit"),
    [
        (0, False, math.cos(math.radians(0 + 30))),
        (60, False, math.cos(math.radians(60 + 30))),
        (120, False, math.cos(math.radians(120 + 30))),
        (170, False, math.cos(math.radians(170)) - math.pi / 6 * math.sin(math.radians(150))),  # beyond 150°
        (60, True, math.cos(math.radians(60 + 30))),
        (120, True, math.cos(math.radians(120))),  # no margin beyond 90°
    ],
)
def test_by_hand(degrees, easy, logit):
    one = double(ArcMarginLoss(2, 2, scale=1.0, margin=math.pi / 6, easy=easy))
    one.weight.set_value(np.array([[3.0, 0.0], [0.0, 0.2]]))
    angle = math.radians(degrees)
    found = value(one, np.array([[5 * math.cos(angle), 5 * math.sin(angle)]]), people([0]))
    assert found == pytest.approx(
        math.log(1 + math.exp(math.sin(angle) - logit)), abs=6e-4
    )  # of the 1e-6 under the root


def test_lengths_do_not_matter():
    one = double(loss())
    given = features(3)
    before = value(one, given, people(LABELS))
    one.weight.set_value(one.weight.numpy() * np.array([[1], [2], [3], [4]]))
    assert value(one, given * np.arange(1, 10)[:, None], people(LABELS)) == pytest.approx(before)


@pytest.mark.parametrize("name", extremes())
@pytest.mark.parametrize("easy", [False, True])
def test_it_stays_finite(name, easy):
    given, labels = extremes()[name]
    check_stays_finite(loss(easy=easy), given, people(labels))


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_right_on_the_weight_or_opposite_it_stays_finite(side):
    one = loss()
    check_stays_finite(one, side * one.weight.numpy()[LABELS].astype(np.float64), people(LABELS))


def test_features_without_direction_are_not_drawn_at():
    assert not check_stays_finite(loss(), np.zeros([4, 4]), people([0, 1, 2, 3]))[1].any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scale": 0.0}, "scale is 0; use a number above 0"),
        ({"scale": -3.0}, "scale is -3; use a number above 0"),
        ({"margin": -0.1}, "margin is -0.1 radians; use 0 to below 1.57"),
        ({"margin": 1.6}, "margin is 1.6 radians; use 0 to below 1.57"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ConfigError, match=f"arcmargin: {message}"):
        loss(**options)
