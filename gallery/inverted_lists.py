"""Inverted lists of 4-bit codes, which propose candidates among millions of vectors."""

from collections.abc import Mapping

import faiss
import numpy as np
from numpy.typing import NDArray

from gallery.rough_candidates import kth_different, merged
from gallery.snapshot import Array
from gallery.vector_table import VectorTable

_AT_ONCE = 65_536
_LISTS = 1.5
"""Times the square root of the number of vectors."""
_TRAINING_PER_LIST = 32
_TRAINING_PER_CODE = 512
_OUTGROWN = 4

_FIRST_LISTS = 8
_WIDENING = 4
_QUERIES_AT_ONCE = 64

_SAMPLES = 256
_DEPTHS = (10, 30, 100, 300, 1000)
_HITS = 10
_BINS = 12
_MISSED = 0.003
"""Of the nearest, what the rough codes may lose ..."""
_HIDDEN = 0.001
"""... and what may lie in lists that are not looked into."""
_WANTED = (10, 100)
_MOST = 64
_SAFETY = 1.5
_ROUGH = 6000
_SHARES = (1.0, 0.5, 0.1)
_CHECKED = 128
_RECALL = 0.99
_LEAST = 300
"""Fewest candidates; to look at so many exactly takes a tenth of a millisecond."""


class InvertedLists:
    """An IVF index of product codes (4 bits for each two numbers), known by tracklet, and how far to look into it.

    Lists are looked into from the nearest on, in steps. After each step the k-th best similarity found so far says how near
    a list's centre must be for something better to lie in it: somebody who is there and looks alike is found in the first
    lists, somebody who is not has strangers as nearest, who lie anywhere, and a narrow filter has the same effect. How near,
    and how many candidates the rough codes have to propose, is measured when the lists are made, since it depends on how
    loose the people's clusters are.

    Args:
        lists: The IVF index; its ids are tracklet numbers.
        floors: (2, B) float32: similarities, rising, and how near a list must be to hold such, as the cosine of its centre.
        reach: (2, 2) float32, for each of ``_WANTED``: most candidates for each tracklet that is wanted, and how much
            lower than the k-th rough similarity that of a candidate may be.
        trained_on: How many rows there were when it was trained.

    Attributes:
        pay: Whether they hold nearly all of the nearest. Where everybody differs in every way they do not, and rows are
            better looked at one by one.
    """

    def __init__(
        self,
        lists: faiss.IndexIVFPQFastScan,
        floors: NDArray[np.float32],
        reach: NDArray[np.float32],
        trained_on: int,
        *,
        pay: bool = False,
    ) -> None:
        self.pay = pay
        self._lists = lists
        self._floors = floors
        self._reach = reach
        self._trained_on = trained_on
        self._centres = lists.quantizer.reconstruct_n(0, lists.nlist)

    @classmethod
    def train(cls, table: VectorTable) -> "InvertedLists":
        """Lists over all rows of a table, of which none is deleted."""
        lists = _make(table.dimension, max(1, round(_LISTS * np.sqrt(table.rows))))
        rng = np.random.default_rng(0)
        lists.train(table.floats(_sample(rng, table.rows, _TRAINING_PER_LIST * lists.nlist)))
        made = cls(lists, np.array([[0], [-1]], np.float32), np.ones((2, 2), np.float32), table.rows)
        made.add(table, np.arange(table.rows))
        made._measure(table, rng)
        made.pay = made._recall(table, np.random.default_rng(1)) >= _RECALL
        return made

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> "InvertedLists":
        """The lists that gave these ``arrays``."""
        lists = faiss.deserialize_index(arrays["lists"])
        floors, reach = (arrays[name].view(np.float32).reshape(2, -1) for name in ("floors", "reach"))
        trained_on, pay = arrays["trained"].tolist()
        return cls(lists, floors, reach, trained_on, pay=bool(pay))

    def arrays(self) -> dict[str, Array]:
        """All that the lists consist of."""
        return {
            "lists": faiss.serialize_index(self._lists),
            "floors": np.ascontiguousarray(self._floors).view(np.uint8),
            "reach": np.ascontiguousarray(self._reach).view(np.uint8),
            "trained": np.array([self._trained_on, self.pay], np.int64),
        }

    def is_outgrown(self, rows: int) -> bool:
        """Whether there are so many rows now that the lists should be trained anew."""
        return rows > _OUTGROWN * self._trained_on

    def add(self, table: VectorTable, rows: NDArray[np.int64]) -> None:
        """Put rows of the table, (N,) int64, into the lists."""
        for first in range(0, len(rows), _AT_ONCE):
            piece = rows[first : first + _AT_ONCE]
            self._lists.add_with_ids(table.floats(piece), table.numbers[piece])

    def delete(self, numbers: NDArray[np.int64]) -> None:
        """Take tracklets, (N,) int64, out of the lists, and overwrite what FAISS leaves of their codes."""
        lists = faiss.downcast_InvertedLists(self._lists.invlists)
        before = _sizes(lists)
        self._lists.remove_ids(numbers)
        for place in np.flatnonzero(_sizes(lists) != before).tolist():
            _wipe_end(lists, place)

    def search(self, queries: NDArray[np.float32], k: int, selector: faiss.IDSelector | None) -> NDArray[np.int64]:
        """The tracklets among which the k nearest of each query are, (Q, P) int64, repeated ones too, padded by -1.

        Args:
            queries: (Q, D) float32.
            k: How many are wanted.
            selector: The tracklets to look at, None for all.
        """
        parts = [
            self._search(queries[first : first + _QUERIES_AT_ONCE], k, selector)
            for first in range(0, len(queries), _QUERIES_AT_ONCE)
        ]
        return np.concatenate(parts)

    def _search(self, queries: NDArray[np.float32], k: int, selector: faiss.IDSelector | None) -> NDArray[np.int64]:
        nearness = queries @ self._centres.T
        order = np.argsort(-nearness, axis=1)
        nearness = np.take_along_axis(nearness, order, axis=1)
        pool, slack = (np.interp(np.log(k), np.log(_WANTED), reach) for reach in self._reach.T)
        count = max(_LEAST, round(pool * k))
        floor = np.full(len(queries), -np.inf, np.float32)
        scores = np.empty((len(queries), 0), np.float32)
        numbers = np.empty((len(queries), 0), np.int64)
        first, last = 0, _FIRST_LISTS
        while first < self._lists.nlist and (nearness[:, first] >= floor).any():
            near = nearness[:, first:last]
            chosen = np.where(near >= floor[:, None], order[:, first:last], -1)
            found = self._scan(queries, chosen, near, count, selector)
            scores, numbers = merged(scores, numbers, *found, count)
            kth = kth_different(scores, numbers, k)
            floor = np.where(np.isfinite(scores[:, _LEAST - 1]), self._floor(kth), np.float32(-np.inf))
            first, last = last, last * _WIDENING
        far = scores < (kth - slack)[:, None]
        far[:, :_LEAST] = False
        return np.where(far, -1, numbers)

    def _scan(
        self,
        queries: NDArray[np.float32],
        lists: NDArray[np.int64],
        nearness: NDArray[np.float32],
        count: int,
        selector: faiss.IDSelector | None,
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """The rows of some lists that look nearest: rough similarities and tracklets, (Q, count), padded by -inf and -1."""
        lists, nearness = np.ascontiguousarray(lists), np.ascontiguousarray(nearness)
        scores = np.empty((len(queries), count), np.float32)
        numbers = np.empty((len(queries), count), np.int64)
        pointer = faiss.swig_ptr
        # The Python method takes neither a selector nor fewer lists than the index has set.
        self._lists.search_preassigned_c(
            len(queries),
            pointer(queries),
            count,
            pointer(lists),
            pointer(nearness),
            pointer(scores),
            pointer(numbers),
            False,
            faiss.SearchParametersIVF(sel=selector, nprobe=lists.shape[1]),
        )
        return np.where(numbers >= 0, scores, np.float32(-np.inf)), numbers

    def _floor(self, similarities: NDArray[np.float32]) -> NDArray[np.float32]:
        """How near a list must be to hold something more similar; below all that was measured, as much less."""
        known, floors = self._floors
        below = np.maximum(known[0] - similarities, 0)
        return np.asarray(np.interp(similarities, known, floors) - below, np.float32)

    def _recall(self, table: VectorTable, rng: np.random.Generator) -> float:
        """Of the nearest tracklets of other questions than those of ``_measure``, how many are proposed; the worst filter's."""
        queries, shares = _questions(table, rng)[:_CHECKED], []
        for share in _SHARES:
            passing = rng.random(table.highest + 1) < share
            allowed = np.flatnonzero(passing)
            true = table.nearest(queries, _WANTED[0], allowed)[1]
            packed = faiss.IDSelectorBitmap(np.packbits(passing, bitorder="little"))
            found = self.search(queries, _WANTED[0], packed)
            hits = [np.isin(nearest[nearest >= 0], near) for nearest, near in zip(true, found, strict=True)]
            shares.append(float(np.concatenate(hits).mean()) if any(len(one) for one in hits) else 1.0)
        return min(shares)

    def _measure(self, table: VectorTable, rng: np.random.Generator) -> None:
        queries = _questions(table, rng)
        depth = min(_DEPTHS[-1], table.rows)
        true = table.scan(queries, depth)[1]
        every = np.tile(np.arange(self._lists.nlist), (len(queries), 1))
        seen, rough = self._scan(queries, every, np.zeros(every.shape, np.float32), min(_ROUGH, table.rows), None)
        self._reach = np.array([_reach(table.numbers[true], seen, rough, one, rng) for one in _WANTED], np.float32)
        wanted, needed = [], []
        for deep in [one for one in _DEPTHS if one <= min(depth, seen.shape[1])]:
            hits = true[:, np.linspace(0, deep - 1, _HITS).astype(int)]
            lists = self._lists.quantizer.assign(table.floats(hits.ravel()), 1).reshape(hits.shape)
            needed.append(np.einsum("qd,qhd->qh", queries, self._centres[lists]))
            wanted.append(np.repeat(seen[:, deep - 1 : deep], _HITS, axis=1))
        if wanted:
            self._floors = _floors(np.concatenate(wanted).ravel(), np.concatenate(needed).ravel())


def _make(dimension: int, lists: int) -> faiss.IndexIVFPQFastScan:
    parts = max(1, dimension // 2)
    while dimension % parts:
        parts -= 1
    index = faiss.IndexIVFPQFastScan(
        faiss.IndexFlatIP(dimension), dimension, lists, parts, 4, faiss.METRIC_INNER_PRODUCT
    )
    index.pq.cp.niter = 10
    index.cp.max_points_per_centroid = _TRAINING_PER_LIST
    index.pq.cp.max_points_per_centroid = _TRAINING_PER_CODE
    index.cp.min_points_per_centroid = index.pq.cp.min_points_per_centroid = 1  # or it warns of small galleries
    return index


def _sizes(lists: faiss.BlockInvertedLists) -> NDArray[np.int64]:
    return np.array([lists.list_size(place) for place in range(lists.nlist)])


def _wipe_end(lists: faiss.BlockInvertedLists, place: int) -> None:
    """Overwrite the unused end of a list's last block: what moved up, or went, still stands there."""
    size, together = lists.list_size(place), lists.n_per_block
    count = -(-size // together)
    if size == count * together:
        return
    blocks = faiss.rev_swig_ptr(lists.get_codes(place), count * lists.block_size).reshape(count, lists.block_size)
    nothing = np.zeros(lists.packer.code_size, np.uint8)
    for offset in range(size % together, together):
        lists.packer.pack_1(nothing, offset, blocks[-1:])


def _sample(rng: np.random.Generator, rows: int, count: int) -> NDArray[np.int64]:
    return np.sort(rng.choice(rows, min(rows, count), replace=False))


def _questions(table: VectorTable, rng: np.random.Generator) -> NDArray[np.float32]:
    """Pictures as other cameras might take them: vectors moved by little or much.

    Half of them move as pictures of one tracklet differ (or, where each has only one, as two people do), half towards
    somebody else.
    """
    vectors = table.floats(_sample(rng, table.rows, _SAMPLES))
    others = _sample(rng, table.rows, _SAMPLES)[rng.permutation(len(vectors))]
    away = table.floats(others)
    mates = np.minimum(others + 1, table.rows - 1)
    away[::2] -= table.floats(
        np.where(table.numbers[mates] == table.numbers[others], mates, np.maximum(others - 1, 0))
    )[::2]
    away /= np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-6)
    similar = rng.uniform(0.5, 0.95, (len(vectors), 1)).astype(np.float32)
    moved = similar * vectors + np.sqrt(1 - similar**2) * away
    return np.asarray(moved / np.linalg.norm(moved, axis=1, keepdims=True), np.float32)


def _reach(
    true: NDArray[np.int64], seen: NDArray[np.float32], rough: NDArray[np.int64], k: int, rng: np.random.Generator
) -> tuple[float, float]:
    """How many rough candidates, and how far below the k-th, bring nearly all of the nearest tracklets.

    Measured with filters, too: what they leave is further away, and further away more is equally far.

    Args:
        true: (Q, N) tracklets of the nearest rows.
        seen: (Q, P) rough similarities, falling.
        rough: (Q, P) their tracklets.
        k: How many tracklets are wanted.
        rng: Chooses what the filters let through.
    """
    pool, slack = 1.0, 0.0
    for share in _SHARES:
        passing = rng.random(max(int(true.max()), int(rough.max())) + 1) < share
        ranks, behind = [], []
        for nearest, scores, numbers in zip(true, seen, rough, strict=True):
            wanted = _first_of(nearest[passing[nearest]], k)
            kept = passing[numbers] & (numbers >= 0)
            owners, first = np.unique(numbers[kept], return_index=True)
            if len(wanted) == 0 or len(owners) == 0:
                continue
            scores = scores[kept]
            found = np.isin(wanted, owners)
            places = np.full(len(wanted), len(scores))
            places[found] = first[np.searchsorted(owners, wanted[found])]
            ranks.append((places + 1) / len(wanted))
            behind.append(scores[np.sort(first)[min(len(wanted), len(first)) - 1]] - scores[places[found]])
        if ranks:
            pool = max(pool, float(np.quantile(np.concatenate(ranks), 1 - _MISSED)))
            slack = max(slack, float(np.quantile(np.concatenate(behind), 1 - _MISSED)))
    return min(_MOST, _SAFETY * pool), slack


def _first_of(numbers: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """The first so many different numbers."""
    _, first = np.unique(numbers, return_index=True)
    return numbers[np.sort(first)[:count]]


def _floors(similarities: NDArray[np.float32], needed: NDArray[np.float32]) -> NDArray[np.float32]:
    """For each of some similarities, which nearness of lists all but ``_HIDDEN`` of the hits have."""
    order = np.argsort(similarities, kind="stable")
    bins = [part for part in np.array_split(order, _BINS) if len(part)]
    middles = np.array([np.median(similarities[part]) for part in bins], np.float32)
    floors = np.array([np.quantile(needed[part], _HIDDEN) for part in bins], np.float32)
    # Rising: what is true for a similarity is true for a higher one.
    return np.stack([middles, np.minimum.accumulate(floors[::-1])[::-1]])
