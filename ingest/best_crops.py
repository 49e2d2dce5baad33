"""The few crops that a tracklet keeps, chosen while the track goes on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gallery.tracklet import Crop

MIDDLE = 0.5
"""So much of each part of a track, around its middle, is where its crop is taken from.

Chosen with ``benchmarks/best_crops.py``: the best crops of all come in bunches, which show one pose before one background;
in the middles of equal parts they are spread as evenly as the time, and still none is bad without need.
"""
POOL = 4
"""So many times the crops that are kept in the end are held while the track goes on."""
PIECE_SECONDS = 0.25
"""Of the pieces of time that a track is first cut into."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A crop that may be kept, when it was taken, and its vector.

    Attributes:
        crop: The picture and where it came from.
        microseconds: When, since the track's first box.
        vector: (D,) float32, unit length.
    """

    crop: Crop
    microseconds: int
    vector: NDArray[np.float32]


class BestCrops:
    """Keeps the best crop of the middle of each of some equal parts of a track.

    How long a track will be is not known before it ends, so the best crop of each of many short pieces of time is held;
    where these become too many, neighbours are put together to pieces of twice the length. One pass, no look-ahead.

    Args:
        keep: How many crops a tracklet keeps at most.
        piece: Length of a piece, microseconds; that of an interrupted track where it goes on.
    """

    def __init__(self, keep: int = 5, piece: int = round(PIECE_SECONDS * 1_000_000)):
        self.keep = keep
        self.piece = piece
        self.kept: list[Candidate] = []

    @property
    def settings(self) -> str:
        """All that changes which crops are kept, as readable text."""
        return f"keep={self.keep} middle={MIDDLE} pool={POOL} piece={PIECE_SECONDS}"

    def rival(self, quality: float, microseconds: int) -> int | None:
        """Which held crop would give way to a new one, which is not earlier than they are.

        Returns:
            Its position; ``len(kept)`` where a new piece of time begins; None where the new one is not good enough.
        """
        if not self.kept or self.kept[-1].microseconds // self.piece != microseconds // self.piece:
            return len(self.kept)
        return len(self.kept) - 1 if quality > self.kept[-1].crop.quality else None

    def put(self, place: int, candidate: Candidate) -> None:
        """Holds a candidate at the place that ``rival`` named."""
        self.kept[place : place + 1] = [candidate]
        while len(self.kept) > POOL * self.keep:
            self.piece *= 2
            best: dict[int, Candidate] = {}
            for one in self.kept:
                other = best.setdefault(one.microseconds // self.piece, one)
                if one.crop.quality > other.crop.quality:
                    best[one.microseconds // self.piece] = one
            self.kept = list(best.values())

    def settle(self, duration: int) -> None:
        """Lets go of all but the crops that the tracklet keeps, at the track's end; again it changes nothing.

        A part without a crop in its middle gives the one that is nearest to it, if it has any.

        Args:
            duration: From the track's first box to its last, microseconds.
        """
        chosen: dict[int, Candidate] = {}
        for one in self.kept:
            place = self.keep * one.microseconds / max(duration, 1)
            part = min(int(place), self.keep - 1)
            if part not in chosen or self._rank(one, part, duration) > self._rank(chosen[part], part, duration):
                chosen[part] = one
        self.kept = sorted(chosen.values(), key=lambda c: (-c.crop.quality, c.crop.frame))

    def _rank(self, one: Candidate, part: int, duration: int) -> tuple[float, float]:
        """Orders the crops of a part: nearer to its middle is better, but within ``MIDDLE`` only quality counts."""
        off = abs(self.keep * one.microseconds / max(duration, 1) - part - 0.5)
        return -max(off, MIDDLE / 2), one.crop.quality
