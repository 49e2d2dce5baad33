"""Features for boxes without pixels: some that tell people apart, some that do not."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from tracking.boxes import iou
from tracking.motchallenge import MotTable

DIMENSION = 128

Features = NDArray[np.float32]


def telling_features(people: NDArray[np.int64], random: np.random.Generator) -> Features:
    """A direction per person, plus noise of 0.2 to 0.8 times its length: most pairs lie within 0.2, some do not."""
    directions = unit(random.standard_normal((int(people.max()) + 1, DIMENSION)))
    noise = unit(random.standard_normal((len(people), DIMENSION))) * random.uniform(0.2, 0.8, (len(people), 1))
    return unit(directions[people] + noise).astype(np.float32)


def useless_features(people: NDArray[np.int64], random: np.random.Generator) -> Features:
    """A direction per box."""
    return unit(random.standard_normal((len(people), DIMENSION))).astype(np.float32)


def unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same directions with the length 1."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def people_of(detections: MotTable, truth: MotTable | None) -> NDArray[np.int64]:
    """Who each detection shows: a true person, else somebody of its own; or the chain it belongs to."""
    people = np.full(len(detections), -1)
    fresh = 0 if truth is None else int(truth.ids.max()) + 1
    before = slice(0, 0)
    for frame in range(1, detections.last_frame + 1):
        now = detections.at(frame)
        known = detections.boxes[before] if truth is None else truth.boxes[truth.at(frame)]
        names = people[before] if truth is None else truth.ids[truth.at(frame)]
        overlaps = iou(known, detections.boxes[now])
        rows, columns = linear_sum_assignment(-overlaps)
        near = overlaps[rows, columns] >= 0.5
        people[now.start + columns[near]] = names[rows[near]]
        alone = now.start + np.flatnonzero(people[now] < 0)
        people[alone] = np.arange(fresh, fresh + len(alone))
        fresh += len(alone)
        before = now
    return people


KINDS: dict[str, Callable[[NDArray[np.int64], np.random.Generator], Features]] = {
    "telling": telling_features,
    "useless": useless_features,
}
