"""Who would stand before whom in the demo, known before anything is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.demo_place import Place
from ingest.demo_walk import Visit, Walk

_SAMPLE_SECONDS = 0.4
_DOOR_SECONDS = 1.6
_DOOR_COST, _COMPANY_COST = 3.0, 0.1


class Crowd:
    """Who is where: tells how much of a new route's time would be spent behind or before somebody."""

    def __init__(self, places: Sequence[Place], seconds: float) -> None:
        self._places = places
        self._times = np.arange(0, seconds, _SAMPLE_SECONDS)
        self._tracks: list[tuple[int, _Track]] = []

    def add(self, route: Sequence[Visit]) -> None:
        """Takes in a route."""
        self._tracks += [(visit.camera, self._track(visit)) for visit in route]

    def overlap(self, route: Sequence[Visit]) -> float:
        """Seconds of overlap with others, more for those at doors, and a little for every second in company."""
        cost = 0.0
        for visit in route:
            track = self._track(visit)
            cost += sum(track.overlap(other) for camera, other in self._tracks if camera == visit.camera)
        return cost

    def _track(self, visit: Visit) -> "_Track":
        view, walk = self._places[visit.camera].view, visit.walk
        ground = walk.path(self._times)
        feet = view.project(np.stack([ground[:, 0], np.zeros(len(ground)), ground[:, 1]], axis=1))
        high = view.focal_px * walk.metres / ground[:, 1]
        boxes = np.stack([feet[:, 0] - 0.26 * high, feet[:, 1] - high, feet[:, 0] + 0.26 * high, feet[:, 1]], axis=1)
        return _Track(boxes, self._during(walk, 0.0), self._during(walk, _DOOR_SECONDS))

    def _during(self, walk: Walk, margin: float) -> NDArray[np.bool_]:
        return (self._times >= walk.start - margin) & (self._times <= walk.end + margin)


@dataclass(frozen=True, eq=False)
class _Track:
    """One visit, sampled.

    Attributes:
        boxes: (T, 4) xyxy, pixels.
        there: (T,) whether they walk then.
        near: (T,) the same and a little before and after: who comes in by a door just when somebody leaves by it is
            easily taken for them.
    """

    boxes: NDArray[np.float64]
    there: NDArray[np.bool_]
    near: NDArray[np.bool_]

    def overlap(self, other: "_Track") -> float:
        shared = np.minimum(self.boxes[:, 2:], other.boxes[:, 2:]) - np.maximum(self.boxes[:, :2], other.boxes[:, :2])
        touching = (shared > 0).all(axis=1)
        together = self.there & other.there
        at_door = self.near & other.near & ~together & touching
        hiding = float((together & touching).sum())
        return _SAMPLE_SECONDS * (hiding + _DOOR_COST * float(at_door.sum()) + _COMPANY_COST * float(together.sum()))
