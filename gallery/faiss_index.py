"""The vector index on one machine: exact while that is fast, then inverted lists with exact re-scoring."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import faiss
import numpy as np
from numpy.typing import NDArray

from gallery.inverted_lists import InvertedLists
from gallery.rows import VectorRows
from gallery.snapshot import Array
from gallery.vector_index import Matches, nothing
from gallery.vector_table import VectorTable

EXACT_LIMIT = 500_000
"""So many vectors are scanned one by one: 256 numbers each take about 10 ms on one core, and no training is waited for."""

_FEW = 10_000
"""And so many of a filter's selection, which lie here and there."""
_DEAD_SHARE = 0.25


class FaissIndex:
    """Vectors as float16, just as SQL has them; a scan is exact.

    With more than ``exact_limit`` of them, inverted lists of 4-bit codes propose candidates, which are scored again
    exactly; selections by filter that are small enough are still scanned, and all is where lists would miss too many.
    Deleted rows are overwritten at once, and leave when they are many. Not safe for writing from several threads.

    Args:
        dimension: Length of the vectors.
        exact_limit: Up to how many vectors are scanned one by one.
    """

    def __init__(self, dimension: int, *, exact_limit: int = EXACT_LIMIT) -> None:
        self._exact_limit = exact_limit
        self._table = VectorTable(dimension)
        self._lists: InvertedLists | None = None

    @classmethod
    def from_arrays(
        cls, dimension: int, arrays: Mapping[str, Array], *, exact_limit: int = EXACT_LIMIT
    ) -> "FaissIndex":
        """The index that gave these ``arrays``.

        Raises:
            ValueError: If they do not fit together.
        """
        index = cls(dimension, exact_limit=exact_limit)
        index._table = VectorTable.from_arrays(dimension, arrays)
        if "lists" in arrays:
            index._lists = InvertedLists.from_arrays(arrays)
        return index

    def arrays(self) -> dict[str, Array]:
        """All that the index consists of, without the rows that were deleted."""
        lists = {} if self._lists is None else self._lists.arrays()
        return {**self._table.arrays(), **lists}

    def __len__(self) -> int:
        return len(self._table)

    def upsert(self, rows: VectorRows) -> None:
        """See ``VectorIndex``."""
        self.delete(np.unique(rows.numbers))
        self._append([rows])

    def delete(self, numbers: NDArray[np.int64]) -> None:
        """See ``VectorIndex``."""
        held = self._table.delete(numbers)
        if len(held) == 0:
            return
        if self._lists is not None:
            self._lists.delete(held)
        if self._table.dead > _DEAD_SHARE * self._table.rows:
            self._table.compact()

    def rebuild(self, batches: Iterable[VectorRows]) -> None:
        """See ``VectorIndex``."""
        self._table, self._lists = VectorTable(self._table.dimension), None
        self._append(batches)

    def vectors(self, numbers: NDArray[np.int64]) -> VectorRows:
        """All vectors of tracklets, by number and ordinal; unknown ones are left out."""
        return self._table.vectors(numbers)

    def search(self, queries: NDArray[np.float32], k: int, allowed: NDArray[np.int64] | None = None) -> Matches:
        """See ``VectorIndex``.

        Raises:
            ValueError: If the queries have another length than the vectors, or k is less than 1.
        """
        queries = np.ascontiguousarray(queries, dtype=np.float32)
        dimension = self._table.dimension
        if queries.ndim != 2 or queries.shape[1] != dimension or k < 1:
            raise ValueError(
                f"queries of shape {queries.shape} and k {k} do not fit: ask (Q, {dimension}) and 1 or more"
            )
        if len(self) == 0 or len(queries) == 0:
            return nothing(len(queries), k)
        with _threads_for(len(queries)):
            if allowed is None:
                selector = None
            elif self._lists is None or not self._lists.pay or self._table.count(allowed) <= _FEW:
                return self._table.nearest(queries, k, allowed)
            else:
                selector = self._selector(allowed)
            if self._lists is None or not self._lists.pay:
                return self._table.nearest(queries, k)
            proposed = self._lists.search(queries, k, selector)
            parts = [self._table.nearest(query[None], k, found) for query, found in zip(queries, proposed, strict=True)]
        return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])

    def _append(self, batches: Iterable[VectorRows]) -> None:
        first = self._table.rows
        self._table.append(batches)
        total = self._table.rows
        if self._lists is not None and not self._lists.is_outgrown(total):
            self._lists.add(self._table, np.arange(first, total))
        elif total > self._exact_limit:
            self._table.compact()
            self._lists = InvertedLists.train(self._table)

    def _selector(self, allowed: NDArray[np.int64]) -> faiss.IDSelectorBitmap:
        chosen = np.zeros(self._table.highest + 1, np.bool_)
        chosen[allowed[(allowed >= 0) & (allowed < len(chosen))]] = True
        return faiss.IDSelectorBitmap(np.packbits(chosen, bitorder="little"))


@contextmanager
def _threads_for(queries: int) -> Iterator[None]:
    """One thread for one query, since more only get in each other's way; all that are allowed for many."""
    if queries > 1:
        yield
        return
    allowed = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(allowed)
