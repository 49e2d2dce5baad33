import numpy as np
import pytest

from benchmarks import plain_losses
from tests.training.loss_batches import differences, extremes, features, people, tensor
from training.pair_distances import cosines, distances, negative_pairs, positive_pairs, squared_distances, unit

PAIRS = {
    distances: plain_losses.distance,
    squared_distances: plain_losses.squared_distance,
    cosines: lambda a, b: plain_losses.dot(plain_losses.unit(a), plain_losses.unit(b)),
}


@pytest.mark.parametrize("fast", PAIRS)
@pytest.mark.parametrize("name", extremes())
def test_they_are_what_plain_loops_give(fast, name):
    given = extremes()[name][0]
    expected = np.array([[PAIRS[fast](a, b) for b in given] for a in given])
    # Of the largest, since what is smaller is a difference of such.
    largest = np.abs(expected).max() or 1
    np.testing.assert_allclose(fast(tensor(given)).numpy() / largest, expected / largest, atol=1e-7)


@pytest.mark.parametrize("fast", PAIRS)
def test_gradients(fast):
    given = features(0)
    weights = np.random.default_rng(1).normal(size=(9, 9))

    def of(moved):
        return (fast(tensor(moved)).numpy() * weights).sum()

    held = tensor(given, learned=True)
    (fast(held) * tensor(weights)).sum().backward()
    np.testing.assert_allclose(held.grad.numpy(), differences(of, given), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("fast", PAIRS)
@pytest.mark.parametrize("name", extremes())
def test_gradients_stay_finite(fast, name):
    held = tensor(extremes()[name][0], "float32", learned=True)
    found = fast(held)
    found.sum().backward()
    assert np.isfinite(found.numpy()).all()
    assert np.isfinite(held.grad.numpy()).all()


@pytest.mark.parametrize("far", [0.0, 100.0, 1e4])
def test_far_from_the_origin_near_ones_are_still_told_apart(far):
    given = np.array([[0.0, 0.0], [0.3, 0.4], [3.0, 4.0]]) + far
    found = distances(tensor(given, "float32")).numpy()
    np.testing.assert_allclose(found, [[0, 0.5, 5], [0.5, 0, 4.5], [5, 4.5, 0]], rtol=2e-2 if far == 1e4 else 1e-4)


def test_coinciding_ones_are_exactly_0_apart_and_have_no_gradient():
    held = tensor(features(0, count=1, dimension=512).repeat(3, 0), "float32", learned=True)
    found = distances(held)
    assert not found.numpy().any()
    found.sum().backward()
    assert not held.grad.numpy().any()


def test_unit_vectors():
    given = np.array([[3.0, 4.0], [0.0, 0.0], [1e30, 0.0], [0.0, -1e-11], [1e-13, 1e-13]])
    held = tensor(given, "float32", learned=True)
    found = unit(held)
    np.testing.assert_allclose(found.numpy(), [[0.6, 0.8], [0, 0], [1, 0], [0, -1], [0, 0]], rtol=1e-6)
    (found * tensor(np.ones([5, 2]), "float32")).sum().backward()
    # d(f̂·1)/df = (1 - f̂ (f̂·1)) / ‖f‖; what has no direction has no gradient.
    np.testing.assert_allclose(held.grad.numpy()[0], [(1 - 0.6 * 1.4) / 5, (1 - 0.8 * 1.4) / 5], rtol=1e-5)
    assert not held.grad.numpy()[[1, 4]].any()


def test_who_is_who():
    labels = people([3, 5, 3])
    assert positive_pairs(labels).numpy().tolist() == [
        [False, False, True],
        [False, False, False],
        [True, False, False],
    ]
    assert negative_pairs(labels).numpy().tolist() == [[False, True, False], [True, False, True], [False, True, False]]
