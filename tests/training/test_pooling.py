import numpy as np
import pytest

from ingest.paddle_library import paddle
from training.pooling import AveragePooling, GeMPooling


def test_average_by_hand():
    x = paddle.to_tensor([[[[1.0, 2.0], [3.0, 6.0]]]])
    assert AveragePooling()(x).numpy().tolist() == [[3.0]]


def test_gem_by_hand():
    x = paddle.to_tensor([[[[1.0, 2.0], [0.0, 3.0]]]])
    assert GeMPooling(3)(x).item() == pytest.approx(((1 + 8 + 27) / 4) ** (1 / 3), rel=1e-6)
    assert GeMPooling(1)(x).item() == pytest.approx(1.5, rel=1e-5)
    assert GeMPooling(200)(x).item() == pytest.approx(3.0, rel=0.01)


def test_gem_is_never_under_average_pooling():
    x = paddle.to_tensor([[[[1.0, 2.0], [0.0, 3.0]]]])
    assert GeMPooling(-2)(x).item() == pytest.approx(1.5, rel=1e-5)


@pytest.mark.parametrize("scale", [0.0, 1e-30, 1e-6, 1e-3, 1.0, 1e6, 1e30])
@pytest.mark.parametrize("p", [1.0, 3.0, 40.0])
def test_gem_and_its_gradients_are_finite_at_any_size(scale, p):
    values = np.random.default_rng(0).uniform(size=(2, 3, 4, 2)).astype(np.float32)
    x = paddle.to_tensor((values * np.float32(scale)).astype(np.float32), stop_gradient=False)
    layer = GeMPooling(p)
    found = layer(x)
    found.sum().backward()
    for part in (found, x.grad, layer.p.grad):
        assert np.isfinite(part.numpy()).all()
    least = np.maximum(values.astype(np.float64) * scale, 1e-6)
    largest = least.max(axis=(2, 3), keepdims=True)
    expected = ((least / largest) ** p).mean(axis=(2, 3)) ** (1 / p) * largest[:, :, 0, 0]
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-4)


def test_gem_is_in_full_precision_whatever_it_is_given():
    x = paddle.to_tensor([[[[60000.0, 50000.0]]]]).astype("float16")
    found = GeMPooling(3)(x)
    assert found.dtype == paddle.float32
    assert found.item() == pytest.approx(((60000.0**3 + 50000.0**3) / 2) ** (1 / 3), rel=1e-3)


def test_gradients_of_gem_are_those_of_finite_differences():
    values = np.random.default_rng(1).uniform(0.1, 2, size=(1, 2, 3, 2))
    x = paddle.to_tensor(values.astype(np.float32), stop_gradient=False)
    layer = GeMPooling(2.5)
    layer(x).sum().backward()

    def pooled(array, p):
        return ((array**p).mean(axis=(2, 3)) ** (1 / p)).sum()

    step = 1e-5
    slow = np.zeros_like(values)
    for place in np.ndindex(values.shape):
        more, less = values.copy(), values.copy()
        more[place] += step
        less[place] -= step
        slow[place] = (pooled(more, 2.5) - pooled(less, 2.5)) / (2 * step)
    np.testing.assert_allclose(x.grad.numpy(), slow, rtol=1e-3, atol=1e-5)
    of_p = (pooled(values, 2.5 + step) - pooled(values, 2.5 - step)) / (2 * step)
    assert layer.p.grad.item() == pytest.approx(of_p, rel=1e-3)
