"""The record that everything else is about: one person, once through one camera."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from gallery.instants import from_microseconds
from gallery.instants import to_microseconds as to_microseconds  # for those who make tracklets
from tracking.trajectory import Trajectory


@dataclass(frozen=True, eq=False)
class Crop:
    """One picture of a person, cut from a frame.

    Attributes:
        frame: Index of the frame (from 0).
        box: (4,) float32, xyxy, pixels of the frame, inside the frame.
        quality: 0-1, higher is better (see ``ingest/quality.py``).
        jpeg: The picture as a JPEG file's bytes.
    """

    frame: int
    box: NDArray[np.float32]
    quality: float
    jpeg: bytes


@dataclass(frozen=True, eq=False)
class Tracklet:
    """A finished track with its best crops and their vectors.

    Attributes:
        id: Deterministic text, unique in the gallery.
        camera: Name of the camera.
        trajectory: Boxes by frame.
        times: (N,) int64, microseconds since the Unix epoch, UTC, one for each row of the trajectory.
        crops: Best first. Loaded from the gallery the list may be without pixels (see ``gallery/store.py``).
        vectors: (1 + K, D) float32, unit length: the mean first, then one per crop.
    """

    id: str
    camera: str
    trajectory: Trajectory
    times: NDArray[np.int64]
    crops: tuple[Crop, ...]
    vectors: NDArray[np.float32]

    @property
    def start(self) -> datetime:
        """UTC time of the first frame."""
        return from_microseconds(int(self.times[0]))

    @property
    def end(self) -> datetime:
        """UTC time of the last frame."""
        return from_microseconds(int(self.times[-1]))

    @property
    def confidence(self) -> float:
        """Mean confidence of the detections, 0-1."""
        return float(self.trajectory.confidences.mean())


@dataclass(frozen=True)
class EmbedderIdentity:
    """What makes two vectors comparable.

    Attributes:
        name: Name of the embedder, as in ``passerby models list``.
        sha256: SHA-256 of the network file (of the settings, for one without a network).
        dimension: Length of its vectors.
    """

    name: str
    sha256: str
    dimension: int
