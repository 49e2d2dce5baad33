import math

import numpy as np
import pytest

from benchmarks import plain_losses
from gallery.errors import ConfigError
from tests.training.loss_batches import (
    LABELS,
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
from training.circle_loss import CircleLoss

OPTIONS = [{}, {"margin": 0.0}, {"margin": 0.4, "scale": 80.0}, {"scale": 1.0}]


@pytest.mark.parametrize("options", OPTIONS)
def test_it_is_what_plain_loops_give(options):
    one = double(CircleLoss(**options))
    check_values(one, lambda f, labels: plain_losses.circle(f, labels, **options))
    # The weights α have no gradient: the twin has them of where the features stood.
    given = features(7)
    expected = differences(lambda moved: plain_losses.circle(moved, LABELS, weigh_by=given, **options), given)
    assert np.abs(expected).max() > 1e-3
    np.testing.assert_allclose(gradient(one, given, people(LABELS)), expected, rtol=1e-5, atol=1e-7)


def test_by_hand():
    # 0° and 60° are one person's, 90° another's; s_p = ½, and to the other 0 and √3/2. With γ = 2 and m = 0.25:
    angles = np.radians([0, 60, 90])
    given = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    positive = -2 * (1.25 - 0.5) * (0.5 - 0.75)
    near = math.sqrt(3) / 2
    negatives = [2 * (0 + 0.25) * (0 - 0.25), 2 * (near + 0.25) * (near - 0.25)]
    wanted = sum(math.log(1 + math.exp(positive + negative)) for negative in negatives) / 2
    assert value(CircleLoss(scale=2.0), given, people([0, 0, 1])) == pytest.approx(wanted)


@pytest.mark.parametrize("name", extremes())
@pytest.mark.parametrize("options", OPTIONS)
def test_it_stays_finite(name, options):
    given, labels = extremes()[name]
    found, slope = check_stays_finite(CircleLoss(**options), given, people(labels))
    if len(set(labels)) in (1, len(labels)):
        assert found == 0
        assert not slope.any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"margin": -0.1}, r"margin is -0\.1; use 0 to below 1"),
        ({"margin": 1.0}, "margin is 1; use 0 to below 1"),
        ({"scale": 0.0}, "scale is 0; use a number above 0"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ConfigError, match=f"circle: {message}"):
        CircleLoss(**options)
