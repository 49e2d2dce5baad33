import math

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
    people,
    value,
)
from training.eml_loss import EmlLoss


@pytest.mark.parametrize("beta", [1e-3, 1.0, 1e5])
def test_it_is_what_plain_loops_give(beta):
    one = double(EmlLoss(beta=beta))
    check_values(one, lambda f, labels: plain_losses.eml(f, labels, beta=beta))
    check_gradients(one, features(7, scale=0.5), people(LABELS))


def test_by_hand():
    # 0, 1 | 3 on a line: for the first P = e¹, N = e⁻⁹, for the second e¹ and e⁻⁴; the third has no mate.
    products = [math.exp(1 - 9), math.exp(1 - 4)]
    wanted = sum(math.log(1 + 7 * product) / math.log(8) for product in products) / 2
    assert value(EmlLoss(beta=7.0), np.array([[0.0], [1.0], [3.0]]), people([0, 0, 1])) == pytest.approx(wanted)


def test_it_is_the_formula_as_written_where_that_does_not_overflow():
    given, losses = features(2, scale=0.5), []
    for anchor, same, different in plain_losses.anchors(LABELS):
        p = np.mean([math.exp(plain_losses.squared_distance(given[anchor], given[i])) for i in same])
        n = np.mean([math.exp(-plain_losses.squared_distance(given[anchor], given[i])) for i in different])
        losses.append(math.log(1 + 1e5 * p * n) / math.log(1 + 1e5))
    assert value(EmlLoss(), given, people(LABELS)) == pytest.approx(np.mean(losses), rel=1e-9)


def test_collapsed_features_cost_one():
    assert check_stays_finite(EmlLoss(), np.ones([9, 4]), people(LABELS))[0] == pytest.approx(1)


@pytest.mark.parametrize("name", extremes())
def test_it_stays_finite(name):
    given, labels = extremes()[name]
    found, slope = check_stays_finite(EmlLoss(), given, people(labels))
    if len(set(labels)) in (1, len(labels)):
        assert found == 0
        assert not slope.any()


@pytest.mark.parametrize("beta", [0.0, -1.0])
def test_a_beta_that_is_none_is_refused(beta):
    with pytest.raises(ConfigError, match=rf"eml: beta is {beta:g}; use a number above 0, usually 1e5"):
        EmlLoss(beta=beta)
