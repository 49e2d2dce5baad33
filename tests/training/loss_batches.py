"""Batches to try losses on, and what is asked of all of them."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from ingest.paddle_library import nn, paddle

LABELS = [0, 1, 0, 2, 1, 0, 2, 3, 0]
"""Of four people: one with four images, two with two, one alone; not side by side."""

CLASSES = 4


def features(seed: int = 0, count: int = len(LABELS), dimension: int = 4, scale: float = 1.0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(count, dimension)) * scale


def extremes(dimension: int = 4) -> Mapping[str, tuple[NDArray[np.float64], list[int]]]:
    """Features and labels that code breaks on, by what they are."""
    plain = features(5, dimension=dimension)
    near = np.ones_like(plain) + 1e-7 * plain
    return {
        "identical": (np.full_like(plain, 0.7), LABELS),
        "zeros": (np.zeros_like(plain), LABELS),
        "nearly identical": (near, LABELS),
        "some identical": (plain[[0, 0, 0, 3, 4, 4, 4, 7, 8]], LABELS),
        "some zeros": (plain * np.array([[1], [0], [1], [0], [1], [1], [0], [1], [1]]), LABELS),
        "opposite": (np.sign(plain[:, :1]) * np.ones_like(plain), LABELS),
        "huge": (plain * 1e4, LABELS),
        "largest of half precision": (np.sign(plain) * 65504.0, LABELS),
        "smallest of half precision": (plain * 6e-8, LABELS),
        "below float32's normal numbers": (plain * 1e-40, LABELS),
        "one person": (plain, [2] * len(LABELS)),
        "one person, identical": (np.ones_like(plain), [2] * len(LABELS)),
        "all different": (plain[:CLASSES], list(range(CLASSES))),
        "one image": (plain[:1], [1]),
        "two images of one person": (plain[:2], [1, 1]),
        "two people": (plain[:2], [1, 2]),
        "one number long": (plain[:, :1].repeat(dimension, 1), LABELS),
    }


def tensor(values: NDArray[np.floating], kind: str = "float64", *, learned: bool = False) -> paddle.Tensor:
    made = paddle.to_tensor(np.asarray(values, kind))
    made.stop_gradient = not learned
    return made


def people(labels: list[int]) -> paddle.Tensor:
    return paddle.to_tensor(np.asarray(labels, np.int64))


def double(loss: nn.Layer) -> nn.Layer:
    """The same in float64, which leaves rounding out of comparisons."""
    loss.to(dtype="float64")
    return loss


def value(loss: nn.Layer, given: NDArray[np.float64], second: paddle.Tensor) -> float:
    """In float64; ``second`` is the labels, or the teacher's embeddings."""
    return loss(tensor(given), second).item()


def gradient(loss: nn.Layer, given: NDArray[np.float64], second: paddle.Tensor) -> NDArray[np.float64]:
    """Of the features, by the loss's own backward pass."""
    held = tensor(given, learned=True)
    loss(held, second).backward()
    return held.grad.numpy()


def differences(of: Callable[[NDArray[np.float64]], float], at: NDArray[np.float64], step: float = 1e-6):
    """The gradient of ``of`` by central finite differences, number by number."""
    slopes = np.zeros_like(at)
    for place in np.ndindex(at.shape):
        up, down = at.copy(), at.copy()
        up[place] += step
        down[place] -= step
        slopes[place] = (of(up) - of(down)) / (2 * step)
    return slopes


def check_gradients(loss: nn.Layer, given: NDArray[np.float64], second: paddle.Tensor) -> None:
    """Of the features and of every parameter."""
    loss.eval()  # centres stand still
    expected = differences(lambda moved: value(loss, moved, second), given)
    assert np.abs(expected).max() > 1e-6, "a gradient of 0 proves nothing"
    np.testing.assert_allclose(gradient(loss, given, second), expected, rtol=1e-5, atol=1e-7)
    for name, parameter in loss.named_parameters():
        before = parameter.numpy()

        def with_it(moved, parameter=parameter):
            parameter.set_value(moved)
            return value(loss, given, second)

        slopes = differences(with_it, before)
        parameter.set_value(before)
        parameter.clear_gradient()
        gradient(loss, given, second)
        np.testing.assert_allclose(parameter.grad.numpy(), slopes, rtol=1e-5, atol=1e-7, err_msg=name)


def check_stays_finite(
    loss: nn.Layer, given: NDArray[np.float64], second: paddle.Tensor
) -> tuple[float, NDArray[np.float32]]:
    """In float32, as in training: value, gradients and what the loss keeps are numbers; gives value and gradient."""
    loss.train()
    loss.clear_gradients()
    held = tensor(given, "float32", learned=True)
    result = loss(held, second)
    result.backward()
    assert result.shape == []
    assert -1e-6 <= result.item() < np.inf
    assert np.isfinite(held.grad.numpy()).all()
    for name, parameter in loss.named_parameters():
        assert parameter.grad is None or np.isfinite(parameter.grad.numpy()).all(), name
    for name, kept in loss.state_dict().items():
        assert np.isfinite(kept.numpy()).all(), name
    return result.item(), held.grad.numpy()


def check_values(loss: nn.Layer, plain: Callable[[NDArray[np.float64], list[int]], float]) -> None:
    """They are those of the plain loops, on random and on extreme batches."""
    double(loss).eval()
    batches = [(features(seed, scale=scale), LABELS) for seed in range(3) for scale in (0.3, 3.0)]
    for given, labels in [*batches, *extremes().values()]:
        found, expected = value(loss, given, people(labels)), plain(given, labels)
        np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9, err_msg=str((given, labels)))
