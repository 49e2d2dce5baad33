"""How well tracklets find one another across cameras, and how sure a difference is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gallery.rows import VectorRows
from retrieval.similarity import tracklet_similarities

RESAMPLES = 2000


@dataclass(frozen=True, eq=False)
class Described:
    """A tracklet as the gallery would hold it.

    Attributes:
        camera: Name of the camera.
        person: Who it is; below 0 for nobody, who is in the way but not asked for.
        vectors: (1 + K, D) float32, unit length: the mean, then those of the kept crops.
    """

    camera: str
    person: int
    vectors: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Found:
    """What each query gave.

    Attributes:
        people: (Q,) int64, who was asked for.
        precision: (Q,) float64, average precision: the mean of precision at the hits.
        first: (Q,) bool, whether the first answer was right.
    """

    people: NDArray[np.int64]
    precision: NDArray[np.float64]
    first: NDArray[np.bool_]

    @property
    def mean_precision(self) -> float:
        """mAP, 0-1."""
        return float(self.precision.mean())

    @property
    def rank1(self) -> float:
        """Share of queries whose first answer was right."""
        return float(self.first.mean())


def find_each(queries: Sequence[Described], tracklets: Sequence[Described]) -> Found:
    """Asks for each query among the tracklets of the other cameras; one without a match there is left out.

    Similarities are those of ``passerby query --tracklet``, of vectors rounded as the gallery stores them.
    """
    people, precision, first = [], [], []
    cameras = np.array([one.camera for one in tracklets])
    whose = np.array([one.person for one in tracklets])
    galleries = {camera: stored(tracklets, np.flatnonzero(cameras != camera)) for camera in {q.camera for q in queries}}
    for query in queries:
        if query.person < 0 or not np.any(right := (whose == query.person) & (cameras != query.camera)):
            continue
        similarities = tracklet_similarities(
            query.vectors.astype(np.float16).astype(np.float32), galleries[query.camera]
        )
        order = sorted(similarities, key=lambda number: (-similarities[number], number))
        hits = np.flatnonzero(right[order])
        people.append(query.person)
        precision.append(float(np.mean(np.arange(1, len(hits) + 1) / (hits + 1))))
        first.append(bool(hits[0] == 0))
    return Found(np.array(people, np.int64), np.array(precision), np.array(first))


def stored(tracklets: Sequence[Described], numbers: NDArray[np.int64]) -> VectorRows:
    """The vectors of some tracklets as the gallery gives them."""
    sizes = [len(tracklets[k].vectors) for k in numbers]
    return VectorRows(
        np.repeat(numbers, sizes),
        np.concatenate([np.arange(size) for size in sizes]),
        np.concatenate([tracklets[k].vectors for k in numbers]).astype(np.float16),
    )


def together(found: Sequence[Found]) -> Found:
    """The queries of several scenes as one."""
    return Found(
        np.concatenate([one.people for one in found]),
        np.concatenate([one.precision for one in found]),
        np.concatenate([one.first for one in found]),
    )


def difference(one: Found, other: Found, seed: int = 0) -> tuple[float, float]:
    """95 % interval of mAP(one) - mAP(other), the same queries in both, by a bootstrap over people.

    A person's queries come and go together, in all scenes, since they are not independent.
    """
    if one.people.tolist() != other.people.tolist():
        raise ValueError("the two answer different queries")
    _, whose = np.unique(one.people, return_inverse=True)
    count = np.bincount(whose)
    gain = np.bincount(whose, one.precision - other.precision)
    drawn = np.random.default_rng(seed).integers(0, len(count), (RESAMPLES, len(count)))
    low, high = np.quantile(gain[drawn].sum(axis=1) / count[drawn].sum(axis=1), [0.025, 0.975])
    return float(low), float(high)
