"""The few crops that a tracklet keeps, chosen while the track goes on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gallery.tracklet import Crop


@dataclass(frozen=True, eq=False)
class Candidate:
    """A crop that may be kept, when it was taken, and its vector.

    Attributes:
        crop: The picture and where it came from.
        microseconds: When, UTC, since the Unix epoch.
        vector: (D,) float32, unit length.
    """

    crop: Crop
    microseconds: int
    vector: NDArray[np.float32]


class BestCrops:
    """Keeps the crops of highest quality that are apart in time.

    Two crops taken at once show the same pose, so a candidate competes first with the kept crop that is nearest in
    time (if it lies within ``apart_seconds``), else with the worst one. One pass, no look-ahead.

    Args:
        keep: How many crops a tracklet keeps.
        apart_seconds: Least time between two kept crops.
    """

    def __init__(self, keep: int = 5, apart_seconds: float = 0.7):
        self.keep = keep
        self.apart = round(apart_seconds * 1_000_000)
        self.kept: list[Candidate] = []

    def rival(self, quality: float, microseconds: int) -> int | None:
        """Which kept crop would give way to a new one.

        Returns:
            Its position; ``len(kept)`` where there is still room; None where the new one is not good enough.
        """
        if self.kept:
            nearest = min(range(len(self.kept)), key=lambda k: abs(self.kept[k].microseconds - microseconds))
            if abs(self.kept[nearest].microseconds - microseconds) < self.apart:
                return nearest if quality > self.kept[nearest].crop.quality else None
        if len(self.kept) < self.keep:
            return len(self.kept)
        worst = min(range(len(self.kept)), key=lambda k: self.kept[k].crop.quality)
        return worst if quality > self.kept[worst].crop.quality else None

    def put(self, place: int, candidate: Candidate) -> None:
        """Keeps a candidate at the place that ``rival`` named."""
        self.kept[place : place + 1] = [candidate]

    def best_first(self) -> list[Candidate]:
        """The kept crops by falling quality; the earlier first among equals."""
        return sorted(self.kept, key=lambda c: (-c.crop.quality, c.crop.frame))
