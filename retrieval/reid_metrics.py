"""How well rankings of a gallery find a person in other cameras: the protocol of Market-1501 (Zheng et al. 2015).

For every query, gallery items of the same person *and* the same camera are left out, and so is junk; everybody else
stays, distractors among them. The rest is ranked by distance; equal distances keep the order of the gallery. A query
whose person is in no other camera cannot be answered: it is left out and counted.

With the true matches of a query at the ranks r1 < r2 < ... < rn (from 1):

- **CMC at k**: share of the queries with r1 <= k.
- **AP**: the mean of j / rj, the precision at each hit, as torchreid and fast-reid have it.
- **AP by trapezoids**: the mean of (p + j / rj) / 2, where p = (j - 1) / (rj - 1) is the precision just before the hit
  (1 before the first rank), as the Matlab code that came with Market-1501 has it.
- **INP**: n / rn, the share of true matches among all that must be looked at to find the hardest (Ye et al. 2021,
  arXiv 2001.04193, eq. 5).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.blocks import each_block, products
from retrieval.person_images import JUNK

DistancesOf = Callable[[slice], NDArray[np.float32]]
"""Gives the distances (B, G) of a block of B queries to all G gallery items; lower is closer."""


@dataclass(frozen=True, eq=False)
class MarketScores:
    """The measures of one ranking, query by query and over all.

    Attributes:
        scored: (S,) int64, the rows of the queries that have a true match, ascending.
        without_match: (W,) int64, the rows of those that have none.
        gallery: Gallery items that were ranked, junk not counted.
        hit_ranks: For each scored query the ranks of its true matches, from 1, ascending, int64.
        precisions: (S,) float64, AP as the mean of the precisions at the hits.
        trapezoids: (S,) float64, AP by trapezoids.
        penalties: (S,) float64, INP, the inverse of the penalty: 1 is best.
    """

    scored: NDArray[np.int64]
    without_match: NDArray[np.int64]
    gallery: int
    hit_ranks: tuple[NDArray[np.int64], ...]
    precisions: NDArray[np.float64]
    trapezoids: NDArray[np.float64]
    penalties: NDArray[np.float64]

    @property
    def first_ranks(self) -> NDArray[np.int64]:
        """(S,) int64, the rank of each scored query's first true match, from 1."""
        return np.array([ranks[0] for ranks in self.hit_ranks], np.int64)

    @property
    def mean_precision(self) -> float:
        """mAP, 0-1; NaN where no query is scored, as all means here."""
        return _mean(self.precisions)

    @property
    def mean_trapezoid(self) -> float:
        """The same by trapezoids, 0-1."""
        return _mean(self.trapezoids)

    @property
    def mean_penalty(self) -> float:
        """mINP, 0-1."""
        return _mean(self.penalties)

    def rank(self, k: int) -> float:
        """CMC at k: the share of scored queries with a true match among their first k."""
        return _mean((self.first_ranks <= k).astype(np.float64))

    def cmc(self, ranks: int | None = None) -> NDArray[np.float64]:
        """The curve: CMC at 1, 2, ... ``ranks``, by default until it reaches 1. (K,) float64."""
        first = self.first_ranks
        longest = int(first.max(initial=0)) if ranks is None else ranks
        counts = np.bincount(np.minimum(first, longest + 1), minlength=longest + 1)[1 : longest + 1]
        return np.cumsum(counts) / max(len(first), 1)


def evaluate_rankings(
    query: NDArray[np.float32],
    query_people: NDArray[np.int64],
    query_cameras: NDArray[np.int64],
    gallery: NDArray[np.float32],
    gallery_people: NDArray[np.int64],
    gallery_cameras: NDArray[np.int64],
    *,
    threads: int = 1,
) -> MarketScores:
    """Ranks the gallery for each query by cosine and measures the rankings.

    Works through the queries in blocks: with two threads and 16,000 gallery vectors of 2,048 numbers it needs 70 MB beside
    its arguments, however many queries there are (``benchmarks/market1501_peers.py`` measures it).

    Args:
        query: (Q, D) float32, unit length.
        query_people: (Q,) integers, who each one shows.
        query_cameras: (Q,) integers.
        gallery: (G, D) float32, unit length.
        gallery_people: (G,) integers; ``JUNK`` is left out, any other number is somebody.
        gallery_cameras: (G,) integers.
        threads: Blocks worked on at a time.

    Raises:
        ValueError: If shapes do not fit each other, or a vector is not finite or not of unit length.

    >>> axes = np.eye(3, dtype=np.float32)
    >>> scores = evaluate_rankings(axes[:1], [7], [1], axes[[1, 0, 0]], [7, 9, 7], [2, 2, 2])
    >>> scores.hit_ranks[0].tolist(), round(scores.mean_precision, 4), round(scores.mean_trapezoid, 4)
    ([2, 3], 0.5833, 0.4167)
    """
    for name, vectors in (("query", query), ("gallery", gallery)):
        check_vectors(name, vectors)
    if query.shape[1] != gallery.shape[1]:
        raise ValueError(f"query vectors have {query.shape[1]} numbers, gallery vectors {gallery.shape[1]}")
    truth = _Truth(query_people, query_cameras, gallery_people, gallery_cameras)
    truth.check(len(query), len(gallery))
    return _evaluate(lambda rows: -products(query[rows], gallery), truth, threads)


def evaluate_distances(
    distances_of: DistancesOf,
    query_people: NDArray[np.int64],
    query_cameras: NDArray[np.int64],
    gallery_people: NDArray[np.int64],
    gallery_cameras: NDArray[np.int64],
    *,
    threads: int = 1,
) -> MarketScores:
    """Measures rankings by any distance; see ``evaluate_rankings``.

    Args:
        distances_of: Gives the distances of a block of queries, a new array each time; threads may call it at once.
        query_people: (Q,) integers.
        query_cameras: (Q,) integers.
        gallery_people: (G,) integers.
        gallery_cameras: (G,) integers.
        threads: Blocks worked on at a time.

    Raises:
        ValueError: If shapes do not fit each other, or a distance is not finite.
    """
    truth = _Truth(query_people, query_cameras, gallery_people, gallery_cameras)
    truth.check(len(truth.query_people), len(truth.gallery_people))
    return _evaluate(distances_of, truth, threads)


def check_vectors(name: str, vectors: NDArray[np.float32]) -> None:
    """Refuses vectors that cosines cannot be had of.

    Raises:
        ValueError: If they are not (N, D), not finite, or not of unit length.
    """
    if vectors.ndim != 2 or vectors.shape[1] == 0:
        raise ValueError(f"{name} vectors must be (N, D), not of shape {vectors.shape}")
    lengths = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))
    wrong = np.flatnonzero(~(np.abs(lengths - 1) < 1e-3))
    if len(wrong):
        raise ValueError(f"{name} vector {wrong[0]} has the length {lengths[wrong[0]]:g}; give vectors of unit length")


class _Truth:
    """Who and which camera, and where each person stands in the gallery."""

    def __init__(
        self,
        query_people: NDArray[np.int64],
        query_cameras: NDArray[np.int64],
        gallery_people: NDArray[np.int64],
        gallery_cameras: NDArray[np.int64],
    ) -> None:
        self.query_people, self.query_cameras = np.asarray(query_people), np.asarray(query_cameras)
        self.gallery_people, self.gallery_cameras = np.asarray(gallery_people), np.asarray(gallery_cameras)
        self.junk = np.flatnonzero(self.gallery_people == JUNK)
        order = np.argsort(self.gallery_people, kind="stable")
        people, starts = np.unique(self.gallery_people[order], return_index=True)
        self._places = dict(zip(people.tolist(), np.split(order, starts[1:]), strict=False))

    def check(self, queries: int, gallery: int) -> None:
        """Refuses truth of another length."""
        lengths = {
            "query people": (self.query_people, queries),
            "query cameras": (self.query_cameras, queries),
            "gallery people": (self.gallery_people, gallery),
            "gallery cameras": (self.gallery_cameras, gallery),
        }
        for name, (values, count) in lengths.items():
            if values.shape != (count,):
                raise ValueError(f"{name} must be {count} numbers, not of shape {values.shape}")

    def places(self, query: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Gallery rows of a query's person, ascending: those of other cameras, and those of its own."""
        person = int(self.query_people[query])
        rows = self._places.get(person, np.empty(0, np.int64)) if person != JUNK else np.empty(0, np.int64)
        own = self.gallery_cameras[rows] == self.query_cameras[query]
        return rows[~own], rows[own]


def _evaluate(distances_of: DistancesOf, truth: _Truth, threads: int) -> MarketScores:
    def ranks_of(block: slice) -> list[NDArray[np.int64]]:
        distances = distances_of(block)
        if not np.isfinite(distances).all():
            raise ValueError("a distance is not finite")
        return [_hit_ranks(row, truth, query) for query, row in enumerate(distances, start=block.start)]

    ranks = [row for part in each_block(ranks_of, len(truth.query_people), threads=threads) for row in part]
    hits = tuple(row for row in ranks if len(row))
    found = np.array([len(row) > 0 for row in ranks], bool)
    return MarketScores(
        scored=np.flatnonzero(found),
        without_match=np.flatnonzero(~found),
        gallery=len(truth.gallery_people) - len(truth.junk),
        hit_ranks=hits,
        precisions=np.array([average_precision(row) for row in hits], np.float64),
        trapezoids=np.array([trapezoid_precision(row) for row in hits], np.float64),
        penalties=np.array([len(row) / row[-1] for row in hits], np.float64),
    )


def _hit_ranks(distances: NDArray[np.float32], truth: _Truth, query: int) -> NDArray[np.int64]:
    """Ranks of a query's true matches, from 1, ascending; ``distances`` (G,) is written into."""
    hits, own = truth.places(query)
    if not len(hits):
        return hits
    distances[own] = np.inf
    distances[truth.junk] = np.inf
    # Only the places of a few matches are wanted: values sort ten times as fast as indices do.
    ordered = np.sort(distances)
    closer = np.searchsorted(ordered, distances[hits], "left")
    equal = np.searchsorted(ordered, distances[hits], "right") - closer
    for k in np.flatnonzero(equal > 1):
        closer[k] += np.count_nonzero(distances[: hits[k]] == distances[hits[k]])
    return np.sort(closer + 1)


def average_precision(hit_ranks: Sequence[int] | NDArray[np.int64]) -> float:
    """AP as the mean of the precisions at the hits.

    >>> round(average_precision([1, 3]), 4), average_precision([2])
    (0.8333, 0.5)
    """
    ranks = np.asarray(hit_ranks, np.float64)
    return float(np.mean(np.arange(1, len(ranks) + 1) / ranks))


def trapezoid_precision(hit_ranks: Sequence[int] | NDArray[np.int64]) -> float:
    """AP by trapezoids.

    >>> round(trapezoid_precision([1, 3]), 4), trapezoid_precision([2])
    (0.7917, 0.25)
    """
    ranks = np.asarray(hit_ranks, np.float64)
    hits = np.arange(1, len(ranks) + 1)
    before = np.where(ranks > 1, (hits - 1) / np.maximum(ranks - 1, 1), 1.0)
    return float(np.mean((before + hits / ranks) / 2))


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else math.nan
