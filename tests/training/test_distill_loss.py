import math

import numpy as np
import pytest

from benchmarks import plain_losses
from ingest.paddle_library import paddle
from tests.training.loss_batches import check_gradients, check_stays_finite, double, extremes, features, tensor, value
from training.distill_loss import DistillLoss


def teacher(count: int, dimension: int) -> np.ndarray:
    return plain_losses.units(features(11, count=count, dimension=dimension))


@pytest.mark.parametrize("distance", ["cosine", "l2"])
@pytest.mark.parametrize("dimension", [4, 3, 6])
def test_it_is_what_plain_loops_give(distance, dimension):
    paddle.seed(0)
    one = double(DistillLoss(4, dimension, distance=distance))
    weight = None if dimension == 4 else one.projection.weight.numpy()
    for given, _ in extremes().values():
        taught = teacher(len(given), dimension)
        expected = plain_losses.distill(given, taught, weight, distance=distance)
        assert value(one, given, tensor(taught)) == pytest.approx(expected, rel=1e-9)
    check_gradients(one, features(3), tensor(teacher(9, dimension)))


def test_by_hand():
    given, taught = np.array([[3.0, 0.0], [2.0, 2.0]]), tensor(np.array([[1.0, 0.0], [0.0, 1.0]]))
    assert value(DistillLoss(2, 2), given, taught) == pytest.approx((0 + 1 - 1 / math.sqrt(2)) / 2)
    assert value(DistillLoss(2, 2, distance="l2"), given, taught) == pytest.approx((4 + 5) / 2)


def test_there_is_a_projection_only_where_lengths_differ():
    assert DistillLoss(4, 4).parameters() == []
    (weight,) = DistillLoss(4, 6).parameters()
    assert weight.shape == [4, 6]


@pytest.mark.parametrize("name", extremes())
@pytest.mark.parametrize("distance", ["cosine", "l2"])
@pytest.mark.parametrize("dimension", [4, 6])
def test_it_stays_finite(name, distance, dimension):
    given = extremes()[name][0]
    check_stays_finite(
        DistillLoss(4, dimension, distance=distance), given, tensor(teacher(len(given), dimension), "float32")
    )
