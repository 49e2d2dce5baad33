"""k-reciprocal re-ranking against its definition, step by step with sets."""

import numpy as np
import pytest

from retrieval.rerank import Reranking, k_reciprocal_distances, reranked_distances


def by_sets(vectors, k1, k2, lambda_value):
    """The paper's equations with Python sets and loops."""
    wide = vectors.astype(np.float64)
    distances = 2 - 2 * wide @ wide.T
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
        weights[i] /= weights[i].sum()
    weights = np.array([np.mean([weights[j] for j in ranks[i][:k2]], axis=0) for i in range(n)])
    jaccard = [
        1 - np.minimum(weights[0], weights[j]).sum() / np.maximum(weights[0], weights[j]).sum() for j in range(n)
    ]
    return (1 - lambda_value) * np.array(jaccard)[1:] + lambda_value * distances[0, 1:]


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(("k1", "k2"), [(20, 6), (6, 3), (3, 1), (50, 15)])
def test_equals_the_definition(seed, k1, k2):
    rng = np.random.default_rng(seed)
    people = rng.normal(size=(8, 16))
    vectors = people[rng.integers(0, 8, 60)] + 0.5 * rng.normal(size=(60, 16))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    ours = k_reciprocal_distances(vectors, Reranking(k1, k2, 0.3))
    assert ours == pytest.approx(by_sets(vectors, k1, k2, 0.3), abs=1e-6)


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
