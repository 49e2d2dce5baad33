"""DeepSORT's constant-velocity Kalman filter, for all tracks at once.

Wojke, Bewley and Paulus, "Simple Online and Realtime Tracking with a Deep Association Metric", 2017 (arXiv 1703.07402),
section 2.1. The state of a track is (cx, cy, a, h) and its velocities: centre, aspect (width over height) and height in
pixels, per frame. All noise is independent between the four and a box is measured as it is, so the 8 x 8 covariance
stays four 2 x 2 blocks, one per coordinate, and every step has a closed form that NumPy does for all tracks together.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracking.boxes import ROUNDING

Floats = NDArray[np.float64]

GATE = 9.4877
"""0.95 quantile of the chi-square distribution with 4 degrees of freedom: farther measurements are impossible."""

POSITION_WEIGHT = 1 / 20
VELOCITY_WEIGHT = 1 / 160


@dataclass(frozen=True, eq=False)
class Motion:
    """What is believed of T tracks; the columns of each part are cx, cy, a, h.

    Attributes:
        parts: (5, T, 4) float64: ``PARTS``, in one array, so that taking some tracks is one copy.
    """

    parts: Floats

    @classmethod
    def of(
        cls, mean: Floats, velocity: Floats, variance: Floats, covariance: Floats, velocity_variance: Floats
    ) -> "Motion":
        """From its parts, (T, 4) each."""
        return cls(np.array([mean, velocity, variance, covariance, velocity_variance], np.float64))

    def __len__(self) -> int:
        return int(self.parts.shape[1])

    @property
    def mean(self) -> Floats:
        """Expected position."""
        return np.asarray(self.parts[0])

    @property
    def velocity(self) -> Floats:
        """Expected change per frame."""
        return np.asarray(self.parts[1])

    @property
    def variance(self) -> Floats:
        """Variance of the position."""
        return np.asarray(self.parts[2])

    @property
    def covariance(self) -> Floats:
        """Covariance of position and velocity."""
        return np.asarray(self.parts[3])

    @property
    def velocity_variance(self) -> Floats:
        """Variance of the velocity."""
        return np.asarray(self.parts[4])

    def take(self, rows: NDArray[np.int64]) -> "Motion":
        """Only these tracks, in this order."""
        return Motion(self.parts.take(rows, axis=1))

    def put(self, rows: NDArray[np.int64], other: "Motion") -> "Motion":
        """The same tracks, those in ``rows`` replaced by ``other``."""
        parts = self.parts.copy()
        parts[:, rows] = other.parts
        return Motion(parts)

    def append(self, other: "Motion") -> "Motion":
        """These tracks, then the others."""
        return Motion(np.concatenate([self.parts, other.parts], axis=1))


PARTS = ("mean", "velocity", "variance", "covariance", "velocity_variance")
"""Names of the parts of a ``Motion``, in their order."""


def initiate(measurements: Floats) -> Motion:
    """New tracks that stand still, (N, 4) cxcyah.

    Standard deviations: 2 h/20 for cx, cy, h; 0.01 for a; 10 h/160 and 1e-5 for their velocities.
    """
    motion = Motion(np.zeros((len(PARTS), *measurements.shape)))
    motion.mean[:] = measurements
    motion.variance[:] = noise(2 * POSITION_WEIGHT, measurements[:, 3], 1e-2)
    motion.velocity_variance[:] = noise(10 * VELOCITY_WEIGHT, measurements[:, 3], 1e-5)
    return motion


def predict(motion: Motion) -> Motion:
    """One frame later. The process noise follows the height before the step: h/20, 0.01, h/160 and 1e-5."""
    mean, velocity, variance, covariance, velocity_variance = parts = motion.parts.copy()
    heights = motion.mean[:, 3]
    mean += velocity
    variance += 2 * covariance
    variance += velocity_variance
    variance += noise(POSITION_WEIGHT, heights, 1e-2)
    covariance += velocity_variance
    velocity_variance += noise(VELOCITY_WEIGHT, heights, 1e-5)
    return Motion(parts)


def update(motion: Motion, measurements: Floats, doubt: Floats | float = 1.0) -> Motion:
    """Corrects T tracks by their T measurements, (T, 4) cxcyah.

    Args:
        motion: What is believed before.
        measurements: What was seen.
        doubt: Factor on the variance of each measurement, (T,) or one for all.
    """
    mean, velocity, variance, covariance, velocity_variance = parts = motion.parts.copy()
    spread = innovation_variance(motion, doubt)
    innovation = measurements - motion.mean
    gain = motion.variance / spread
    velocity_gain = motion.covariance / spread
    mean += gain * innovation
    velocity += velocity_gain * innovation
    variance -= gain * motion.variance
    covariance -= gain * motion.covariance
    velocity_variance -= velocity_gain * motion.covariance
    return Motion(parts)


def gating_distances(
    motion: Motion, measurements: Floats, rows: NDArray[np.int64], columns: NDArray[np.int64]
) -> Floats:
    """Squared Mahalanobis distances between predicted tracks and measurements (N, 4) cxcyah, of some pairs, (P,)."""
    innovation = measurements.take(columns, axis=0) - motion.mean.take(rows, axis=0)
    x, y, aspect, height = (innovation**2 / innovation_variance(motion).take(rows, axis=0)).T
    return np.asarray(x + y + aspect + height)


def gate_reach(motion: Motion) -> Floats:
    """How far from its expected centre a possible measurement of each track can be, at most, (T, 2), pixels."""
    return np.asarray(np.sqrt(GATE * innovation_variance(motion)[:, :2]) * ROUNDING)


def innovation_variance(motion: Motion, doubt: Floats | float = 1.0) -> Floats:
    """Variance of measurement minus expectation, (T, 4); a box is measured to h/20, its aspect to 0.1."""
    measured = noise(POSITION_WEIGHT, motion.mean[:, 3], 1e-1)
    measured *= np.asarray(doubt, np.float64).reshape(-1, 1)
    return measured + motion.variance


def noise(of_size: float, heights: Floats, of_aspect: float) -> Floats:
    """Variances (T, 4) from standard deviations: a share of the height (T,) for cx, cy, h; one number for the aspect."""
    deviations = heights[:, None] * np.array([of_size, of_size, 0, of_size])
    deviations[:, 2] = of_aspect
    return np.asarray(np.square(deviations, out=deviations))
