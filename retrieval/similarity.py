"""How similar a tracklet is to a person that some vectors describe."""

import numpy as np
from numpy.typing import NDArray

from gallery.rows import VectorRows


def tracklet_similarities(vectors: NDArray[np.float32], stored: VectorRows) -> dict[int, float]:
    """How similar each tracklet is to the query: the mean of two cosines, its mean's and its most similar crop's.

    The mean is steady, the best crop forgives a bad one; a tracklet without any crop counts by its mean alone. A query
    with several vectors counts by their mean, too.

    Args:
        vectors: (Q, D) float32, unit length.
        stored: All vectors of the candidates.

    Returns:
        Similarity, -1 to 1, by tracklet number.
    """
    if len(stored) == 0:
        return {}
    numbers, first = np.unique(stored.numbers, return_index=True)
    cosines = np.clip(stored.floats() @ unit_mean(vectors), -1, 1)  # float16 rounds lengths to a little above 1
    of_mean = np.maximum.reduceat(np.where(stored.ordinals == 0, cosines, -np.inf), first)
    of_crops = np.maximum.reduceat(np.where(stored.ordinals > 0, cosines, -np.inf), first)
    similarities = (of_mean + np.where(np.isfinite(of_crops), of_crops, of_mean)) / 2
    return dict(zip(numbers.tolist(), similarities.tolist(), strict=True))


def unit_mean(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The direction of the mean of some vectors, (D,) float32.

    >>> unit_mean(np.array([[1, 0], [0, 1]], np.float32)).round(3).tolist()
    [0.7070000171661377, 0.7070000171661377]
    """
    mean = vectors.mean(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-12), np.float32)
