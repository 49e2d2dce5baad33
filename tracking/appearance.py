"""How the tracks looked lately: the last features of each, and the smallest cosine distance to them."""

from collections import defaultdict
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Features = NDArray[np.float32]
Ids = NDArray[np.int64]

FIRST_ROOM = 4
"""Features that a new track has room for."""
WASTE = 1.25
"""Room of the largest gallery for each feature kept, so that they seldom have to be moved."""


class FeatureBank:
    """The last features of all tracks, in one matrix.

    Each track has a piece of it, its gallery, oldest feature first. A gallery that is full moves to a piece twice as
    large; at the largest its last features move to the beginning of the piece. The pieces of tracks that ended are used
    again. So one frame's features are put in by one assignment, and a gallery is read as it lies.

    Args:
        budget: Features kept per track; None keeps all.
    """

    def __init__(self, budget: int | None) -> None:
        self.budget = budget
        self._largest = None if budget is None else int(WASTE * budget) + 1
        self._matrix = np.zeros((0, 0), np.float32)
        self._end = 0
        self._ids = self._starts = self._counts = self._rooms = np.zeros(0, np.int64)
        self._spare: defaultdict[int, list[int]] = defaultdict(list)

    @property
    def dimension(self) -> int:
        """Length of the features, 0 before the first."""
        return int(self._matrix.shape[1])

    def add(self, ids: Ids, features: Features) -> None:
        """Adds one feature (K, D) to each of some tracks (K,)."""
        if not len(ids):
            return
        self._matrix = self._matrix.reshape(-1, features.shape[1])
        rows, known = found_in(self._ids, ids)
        if not known.all():
            self._begin(ids[~known])
            rows, _ = found_in(self._ids, ids)
        for row in rows[self._counts[rows] == self._rooms[rows]].tolist():
            self._make_room(row)
        self._matrix[self._starts[rows] + self._counts[rows]] = features
        self._counts[rows] += 1

    def keep(self, ids: Ids) -> None:
        """Forgets all tracks but these (T,), ascending."""
        _, known = found_in(ids, self._ids)
        if known.all():
            return
        for start, room in zip(self._starts[~known].tolist(), self._rooms[~known].tolist(), strict=True):
            self._spare[room].append(start)
        self._select(np.flatnonzero(known))

    def distances(self, ids: Ids, features: Features, enough: Floats) -> Floats:
        """Smallest cosine distance of each track to the feature beside it.

        The newest feature is looked at first, and mostly suffices: a gallery is large, and reading it takes the time.

        Args:
            ids: (P,), a track may stand there several times in a row.
            features: (P, D) float32, unit length.
            enough: (P,), where the newest is at this distance or less, a smaller one is not looked for.

        Returns:
            (P,); infinite for a track without features.
        """
        rows, known = found_in(self._ids, ids)
        distances = np.full(len(ids), np.inf)
        if known.any():
            newest = self._starts[rows[known]] + self._counts[rows[known]] - 1
            distances[known] = 1 - np.vecdot(self._matrix.take(newest, axis=0), features[known])
        asked = np.flatnonzero(known & (distances > enough))
        rows, features = rows[asked], features[asked]
        begins, ends = (bounds.tolist() for bounds in self._galleries(rows))
        for first, last in pairwise(np.flatnonzero(np.diff(rows, prepend=-1, append=-1)).tolist()):
            similarities = features[first:last] @ self._matrix[begins[first] : ends[first]].T
            distances[asked[first:last]] = 1 - np.maximum.reduce(similarities, axis=1)
        return distances

    def state(self) -> tuple[Ids, Features]:
        """Owners (F,) and features (F, D), by owner and oldest first: what ``restore`` takes."""
        begins, ends = self._galleries(np.arange(len(self._ids)))
        pieces = [self._matrix[begin:end] for begin, end in zip(begins, ends, strict=True)]
        return np.repeat(self._ids, ends - begins), np.concatenate([self._matrix[:0], *pieces])

    def restore(self, owners: Ids, features: Features) -> None:
        """Goes on from what ``state`` gave."""
        self._matrix = np.zeros((0, features.shape[1]), np.float32)
        self._end = 0
        self._ids = self._starts = self._counts = self._rooms = np.zeros(0, np.int64)
        self._spare.clear()
        order = np.argsort(owners, kind="stable")
        ids, begins, counts = np.unique(owners[order], return_index=True, return_counts=True)
        for nth in range(counts.max(initial=0)):
            more = counts > nth
            self.add(ids[more], features[order[begins[more] + nth]])

    def _galleries(self, rows: Ids) -> tuple[Ids, Ids]:
        """Where the features that count of some tracks begin and end in the matrix."""
        counts = self._counts[rows]
        ends = self._starts[rows] + counts
        return ends - (counts if self.budget is None else np.minimum(counts, self.budget)), ends

    def _begin(self, ids: Ids) -> None:
        """Tracks without features yet."""
        room = min(FIRST_ROOM, self._largest or FIRST_ROOM)
        starts = [self._piece(room) for _ in ids]
        self._ids = np.concatenate([self._ids, ids])
        self._starts = np.concatenate([self._starts, np.array(starts, np.int64)])
        self._counts = np.concatenate([self._counts, np.zeros(len(ids), np.int64)])
        self._rooms = np.concatenate([self._rooms, np.full(len(ids), room)])
        self._select(np.argsort(self._ids))

    def _select(self, rows: Ids) -> None:
        """Only these tracks, in this order."""
        self._ids, self._starts = self._ids[rows], self._starts[rows]
        self._counts, self._rooms = self._counts[rows], self._rooms[rows]

    def _make_room(self, row: int) -> None:
        """Room for at least one feature more."""
        begin, end = (int(bound) for bound in self._galleries(np.array(row)))
        start, room = int(self._starts[row]), int(self._rooms[row])
        gallery = self._matrix[begin:end]
        if room != self._largest:
            self._spare[room].append(start)
            room = min(2 * room, self._largest or 2 * room)
            start = self._piece(room)
        self._matrix[start : start + len(gallery)] = gallery
        self._starts[row], self._counts[row], self._rooms[row] = start, len(gallery), room

    def _piece(self, room: int) -> int:
        """Where a free piece of the matrix begins."""
        if self._spare[room]:
            return self._spare[room].pop()
        start, self._end = self._end, self._end + room
        if self._end > len(self._matrix):
            larger = np.empty((2 * self._end, self.dimension), np.float32)
            larger[:start] = self._matrix[:start]
            self._matrix = larger
        return start


def found_in(known: Ids, ids: Ids) -> tuple[Ids, NDArray[np.bool_]]:
    """Where each of some ids stands among known ones, which ascend, and whether it does.

    >>> rows, there = found_in(np.array([2, 5]), np.array([5, 7]))
    >>> rows[there].tolist(), there.tolist()
    ([1], [True, False])
    """
    rows = np.searchsorted(known, ids)
    there = np.zeros(len(ids), np.bool_)
    inside = rows < len(known)
    there[inside] = known[rows[inside]] == ids[inside]
    return rows, there
