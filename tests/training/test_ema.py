"""The moving average of weights, worked out by hand."""

import numpy as np
import pytest

from ingest.paddle_library import paddle
from training.ema import MovingAverage


def layer(value: float):
    made = paddle.nn.Linear(1, 1, bias_attr=False)
    made.weight.set_value(np.array([[value]], np.float32))
    return made


def test_early_updates_count_more():
    network = layer(0.0)
    average = MovingAverage(network, 0.9)
    network.weight.set_value(np.array([[11.0]], np.float32))
    average.update()  # d = 2 / 11: 0 * 2/11 + 11 * 9/11
    with average.in_place():
        assert network.weight.item() == pytest.approx(9.0)
    average.update()  # d = 3 / 12: 9 * 3/12 + 11 * 9/12
    with average.in_place():
        assert network.weight.item() == pytest.approx(10.5)
    assert network.weight.item() == 11.0


def test_the_decay_is_reached():
    network = layer(0.0)
    average = MovingAverage(network, 0.5)
    twin = 0.0
    for step in range(1, 30):
        network.weight.set_value(np.array([[float(step)]], np.float32))
        average.update()
        decay = min(0.5, (1 + step) / (10 + step))
        twin = decay * twin + (1 - decay) * step
    assert average.state()["weight"].item() == pytest.approx(twin, rel=1e-5)


def test_statistics_of_batch_normalisation_are_averaged_too():
    network = paddle.nn.BatchNorm1D(2)
    average = MovingAverage(network, 0.9)
    network._mean.set_value(np.array([1.1, 2.2], np.float32))
    average.update()
    assert average.state()["_mean"] == pytest.approx([0.9, 1.8])


def test_the_live_weights_come_back_after_an_error():
    network = layer(1.0)
    average = MovingAverage(network, 0.9)
    network.weight.set_value(np.array([[5.0]], np.float32))
    with pytest.raises(ValueError, match="inside"), average.in_place():
        assert network.weight.item() == 1.0
        raise ValueError("inside")
    assert network.weight.item() == 5.0


def test_a_restored_one_goes_on_bit_for_bit():
    random = np.random.default_rng(0)
    values = random.normal(size=(20, 1, 1)).astype(np.float32)
    network, other = layer(0.5), layer(0.5)
    straight = MovingAverage(network, 0.99)
    for value in values[:10]:
        network.weight.set_value(value)
        straight.update()
    resumed = MovingAverage(other, 0.99)
    resumed.restore(straight.state())
    for value in values[10:]:
        for net, average in ((network, straight), (other, resumed)):
            net.weight.set_value(value)
            average.update()
    assert straight.updates == resumed.updates == 20
    assert straight.state()["weight"].tobytes() == resumed.state()["weight"].tobytes()
