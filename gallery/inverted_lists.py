"""Inverted lists of 8-bit codes, which propose candidates among millions of vectors."""

from collections.abc import Mapping

import faiss
import numpy as np
from numpy.typing import NDArray

from gallery.snapshot import Array

_AT_ONCE = 65_536
_TRAINING_PER_LIST = 64
_OUTGROWN = 4
_SHARES = (1.0, 0.3, 0.1)
_TARGET_RECALL = 0.995
_DEPTH = 10
_SAMPLES = 64
_SAFETY = 1.5
_WORTH = 1 / 3
_TYPICAL_SIMILARITY = 0.7


class InvertedLists:
    """An IVF index over rows of a table, and how many lists to look into.

    That number is measured when the lists are made, since it depends on how loose the people's clusters are: for each
    of some shares of selected rows, the smallest number that finds 0.995 of the true nearest 10 rows, and half again.
    The queries of that measurement are rows with noise, as far away as another camera's view of a person.

    Args:
        lists: The IVF index; its ids are rows.
        probes: Number of lists to look into for each share in ``_SHARES``.
        trained_on: How many rows there were when it was trained.
    """

    def __init__(self, lists: faiss.IndexIVFScalarQuantizer, probes: NDArray[np.int64], trained_on: int) -> None:
        self._lists = lists
        self._probes = probes
        self._trained_on = trained_on

    @classmethod
    def train(cls, table: faiss.IndexFlatCodes) -> "InvertedLists":
        """Lists over all rows of a table."""
        lists = _make(table.d, max(1, round(2 * np.sqrt(table.ntotal))))
        rng = np.random.default_rng(0)
        sample = rng.choice(table.ntotal, min(table.ntotal, _TRAINING_PER_LIST * lists.nlist), replace=False)
        lists.train(table.reconstruct_batch(np.sort(sample)))
        made = cls(lists, np.full(len(_SHARES), lists.nlist), table.ntotal)
        made.add(table, np.arange(table.ntotal))
        made._measure(table, rng)
        return made

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> "InvertedLists":
        """The lists that gave these ``arrays``."""
        lists = faiss.deserialize_index(arrays["lists"])
        return cls(lists, arrays["probes"][:-1].astype(np.int64), int(arrays["probes"][-1]))

    def arrays(self) -> dict[str, Array]:
        """All that the lists consist of."""
        return {"lists": faiss.serialize_index(self._lists), "probes": np.append(self._probes, self._trained_on)}

    def is_outgrown(self, rows: int) -> bool:
        """Whether there are so many rows now that the lists should be trained anew."""
        return rows > _OUTGROWN * self._trained_on

    def add(self, table: faiss.IndexFlatCodes, rows: NDArray[np.int64]) -> None:
        """Put rows of the table, (N,) int64, into the lists."""
        for first in range(0, len(rows), _AT_ONCE):
            piece = rows[first : first + _AT_ONCE]
            self._lists.add_with_ids(table.reconstruct_batch(piece), piece)

    def delete(self, rows: NDArray[np.int64]) -> None:
        """Take rows, (N,) int64, out of the lists."""
        self._lists.remove_ids(rows)

    def refill(self, table: faiss.IndexFlatCodes) -> None:
        """Begin anew with all rows of a table, without training again."""
        self._lists.reset()
        self.add(table, np.arange(table.ntotal))

    def search(
        self, queries: NDArray[np.float32], k: int, selector: faiss.IDSelector | None, share: float
    ) -> NDArray[np.int64]:
        """The k rows of each query that look nearest, (Q, k) int64, padded by -1.

        Args:
            queries: (Q, D) float32.
            k: How many.
            selector: The rows to look at, None for all.
            share: The selected share of all rows, 0-1. The smaller it is, the more lists are looked into.
        """
        return self._probe(queries, k, selector, self._probes_for(share))

    def pay(self, share: float) -> bool:
        """Whether they are faster than a scan of the table; where people look alike, too many must be looked into."""
        return bool(self._probes_for(share) <= _WORTH * self._lists.nlist)

    def _probes_for(self, share: float) -> int:
        anchor = next((place for place, one in enumerate(_SHARES) if one <= share), len(_SHARES) - 1)
        return int(self._probes[anchor])

    def _probe(
        self, queries: NDArray[np.float32], k: int, selector: faiss.IDSelector | None, probes: int
    ) -> NDArray[np.int64]:
        parameters = faiss.SearchParametersIVF(sel=selector, nprobe=probes)
        rows: NDArray[np.int64] = self._lists.search(queries, k, params=parameters)[1]
        return rows

    def _measure(self, table: faiss.IndexFlatCodes, rng: np.random.Generator) -> None:
        chosen = np.sort(rng.choice(table.ntotal, min(table.ntotal, _SAMPLES), replace=False))
        queries = _as_from_another_camera(table.reconstruct_batch(chosen), rng)
        for place, share in enumerate(_SHARES):
            mask = rng.random(table.ntotal) < share
            selector = faiss.IDSelectorBitmap(np.packbits(mask, bitorder="little"))
            truth = table.search(queries, _DEPTH, params=faiss.SearchParameters(sel=selector))[1]
            for probes in _ladder(self._lists.nlist):
                self._probes[place] = min(round(_SAFETY * probes), self._lists.nlist)
                if _recall(truth, self._probe(queries, 2 * _DEPTH, selector, probes)) >= _TARGET_RECALL:
                    break


def _make(dimension: int, lists: int) -> faiss.IndexIVFScalarQuantizer:
    quantizer = faiss.IndexFlatIP(dimension)
    index = faiss.IndexIVFScalarQuantizer(
        quantizer, dimension, lists, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
    )
    index.cp.min_points_per_centroid = 1  # or it prints a warning for small galleries
    index.cp.max_points_per_centroid = _TRAINING_PER_LIST
    return index


def _ladder(lists: int) -> list[int]:
    """Numbers of lists to try, each about 1.4 times the one before."""
    steps = np.unique(np.rint(np.sqrt(2.0) ** np.arange(2 * np.log2(lists))).astype(int))
    return [int(step) for step in steps if step < lists] + [lists]


def _as_from_another_camera(vectors: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    noise = rng.standard_normal(vectors.shape, dtype=np.float32)
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    weight = np.float32(np.sqrt(1 - _TYPICAL_SIMILARITY**2))
    mixed: NDArray[np.float32] = np.float32(_TYPICAL_SIMILARITY) * vectors + weight * noise
    mixed /= np.linalg.norm(mixed, axis=1, keepdims=True)
    return mixed


def _recall(truth: NDArray[np.int64], found: NDArray[np.int64]) -> float:
    hits = sum(int(np.isin(true[true >= 0], seen).sum()) for true, seen in zip(truth, found, strict=True))
    return hits / max(1, int((truth >= 0).sum()))
