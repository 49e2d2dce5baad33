"""The records that the gallery answers with."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gallery.crops import CropStore
from tracking.trajectory import Trajectory

Span = tuple[datetime, datetime]
"""A piece of time, UTC, both ends included."""

LIVE = "live"
"""What the name of a live session begins with; it stands where files have the SHA-256 of their content."""


@dataclass(frozen=True)
class CameraRow:
    """One camera, over all its ingests.

    Attributes:
        name: Name of the camera.
        sources: What was ingested, as given, oldest first.
        start: When its earliest source starts (``start_seconds`` count from here), UTC.
        since: UTC time of the first frame seen, None before any.
        until: UTC time of the last frame seen so far, None before any.
        tracklets: How many the gallery holds.
        state: ``done``; ``running`` (some process ingests it now); ``interrupted`` (that process died); ``failed``.
    """

    name: str
    sources: tuple[str, ...]
    start: datetime
    since: datetime | None
    until: datetime | None
    tracklets: int
    state: str


@dataclass(frozen=True)
class IngestRow:
    """One source that a camera was ingested from.

    Attributes:
        source: As given.
        source_hash: SHA-256 of its content, or the name of a live session.
        start: UTC time of its first frame.
        since: UTC time of the first frame seen, None before any.
        until: UTC time of the last frame seen so far, None before any.
        state: ``done``, ``running`` or ``failed``.
        settings: All that changed its tracklets, as JSON.
        gaps: Pieces between ``since`` and ``until`` of which no frame was seen.
    """

    source: str
    source_hash: str
    start: datetime
    since: datetime | None
    until: datetime | None
    state: str
    settings: str = ""
    gaps: tuple[Span, ...] = ()

    @property
    def is_live(self) -> bool:
        """Whether it was a live camera, whose frames nobody kept."""
        return self.source_hash.startswith(f"{LIVE} ")


@dataclass(frozen=True, eq=False)
class TrackletRow:
    """A tracklet without its boxes, pictures and vectors.

    Attributes:
        number: Dense row number, by which indexes know it; never used twice.
        id: The text by which people know it.
        camera: Name of the camera.
        start: UTC time of the first frame.
        end: UTC time of the last frame.
        first_frame: Index of the first frame.
        last_frame: Index of the last frame.
        frames: Number of frames in which it was seen.
        confidence: Mean confidence of its detections, 0-1.
        first_box: (4,) float32, xyxy, pixels: where it begins.
        last_box: (4,) float32, xyxy, pixels: where it ends.
        crop: Absolute path of its best crop (JPEG), None if it has none.
    """

    number: int
    id: str
    camera: str
    start: datetime
    end: datetime
    first_frame: int
    last_frame: int
    frames: int
    confidence: float
    first_box: NDArray[np.float32]
    last_box: NDArray[np.float32]
    crop: Path | None


@dataclass(frozen=True, eq=False)
class StoredCrop:
    """One kept picture of a tracklet; its pixels are read when asked for.

    Attributes:
        frame: Index of the frame (from 0).
        box: (4,) float32, xyxy, pixels of the frame.
        quality: 0-1, higher is better.
        file: Name of the JPEG file: the SHA-256 of its bytes.
        area: Staging area that the file may still be in.
        store: Where the file is.
    """

    frame: int
    box: NDArray[np.float32]
    quality: float
    file: str
    area: str
    store: CropStore

    @property
    def path(self) -> Path:
        """Absolute path of the JPEG file."""
        return self.store.path(self.file)

    def jpeg(self) -> bytes:
        """The picture as a JPEG file's bytes.

        Raises:
            GalleryError: If the file is gone.
        """
        return self.store.get(self.file, self.area)


@dataclass(frozen=True, eq=False)
class StoredTracklet:
    """All that the gallery knows of one tracklet.

    Attributes:
        row: What light lists show.
        trajectory: Boxes by frame.
        times: (N,) int64, microseconds since the Unix epoch, UTC, one for each row of the trajectory.
        crops: Best first.
        vectors: (1 + K, D) float32, unit length within the rounding of float16: the mean, then one per crop.
    """

    row: TrackletRow
    trajectory: Trajectory
    times: NDArray[np.int64]
    crops: tuple[StoredCrop, ...]
    vectors: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class VectorRows:
    """Vectors with the tracklets that they belong to.

    Attributes:
        numbers: (N,) int64, tracklet numbers, not decreasing.
        ordinals: (N,) int64, 0 for the mean, then the crops' ordinals from 1.
        vectors: (N, D) float16, as stored.
    """

    numbers: NDArray[np.int64]
    ordinals: NDArray[np.int64]
    vectors: NDArray[np.float16]

    def __len__(self) -> int:
        return len(self.numbers)

    def floats(self) -> NDArray[np.float32]:
        """(N, D) float32, for arithmetic; unit length within the rounding of float16 (1e-3)."""
        return self.vectors.astype(np.float32)


@dataclass(frozen=True)
class Coverage:
    """What of a camera was looked at.

    Attributes:
        camera: Name of the camera.
        since: UTC time from which frames were seen, None if none were (in the window asked for).
        until: UTC time until which frames were seen.
        gaps: Pieces between ``since`` and ``until`` of which no frame was seen.
    """

    camera: str
    since: datetime | None
    until: datetime | None
    gaps: tuple[Span, ...]


@dataclass(frozen=True)
class Erasure:
    """What an erasure took away (or would, for a trial run).

    Attributes:
        tracklets: Number of tracklets.
        vectors: Number of vectors.
        crops: Number of crops; files that other tracklets share stay for these.
        cameras: Names of the cameras that it touched.
        complete: False if bytes are still to be overwritten because somebody was reading; the next opening goes on.
    """

    tracklets: int
    vectors: int
    crops: int
    cameras: tuple[str, ...]
    complete: bool
