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
from training.softmax_loss import SoftmaxLoss, cross_entropy


def loss(**options) -> SoftmaxLoss:
    paddle.seed(0)
    return SoftmaxLoss(4, CLASSES, **options)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.9])
@pytest.mark.parametrize("bias", [False, True])
def test_it_is_what_plain_loops_give(smoothing, bias):
    one = double(loss(smoothing=smoothing, bias=bias))
    if bias:
        one.bias.set_value(np.array([0.5, -1.0, 2.0, 0.0]))
    weight, offset = one.weight.numpy(), one.bias.numpy() if bias else None
    check_values(one, lambda f, labels: plain_losses.softmax(f, labels, weight, offset, smoothing=smoothing))
    check_gradients(one, features(7), people(LABELS))


def test_by_hand():
    one = double(SoftmaxLoss(2, 2, smoothing=0.2))
    one.weight.set_value(np.eye(2))
    # Logits (ln 3, 0): shares ¾ and ¼, wanted are 0.9 and 0.1.
    assert value(one, np.array([[math.log(3), 0.0]]), people([0])) == pytest.approx(
        -0.9 * math.log(0.75) - 0.1 * math.log(0.25)
    )


def test_it_begins_small_and_by_the_seed():
    weight = loss().weight.numpy()
    assert np.abs(weight).max() <= 0.5  # 1 / √4
    assert np.abs(weight).max() > 0.4
    np.testing.assert_array_equal(weight, loss().weight.numpy())
    assert loss().bias is None
    np.testing.assert_array_equal(loss(bias=True).bias.numpy(), np.zeros(CLASSES))


@pytest.mark.parametrize("name", extremes())
def test_it_stays_finite(name):
    given, labels = extremes()[name]
    check_stays_finite(loss(smoothing=0.1, bias=True), given, people(labels))


@pytest.mark.parametrize("smoothing", [-0.1, 1.0])
def test_what_is_no_smoothing_is_refused(smoothing):
    with pytest.raises(ConfigError, match=rf"softmax: smoothing is {smoothing:g}; use 0 to below 1"):
        loss(smoothing=smoothing)


def test_what_is_quite_wrong_costs_what_it_should():
    # Paddle's own log_softmax would give 64.
    logits = paddle.to_tensor(np.array([[100.0, 0.0]], np.float32), stop_gradient=False)
    found = cross_entropy(logits, people([1]))
    assert found.item() == pytest.approx(100)
    found.backward()
    np.testing.assert_allclose(logits.grad.numpy(), [[1, -1]])
