"""What an index of vectors does, whichever engine is behind it."""

from collections.abc import Iterable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gallery.rows import VectorRows

Matches = tuple[NDArray[np.float32], NDArray[np.int64]]
"""Similarities (Q, k) float32, falling along each row, and tracklet numbers (Q, k) int64; padded by -inf and -1."""


def nothing(queries: int, k: int) -> Matches:
    """The answer to so many queries when there is nothing to find."""
    return np.full((queries, k), -np.inf, dtype=np.float32), np.full((queries, k), -1, dtype=np.int64)


class VectorIndex(Protocol):
    """Finds the tracklets that are nearest to a query. A tracklet has one or more vectors and counts by its nearest."""

    def __len__(self) -> int:
        """How many vectors it holds."""
        ...

    def upsert(self, rows: VectorRows) -> None:
        """Put in tracklets with all their vectors, in place of what it held of them."""
        ...

    def delete(self, numbers: NDArray[np.int64]) -> None:
        """Take out tracklets, (N,) int64; unknown ones are no error."""
        ...

    def search(self, queries: NDArray[np.float32], k: int, allowed: NDArray[np.int64] | None = None) -> Matches:
        """The k nearest tracklets of each query, each tracklet once.

        Args:
            queries: (Q, D) float32, unit length.
            k: How many, at least 1.
            allowed: (N,) int64, numbers of the only tracklets to look at; None for all.
        """
        ...

    def rebuild(self, batches: Iterable[VectorRows]) -> None:
        """Begin anew with these vectors. No tracklet is split between batches that are not neighbours."""
        ...
