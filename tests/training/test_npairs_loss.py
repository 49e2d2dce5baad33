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
from training.npairs_loss import NPairsLoss


@pytest.mark.parametrize("norm_weight", [0.0, 0.01, 1.0])
def test_it_is_what_plain_loops_give(norm_weight):
    one = double(NPairsLoss(norm_weight=norm_weight))
    check_values(one, lambda f, labels: plain_losses.npairs(f, labels, norm_weight=norm_weight))
    check_gradients(one, features(7), people(LABELS))


def test_by_hand():
    # Anchors (1, 0) and (0, 2), positives (3, 0) and (0, 1): logits (3, 0) and (0, 2). Squared lengths 1, 9, 4, 1.
    given = np.array([[1.0, 0.0], [3.0, 0.0], [0.0, 2.0], [0.0, 1.0]])
    entropies = [math.log(1 + math.exp(-3)), math.log(1 + math.exp(-2))]
    wanted = sum(entropies) / 2 + 0.5 * 0.1 * 15 / 4
    assert value(NPairsLoss(norm_weight=0.1), given, people([5, 5, 7, 7])) == pytest.approx(wanted)
    # The order of people, and what lies between the images of one, does not matter.
    mixed = given[[0, 2, 1, 3]]
    assert value(NPairsLoss(norm_weight=0.1), mixed, people([5, 7, 5, 7])) == pytest.approx(wanted)


def test_a_target_is_spread_over_the_positives_of_a_person():
    # Two anchors and two positives of one person: logits are alike, so any spread costs ln 2.
    assert value(NPairsLoss(norm_weight=0.0), np.ones([4, 3]), people([0, 0, 0, 0])) == pytest.approx(math.log(2))


def test_a_third_image_alone_is_left_out():
    given = features(4)[:5]
    labels = [0, 0, 1, 1, 0]
    assert value(NPairsLoss(), given, people(labels)) == pytest.approx(
        value(NPairsLoss(), given[:4], people(labels[:4]))
    )


@pytest.mark.parametrize("name", extremes())
def test_it_stays_finite(name):
    given, labels = extremes()[name]
    found, slope = check_stays_finite(NPairsLoss(), given, people(labels))
    if len(set(labels)) == len(labels):
        assert found == 0
        assert not slope.any()


def test_a_negative_weight_is_refused():
    with pytest.raises(ConfigError, match=r"npairs: norm_weight is -1; use a number from 0 on, usually 0\.01"):
        NPairsLoss(norm_weight=-1.0)
