"""What inverted lists propose, before it is scored exactly."""

import numpy as np
from numpy.typing import NDArray


def merged(
    scores: NDArray[np.float32],
    numbers: NDArray[np.int64],
    more: NDArray[np.float32],
    others: NDArray[np.int64],
    count: int,
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The best so many of two sets of candidates, best first."""
    if scores.shape[1]:
        more, others = np.concatenate([scores, more], axis=1), np.concatenate([numbers, others], axis=1)
    order = np.argsort(-more, axis=1, kind="stable")[:, :count]
    return np.take_along_axis(more, order, axis=1), np.take_along_axis(others, order, axis=1)


def kth_different(scores: NDArray[np.float32], numbers: NDArray[np.int64], k: int) -> NDArray[np.float32]:
    """The rough similarity of the k-th different tracklet of each query, -inf where there are fewer."""
    found = np.full(len(scores), -np.inf, np.float32)
    for query, (values, owners) in enumerate(zip(scores, numbers, strict=True)):
        first = np.sort(np.unique(owners[np.isfinite(values)], return_index=True)[1])
        if len(first) >= k:
            found[query] = values[first[k - 1]]
    return found
