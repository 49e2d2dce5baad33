import math

import numpy as np
import pytest

from ingest.paddle_library import paddle
from training.masked import largest, masked_logsumexp, masked_mean, smallest

VALUES = [[1.0, 5.0, 5.0], [-2.0, -3.0, 4.0], [7.0, 8.0, 9.0]]
MASK = [[True, True, True], [True, True, False], [False, False, False]]


def matrix(values=VALUES):
    return paddle.to_tensor(np.array(values, np.float32), stop_gradient=False)


def mask():
    return paddle.to_tensor(np.array(MASK))


def slope(result, values) -> list[list[float]]:
    result.backward()
    return values.grad.numpy().tolist()


def test_the_mean_of_what_is_there():
    values = matrix()
    found = masked_mean(values, mask())
    assert found.item() == pytest.approx((1 + 5 + 5 - 2 - 3) / 5)
    np.testing.assert_allclose(slope(found, values), np.array(MASK) / 5, rtol=1e-6)


def test_the_mean_of_nothing_and_beside_what_is_no_number():
    values = matrix([[np.nan, np.inf]])
    found = masked_mean(values, paddle.to_tensor(np.array([[False, False]])))
    assert found.item() == 0
    assert slope(found, values) == [[0, 0]]


def test_the_mean_of_large_numbers_does_not_overflow():
    values = matrix([[3e38, 3e38, 3e38]])
    assert masked_mean(values, paddle.to_tensor(np.ones([1, 3], bool))).item() == pytest.approx(3e38)


def test_log_sum_exp():
    values = matrix([[1000.0, 1001.0, 5.0], [-2000.0, -3.0, 4.0], [0.0, 0.0, 0.0]])
    shown = paddle.to_tensor(np.array([[True, True, False], [True, False, False], [False, False, False]]))
    found = masked_logsumexp(values, shown)
    assert found.numpy()[:2].tolist() == pytest.approx([1001 + math.log(1 + math.exp(-1)), -2000])
    share = 1 / (1 + math.exp(1))
    np.testing.assert_allclose(slope(found[:2].sum(), values), [[share, 1 - share, 0], [1, 0, 0], [0, 0, 0]], rtol=1e-4)


def test_a_row_where_nothing_counts_stays_finite():
    values = matrix()
    for of in (masked_logsumexp, largest, smallest):
        found = of(values, mask())
        assert np.isfinite(found.numpy()).all()
        assert np.isfinite(slope(found.sum(), values)).all()


def test_extremes_and_one_gradient_of_equal_ones():
    values = matrix()
    assert largest(values, mask()).numpy().tolist()[:2] == [5, -2]
    assert smallest(values, mask()).numpy().tolist()[:2] == [1, -3]
    assert slope(largest(values, mask())[:2].sum(), values) == [[0, 1, 0], [1, 0, 0], [0, 0, 0]]
