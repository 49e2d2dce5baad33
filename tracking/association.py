"""Which detection belongs to which track: gating, cascade, and optimal assignment (arXiv 1703.07402, 2.2-2.4)."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

NOBODY = np.zeros(0, np.int64)


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


@dataclass(frozen=True, eq=False)
class Pairs:
    """The rows and columns of a distance matrix that are near each other; all other entries are infinite.

    In a crowd nearly all are far apart, so the pairs grow with the people and the matrix with their square.

    Attributes:
        rows: (P,) int64.
        columns: (P,) int64.
        distances: (P,).
        shape: Of the matrix.
    """

    rows: Indices
    columns: Indices
    distances: Floats
    shape: tuple[int, int]

    @classmethod
    def of(cls, matrix: Floats) -> "Pairs":
        """The finite entries of a matrix.

        >>> Pairs.of(np.array([[np.inf, 0.25]])).columns.tolist()
        [1]
        """
        rows, columns = np.nonzero(np.isfinite(matrix))
        return cls(rows, columns, matrix[rows, columns], matrix.shape)

    def only(self, which: NDArray[np.bool_] | Indices) -> "Pairs":
        """Some of the pairs, by a mask (P,) or their indices."""
        return Pairs(self.rows[which], self.columns[which], self.distances[which], self.shape)

    def within(self, max_distance: float) -> "Pairs":
        """Those not farther apart than that."""
        return self.only(self.distances <= max_distance)

    def table(self, rows: Indices, columns: Indices, max_distance: float) -> Floats:
        """The matrix (R, C) of some rows (R,) and columns (C,), all that is not near enough at ``too_far``."""
        row_at, column_at = np.full(self.shape[0], -1), np.full(self.shape[1], -1)
        row_at[rows], column_at[columns] = np.arange(len(rows)), np.arange(len(columns))
        among_rows, among_columns = row_at[self.rows], column_at[self.columns]
        inside = (among_rows >= 0) & (among_columns >= 0) & (self.distances <= max_distance)
        table = np.full((len(rows), len(columns)), too_far(max_distance))
        table[among_rows[inside], among_columns[inside]] = self.distances[inside]
        return table


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
    return solve(np.where(distances > max_distance, too_far(max_distance), distances), max_distance)


def solve(limited: Floats, max_distance: float) -> Matches:
    """``assign``, where all pairs that are too far are at ``too_far`` already."""
    rows, columns = linear_sum_assignment(limited)
    near = limited[rows, columns] <= max_distance
    untouched = np.ones(limited.shape[1], np.bool_)
    untouched[columns] = False
    return Matches(rows[near], columns[near], np.concatenate([np.flatnonzero(untouched), columns[~near]]))


def too_far(max_distance: float) -> float:
    """The distance of pairs beyond the limit."""
    return max_distance + 1e-5


def assign_among(pairs: Pairs, max_distance: float, rows: Indices, columns: Indices) -> Matches:
    """``assign`` within some rows and columns, whose order decides between equals."""
    if not len(rows) or not len(columns):
        return Matches(NOBODY, NOBODY, columns)
    found = solve(pairs.table(rows, columns, max_distance), max_distance)
    return Matches(rows[found.rows], columns[found.columns], columns[found.left])


def cascade(
    pairs: Pairs,
    distances_of: Callable[[Pairs], Floats],
    missed: Indices,
    max_distance: float,
    max_age: int,
    rows: Indices,
    columns: Indices,
) -> Matches:
    """The matching cascade: tracks seen more lately choose first.

    Tracks without any pair within the limit are not assigned, but they do change which of the columns left over comes
    first: the solver gives each the first column that is free, and so these go behind the untouched ones.

    Args:
        pairs: Tracks and detections that the gate lets through.
        distances_of: Gives the distances of some of the pairs (P,). Asked twice: for the tracks seen in the frame before,
            which take most detections, and for all others with what these left over.
        missed: (T,) frames since each track was last seen, at least 1.
        max_distance: Largest distance of a pair.
        max_age: Tracks missed for longer do not take part.
        rows: The tracks that take part, ascending.
        columns: The detections that take part.
    """
    found, left = [np.zeros((2, 0), np.int64)], columns
    free = np.zeros(pairs.shape[1], np.bool_)
    free[columns] = True
    lately = missed[pairs.rows] == 1
    counts = np.bincount(missed[rows], minlength=2)[: max_age + 1].tolist()
    for turn, ages in ((lately, range(1, 2)), (~lately, range(2, len(counts)))):
        near = pairs.only(turn & free[pairs.columns])
        near = replace(near, distances=distances_of(near)).within(max_distance)
        ages_of_pairs = set(missed[near.rows].tolist())
        for age in ages:
            if age in ages_of_pairs and len(left):
                matches = assign_among(near, max_distance, rows[missed[rows] == age], left)
                found.append(np.stack([matches.rows, matches.columns]))
                left = matches.left
                free[matches.columns] = False
            elif count := counts[age]:
                left = np.concatenate([left[count:], left[:count]])
    matched, partners = np.concatenate(found, axis=1)
    return Matches(matched, partners, left)
