"""The tracks of one camera, all in one struct of arrays."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tracking import kalman
from tracking.kalman import PARTS, Motion

Arrays = dict[str, NDArray[np.generic]]
Floats = NDArray[np.float64]
Ids = NDArray[np.int64]

PLAIN_ARRAYS = ("ids", "hits", "missed", "confirmed", "observed")
MOTIONS = ("motion", "last_seen")
ARRAYS = {*PLAIN_ARRAYS, *(f"{name}/{part}" for name in MOTIONS for part in PARTS)}
"""Names of all that ``Tracks.arrays`` gives."""


@dataclass(frozen=True, eq=False)
class Tracks:
    """T tracks that are alive, ascending by id.

    Attributes:
        ids: (T,) int64.
        hits: (T,) int64, detections so far.
        missed: (T,) int64, frames since last seen.
        confirmed: (T,) bool, False while a track is tentative.
        motion: What is believed of them now.
        last_seen: What was believed when each was last seen.
        observed: (T, 4) float64 cxcyah, the last detection of each.
    """

    ids: Ids
    hits: Ids
    missed: Ids
    confirmed: NDArray[np.bool_]
    motion: Motion
    last_seen: Motion
    observed: Floats

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def begin(cls, ids: Ids, measurements: Floats) -> "Tracks":
        """New tentative tracks at their first detections, (T, 4) cxcyah."""
        motion = kalman.initiate(measurements)
        once, none = np.ones(len(ids), np.int64), np.zeros(len(ids), np.int64)
        return cls(ids, once, none, none.astype(np.bool_), motion, motion, measurements)

    def take(self, rows: Ids) -> "Tracks":
        """Only these tracks."""
        return Tracks(
            self.ids[rows],
            self.hits[rows],
            self.missed[rows],
            self.confirmed[rows],
            self.motion.take(rows),
            self.last_seen.take(rows),
            self.observed[rows],
        )

    def append(self, other: "Tracks") -> "Tracks":
        """These tracks, then the others."""
        return Tracks(
            np.concatenate([self.ids, other.ids]),
            np.concatenate([self.hits, other.hits]),
            np.concatenate([self.missed, other.missed]),
            np.concatenate([self.confirmed, other.confirmed]),
            self.motion.append(other.motion),
            self.last_seen.append(other.last_seen),
            np.concatenate([self.observed, other.observed]),
        )

    def predict(self) -> "Tracks":
        """One frame later, nobody seen yet."""
        return replace(self, motion=kalman.predict(self.motion), missed=self.missed + 1)

    def see(self, rows: Ids, measurements: Floats, motion: Motion, n_init: int) -> "Tracks":
        """Some tracks (K,) seen at (K, 4) cxcyah, their motion corrected; ``n_init`` hits confirm one."""
        seen = np.zeros(len(self), np.bool_)
        seen[rows] = True
        hits = self.hits + seen
        observed = self.observed.copy()
        observed[rows] = measurements
        return Tracks(
            self.ids,
            hits,
            np.where(seen, 0, self.missed),
            self.confirmed | (seen & (hits >= n_init)),
            self.motion.put(rows, motion),
            self.last_seen.put(rows, motion),
            observed,
        )

    def arrays(self) -> Arrays:
        """All of it as plain arrays by name."""
        named: Arrays = {name: getattr(self, name).copy() for name in PLAIN_ARRAYS}
        for name in MOTIONS:
            named |= {f"{name}/{part}": getattr(getattr(self, name), part).copy() for part in PARTS}
        return named

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> "Tracks":
        """The tracks that ``arrays`` gave."""

        def motion(name: str) -> Motion:
            return Motion.of(*(arrays[f"{name}/{part}"].astype(np.float64) for part in PARTS))

        ids, hits, missed = (arrays[name].astype(np.int64) for name in ("ids", "hits", "missed"))
        confirmed, observed = arrays["confirmed"].astype(np.bool_), arrays["observed"].astype(np.float64)
        return cls(ids, hits, missed, confirmed, motion("motion"), motion("last_seen"), observed)


def nobody() -> Tracks:
    """No tracks."""
    return Tracks.begin(np.zeros(0, np.int64), np.zeros((0, 4)))
