import numpy as np
import pytest

from benchmarks import plain_losses
from gallery.errors import ConfigError
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
from training.center_loss import CenterLoss


def loss(**options) -> CenterLoss:
    return CenterLoss(4, CLASSES, **options)


def test_it_is_what_plain_loops_give():
    one = double(loss())
    centres = features(9, count=CLASSES)
    one.centres.set_value(centres)
    check_values(one, lambda f, labels: plain_losses.center(f, labels, centres))
    check_gradients(one, features(7), people(LABELS))


@pytest.mark.parametrize("rate", [0.1, 0.5, 1.0])
def test_centres_move_as_plain_loops_say(rate):
    one = double(loss(rate=rate))
    centres = np.zeros([CLASSES, 4])
    one.train()
    for seed in range(3):
        given, labels = features(seed), LABELS[seed:] + LABELS[:seed]
        assert value(one, given, people(labels)) == pytest.approx(plain_losses.center(given, labels, centres))
        centres = plain_losses.moved_centres(given, labels, centres, rate=rate)
        np.testing.assert_allclose(one.centres.numpy(), centres, rtol=1e-9)


def test_by_hand():
    one = CenterLoss(1, 3, rate=0.5)
    one.centres.set_value(np.array([[1.0], [5.0], [7.0]], np.float32))
    # (3 - 1)² and (4 - 1)² and (9 - 5)², halved; then 1 + 0.5 (2 + 3) / 3 and 5 + 0.5 · 4 / 2; 7 was not there.
    assert check_stays_finite(one, np.array([[3.0], [4.0], [9.0]]), people([0, 0, 1]))[0] == pytest.approx(29 / 6)
    np.testing.assert_allclose(one.centres.numpy(), [[1 + 5 / 6], [6], [7]], rtol=1e-6)


def test_centres_stand_still_unless_it_trains_and_are_no_parameters():
    one = double(loss())
    one.eval()
    value(one, features(0), people(LABELS))
    assert not one.centres.numpy().any()
    assert one.parameters() == []
    assert list(one.state_dict()) == ["centres"]


@pytest.mark.parametrize("name", extremes())
def test_it_stays_finite(name):
    given, labels = extremes()[name]
    one = loss()
    for _ in range(3):
        check_stays_finite(one, given, people(labels))


def test_what_is_no_number_does_not_reach_the_centres():
    one = loss()
    one.train()
    broken = features(0)
    broken[0] = np.nan
    assert np.isnan(value(double(one), broken, people(LABELS)))
    assert not one.centres.numpy().any()


@pytest.mark.parametrize("rate", [0.0, -0.5, 1.5])
def test_a_rate_that_is_none_is_refused(rate):
    with pytest.raises(ConfigError, match=rf"center: rate is {rate:g}; use above 0 to 1, usually 0\.5"):
        loss(rate=rate)
