"""Which detection belongs to which track: gating, cascade, and optimal assignment (arXiv 1703.07402, 2.2-2.4)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Matches:
    """Pairs of rows and columns of a distance matrix.

    Attributes:
        rows: (K,) int64.
        columns: (K,) int64, the partner of each row.
        left: Columns without partner, int64. Their order decides which of them gets the lower new id: first those that
            the assignment never took, then those it took at too large a distance, by row.
    """

    rows: Indices
    columns: Indices
    left: Indices

    def then(self, later: "Matches") -> "Matches":
        """These pairs and those found later among what they had left."""
        return self._with(later, later.left)

    def beside(self, other: "Matches") -> "Matches":
        """These pairs and those found among other columns; what is left is left of these."""
        return self._with(other, self.left)

    def _with(self, other: "Matches", left: Indices) -> "Matches":
        rows, columns = np.concatenate([self.rows, other.rows]), np.concatenate([self.columns, other.columns])
        return Matches(rows, columns, left)


def assign(distances: Floats, max_distance: float) -> Matches:
    """The pairs of least total distance, none farther than ``max_distance``.

    A pair that is too far counts as just above the limit, so it is never better than one within it, and how much too
    far it is does not bend the others.

    Args:
        distances: (R, C), may hold infinity.
        max_distance: Largest distance of a pair.

    >>> found = assign(np.array([[0.1, 0.9], [0.2, 0.3]]), 0.5)
    >>> found.rows.tolist(), found.columns.tolist(), found.left.tolist()
    ([0, 1], [0, 1], [])
    """
    limited = np.where(distances > max_distance, max_distance + 1e-5, distances)
    rows, columns = (np.asarray(found, np.int64) for found in linear_sum_assignment(limited))
    near = limited[rows, columns] <= max_distance
    untouched = np.ones(distances.shape[1], np.bool_)
    untouched[columns] = False
    return Matches(rows[near], columns[near], np.concatenate([np.flatnonzero(untouched), columns[~near]]))


def assign_among(distances: Floats, max_distance: float, rows: Indices, columns: Indices) -> Matches:
    """``assign`` within some rows and columns of a matrix, whose order decides between equals."""
    if not len(rows) or not len(columns):
        return Matches(np.zeros(0, np.int64), np.zeros(0, np.int64), columns)
    found = assign(distances[np.ix_(rows, columns)], max_distance)
    return Matches(rows[found.rows], columns[found.columns], columns[found.left])


def cascade(
    distances: Floats, missed: Indices, max_distance: float, max_age: int, rows: Indices, columns: Indices
) -> Matches:
    """The matching cascade: tracks seen more lately choose first.

    Args:
        distances: (T, N), gated.
        missed: (T,) frames since each track was last seen, at least 1.
        max_distance: Largest distance of a pair.
        max_age: Tracks missed for longer do not take part.
        rows: The tracks that take part, ascending.
        columns: The detections that take part.
    """
    pairs = [np.zeros((2, 0), np.int64)]
    left = columns
    ages = np.unique(missed[rows])
    for age in ages[ages <= max_age]:
        found = assign_among(distances, max_distance, rows[missed[rows] == age], left)
        pairs.append(np.stack([found.rows, found.columns]))
        left = found.left
    matched, partners = np.concatenate(pairs, axis=1)
    return Matches(matched, partners, left)
