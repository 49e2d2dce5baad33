"""k-reciprocal re-ranking against its definition, step by step with sets."""

from functools import partial

import numpy as np
import pytest

from retrieval import rerank
from retrieval.blocks import each_block
from retrieval.rerank import Reranking, k_reciprocal_distances, reranked_distances


def by_sets(vectors, k1, k2, lambda_value, queries=1):
    """The paper's equations with Python sets and loops: (queries, the others)."""
    wide = vectors.astype(np.float64)
    distances = 2 - 2 * (wide @ wide.T).astype(np.float32)
    distances = np.maximum(distances, 0)
    distances /= distances.max(axis=1, keepdims=True)
    n = len(vectors)
    ranks = [sorted(range(n), key=lambda j, i=i: (distances[i, j], j)) for i in range(n)]

    def reciprocal(i, k):
        return {j for j in ranks[i][: k + 1] if i in ranks[j][: k + 1]}

    weights = np.zeros((n, n))
    for i in range(n):
        expanded = set(reciprocal(i, k1))
        for j in reciprocal(i, k1):
            inner = reciprocal(j, round(k1 / 2))
            if len(inner & reciprocal(i, k1)) > 2 / 3 * len(inner):
                expanded |= inner
        for j in expanded:
            weights[i, j] = np.exp(-distances[i, j])
        weights[i] /= max(weights[i].sum(), 1e-12)
    weights = np.array([np.mean([weights[j] for j in ranks[i][:k2]], axis=0) for i in range(n)])
    shared = [[np.minimum(weights[i], weights[j]).sum() for j in range(queries, n)] for i in range(queries)]
    jaccard = 1 - np.array(shared) / (2 - np.array(shared))
    return (1 - lambda_value) * jaccard + lambda_value * distances[:queries, queries:]


def some_people(seed, count, people=8):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(people, 16))
    vectors = centres[rng.integers(0, people, count)] + 0.5 * rng.normal(size=(count, 16))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(("k1", "k2"), [(20, 6), (6, 3), (3, 1), (50, 15), (2, 5)])
def test_equals_the_definition(seed, k1, k2):
    vectors = some_people(seed, 60)
    ours = k_reciprocal_distances(vectors, Reranking(k1, k2, 0.3))
    assert ours == pytest.approx(by_sets(vectors, k1, k2, 0.3)[0], abs=1e-6)


@pytest.mark.parametrize("settings", [Reranking(), Reranking(7, 3, 0.1), Reranking(50, 15, 0.3), Reranking(4, 1, 0.0)])
@pytest.mark.parametrize("threads", [1, 2])
def test_many_queries_equal_the_definition_in_any_blocks(settings, threads, monkeypatch):
    monkeypatch.setattr(rerank, "each_block", partial(each_block, rows=13))
    vectors = some_people(5, 90)
    ours = reranked_distances(vectors[:20], vectors[20:], settings, threads=threads)
    wanted = by_sets(vectors, settings.k1, settings.k2, settings.lambda_value, queries=20)
    assert ours(slice(0, 20)) == pytest.approx(wanted, abs=1e-6)
    assert np.array_equal(ours(slice(4, 7)), ours(slice(0, 20))[4:7])


def test_many_equal_images_are_taken_in_their_order():
    vectors = some_people(6, 40)
    vectors[5:35] = vectors[5]  # more of them than a neighbourhood holds: some have nobody, not even themselves
    ours = reranked_distances(vectors[:10], vectors[10:], Reranking(8, 3))(slice(0, 10))
    assert ours == pytest.approx(by_sets(vectors, 8, 3, 0.3, queries=10), abs=1e-6)


def test_lambda_one_is_the_original_order():
    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(30, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ours = k_reciprocal_distances(vectors, Reranking(lambda_value=1.0))
    assert np.argsort(ours).tolist() == np.argsort(-(vectors[1:] @ vectors[0])).tolist()


def test_no_candidates_give_nothing_and_no_query_is_refused():
    assert k_reciprocal_distances(np.eye(1, 4, dtype=np.float32)).shape == (0,)
    with pytest.raises(ValueError, match="needs a query"):
        k_reciprocal_distances(np.zeros((0, 4), np.float32))


@pytest.mark.parametrize("wrong", [{"k1": 0}, {"k2": 0}, {"lambda_value": 1.5}, {"lambda_value": float("nan")}])
def test_parameters_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match="re-ranking needs k1, k2 >= 1 and lambda in 0-1"):
        Reranking(**wrong)
