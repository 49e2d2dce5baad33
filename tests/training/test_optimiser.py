"""Optimisers beside loops of their formulas; their state by names that another process understands."""

import numpy as np
import pytest

from gallery.errors import ModelError
from ingest.paddle_library import paddle
from training.optimiser import Optimiser
from training.train_settings import CHOICES

GRADIENTS = np.array([[1.0, -2.0], [0.5, 0.25], [-1.0, 3.0]], np.float32)


def weights():
    """Named as layers of a network are, after a counter of the process."""
    made = paddle.nn.Linear(1, 2, bias_attr=False)
    made.weight.set_value(np.array([[1.0, -1.0]], np.float32))
    return made.weight


def run(optimiser, weight, gradients=GRADIENTS, rate=0.1):
    for gradient in gradients:
        (weight * paddle.to_tensor(gradient)).sum().backward()
        optimiser.set_rate(rate)
        optimiser.step()
    return weight.numpy().ravel()


def test_sgd_with_momentum_and_decay():
    value, velocity = np.array([1.0, -1.0]), np.zeros(2)
    for gradient in GRADIENTS.astype(np.float64):
        velocity = 0.9 * velocity + gradient + 0.01 * value
        value = value - 0.1 * velocity
    weight = weights()
    found = run(Optimiser("sgd", {"w": weight}, weight_decay=0.01, momentum=0.9), weight)
    np.testing.assert_allclose(found, value, rtol=1e-5)


def test_momentum_is_an_option():
    weight, other = weights(), weights()
    assert not np.allclose(
        run(Optimiser("sgd", {"w": weight}, momentum=0.9), weight),
        run(Optimiser("sgd", {"w": other}, momentum=0.0), other),
    )
    np.testing.assert_allclose(other.numpy().ravel(), [1.0, -1.0] - 0.1 * GRADIENTS.sum(axis=0), rtol=1e-6)


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_adam_and_its_two_kinds_of_decay(name):
    value, first, second, decay = np.array([1.0, -1.0]), np.zeros(2), np.zeros(2), 0.1
    for step, given in enumerate(GRADIENTS.astype(np.float64), 1):
        gradient = given + decay * value if name == "adam" else given
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        moved = 0.1 * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
        value = value - moved - (0.1 * decay * value if name == "adamw" else 0)
    weight = weights()
    found = run(Optimiser(name, {"w": weight}, weight_decay=decay), weight)
    np.testing.assert_allclose(found, value, rtol=1e-4)


def test_the_gradient_is_clipped_over_all_parameters_together():
    one, two = weights(), weights()
    optimiser = Optimiser("sgd", {"one": one, "two": two}, momentum=0.0, clip=1.0)
    ((one * 3.0)[0, 0] + (two * 4.0)[0, 1]).backward()  # norm 5
    optimiser.set_rate(1.0)
    optimiser.step()
    np.testing.assert_allclose(one.numpy().ravel(), [1 - 0.6, -1.0], rtol=1e-5)
    np.testing.assert_allclose(two.numpy().ravel(), [1.0, -1 - 0.8], rtol=1e-5)


def test_what_is_not_trained_stays():
    weight, fixed = weights(), weights()
    fixed.stop_gradient = True
    optimiser = Optimiser("adamw", {"w": weight, "fixed": fixed}, weight_decay=0.5)
    run(optimiser, weight)
    assert fixed.numpy().ravel().tolist() == [1.0, -1.0]
    assert {name.split(":")[0] for name in optimiser.state()} == {"w"}


@pytest.mark.parametrize("name", CHOICES["optimizer"])
def test_a_restored_one_goes_on_bit_for_bit(name):
    weight = weights()
    straight = Optimiser(name, {"net/w": weight}, weight_decay=0.01)
    run(straight, weight, GRADIENTS[:2])
    state, half = straight.state(), weight.numpy()
    assert all(key.startswith("net/w:") for key in state)
    weights()  # moves Paddle's counter of names on
    other = weights()
    other.set_value(half)
    resumed = Optimiser(name, {"net/w": other}, weight_decay=0.01)
    resumed.restore(state)
    assert other.numpy().tobytes() == half.tobytes()
    assert run(straight, weight, GRADIENTS[2:]).tobytes() == run(resumed, other, GRADIENTS[2:]).tobytes()
    assert {k: v.tobytes() for k, v in straight.state().items()} == {k: v.tobytes() for k, v in resumed.state().items()}


def test_a_state_of_another_optimiser_or_network_is_refused():
    weight = weights()
    adam = Optimiser("adam", {"w": weight})
    run(adam, weight)
    with pytest.raises(ModelError, match="another one"):
        Optimiser("sgd", {"w": weights()}).restore(adam.state())
    with pytest.raises(ModelError, match="does not have"):
        Optimiser("adam", {"v": weights()}).restore(adam.state())
