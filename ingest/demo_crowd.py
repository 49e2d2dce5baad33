"""Who would stand before whom in the demo, known before anything is drawn."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ingest.demo_place import Place
from ingest.demo_walk import Visit

_SAMPLE_SECONDS = 0.4


class Crowd:
    """Who is where: tells how much of a new route's time would be spent behind or before somebody."""

    def __init__(self, places: Sequence[Place], seconds: float) -> None:
        self._places = places
        self._times = np.arange(0, seconds, _SAMPLE_SECONDS)
        self._tracks: list[tuple[int, NDArray[np.float64]]] = []

    def add(self, route: Sequence[Visit]) -> None:
        """Takes in a route."""
        self._tracks += [(visit.camera, self._boxes(visit)) for visit in route]

    def overlap(self, route: Sequence[Visit]) -> float:
        """Seconds of overlap with others, and a little for every second in company."""
        cost = 0.0
        for visit in route:
            boxes = self._boxes(visit)
            for camera, others in self._tracks:
                if camera == visit.camera:
                    together = ~np.isnan(boxes[:, 0] + others[:, 0])
                    shared = np.minimum(boxes[:, 2:], others[:, 2:]) - np.maximum(boxes[:, :2], others[:, :2])
                    touching = together & (shared > 0).all(axis=1)
                    cost += _SAMPLE_SECONDS * (float(touching.sum()) + 0.1 * float(together.sum()))
        return cost

    def _boxes(self, visit: Visit) -> NDArray[np.float64]:
        """(T, 4) xyxy of a visitor at each sample; NaN while there is none."""
        view, walk = self._places[visit.camera].view, visit.walk
        ground = walk.path(self._times)
        feet = view.project(np.stack([ground[:, 0], np.zeros(len(ground)), ground[:, 1]], axis=1))
        high = view.focal_px * walk.metres / ground[:, 1]
        boxes = np.stack([feet[:, 0] - 0.26 * high, feet[:, 1] - high, feet[:, 0] + 0.26 * high, feet[:, 1]], axis=1)
        boxes[(self._times < walk.start) | (self._times > walk.end)] = np.nan
        return boxes
