"""The gallery's vectors, searchable: an index that follows the change log."""

import threading
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gallery import changes, reading
from gallery.changes import Changes
from gallery.errors import QueryError
from gallery.faiss_index import EXACT_LIMIT, FaissIndex
from gallery.rows import VectorRows
from gallery.snapshot import Snapshot, read_snapshot, snapshot_lock, write_snapshot
from gallery.store import Gallery
from gallery.tracklet import EmbedderIdentity
from gallery.vector_index import Matches, nothing

SNAPSHOT_LIMIT = 20_000
"""Fewer vectors than this are read from SQL faster than anybody notices."""

_SAVE_SHARE = 0.1
_READER = "index"
_SPARE = 10

Kept = Literal["all", "mean"]


class GalleryIndex:
    """Finds the tracklets nearest to a query, always of the gallery's present state.

    SQL is the truth: every search first applies what the change log brought since the last one, and leaves out what
    SQL no longer has. A large gallery's index is kept in a snapshot file, which any process may read or renew; it is
    only a cache. May be used from several threads.

    Args:
        gallery: The gallery.
        vectors: Which of a tracklet's vectors to look at: ``all``, or only their ``mean``.
        exact_limit: Up to how many vectors are scanned one by one (see ``FaissIndex``).
        snapshot_limit: From how many vectors on a snapshot is kept.
    """

    def __init__(
        self,
        gallery: Gallery,
        *,
        vectors: Kept = "all",
        exact_limit: int = EXACT_LIMIT,
        snapshot_limit: int = SNAPSHOT_LIMIT,
    ) -> None:
        self._gallery = gallery
        self._vectors = vectors
        self._exact_limit = exact_limit
        self._snapshot_limit = snapshot_limit
        self._guard = threading.RLock()
        self._embedder: EmbedderIdentity | None = None
        self._index = FaissIndex(1)
        self._position = 0
        self._unsaved = 0
        with self._guard:
            if not self._load():
                self._rebuild()
            self.refresh()
            self.save()

    def __len__(self) -> int:
        """How many vectors it holds."""
        return len(self._index)

    def refresh(self) -> None:
        """Apply what the change log brought. ``search`` does so by itself."""
        with self._guard:
            while True:
                news = self._gallery.changes.read(self._position)
                if news is None:
                    self._rebuild()
                elif len(news) == 0:
                    return
                else:
                    self._apply(news)

    def search(self, queries: NDArray[np.float32], k: int, *, allowed: NDArray[np.int64] | None = None) -> Matches:
        """The k tracklets nearest to each query, each once, by its nearest vector.

        Args:
            queries: (Q, D) float32, unit length.
            k: How many, at least 1.
            allowed: (N,) int64, the only tracklets to look at (``Gallery.filter_numbers``); None for all.

        Returns:
            Similarities (Q, k) float32, falling along each row, at most 1, and tracklet numbers (Q, k) int64. Rows
            with fewer than k are padded by -inf and -1.

        Raises:
            QueryError: If the queries are not of the gallery's embedder, or k is less than 1.
        """
        with self._guard:
            self.refresh()
            self._check(queries, k)
            if self._embedder is None:
                return nothing(len(queries), k)
            similarities, numbers = self._index.search(queries, k + _SPARE, allowed)
        present = self._gallery.present(numbers.ravel()).reshape(numbers.shape)
        return _kept(similarities, numbers, present, k)

    def stored(self, numbers: NDArray[np.int64]) -> VectorRows:
        """All vectors of tracklets, by number and ordinal, as ``Gallery.vectors`` gives them, but from memory.

        As of the last search or refresh: what was erased since may still be among them.
        """
        if self._mean_only:
            return self._gallery.vectors(numbers)
        with self._guard:
            return self._index.vectors(numbers)

    def save(self) -> bool:
        """Write a snapshot, if the gallery is large and enough is new; a cache, so a full disk is no error.

        Returns:
            Whether one was written.
        """
        with self._guard, snapshot_lock(self._gallery.folder) as lock:
            if len(self) < self._snapshot_limit or self._unsaved <= _SAVE_SHARE * len(self) or not lock.acquire():
                return False
            log = self._gallery.changes
            snapshot = self._snapshot()
            if not write_snapshot(self._gallery.folder, snapshot, lambda: not log.has_erasures(snapshot.position)):
                return False
            self._unsaved = 0
            log.move(f"index {self._vectors}", snapshot.position)
            log.trim()
        return True

    def _load(self) -> bool:
        snapshot = read_snapshot(self._gallery.folder, self._vectors)
        embedder = self._gallery.embedder
        if (
            snapshot is None
            or embedder is None
            or (snapshot.gallery, snapshot.embedder) != (self._gallery.name, embedder)
            or snapshot.stamp != self._gallery.changes.stamp(snapshot.position)
        ):
            return False
        self._index = FaissIndex.from_arrays(embedder.dimension, snapshot.arrays, exact_limit=self._exact_limit)
        self._embedder, self._position = embedder, snapshot.position
        return True

    def _rebuild(self) -> None:
        # One transaction, so that the position and the vectors are of the same moment.
        with self._gallery.database.read() as connection:
            self._position = changes.head(connection)
            self._embedder = reading.embedder(connection)
            dimension = 1 if self._embedder is None else self._embedder.dimension
            self._index = FaissIndex(dimension, exact_limit=self._exact_limit)
            self._index.rebuild(reading.all_vectors(connection, mean_only=self._mean_only))
        self._unsaved = len(self._index)

    def _apply(self, news: Changes) -> None:
        if self._embedder != self._gallery.embedder:
            # Only an empty gallery changes its embedder.
            self._rebuild()
            return
        self._index.delete(news.erased)
        with self._gallery.database.read() as connection:
            rows = reading.vectors_of(connection, news.added.tolist(), mean_only=self._mean_only)
        self._index.upsert(rows)
        self._position = news.position
        self._unsaved += len(rows) + len(news.erased)

    @property
    def _mean_only(self) -> bool:
        return self._vectors == "mean"

    def _snapshot(self) -> Snapshot:
        if self._embedder is None:
            raise ValueError("an index without an embedder has no vectors to save")
        return Snapshot(
            gallery=self._gallery.name,
            embedder=self._embedder,
            vectors=self._vectors,
            position=self._position,
            stamp=self._gallery.changes.stamp(self._position),
            arrays=self._index.arrays(),
        )

    def _check(self, queries: NDArray[np.float32], k: int) -> None:
        if k < 1:
            raise QueryError(f"{k} answers were asked for: ask for 1 or more")
        if self._embedder is not None and (queries.ndim != 2 or queries.shape[1] != self._embedder.dimension):
            raise QueryError(
                f"query vectors of shape {queries.shape} do not fit the gallery, whose embedder {self._embedder.name} "
                f"gives {self._embedder.dimension} numbers: embed the query with that"
            )


def _kept(similarities: NDArray[np.float32], numbers: NDArray[np.int64], keep: NDArray[np.bool_], k: int) -> Matches:
    """The first k of each row that are to be kept."""
    order = np.argsort(~keep, axis=1, kind="stable")[:, :k]
    kept = np.take_along_axis(keep, order, axis=1)
    best = np.where(kept, np.take_along_axis(similarities, order, axis=1), np.float32(-np.inf))
    return np.minimum(best, np.float32(1)), np.where(kept, np.take_along_axis(numbers, order, axis=1), -1)
