"""What a pan, a tilt or a shake of the camera does to what is believed of the tracks."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tracking.kalman import Motion
from tracking.tracks import Tracks

Affine = NDArray[np.float64]
"""(2, 3): the point (x, y) of the frame before is at ``affine @ (x, y, 1)`` in this one."""

STILL: Affine = np.eye(2, 3)
"""A camera that does not move."""


def move_tracks(tracks: Tracks, affine: Affine) -> Tracks:
    """The tracks as the camera sees them after it moved.

    Raises:
        ValueError: If the motion is not a (2, 3) array of finite numbers, or turns the picture inside out.
    """
    if affine is STILL:
        return tracks
    if affine.shape != (2, 3) or not np.isfinite(affine).all() or scale_of(affine) <= 0:
        raise ValueError(f"the camera motion is {affine.tolist()}; give a (2, 3) affine map, numpy.eye(2, 3) for none")
    if np.array_equal(affine, STILL):
        return tracks
    return replace(
        tracks,
        motion=move_motion(tracks.motion, affine),
        last_seen=move_motion(tracks.last_seen, affine),
        observed=move_boxes(tracks.observed, affine),
    )


def scale_of(affine: Affine) -> float:
    """How much larger things are afterwards: the square root of the determinant; 0 if it is negative."""
    return float(np.sqrt(max(np.linalg.det(affine[:, :2]), 0.0)))


def move_boxes(boxes: NDArray[np.float64], affine: Affine) -> NDArray[np.float64]:
    """Boxes (N, 4) cxcyah after the camera moved: centres follow the map, heights its scale; people stay upright.

    >>> move_boxes(np.array([[10.0, 20.0, 0.5, 40.0]]), np.array([[2.0, 0.0, 5.0], [0.0, 2.0, 0.0]])).tolist()
    [[25.0, 40.0, 0.5, 80.0]]
    """
    moved = boxes.copy()
    moved[:, :2] = boxes[:, :2] @ affine[:, :2].T + affine[:, 2]
    moved[:, 3] = boxes[:, 3] * scale_of(affine)
    return moved


def move_motion(motion: Motion, affine: Affine) -> Motion:
    """What is believed, after the camera moved.

    Velocities turn and grow with the picture. Variances grow with its scale; that a rotation mixes x and y is left out,
    as both are equally uncertain here.
    """
    scale = scale_of(affine)
    velocity = motion.velocity.copy()
    velocity[:, :2] = motion.velocity[:, :2] @ affine[:, :2].T
    velocity[:, 3] = motion.velocity[:, 3] * scale
    growth = np.array([scale**2, scale**2, 1.0, scale**2])
    return Motion.of(
        move_boxes(motion.mean, affine),
        velocity,
        motion.variance * growth,
        motion.covariance * growth,
        motion.velocity_variance * growth,
    )
