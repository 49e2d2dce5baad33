"""DeepSORT's constant-velocity Kalman filter, for all tracks at once.

Wojke, Bewley and Paulus, "Simple Online and Realtime Tracking with a Deep Association Metric", 2017 (arXiv 1703.07402),
section 2.1. The state of a track is (cx, cy, a, h) and its velocities: centre, aspect (width over height) and height in
pixels, per frame. All noise is independent between the four and a box is measured as it is, so the 8 x 8 covariance
stays four 2 x 2 blocks, one per coordinate, and every step has a closed form that NumPy does for all tracks together.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

GATE = 9.4877
"""0.95 quantile of the chi-square distribution with 4 degrees of freedom: farther measurements are impossible."""

POSITION_WEIGHT = 1 / 20
VELOCITY_WEIGHT = 1 / 160


@dataclass(frozen=True, eq=False)
class Motion:
    """What is believed of T tracks; each array is (T, 4) float64, its columns cx, cy, a, h.

    Attributes:
        mean: Expected position.
        velocity: Expected change per frame.
        variance: Variance of the position.
        covariance: Covariance of position and velocity.
        velocity_variance: Variance of the velocity.
    """

    mean: Floats
    velocity: Floats
    variance: Floats
    covariance: Floats
    velocity_variance: Floats

    def __len__(self) -> int:
        return len(self.mean)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "Motion":
        """Only these tracks, in this order."""
        return Motion(*(getattr(self, field.name)[rows] for field in fields(self)))

    def put(self, rows: NDArray[np.int64], other: "Motion") -> "Motion":
        """The same tracks, those in ``rows`` replaced by ``other``."""
        replaced = []
        for field in fields(self):
            array = getattr(self, field.name).copy()
            array[rows] = getattr(other, field.name)
            replaced.append(array)
        return Motion(*replaced)

    def append(self, other: "Motion") -> "Motion":
        """These tracks, then the others."""
        return Motion(*(np.concatenate([getattr(self, f.name), getattr(other, f.name)]) for f in fields(self)))


def initiate(measurements: Floats) -> Motion:
    """New tracks that stand still, (N, 4) cxcyah.

    Standard deviations: 2 h/20 for cx, cy, h; 0.01 for a; 10 h/160 and 1e-5 for their velocities.
    """
    heights = measurements[:, 3]
    return Motion(
        mean=measurements.astype(np.float64),
        velocity=np.zeros(measurements.shape),
        variance=noise(2 * POSITION_WEIGHT * heights, 1e-2),
        covariance=np.zeros(measurements.shape),
        velocity_variance=noise(10 * VELOCITY_WEIGHT * heights, 1e-5),
    )


def predict(motion: Motion) -> Motion:
    """One frame later. The process noise follows the height before the step: h/20, 0.01, h/160 and 1e-5."""
    heights = motion.mean[:, 3]
    return Motion(
        mean=motion.mean + motion.velocity,
        velocity=motion.velocity,
        variance=motion.variance
        + 2 * motion.covariance
        + motion.velocity_variance
        + noise(POSITION_WEIGHT * heights, 1e-2),
        covariance=motion.covariance + motion.velocity_variance,
        velocity_variance=motion.velocity_variance + noise(VELOCITY_WEIGHT * heights, 1e-5),
    )


def update(motion: Motion, measurements: Floats, doubt: Floats | float = 1.0) -> Motion:
    """Corrects T tracks by their T measurements, (T, 4) cxcyah.

    Args:
        motion: What is believed before.
        measurements: What was seen.
        doubt: Factor on the variance of each measurement, (T,) or one for all.
    """
    spread = innovation_variance(motion, doubt)
    innovation = measurements - motion.mean
    gain = motion.variance / spread
    velocity_gain = motion.covariance / spread
    return Motion(
        mean=motion.mean + gain * innovation,
        velocity=motion.velocity + velocity_gain * innovation,
        variance=motion.variance - gain * motion.variance,
        covariance=motion.covariance - gain * motion.covariance,
        velocity_variance=motion.velocity_variance - velocity_gain * motion.covariance,
    )


def gating_distances(motion: Motion, measurements: Floats) -> Floats:
    """Squared Mahalanobis distances between T predicted tracks and N measurements (cxcyah), (T, N)."""
    innovation = measurements[None, :, :] - motion.mean[:, None, :]
    return np.asarray(np.sum(innovation**2 / innovation_variance(motion)[:, None, :], axis=2))


def innovation_variance(motion: Motion, doubt: Floats | float = 1.0) -> Floats:
    """Variance of measurement minus expectation, (T, 4); a box is measured to h/20, its aspect to 0.1."""
    measured = noise(POSITION_WEIGHT * motion.mean[:, 3], 1e-1)
    return motion.variance + measured * np.asarray(doubt, np.float64).reshape(-1, 1)


def noise(of_size: Floats, of_aspect: float) -> Floats:
    """Variances from standard deviations: (T,) that follow the size, one that does not; (T, 4)."""
    deviations = np.column_stack([of_size, of_size, np.full_like(of_size, of_aspect), of_size])
    return np.square(deviations)
