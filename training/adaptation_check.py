"""Whether an adapted network is worth switching to, asked of tracklets that it did not learn from. Nobody is named.

Two things are known without names. Inside a camera, the crops of one tracklet are one person, and tracklets that were in the
picture at the same time are different ones. Across cameras, people may have typical times on their way: where whom the network
found before came at likely times, beyond chance, one that finds more of the right people finds such times more often. Both
notice harm rather than gain: only named people can say how much more is found (``compare_people``).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.bootstrap import Difference, mean_interval, paired_difference
from retrieval.reid_metrics import evaluate_rankings
from retrieval.transit import transit_evidence
from training.footage import Footage, centred, tracklet_means
from training.samples import TrainingSet
from training.validation import query_indices

LEAST_QUERIES = 8
"""A measure that fewer tracklets can be asked for says nothing."""
NAMED = "named people"
"""The measure that knows who is who."""
_MUCH = 0.1
"""Of a measure: so much fell where no resample of the few tracklets says that it rose."""
_LIMIT = 2.0
"""Evidence beyond this, either way, counts as this: one lucky pair must not outweigh ten."""


@dataclass(frozen=True)
class Compared:
    """One measure before and after.

    Attributes:
        name: ``same camera``: mean reciprocal rank of a tracklet's last crop, asked for by its first one, among the crops of
            tracklets that certainly are somebody else, 0-1.
            ``likely times``: mean log evidence of the time to the most similar tracklet of each other camera.
            ``named people``: mAP over people of a labelled set, 0-1.
        asked: How many tracklets or queries were asked for.
        before: Of the network as it was.
        after: Of the adapted one.
        change: After less before, with its interval of 95 percent by bootstrap over tracklets.
    """

    name: str
    asked: int
    before: float
    after: float
    change: Difference

    @property
    def worse(self) -> bool:
        """Whether it fell beyond chance; much, where chance cannot be told; of named people, whether it fell at all."""
        if self.name == NAMED:
            return self.change.value < 0
        much = self.change.value < -_MUCH * abs(self.before)
        return self.change.high < 0 or (self.change.high <= 0 and much)


class AdaptationCheck:
    """Compares networks on held-out tracklets, looked for among all.

    Args:
        footage: All tracklets.
        held: (H,) which of them are held out.
        before: (C, D) unit vectors of all crops by the network as it was.
    """

    def __init__(self, footage: Footage, held: NDArray[np.int64], before: NDArray[np.float64]) -> None:
        self._footage, self._held = footage, held
        self._apart = footage.visits.apart()
        means = self._means(before)
        self._evidence = np.clip(transit_evidence(means @ means.T, footage.visits, self._apart), -_LIMIT, _LIMIT)
        self._before = before
        found = self._times_found(before) if np.any(self._evidence) else np.zeros(0)
        known = len(found) >= LEAST_QUERIES and mean_interval(found, np.arange(len(found))).low > 0
        self._times_known = bool(known)

    def compare(self, after: NDArray[np.float64]) -> tuple[Compared, ...]:
        """The measures that can be asked for, of (C, D) unit vectors of all crops by the adapted network."""
        compared = []
        for name, measure in (("same camera", self._same_camera), ("likely times", self._likely_times)):
            first, second = measure(self._before), measure(after)
            if len(first) >= LEAST_QUERIES:
                compared.append(_compared(name, first, second, np.arange(len(first))))
        return tuple(compared)

    def _means(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        footage = self._footage
        return tracklet_means(centred(vectors, footage.cameras), footage.owners, len(footage))

    def _same_camera(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Of each held-out tracklet with two crops or more: one over the rank of its last crop, asked for by its first."""
        found = []
        owners = self._footage.owners
        for tracklet in self._held:
            crops = np.flatnonzero(owners == tracklet)
            others = self._apart[tracklet][owners]
            if len(crops) >= 2 and others.any():
                asked = vectors[crops[0]]
                found.append(1 / (1 + int((vectors[others] @ asked >= float(vectors[crops[-1]] @ asked)).sum())))
        return np.array(found, np.float64)

    def _likely_times(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Of each held-out tracklet: what ``_times_found`` gives, where that means something."""
        if not self._times_known:
            return np.zeros(0)
        return self._times_found(vectors)

    def _times_found(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Of each held-out tracklet: the evidence of the times to the most similar one of each other camera."""
        means = self._means(vectors)
        cameras = self._footage.visits.cameras
        found = []
        for tracklet in self._held:
            similarity = means @ means[tracklet]
            values = []
            for camera in np.unique(cameras[cameras != cameras[tracklet]]):
                there = np.flatnonzero(cameras == camera)
                values.append(self._evidence[tracklet, there[similarity[there].argmax()]])
            found.append(float(np.mean(values)))
        return np.array(found, np.float64)


def compare_people(before: NDArray[np.float32], after: NDArray[np.float32], people: TrainingSet) -> Compared:
    """How many of named people are found before and after.

    Args:
        before: (M, D) unit vectors of the set's images by the network as it was.
        after: (M, D) those by the adapted one.
        people: The set.

    Raises:
        ConfigError: If nobody was seen by two cameras.
    """
    queries = query_indices(people)
    labels, cameras = people.labels, people.camera_numbers
    scores = [
        evaluate_rankings(vectors[queries], labels[queries], cameras[queries], vectors, labels, cameras)
        for vectors in (before, after)
    ]
    first, second = (one.precisions for one in scores)
    return _compared(NAMED, first, second, labels[queries][scores[0].scored])


def _compared(
    name: str, first: NDArray[np.float64], second: NDArray[np.float64], people: NDArray[np.int64]
) -> Compared:
    change = paired_difference(first, second, people)
    return Compared(name, len(first), float(first.mean()), float(second.mean()), change)
