"""All vectors, exactly as SQL has them: one row each in float16, a tracklet's rows side by side."""

from collections.abc import Iterable, Mapping

import faiss
import numpy as np
from numpy.typing import NDArray

from gallery.rows import VectorRows
from gallery.snapshot import Array
from gallery.vector_index import Matches, nothing

_WIDE = 0.1
"""Of all rows: to copy more of them than this takes longer than to step over the others."""


class VectorTable:
    """Rows by tracklet, and exact searches over all of them or a few.

    Deleted rows are overwritten at once, and leave by ``compact``. Not safe for writing from several threads.

    Args:
        dimension: Length of the vectors.

    Attributes:
        dead: How many rows are deleted and still there.
        most: No tracklet has more rows than this.
    """

    def __init__(self, dimension: int) -> None:
        self.dimension = dimension
        self._flat = _half_floats(dimension)
        self._numbers = np.empty(0, np.int64)  # of each row, -1 where deleted; longer than needed, so that it can grow
        self._first = np.empty(0, np.int64)  # row of each tracklet number, likewise
        self._length = np.empty(0, np.int64)  # and how many rows it has, 0 where there is none
        self.dead = 0
        self.most = 1

    @classmethod
    def from_arrays(cls, dimension: int, arrays: Mapping[str, Array]) -> "VectorTable":
        """The table that gave these ``arrays``."""
        table = cls(dimension)
        table._put(arrays["numbers"].astype(np.int64), arrays["codes"].reshape(-1, 2 * dimension).view(np.uint8))
        return table

    def arrays(self) -> dict[str, Array]:
        """All that it consists of, without the rows that were deleted."""
        self.compact()
        return {"numbers": self.numbers, "codes": self._codes()}

    def __len__(self) -> int:
        """How many vectors it holds."""
        return self.rows - self.dead

    @property
    def rows(self) -> int:
        """How many rows there are, deleted ones among them."""
        return int(self._flat.ntotal)

    @property
    def numbers(self) -> NDArray[np.int64]:
        """The tracklet of each row, (N,) int64; -1 where it was deleted."""
        return self._numbers[: self.rows]

    @property
    def highest(self) -> int:
        """No tracklet's number is higher than this."""
        return len(self._length) - 1

    def append(self, batches: Iterable[VectorRows]) -> None:
        """Put in tracklets that it does not hold. None is split between batches that are not neighbours."""
        for batch in batches:
            codes = np.ascontiguousarray(batch.vectors).view(np.uint8)
            self._put(batch.numbers, codes.reshape(len(batch), 2 * self.dimension))

    def delete(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Take out tracklets; gives those that it held."""
        held = self._held(np.unique(numbers))
        rows = self.rows_of(held)
        self._numbers[rows] = -1
        self._codes()[rows] = 0
        self._length[held] = 0
        self.dead += len(rows)
        return held

    def compact(self) -> None:
        """Let the deleted rows go, so that those behind them move up."""
        if self.dead == 0:
            return
        numbers = self.numbers
        alive = numbers >= 0
        self._flat.remove_ids(np.flatnonzero(~alive))
        self._numbers = numbers[alive]
        self.dead = 0
        self._note(0, self._numbers)

    def count(self, numbers: NDArray[np.int64]) -> int:
        """How many rows some tracklets have; unknown ones have none."""
        return int(self._length[self._known(numbers)].sum())

    def rows_of(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """The rows of tracklets that it holds, (N,) int64, one tracklet after the other."""
        lengths = self._length[numbers]
        ends = np.cumsum(lengths)
        return np.repeat(self._first[numbers] - (ends - lengths), lengths) + np.arange(ends[-1] if len(ends) else 0)

    def begins(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where in what ``rows_of`` gives each tracklet begins."""
        lengths = self._length[numbers]
        return np.asarray(np.cumsum(lengths) - lengths)

    def floats(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """The vectors of some rows, (N, D) float32."""
        if len(rows) == 0:
            return np.empty((0, self.dimension), np.float32)
        return np.asarray(self._flat.sa_decode(self._codes()[rows]), np.float32)

    def vectors(self, numbers: NDArray[np.int64]) -> VectorRows:
        """All vectors of tracklets, by number and ordinal; unknown ones are left out."""
        held = self._held(np.unique(numbers))
        lengths = self._length[held]
        rows = self.rows_of(held)
        ordinals = np.arange(len(rows)) - np.repeat(self.begins(held), lengths)
        return VectorRows(np.repeat(held, lengths), ordinals, self._codes()[rows].view(np.float16))

    def scan(
        self, queries: NDArray[np.float32], k: int, chosen: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """The k nearest rows, exactly, among all or the chosen ones, (N,) bool.

        Returns:
            Similarities (Q, k), falling, and rows (Q, k), padded by -1.
        """
        if chosen is None and self.dead:
            chosen = self.numbers >= 0
        selector = None if chosen is None else faiss.IDSelectorBitmap(np.packbits(chosen, bitorder="little"))
        found: tuple[NDArray[np.float32], NDArray[np.int64]] = self._flat.search(
            queries, k, params=faiss.SearchParameters(sel=selector)
        )
        return found

    def nearest(self, queries: NDArray[np.float32], k: int, numbers: NDArray[np.int64] | None = None) -> Matches:
        """The k nearest tracklets, exactly.

        Args:
            queries: (Q, D) float32.
            k: How many.
            numbers: (N,) int64, the only tracklets to look at, None for all; unknown and repeated ones are no error.
        """
        if numbers is None:
            similarities, found = self.scan(queries, min(self.rows, k * self.most))
            return _best_of_each(similarities, found, self.numbers, k)
        held = self._held(np.unique(numbers))
        if len(held) == 0:
            return nothing(len(queries), k)
        rows = self.rows_of(held)
        if len(rows) > _WIDE * self.rows:
            chosen = np.zeros(self.rows, np.bool_)
            chosen[rows] = True
            similarities, found = self.scan(queries, min(len(rows), k * self.most), chosen)
            return _best_of_each(similarities, found, self.numbers, k)
        # Copied into a small index: FAISS would ask its selector about every row, or decode what it hands out.
        few = _half_floats(self.dimension)
        few.add_sa_codes(self._codes()[rows])
        similarities, found = few.search(queries, min(len(rows), k * self.most))
        return _best_of_each(similarities, found, self.numbers[rows], k)

    def _known(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        return numbers[(numbers >= 0) & (numbers <= self.highest)]

    def _held(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        known = self._known(numbers)
        return known[self._length[known] > 0]

    def _put(self, numbers: NDArray[np.int64], codes: NDArray[np.uint8]) -> None:
        first = self.rows
        self._flat.add_sa_codes(codes)
        self._numbers = _grown(self._numbers, self.rows)
        self._numbers[first : self.rows] = numbers
        self._note(first, numbers)

    def _note(self, first: int, numbers: NDArray[np.int64]) -> None:
        """Write down where tracklets lie whose rows begin at a row; one may go on from the rows before."""
        if len(numbers) == 0:
            return
        begins = np.flatnonzero(np.diff(numbers, prepend=-1))
        lengths = np.diff(begins, append=len(numbers))
        owners = numbers[begins]
        size = max(self.highest, int(owners.max())) + 1
        self._first, self._length = _grown(self._first, size), _grown(self._length, size)
        goes_on = first > 0 and self._numbers[first - 1] == owners[0]
        before = self._length[owners[0]] if goes_on else 0
        self._first[owners], self._length[owners] = first + begins - np.where(begins == 0, before, 0), lengths
        self._length[owners[0]] += before
        self.most = max(self.most, int(self._length[owners].max()))

    def _codes(self) -> NDArray[np.uint8]:
        """(N, 2 D) uint8: the vectors themselves, not a copy."""
        size = self.rows * 2 * self.dimension
        view: NDArray[np.uint8] = faiss.rev_swig_ptr(self._flat.codes.data(), size) if size else np.empty(0, np.uint8)
        return view.reshape(self.rows, 2 * self.dimension)


def _best_of_each(
    similarities: NDArray[np.float32], rows: NDArray[np.int64], numbers: NDArray[np.int64], k: int
) -> Matches:
    """The first k tracklets of each query's rows, each with its first, which is its nearest."""
    best, owners = nothing(len(rows), k)
    for query, (values, found) in enumerate(zip(similarities, rows, strict=True)):
        own, first = np.unique(numbers[found[found >= 0]], return_index=True)
        order = np.argsort(first)[:k]
        owners[query, : len(order)] = own[order]
        best[query, : len(order)] = values[first[order]]
    return best, owners


def _half_floats(dimension: int) -> faiss.IndexScalarQuantizer:
    return faiss.IndexScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)


def _grown(array: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """An array of at least that size with zeros at its end; much larger if it has to grow, so that this is seldom."""
    if size <= len(array):
        return array
    grown = np.zeros(max(size, len(array) + len(array) // 4), np.int64)
    grown[: len(array)] = array
    return grown
