"""Relevance feedback, by numbers worked by hand."""

import numpy as np
import pytest

from gallery.rows import VectorRows
from retrieval.feedback import Marks, Person, exemplars, penalties

X, Y = np.float32([1, 0]), np.float32([0, 1])
DIAGONAL = np.float32([0.6, 0.8])


def stored(*tracklets):
    """Tracklets 1, 2, ... of a mean and one crop that are alike."""
    numbers = np.repeat(np.arange(1, len(tracklets) + 1), 2)
    return VectorRows(numbers, np.tile([0, 1], len(tracklets)), np.repeat(np.float16(tracklets), 2, axis=0))


def test_without_feedback_the_question_stays_as_it_is():
    question = np.stack([X, Y, Y])
    assert exemplars(question, []) is question


def test_question_and_confirmed_tracklets_count_alike_however_many_vectors_they_have():
    made = exemplars(np.stack([X, X, X]), [np.stack([Y, Y, Y, Y]), Y[None]])
    assert made.tolist() == [[1, 0], [0, 1], [0, 1]]


def test_what_is_more_similar_to_a_rejected_one_goes_down_by_a_share():
    similarities = {1: 0.8, 2: 0.6, 3: 0.5}
    lower = penalties(similarities, [{1: 0.7, 2: 0.8, 3: 0.1}, {1: 0.2, 2: 0.9, 3: 0.6}], weight=0.5)
    assert lower == pytest.approx({1: 0, 2: 0.15, 3: 0.05})
    assert penalties(similarities, []) == {1: 0, 2: 0, 3: 0}


def test_a_confirmed_visit_is_compared_with_the_rest_of_the_question():
    rows = stored(X, Y, DIAGONAL)
    person = Person(X[None], {2: Y[None], 3: DIAGONAL[None]}, {})
    # Without tracklet 2 the person is the mean of (1, 0) and (0.6, 0.8): (1.6, 0.8) / sqrt(3.2).
    assert person.without([2], rows) == pytest.approx({2: 0.8 / np.sqrt(3.2)}, abs=1e-3)
    assert person.without([2, 3], rows) == pytest.approx({2: 0, 3: 0.6}, abs=1e-3)
    assert person.marked == [2, 3]


def test_a_person_lowers_what_is_like_somebody_rejected():
    rows = stored(X, Y, DIAGONAL)
    person = Person(X[None], {}, {2: Y[None]})
    # (0.6, 0.8) is 0.6 like the person and 0.8 like the rejected one.
    assert person.penalties({1: 1.0, 2: 0.0, 3: 0.6}, rows) == pytest.approx({1: 0, 2: 0.5, 3: 0.1}, abs=1e-3)


def test_a_sighting_is_what_any_of_its_tracklets_is():
    marks = Marks(("a", "b"), ("c",))
    assert [marks.of(ids) for ids in (["a"], ["c", "x"], ["c", "b"], ["x"], [])] == [
        "confirmed", "rejected", "confirmed", None, None,
    ]  # fmt: skip
