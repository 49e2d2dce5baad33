"""Which tracklets of a gallery show one person, without labels: shared neighbours, joined unless it cannot be."""

import numpy as np
from numpy.typing import NDArray

NEIGHBOURS = 4
"""Size of a neighbourhood: small, since a person is seen few times."""
LEAST_SHARED = 0.5
"""Of two neighbourhoods, for their tracklets to be joined."""


def group_people(
    similarity: NDArray[np.float64],
    apart: NDArray[np.bool_],
    *,
    neighbours: int = NEIGHBOURS,
    least: float = LEAST_SHARED,
) -> NDArray[np.int64]:
    """Groups tracklets by average linkage of what their neighbourhoods share, never two that are apart for certain.

    Args:
        similarity: (N, N), symmetric.
        apart: (N, N), symmetric: pairs that must not be in one group.
        neighbours: Size of a neighbourhood.
        least: Groups are joined while they share so much, 0-1.

    Returns:
        (N,) int64, number of the group of each, from 0.
    """
    if len(similarity) == 0:
        return np.zeros(0, np.int64)
    return average_linkage(shared_neighbours(similarity, neighbours), apart, least)


def shared_neighbours(similarity: NDArray[np.float64], neighbours: int) -> NDArray[np.float64]:
    """(N, N) Jaccard similarity, 0-1, of k-reciprocal neighbourhoods, each the mean of those of its nearest third.

    The descriptions are those of re-ranking (Zhong et al. 2017, arXiv 1701.08398, eq. 7, 10 and 11) without the expansion
    of eq. 5, for which neighbourhoods are too small here.
    """
    count = len(similarity)
    order = np.argsort(-similarity, axis=1, kind="stable")
    near = np.zeros(similarity.shape, np.bool_)
    np.put_along_axis(near, order[:, : neighbours + 1], True, axis=1)
    near |= np.eye(count, dtype=np.bool_)
    weights = np.where(near & near.T, np.exp(np.clip(4 * (similarity - 1), -60, 60)), 0)
    weights /= weights.sum(axis=1, keepdims=True)
    described = weights[order[:, : max(1, neighbours // 3) + 1]].mean(axis=1)
    shared = np.empty(similarity.shape)
    for row in range(count):
        members = np.flatnonzero(described[row])
        shared[row] = np.minimum(described[:, members], described[row, members]).sum(axis=1)
    return shared / (2 - shared)


def average_linkage(shared: NDArray[np.float64], apart: NDArray[np.bool_], least: float) -> NDArray[np.int64]:
    """Joins the two groups that share most on average, as long as that is ``least``; (N,) int64 numbers of groups."""
    between = np.where(apart, -np.inf, shared)
    np.fill_diagonal(between, -np.inf)
    sizes = np.ones(len(shared))
    labels = np.arange(len(shared))
    best = between.argmax(axis=1)
    value = between.max(axis=1)
    while value.max() >= least:
        one = int(value.argmax())
        other = int(best[one])
        joined = (between[one] * sizes[one] + between[other] * sizes[other]) / (sizes[one] + sizes[other])
        joined[one] = -np.inf
        between[one], between[:, one] = joined, joined
        between[other], between[:, other] = -np.inf, -np.inf
        sizes[one] += sizes[other]
        labels[labels == other] = one
        # Only these rows can have another best partner now.
        changed = np.flatnonzero((best == one) | (best == other) | (joined > value))
        changed = np.union1d(changed, [one, other])
        best[changed], value[changed] = between[changed].argmax(axis=1), between[changed].max(axis=1)
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)
