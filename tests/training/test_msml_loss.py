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
from training.msml_loss import MsmlLoss


@pytest.mark.parametrize("margin", [0.0, 0.1, 1.0])
def test_it_is_what_plain_loops_give(margin):
    one = double(MsmlLoss(margin=margin))
    check_values(one, lambda f, labels: plain_losses.msml(f, labels, margin=margin))
    check_gradients(one, features(7), people(LABELS))


def test_by_hand():
    # Unit vectors at 0°, 60°, 180°, 270°; squared distances: own 1 and 2, others at least 2 (0° to 270°).
    angles = np.radians([0, 60, 180, 270])
    given = 3 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    assert value(MsmlLoss(margin=0.25), given, people([0, 0, 1, 1])) == pytest.approx(2 - 2 + 0.25)


def test_only_the_two_worst_pairs_have_a_gradient():
    assert (np.abs(gradient(MsmlLoss(), features(7), people(LABELS))).max(axis=1) > 0).sum() <= 4


@pytest.mark.parametrize("name", extremes())
def test_it_stays_finite(name):
    given, labels = extremes()[name]
    found, slope = check_stays_finite(MsmlLoss(), given, people(labels))
    if len(set(labels)) in (1, len(labels)):
        assert found == 0
        assert not slope.any()


def test_a_negative_margin_is_refused():
    with pytest.raises(ConfigError, match=r"msml: margin is -1; use a number from 0 on, usually 0\.1"):
        MsmlLoss(margin=-1.0)
