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

EXACT_LIMIT = 500_000
"""So many vectors are scanned one by one: 256 numbers each take about 10 ms on one core."""

_DEAD_SHARE = 0.25
_OVERFETCH = 2
_EXACT_SHARE = 0.1


class FaissIndex:
    """Vectors as float16, just as SQL has them, one row each; a scan is exact.

    With more than ``exact_limit`` of them, inverted lists of 8-bit codes propose candidates, which are scored again
    exactly; selections by filter that are small enough are still scanned, since lists lose recall there.
    Deleted rows are overwritten at once, and leave when they are many. Not safe for writing from several threads.

    Args:
        dimension: Length of the vectors.
        exact_limit: Up to how many vectors (of the index, or of a filter's selection) are scanned one by one.
    """

    def __init__(self, dimension: int, *, exact_limit: int = EXACT_LIMIT) -> None:
        self._dimension = dimension
        self._exact_limit = exact_limit
        self._clear()

    @classmethod
    def from_arrays(
        cls, dimension: int, arrays: Mapping[str, Array], *, exact_limit: int = EXACT_LIMIT
    ) -> "FaissIndex":
        """The index that gave these ``arrays``.

        Raises:
            ValueError: If they do not fit together.
        """
        index = cls(dimension, exact_limit=exact_limit)
        index._numbers = arrays["numbers"].astype(np.int64)
        index._flat.add_sa_codes(arrays["codes"].reshape(len(index._numbers), 2 * dimension))
        index._most = _most(index._numbers)
        if "lists" in arrays:
            index._lists = InvertedLists.from_arrays(arrays)
        return index

    def arrays(self) -> dict[str, Array]:
        """All that the index consists of, without the rows that were deleted."""
        self._compact()
        arrays: dict[str, Array] = {"numbers": self._numbers, "codes": self._codes()}
        return arrays if self._lists is None else {**arrays, **self._lists.arrays()}

    def __len__(self) -> int:
        return len(self._numbers) - self._dead

    def upsert(self, rows: VectorRows) -> None:
        """See ``VectorIndex``."""
        self.delete(np.unique(rows.numbers))
        self._append([rows])

    def delete(self, numbers: NDArray[np.int64]) -> None:
        """See ``VectorIndex``."""
        known = numbers[(numbers >= 0) & (numbers <= self._numbers.max(initial=-1))]
        rows = np.flatnonzero(np.isin(self._numbers, known)) if len(known) else known
        if len(rows) == 0:
            return
        self._numbers[rows] = -1
        self._codes()[rows] = 0
        self._dead += len(rows)
        if self._lists is not None:
            self._lists.delete(rows)
        if self._dead > _DEAD_SHARE * len(self._numbers):
            self._compact()

    def rebuild(self, batches: Iterable[VectorRows]) -> None:
        """See ``VectorIndex``."""
        self._clear()
        self._append(batches)

    def search(self, queries: NDArray[np.float32], k: int, allowed: NDArray[np.int64] | None = None) -> Matches:
        """See ``VectorIndex``.

        Raises:
            ValueError: If the queries have another length than the vectors, or k is less than 1.
        """
        queries = np.ascontiguousarray(queries, dtype=np.float32)
        if queries.ndim != 2 or queries.shape[1] != self._dimension or k < 1:
            raise ValueError(
                f"queries of shape {queries.shape} and k {k} do not fit: ask (Q, {self._dimension}) and 1 or more"
            )
        mask = self._mask(allowed)
        count = len(self) if mask is None else int(np.count_nonzero(mask))
        if count == 0 or len(queries) == 0:
            return nothing(len(queries), k)
        with _threads_for(len(queries)):
            similarities, rows = self._candidates(queries, min(count, k * self._most), mask, count)
        return self._best_of_each(similarities, rows, k)

    def _clear(self) -> None:
        self._flat = faiss.IndexScalarQuantizer(
            self._dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        )
        self._numbers = np.empty(0, dtype=np.int64)
        self._dead = 0
        self._most = 1
        self._lists: InvertedLists | None = None

    def _append(self, batches: Iterable[VectorRows]) -> None:
        first = len(self._numbers)
        numbers = [self._numbers]
        for batch in batches:
            codes = np.ascontiguousarray(batch.vectors).view(np.uint8)
            self._flat.add_sa_codes(codes.reshape(len(batch), 2 * self._dimension))
            numbers.append(batch.numbers)
        self._numbers = np.concatenate(numbers)
        self._most = max(self._most, _most(self._numbers[first:]))
        self._update_lists(first)

    def _update_lists(self, first: int) -> None:
        """Bring the inverted lists up to date with the rows from ``first`` on; make or renew them if it is time."""
        total = len(self._numbers)
        if self._lists is not None and not self._lists.is_outgrown(total):
            self._lists.add(self._flat, np.arange(first, total))
        elif total > self._exact_limit:
            self._drop_dead()
            self._lists = InvertedLists.train(self._flat)

    def _compact(self) -> None:
        if self._dead:
            self._drop_dead()
            if self._lists is not None:
                self._lists.refill(self._flat)

    def _drop_dead(self) -> None:
        dead = np.flatnonzero(self._numbers < 0)
        self._flat.remove_ids(dead)
        self._numbers = self._numbers[self._numbers >= 0]
        self._dead = 0

    def _codes(self) -> NDArray[np.uint8]:
        """(N, 2 D) uint8: the vectors themselves, not a copy."""
        size = len(self._numbers) * 2 * self._dimension
        view: NDArray[np.uint8] = faiss.rev_swig_ptr(self._flat.codes.data(), size) if size else np.empty(0, np.uint8)
        return view.reshape(len(self._numbers), 2 * self._dimension)

    def _mask(self, allowed: NDArray[np.int64] | None) -> NDArray[np.bool_] | None:
        """(N,) bool, which rows to look at; None for all."""
        if allowed is None:
            return self._numbers >= 0 if self._dead else None
        # The last place is for -1, the number of deleted rows.
        table = np.zeros(int(self._numbers.max(initial=0)) + 2, dtype=np.bool_)
        table[allowed[(allowed >= 0) & (allowed < len(table) - 1)]] = True
        mask: NDArray[np.bool_] = table[self._numbers]
        return mask

    def _candidates(
        self, queries: NDArray[np.float32], k: int, mask: NDArray[np.bool_] | None, count: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """The k nearest rows of each query with their exact similarities, nearest first; padded by -1."""
        selector = None if mask is None else faiss.IDSelectorBitmap(np.packbits(mask, bitorder="little"))
        total = len(self._numbers)
        is_few = count <= max(self._exact_limit, _EXACT_SHARE * total)
        if self._lists is None or is_few or not self._lists.pay(count / total):
            found: tuple[NDArray[np.float32], NDArray[np.int64]] = self._flat.search(
                queries, k, params=faiss.SearchParameters(sel=selector)
            )
            return found
        rows = self._lists.search(queries, min(count, _OVERFETCH * k), selector, count / total)
        return self._rescored(queries, rows, k)

    def _rescored(
        self, queries: NDArray[np.float32], rows: NDArray[np.int64], k: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        similarities = np.full(rows.shape, -np.inf, dtype=np.float32)
        for query, found, scores in zip(queries, rows, similarities, strict=True):
            known = found >= 0
            scores[known] = self._flat.reconstruct_batch(found[known]) @ query
        order = np.argsort(-similarities, axis=1, kind="stable")[:, :k]
        return np.take_along_axis(similarities, order, axis=1), np.take_along_axis(rows, order, axis=1)

    def _best_of_each(self, similarities: NDArray[np.float32], rows: NDArray[np.int64], k: int) -> Matches:
        best, numbers = nothing(len(rows), k)
        for index, found in enumerate(rows):
            known = found >= 0
            owners, first = np.unique(self._numbers[found[known]], return_index=True)
            order = np.argsort(first)[:k]
            numbers[index, : len(order)] = owners[order]
            best[index, : len(order)] = similarities[index][known][first[order]]
        return best, numbers


def _most(numbers: NDArray[np.int64]) -> int:
    """How many vectors the tracklet with most has; the numbers of one tracklet are neighbours."""
    if len(numbers) == 0:
        return 1
    starts = np.flatnonzero(np.diff(numbers, prepend=-1))
    return int(np.diff(starts, append=len(numbers)).max())


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
