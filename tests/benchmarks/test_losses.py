from dataclasses import replace

import pytest

from benchmarks import plain_losses
from benchmarks.losses import CASES, gradients_differ, milliseconds, values_differ
from tests.conftest import REPOSITORY
from training.loss_terms import read_terms
from training.objective import LOSSES


def test_every_loss_has_a_row_in_the_table_and_in_the_docs():
    assert {read_terms(case.text)[0].name for case in CASES} == set(LOSSES)
    docs = (REPOSITORY / "docs/train.md").read_text().partition("## Losses")[2]
    assert all(docs.count(f"\n| `{case.text}` | ") == (2 if case.text in LOSSES else 1) for case in CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text)
def test_in_float32_it_is_right_too(case):
    found = values_differ(case, 1)
    assert (found is None) == (case.text == "triplet(mining=random)")
    assert (found or 0) < 2e-5


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text)
def test_a_wrong_loss_would_be_seen(case):
    """The triplet loss's plain loops stand for all that is wrong."""
    wrong = replace(case, plain=lambda _: lambda f, y: 1.1 * plain_losses.triplet(f, y), frozen=None)
    assert values_differ(wrong, 1) > 0.05
    assert gradients_differ(wrong) > 0.05


def test_all_are_timed():
    took = milliseconds(1, people=2, images=2, dimension=8, classes=5)
    assert list(took) == [case.text for case in CASES]
    assert min(took.values()) > 0
