"""How the tracks looked lately: the last features of each, and the smallest cosine distance to them."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Features = NDArray[np.float32]
Ids = NDArray[np.int64]

WASTE = 1.25
"""Rows kept for each row needed, before those no longer needed are thrown away."""


class FeatureBank:
    """The last features of all tracks, in one matrix in the order in which they came.

    One matrix product gives the similarities to all of them, one sort by track the groups. Features beyond the budget
    or of forgotten tracks stay behind for a while, so that dropping them costs next to nothing per frame.

    Args:
        budget: Features kept per track; None keeps all.
    """

    def __init__(self, budget: int | None) -> None:
        self.budget = budget
        self._owners = np.zeros(0, np.int64)
        self._features = np.zeros((0, 0), np.float32)
        self._used = 0

    @property
    def dimension(self) -> int:
        """Length of the features, 0 before the first."""
        return int(self._features.shape[1])

    def add(self, ids: Ids, features: Features) -> None:
        """Adds one feature (K, D) to each of some tracks (K,)."""
        if not len(ids):
            return
        self._reserve(self._used + len(ids), features.shape[1])
        self._owners[self._used : self._used + len(ids)] = ids
        self._features[self._used : self._used + len(ids)] = features
        self._used += len(ids)

    def keep(self, ids: Ids) -> None:
        """Forgets all tracks but these (T,), ascending, and their features beyond the budget."""
        rows, _, _ = self._groups(ids)
        if self._used > WASTE * len(rows) + 64:
            rows = np.sort(rows)
            self._owners, self._features = self._owners[rows], self._features[rows]
            self._used = len(rows)

    def distances(self, ids: Ids, features: Features) -> Floats:
        """Smallest cosine distance of each track to each feature.

        Args:
            ids: (T,), ascending.
            features: (N, D) float32, unit length.

        Returns:
            (T, N); infinite for a track without features.
        """
        distances = np.full((len(ids), len(features)), np.inf)
        rows, known, starts = self._groups(ids)
        if len(rows) and len(features):
            similarities = self._features[: self._used] @ features.T
            closest = np.maximum.reduceat(similarities[rows], starts, axis=0)
            distances[known] = np.float32(1) - closest
        return distances

    def state(self) -> tuple[Ids, Features]:
        """Owners (F,) and features (F, D), as they lie: what ``restore`` takes."""
        return self._owners[: self._used].copy(), self._features[: self._used].copy()

    def restore(self, owners: Ids, features: Features) -> None:
        """Goes on from what ``state`` gave."""
        self._owners, self._features = owners.astype(np.int64), features.astype(np.float32)
        self._used = len(owners)

    def _groups(self, ids: Ids) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Rows of the last features of the tracks (T,), grouped by track.

        Returns:
            Rows, group after group, oldest first; the indices into ``ids`` that have a group; where each group starts.
        """
        owners = self._owners[: self._used]
        order = np.argsort(owners, kind="stable")
        first = np.searchsorted(owners, ids, "left", sorter=order)
        last = np.searchsorted(owners, ids, "right", sorter=order)
        if self.budget is not None:
            first = np.maximum(first, last - self.budget)
        known = np.flatnonzero(last > first)
        counts = (last - first)[known]
        starts = np.cumsum(counts) - counts
        within = np.arange(counts.sum()) - np.repeat(starts, counts)
        return order[np.repeat(first[known], counts) + within], known, starts

    def _reserve(self, rows: int, dimension: int) -> None:
        if rows <= len(self._owners) and dimension == self.dimension:
            return
        room = max(rows, 2 * self._used, 256)
        owners, features = np.zeros(room, np.int64), np.zeros((room, dimension), np.float32)
        owners[: self._used] = self._owners[: self._used]
        if self._used:
            features[: self._used] = self._features[: self._used]
        self._owners, self._features = owners, features
