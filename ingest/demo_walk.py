"""One person's way through one demo camera: where they are, where they look, how they move their legs."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ingest.demo_gait import HEIGHTS_PER_CYCLE
from ingest.demo_person import Person
from ingest.demo_place import Lane, Place

_EASE_SECONDS = 0.5
"""How long it takes to stop, to start again, and to turn a corner."""


@dataclass(frozen=True)
class Stance:
    """Somebody at one moment.

    Attributes:
        x: To the right of the camera, metres.
        z: Away from it, metres.
        heading: As the camera sees it: 0 to the right, pi / 2 away from it.
        cycle: Of the gait, turns.
        stride: 0 stands, 1 walks.
        look: Turn of the head against the body.
    """

    x: float
    z: float
    heading: float
    cycle: float
    stride: float
    look: float


@dataclass(frozen=True)
class Walk:
    """A lane walked at one pace, perhaps with a pause.

    Attributes:
        lane: Points on the ground, in the order in which they are passed.
        start: When, seconds.
        pace: Metres per second.
        metres: Height of the body.
        aside: How far to the side of the lane (away from the camera or to the right), metres.
        pause_at: Where they stop, as a share of the way.
        pause: For how long, seconds.
        phase: Of the gait at the beginning, turns.
        companion: Whether they walk with the one before.
    """

    lane: Lane
    start: float
    pace: float
    metres: float
    aside: float
    pause_at: float
    pause: float
    phase: float
    companion: bool = False

    @classmethod
    def random(cls, person: Person, place: Place, start: float, rng: random.Random) -> "Walk":
        """Some lane of a place, in one direction or the other."""
        lane = rng.choice(place.lanes)
        return cls(
            lane=lane if rng.random() < 0.5 else lane[::-1],
            start=start,
            pace=rng.uniform(1.15, 1.50) * (0.55 + 0.45 * person.metres / 1.74),
            metres=person.metres,
            aside=rng.uniform(-0.25, 0.25),
            pause_at=rng.uniform(0.35, 0.65),
            pause=rng.choice((0.0, 0.0, 0.0, rng.uniform(1.5, 3.5))),
            phase=rng.random(),
        )

    @property
    def end(self) -> float:
        """When the lane is done, seconds."""
        return self.start + _length(self.lane) / self.pace + self.pause

    def path(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N, 2) X, Z at each time; before the start and after the end the walk goes straight on."""
        age, stop = times - self.start, self.pause_at * _length(self.lane) / self.pace
        return self._points(self.pace * np.where(age < stop, age, np.maximum(stop, age - self.pause)))

    def at(self, time: float) -> Stance | None:
        """Where they are at a time, or None before and after."""
        if not self.start <= time <= self.end:
            return None
        x, z = self.path(np.array([time]))[0].tolist()
        walked = self._walked(time)
        behind, ahead = self._points(np.array([walked - 0.3, walked + 0.3])).tolist()
        course = math.atan2(ahead[1] - behind[1], ahead[0] - behind[0]) + math.atan2(x, z)
        stood = self._standing(time)
        turned = course + stood * _short_turn(course, -math.pi / 2) * 0.55
        cycle = self.phase + walked / (HEIGHTS_PER_CYCLE * self.metres)
        looks_round = 0.5 * math.sin(1.3 * time + self.phase * 6)
        nods = 0.08 * math.sin(0.9 * time + self.phase * 6)
        return Stance(x, z, turned, cycle, 1 - stood, stood * looks_round + (1 - stood) * nods)

    def _walked(self, time: float) -> float:
        """Metres done."""
        age, stop = time - self.start, self.pause_at * _length(self.lane) / self.pace
        return self.pace * (age if age < stop else max(stop, age - self.pause))

    def _standing(self, time: float) -> float:
        """0 walking, 1 standing, eased between."""
        if self.pause == 0:
            return 0.0
        stop = self.start + self.pause_at * _length(self.lane) / self.pace
        share = min(time - stop + _EASE_SECONDS / 2, stop + self.pause - time + _EASE_SECONDS / 2) / _EASE_SECONDS
        share = min(max(share, 0.0), 1.0)
        return share * share * (3 - 2 * share)

    def _points(self, walked: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N, 2) X, Z after so many metres, beside the lane."""
        corners = _moved_aside(self.lane, self.aside)
        done = np.concatenate([[0.0], np.cumsum(_pieces(self.lane))])
        walked = np.clip(walked, 0, done[-1])
        return np.stack([np.interp(walked, done, corners[:, 0]), np.interp(walked, done, corners[:, 1])], axis=1)


@dataclass(frozen=True)
class Visit:
    """One walk of one person through the picture of one camera."""

    person: Person
    camera: int
    walk: Walk


def _moved_aside(lane: Lane, aside: float) -> NDArray[np.float64]:
    """(K, 2) the corners of a lane, moved across the course there: away from the camera or, going up or down, right."""
    corners = np.array(lane)
    along = np.gradient(corners, axis=0)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.linalg.norm(along, axis=1, keepdims=True)
    # Both ways of walking a lane keep the same sides.
    outward = np.where(np.abs(across[:, 1]) > 0.5, np.sign(across[:, 1]), np.sign(across[:, 0]))
    return np.asarray(corners + aside * across * outward[:, None])


def _pieces(lane: Sequence[tuple[float, float]]) -> list[float]:
    return [math.dist(a, b) for a, b in pairwise(lane)]


def _length(lane: Lane) -> float:
    return sum(_pieces(lane))


def _short_turn(course: float, towards: float) -> float:
    """The turn, at most half a circle, from one course to another."""
    return math.remainder(towards - course, 2 * math.pi)
