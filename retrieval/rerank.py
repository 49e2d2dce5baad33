"""k-reciprocal re-ranking of the top candidates (Zhong et al. 2017, arXiv 1701.08398)."""

import numpy as np
from numpy.typing import NDArray


def k_reciprocal_distances(
    vectors: NDArray[np.float32], *, k1: int = 20, k2: int = 6, lambda_value: float = 0.3
) -> NDArray[np.float32]:
    """Distances from the first vector to all others, re-ranked by shared neighbourhoods.

    Each item is described by its k-reciprocal neighbours (eq. 3-5), weighted by exp(-distance) (eq. 7) and smoothed
    over its k2 nearest (local query expansion, eq. 11); the Jaccard distance of two descriptions (eq. 10) is mixed
    with the original one (eq. 12). The original distance is the squared Euclidean one over its largest value in each
    row, as in the authors' code. Memory and time grow with the square of N: meant for some hundred candidates.

    Args:
        vectors: (1 + N, D) float32, unit length: the query, then its candidates.
        k1: Size of the neighbourhood.
        k2: Neighbours for the expansion.
        lambda_value: Weight of the original distance, 0-1.

    Returns:
        (N,) float32, lower is closer.

    Raises:
        ValueError: If there is no query, or a parameter is out of its range.
    """
    if len(vectors) == 0 or k1 < 1 or k2 < 1 or not 0 <= lambda_value <= 1:
        raise ValueError(f"re-ranking needs a query, k1, k2 >= 1 and lambda in 0-1, not {len(vectors)}, {k1}, {k2}")
    original = squared_distances(vectors)
    original /= np.maximum(original.max(axis=1, keepdims=True), 1e-12)
    ranks = np.argsort(original, axis=1, kind="stable")
    weights = neighbourhood_weights(original, ranks, k1)
    if k2 > 1:
        weights = weights[ranks[:, :k2]].mean(axis=1)
    jaccard = jaccard_distances(weights)
    return np.asarray((1 - lambda_value) * jaccard + lambda_value * original[0], np.float32)[1:]


def squared_distances(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Squared Euclidean distances of unit vectors, (N, N)."""
    wide = vectors.astype(np.float64)
    return np.asarray(np.maximum(2.0 - 2.0 * wide @ wide.T, 0.0))


def neighbourhood_weights(distances: NDArray[np.float64], ranks: NDArray[np.intp], k1: int) -> NDArray[np.float64]:
    """One row per item: how strongly each other one belongs to its expanded k-reciprocal neighbourhood.

    The neighbourhood takes in the half-size one of each of its members if two thirds of that lie inside (eq. 5).
    """
    whole = reciprocal_neighbours(ranks, k1)
    half = reciprocal_neighbours(ranks, round(k1 / 2))
    shared = half.astype(np.float64) @ whole.T.astype(np.float64)  # [candidate, item]
    joins = whole & (2.0 / 3.0 * half.sum(axis=1)[None, :] < shared.T)
    expanded = whole | ((joins.astype(np.float64) @ half.astype(np.float64)) > 0)
    weights = np.where(expanded, np.exp(-distances), 0.0)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def reciprocal_neighbours(ranks: NDArray[np.intp], k: int) -> NDArray[np.bool_]:
    """Which items are among each other's k nearest (themselves not counted), (N, N) bool."""
    near = np.zeros(ranks.shape, bool)
    np.put_along_axis(near, ranks[:, : k + 1], True, axis=1)
    return near & near.T


def jaccard_distances(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Jaccard distance of the first item's description to everyone's, (N,)."""
    smaller = np.minimum(weights[0], weights).sum(axis=1)
    return np.asarray(1.0 - smaller / (2.0 - smaller))
