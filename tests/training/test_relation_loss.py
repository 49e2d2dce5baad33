import math

import numpy as np
import pytest

from benchmarks import plain_losses
from tests.training.loss_batches import check_gradients, check_stays_finite, double, extremes, features, tensor, value
from training.relation_loss import RelationLoss

KINDS = ["similarity", "distance", "angle"]


def teacher(count: int) -> np.ndarray:
    return plain_losses.units(features(11, count=count, dimension=6))


@pytest.mark.parametrize("of", KINDS)
def test_it_is_what_plain_loops_give(of):
    one = double(RelationLoss(of=of))
    for given in [features(0), features(1, scale=5.0), *(given for given, _ in extremes().values())]:
        taught = teacher(len(given))
        expected = plain_losses.relation(given, taught, of=of)
        assert value(one, given, tensor(taught)) == pytest.approx(expected, rel=1e-6, abs=1e-9)
    check_gradients(one, features(3, count=6), tensor(teacher(6)))


def test_by_hand():
    # The student's three at 0°, 90°, 180°; the teacher's at 0°, 90°, 90°.
    student = tensor(np.array([[2.0, 0.0], [0.0, 5.0], [-1.0, 0.0]]))
    taught = tensor(np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]))
    # Cosines 0, -1, 0 beside 0, 0, 1.
    assert RelationLoss()(student, taught).item() == pytest.approx(2 / 3)
    # Distances √2, 2, √2 beside √2, √2, 0, by their means.
    ours = (2 * math.sqrt(2) + 2) / 3
    gaps = [math.sqrt(2) / ours - 1.5, 2 / ours - 1.5, math.sqrt(2) / ours - 0]
    wanted = sum(0.5 * gap**2 for gap in gaps) / 3
    assert RelationLoss(of="distance")(student, taught).item() == pytest.approx(wanted)
    # The student's angles are 45°, 90°, 45°; the teacher's are 0° at the first and, of what coincides, no angle: 0.
    wanted = (0.5 * (math.sqrt(0.5) - 1) ** 2 + 0 + 0.5 * 0.5) / 3
    assert RelationLoss(of="angle")(student, taught).item() == pytest.approx(wanted)


@pytest.mark.parametrize("of", KINDS)
def test_a_student_that_lies_as_the_teacher_does_costs_nothing(of):
    taught = teacher(6)
    turned = 7 * taught @ np.linalg.qr(features(2, count=6, dimension=6))[0]
    assert RelationLoss(of=of)(tensor(turned), tensor(taught)).item() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("name", extremes())
@pytest.mark.parametrize("of", KINDS)
def test_it_stays_finite(name, of):
    given = extremes()[name][0]
    check_stays_finite(RelationLoss(of=of), given, tensor(teacher(len(given)), "float32"))
