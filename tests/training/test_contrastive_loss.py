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
from training.contrastive_loss import ContrastiveLoss

OPTIONS = [{}, {"margin": 1.7}, {"normalise": False}, {"normalise": False, "margin": 5.0}]


@pytest.mark.parametrize("options", OPTIONS)
def test_it_is_what_plain_loops_give(options):
    one = double(ContrastiveLoss(**options))
    check_values(one, lambda f, labels: plain_losses.contrastive(f, labels, **options))
    check_gradients(one, features(7), people(LABELS))


def test_by_hand():
    # 0, 2 | 3: own 2² = 4; others 3 and 1 apart, short of 2.5 by nothing and by 1.5.
    given, labels = np.array([[0.0], [2.0], [3.0]]), people([0, 0, 1])
    found = value(ContrastiveLoss(margin=2.5, normalise=False), given, labels)
    assert found == pytest.approx(0.5 * 4 + 0.5 * (0 + 1.5**2) / 2)
    # Of unit length all lie on 1: nothing between one's own, and the whole margin between others.
    assert value(ContrastiveLoss(margin=1.5), given[1:], people([0, 1])) == pytest.approx(0.5 * 1.5**2)


def test_batches_without_negatives_or_positives_have_the_other_half():
    given = features(1)[:2]
    square = plain_losses.squared_distance(given[0], given[1])
    assert value(ContrastiveLoss(normalise=False), given, people([3, 3])) == pytest.approx(0.5 * square)
    short = max(0.0, 9 - square**0.5)
    assert value(ContrastiveLoss(normalise=False, margin=9.0), given, people([0, 1])) == pytest.approx(0.5 * short**2)


@pytest.mark.parametrize("name", extremes())
@pytest.mark.parametrize("options", OPTIONS)
def test_it_stays_finite(name, options):
    given, labels = extremes()[name]
    check_stays_finite(ContrastiveLoss(**options), given, people(labels))


def test_a_single_image_teaches_nothing():
    found, slope = check_stays_finite(ContrastiveLoss(), features(0)[:1], people([0]))
    assert found == 0
    assert not slope.any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"margin": 0.0}, "margin is 0; use a number above 0"),
        ({"margin": 2.5}, r"margin is 2\.5, and unit vectors are at most 2 apart; use up to 2, or normalise=false"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ConfigError, match=f"contrastive: {message}"):
        ContrastiveLoss(**options)
