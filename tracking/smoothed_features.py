"""How the tracks look on average: one smoothed feature each (StrongSORT, arXiv 2202.13514, section 3.2)."""

import numpy as np
from numpy.typing import NDArray

from tracking.appearance import found_in

Floats = NDArray[np.float64]
Features = NDArray[np.float32]
Ids = NDArray[np.int64]


class SmoothedFeatures:
    """An exponential moving average of the features of each track, in the place of a ``FeatureBank``.

    Args:
        smoothing: Share of the old in the new average, 0-1.
    """

    def __init__(self, smoothing: float) -> None:
        self.smoothing = np.float32(smoothing)
        self._ids = np.zeros(0, np.int64)
        self._means = np.zeros((0, 0), np.float32)

    @property
    def dimension(self) -> int:
        """Length of the features, 0 before the first."""
        return int(self._means.shape[1])

    def add(self, ids: Ids, features: Features) -> None:
        """Adds one feature (K, D) to each of some tracks (K,)."""
        if not len(ids):
            return
        means = self._means.reshape(-1, features.shape[1])
        rows, known = found_in(self._ids, ids)
        rows = rows[known]
        means[rows] = unit(self.smoothing * means[rows] + (1 - self.smoothing) * features[known])
        self._ids = np.concatenate([self._ids, ids[~known]])
        self._means = np.concatenate([means, features[~known]])
        order = np.argsort(self._ids)
        self._ids, self._means = self._ids[order], self._means[order]

    def keep(self, ids: Ids) -> None:
        """Forgets all tracks but these (T,), ascending."""
        _, stay = found_in(ids, self._ids)
        self._ids, self._means = self._ids[stay], self._means[stay]

    def distances(self, ids: Ids, features: Features, enough: Floats) -> Floats:
        """Cosine distance of each track's average to the feature beside it.

        Args:
            ids: (P,), a track may stand there several times.
            features: (P, D) float32, unit length.
            enough: Makes no difference here.

        Returns:
            (P,); infinite for a track without features.
        """
        distances = np.full(len(ids), np.inf)
        rows, known = found_in(self._ids, ids)
        if known.any():
            distances[known] = np.float32(1) - np.vecdot(self._means[rows[known]], features[known])
        return distances

    def state(self) -> tuple[Ids, Features]:
        """Owners (F,) and averages (F, D): what ``restore`` takes."""
        return self._ids.copy(), self._means.copy()

    def restore(self, owners: Ids, features: Features) -> None:
        """Goes on from what ``state`` gave."""
        self._ids, self._means = owners.astype(np.int64), features.astype(np.float32)


def unit(vectors: Features) -> Features:
    """The vectors (N, D) at unit length; one without a length stays as it is."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), np.float32)
