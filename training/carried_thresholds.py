"""Thresholds of an adapted embedder, where nobody is named: those of before, at the same place among strangers."""

import numpy as np
from numpy.typing import NDArray

from ingest.thresholds import Thresholds
from training.footage import Footage, tracklet_means


def carried_over(
    known: Thresholds, footage: Footage, before: NDArray[np.float64], after: NDArray[np.float64]
) -> Thresholds:
    """Moves thresholds so that as many strangers lie above them as did.

    Nearly all pairs of tracklets of two cameras (of one, where there is one) are strangers, so the middle and the spread of
    their similarities, before and after, say what a similarity has become.

    Args:
        known: Of the embedder as it was.
        footage: Tracklets that neither learned from.
        before: (C, D) unit vectors of its crops by the embedder as it was.
        after: (C, D) those by the adapted one.
    """
    old, new = (_strangers(vectors, footage) for vectors in (before, after))

    def moved(similarity: float) -> float:
        return float(np.clip(new[0] + (similarity - old[0]) / old[1] * new[1], -0.99, 0.99))

    return Thresholds(
        operating_point=moved(known.operating_point),
        visit_similarity=moved(known.visit_similarity),
        max_cosine_distance=1 - moved(1 - known.max_cosine_distance),
    )


def _strangers(vectors: NDArray[np.float64], footage: Footage) -> tuple[float, float]:
    """Middle and spread of the similarities of tracklets."""
    means = tracklet_means(vectors, footage.owners, len(footage))
    similarity = means @ means.T
    cameras = footage.visits.cameras
    pairs = np.triu(cameras[:, None] != cameras, 1)
    if not pairs.any():
        pairs = np.triu(np.ones_like(pairs), 1)
    values = similarity[pairs]
    middle = float(np.median(values))
    return middle, max(1.4826 * float(np.median(np.abs(values - middle))), 1e-3)
