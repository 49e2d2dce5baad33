import numpy as np
import pytest

from benchmarks import plain_losses
from gallery.errors import ConfigError
from tests.training.loss_batches import (
    LABELS,
    check_gradients,
    check_stays_finite,
    check_values,
    double,
    extremes,
    features,
    gradient,
    people,
    value,
)
from training.quadruplet_loss import QuadrupletLoss


@pytest.mark.parametrize(
    "options", [{}, {"margin": 0.2}, {"second": 0.0}, {"second": 1.0}, {"margin": 0.0}, {"margin": "adaptive"}]
)
def test_it_is_what_plain_loops_give(options):
    one = double(QuadrupletLoss(**options))
    check_values(one, lambda f, labels: plain_losses.quadruplet(f, labels, **options))
    if options.get("margin") != "adaptive":
        check_gradients(one, features(7), people(LABELS))


def test_an_adaptive_margin_is_a_constant():
    given = features(3)
    given[[2, 5, 8]] = given[0] + 0.3 * given[[2, 5, 8]]  # people are told apart, so it is above 0
    margin = plain_losses.adaptive_margin(given, LABELS)
    assert margin > 0.1
    adaptive, fixed = QuadrupletLoss(margin="adaptive"), QuadrupletLoss(margin=margin)
    np.testing.assert_allclose(
        gradient(adaptive, given, people(LABELS)), gradient(fixed, given, people(LABELS)), rtol=1e-9
    )


def test_by_hand():
    # Unit vectors at 0°, 90° (person 0), 180° (1), 270° (2): neighbours are 2 apart, opposite ones 4.
    given = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    labels = people([0, 0, 1, 2])
    # Own 2; to 1 and 2 from the one 4 and 2, from the other 2 and 4: with 0.5 two terms of 0.5 count, two of -1.5 do not.
    # The strangers are 2 apart: 2 - 2 + 0.5 * 0.8.
    assert value(QuadrupletLoss(margin=0.5, second=0.8), given, labels) == pytest.approx(0.5 + 0.4)
    assert value(QuadrupletLoss(margin=0.5, second=0.0), given, labels) == pytest.approx(0.5)


def test_two_people_alone_have_no_strangers():
    given, labels = features(0)[:4], people([0, 0, 1, 1])
    assert value(QuadrupletLoss(second=0.0), given, labels) == value(QuadrupletLoss(second=1.0), given, labels)


@pytest.mark.parametrize("name", extremes())
@pytest.mark.parametrize("margin", [1.0, "adaptive"])
def test_it_stays_finite(name, margin):
    given, labels = extremes()[name]
    found, slope = check_stays_finite(QuadrupletLoss(margin=margin), given, people(labels))
    if len(set(labels)) in (1, len(labels)):
        assert found == 0
        assert not slope.any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"margin": -1.0}, "margin is -1; use a number from 0 on, usually 1, or adaptive"),
        ({"second": -0.5}, r"second is -0\.5 of margin; use 0 to 1"),
        ({"second": 1.5}, r"second is 1\.5 of margin; use 0 to 1"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ConfigError, match=f"quadruplet: {message}"):
        QuadrupletLoss(**options)
