"""The protocol of Market-1501 by hand, and against plain loops."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.reid_metrics import average_precision, evaluate_distances, evaluate_rankings, trapezoid_precision


def scored(distances, query_people, query_cameras, gallery_people, gallery_cameras, **options):
    table = np.array(distances, np.float32)
    truth = (np.array(values) for values in (query_people, query_cameras, gallery_people, gallery_cameras))
    return evaluate_distances(lambda block: table[block].copy(), *truth, **options)


def by_loops(distances, query_people, query_cameras, gallery_people, gallery_cameras):
    """Each scored query's hits (from 1), as the protocol says it."""
    found = {}
    for q, row in enumerate(distances):
        ranked = []
        for g in sorted(range(len(row)), key=lambda g: row[g]):  # a stable sort
            same = gallery_people[g] == query_people[q]
            if gallery_people[g] == -1 or (same and gallery_cameras[g] == query_cameras[q]):
                continue
            ranked.append(same)
        hits = [place for place, same in enumerate(ranked, start=1) if same]
        if hits:
            found[q] = hits
    return found


@pytest.mark.parametrize(
    ("hits", "precision", "trapezoid"),
    [([1, 3], 0.8333, 0.7917), ([2], 0.50, 0.25), ([1], 1, 1), ([1, 2, 3], 1, 1), ([2, 4], 0.5, (0.25 + 0.41667) / 2)],
)
def test_both_definitions_of_ap_by_hand(hits, precision, trapezoid):
    assert average_precision(hits) == pytest.approx(precision, abs=5e-5)
    assert trapezoid_precision(hits) == pytest.approx(trapezoid, abs=5e-5)


def test_a_ranking_by_hand():
    # Ranked: own camera (left out), junk (left out), hit, distractor, another person, hit, hit.
    scores = scored([[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]], [5], [1], [5, -1, 5, 0, 6, 5, 5], [1, 2, 2, 3, 2, 3, 4])
    assert scores.hit_ranks[0].tolist() == [1, 4, 5]
    assert scores.mean_precision == pytest.approx((1 + 2 / 4 + 3 / 5) / 3)
    assert scores.mean_trapezoid == pytest.approx((1 + (1 / 3 + 2 / 4) / 2 + (2 / 4 + 3 / 5) / 2) / 3)
    assert scores.mean_penalty == pytest.approx(3 / 5)
    assert scores.gallery == 6
    assert scores.rank(1) == 1


def test_another_person_in_the_same_camera_stays():
    assert scored([[0.1, 0.2]], [5], [1], [6, 5], [1, 2]).hit_ranks[0].tolist() == [2]


def test_queries_without_a_match_are_left_out_and_counted():
    scores = scored(np.zeros((4, 3)), [5, 6, 9, 7], [1, 1, 1, 1], [5, 6, 7], [2, 1, 2])
    assert scores.scored.tolist() == [0, 3]
    assert scores.without_match.tolist() == [1, 2]  # seen by its own camera only, and by none


def test_junk_is_never_found_and_zero_is_somebody():
    scores = scored(np.zeros((2, 2)), [-1, 0], [1, 1], [-1, 0], [2, 2])
    assert scores.scored.tolist() == [1]


def test_equal_distances_keep_the_order_of_the_gallery():
    assert scored([[0.5, 0.5, 0.5, 0.5]], [1], [1], [2, 1, 3, 1], [2, 2, 2, 2]).hit_ranks[0].tolist() == [2, 4]


def test_the_curve():
    scores = scored([[0, 1, 2], [1, 0, 2], [2, 1, 0]], [1, 1, 1], [1, 1, 1], [1, 2, 3], [2, 2, 2])
    assert scores.first_ranks.tolist() == [1, 2, 3]
    assert scores.cmc().tolist() == pytest.approx([1 / 3, 2 / 3, 1])
    assert scores.cmc(5).tolist() == pytest.approx([1 / 3, 2 / 3, 1, 1, 1])
    assert scores.cmc(2).tolist() == pytest.approx([1 / 3, 2 / 3])
    assert [scores.rank(k) for k in (1, 2, 10)] == pytest.approx([1 / 3, 2 / 3, 1])


def test_without_any_match_there_are_no_means():
    scores = scored([[0.1]], [1], [1], [2], [2])
    assert len(scores.scored) == 0
    assert all(map(math.isnan, (scores.mean_precision, scores.mean_trapezoid, scores.mean_penalty, scores.rank(1))))
    assert scores.cmc(3).tolist() == [0, 0, 0]


PEOPLE, CAMERAS = st.integers(-1, 4), st.integers(1, 3)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_equals_plain_loops_whatever_is_tied_or_left_out(data):
    queries = data.draw(st.lists(st.tuples(PEOPLE.filter(lambda person: person >= 0), CAMERAS), min_size=1, max_size=4))
    gallery = data.draw(st.lists(st.tuples(PEOPLE, CAMERAS), min_size=1, max_size=12))
    row = st.lists(st.integers(0, 5), min_size=len(gallery), max_size=len(gallery))
    distances = data.draw(st.lists(row, min_size=len(queries), max_size=len(queries)))
    truth = [[one[k] for one in part] for part in (queries, gallery) for k in (0, 1)]
    scores, wanted = scored(distances, *truth), by_loops(distances, *truth)
    assert scores.scored.tolist() == list(wanted)
    assert [ranks.tolist() for ranks in scores.hit_ranks] == list(wanted.values())
    assert scores.gallery == sum(person != -1 for person, _ in gallery)


def test_many_queries_in_blocks_and_threads_are_the_same():
    rng = np.random.default_rng(4)
    vectors = rng.normal(size=(900, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    people, cameras = rng.integers(0, 30, 900), rng.integers(1, 5, 900)
    parts = (vectors[:600], people[:600], cameras[:600], vectors[600:], people[600:], cameras[600:])
    one, two = (evaluate_rankings(*parts, threads=threads) for threads in (1, 2))
    cosines = vectors[:600].astype(np.float64) @ vectors[600:].astype(np.float64).T
    wanted = by_loops(-cosines.astype(np.float32), *parts[1:3], *parts[4:])
    for scores in (one, two):
        assert [ranks.tolist() for ranks in scores.hit_ranks] == list(wanted.values())


AXES = np.eye(3, dtype=np.float32)
ONES = np.ones(3, np.int64)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ((2 * AXES, ONES, ONES, AXES, ONES, ONES), "query vector 0 has the length 2; give vectors of unit length"),
        ((AXES, ONES, ONES, np.full((3, 3), np.nan, np.float32), ONES, ONES), "gallery vector 0 has the length nan"),
        (
            (AXES, ONES, ONES, np.eye(4, dtype=np.float32), ONES, ONES),
            "query vectors have 3 numbers, gallery vectors 4",
        ),
        ((AXES[0], ONES, ONES, AXES, ONES, ONES), r"must be \(N, D\)"),
        ((AXES, ONES[:2], ONES, AXES, ONES, ONES), "query people must be 3 numbers"),
        ((AXES, ONES, ONES, AXES, ONES, ONES[:1]), "gallery cameras must be 3 numbers"),
    ],
)
def test_what_does_not_fit_is_refused(parts, message):
    with pytest.raises(ValueError, match=message):
        evaluate_rankings(*parts)


def test_a_distance_that_is_none_is_refused():
    with pytest.raises(ValueError, match="not finite"):
        scored([[math.nan, 1]], [1], [1], [1, 1], [2, 2])
