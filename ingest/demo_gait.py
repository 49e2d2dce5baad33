"""How a drawn person walks: joint positions over one cycle of the gait.

Coordinates are (forward, left, up) in body heights; the ground is up = 0 and the pelvis stands over the origin.
The joint curves follow the usual plots of normal gait (hip, knee and ankle flexion over one stride), rounded.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Point = NDArray[np.float64]
"""(3,) forward, left, up."""

HEIGHTS_PER_CYCLE = 0.74
"""Two steps, in body heights: walking this far per cycle keeps the feet from sliding."""


def vector(forward: float, left: float, up: float) -> Point:
    """A point, or a way from one to another."""
    return np.array([forward, left, up])


_THIGH, _SHIN, _UPPER_ARM, _FOREARM = 0.25, 0.235, 0.165, 0.145
_HIP_HALF, _SHOULDER_HALF, _SHOULDER_UP = 0.050, 0.096, 0.248
_CYCLE = np.array([0.0, 0.12, 0.40, 0.55, 0.72, 0.90, 1.0])
_KNEE = np.array([0.08, 0.30, 0.10, 0.55, 1.05, 0.25, 0.08])
_FOOT = np.array([0.30, 0.00, 0.00, -0.60, -0.55, 0.15, 0.30])


@dataclass(frozen=True, eq=False)
class Leg:
    """Hip, knee and ankle of one leg, and the ends of its foot."""

    hip: Point
    knee: Point
    ankle: Point
    heel: Point
    toe: Point


@dataclass(frozen=True, eq=False)
class Arm:
    """Shoulder, elbow and wrist of one arm."""

    shoulder: Point
    elbow: Point
    wrist: Point


@dataclass(frozen=True, eq=False)
class Pose:
    """All joints at one moment.

    Attributes:
        legs: Left, right.
        arms: Left, right.
        pelvis: Height of the hips above the ground.
    """

    legs: tuple[Leg, Leg]
    arms: tuple[Arm, Arm]
    pelvis: float


def pose(cycle: float, stride: float = 1.0, breadth: float = 1.0) -> Pose:
    """The joints at ``cycle`` (turns; 0 = left heel strike) with ``stride`` 0 (standing) to 1 (walking).

    >>> round(pose(0.3, stride=0.0).pelvis, 2)
    0.52
    """
    legs = [_leg(cycle + 0.5 * side, stride, -1 if side else 1, breadth) for side in (0, 1)]
    pelvis = -min(float(np.min([leg.heel[2], leg.toe[2]])) for leg in legs)
    up = np.array([0.0, 0.0, pelvis])
    lifted = [Leg(leg.hip + up, leg.knee + up, leg.ankle + up, leg.heel + up, leg.toe + up) for leg in legs]
    arms = [_arm(cycle + 0.5 * side, stride, -1 if side else 1, breadth, pelvis) for side in (0, 1)]
    return Pose((lifted[0], lifted[1]), (arms[0], arms[1]), pelvis)


def _along(angle: float, length: float) -> Point:
    """A segment hanging down, swung forward by ``angle`` radians."""
    return np.array([np.sin(angle) * length, 0.0, -np.cos(angle) * length])


def _leg(cycle: float, stride: float, side: int, breadth: float) -> Leg:
    share = cycle % 1.0
    swing = stride * (0.08 + 0.38 * np.cos(2 * np.pi * share))
    bend = stride * float(np.interp(share, _CYCLE, _KNEE)) + 0.03
    foot = stride * float(np.interp(share, _CYCLE, _FOOT))
    hip = np.array([0.0, side * _HIP_HALF * breadth, 0.0])
    knee = hip + _along(swing, _THIGH)
    ankle = knee + _along(swing - bend, _SHIN)
    sole = np.array([np.cos(foot), 0.0, np.sin(foot)])
    down = np.array([np.sin(foot), 0.0, -np.cos(foot)])
    heel = ankle - 0.022 * sole + 0.032 * down
    toe = ankle + 0.100 * sole + 0.032 * down + np.array([0.0, side * 0.012, 0.0])
    return Leg(hip, knee, ankle, heel, toe)


def _arm(cycle: float, stride: float, side: int, breadth: float, pelvis: float) -> Arm:
    beat = np.cos(2 * np.pi * cycle)
    swing = -0.38 * stride * beat + 0.02
    bend = 0.16 + stride * (0.22 - 0.20 * beat)
    shoulder = np.array([0.0, side * _SHOULDER_HALF * breadth, pelvis + _SHOULDER_UP])
    out = np.array([0.0, side * 0.026, 0.0])
    elbow = shoulder + _along(swing, _UPPER_ARM) + out
    return Arm(shoulder, elbow, elbow + _along(swing + bend, _FOREARM) + 0.3 * out)
