"""What every people detector takes and gives, and the steps that all of them share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.frame import Image


@dataclass(frozen=True, eq=False)
class Detections:
    """People found in one image, most confident first.

    Attributes:
        boxes: (N, 4) float32, xyxy, pixels of the image, inside the image.
        confidences: (N,) float32, the detector's, 0-1.

    Raises:
        ValueError: If the two do not fit together.
    """

    boxes: NDArray[np.float32]
    confidences: NDArray[np.float32]

    def __post_init__(self) -> None:
        count = len(self.confidences)
        if self.boxes.shape != (count, 4) or self.confidences.shape != (count,):
            raise ValueError(
                f"detections: boxes of shape {self.boxes.shape} and confidences of shape {self.confidences.shape} "
                "do not fit; give (N, 4) and (N,)"
            )

    def __len__(self) -> int:
        return len(self.confidences)

    @classmethod
    def none(cls) -> "Detections":
        """Nobody."""
        return cls(np.empty((0, 4), np.float32), np.empty(0, np.float32))


@dataclass(frozen=True)
class DetectorIdentity:
    """What makes two runs of detection give the same boxes.

    Attributes:
        name: Name of the detector, as in ``passerby models list``.
        sha256: SHA-256 of the network and its description (of the settings, for one without a network).
        settings: All that changes the boxes, as readable text, for example ``min_confidence=0.5``.
        sure_confidence: Boxes below it are given too, but only for going on with tracks that are there; 0 for a detector
            that gives no such boxes.
    """

    name: str
    sha256: str
    settings: str
    sure_confidence: float = 0.0


class Detector(Protocol):
    """Finds people in images."""

    @property
    def identity(self) -> DetectorIdentity:
        """Which detector this is, with its settings."""
        ...

    @property
    def resumable(self) -> bool:
        """Whether detection can begin in the middle of a video: false where earlier frames matter."""
        ...

    @property
    def batch(self) -> int:
        """How many images it likes to be given at once; it takes any number."""
        ...

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        """Finds the people in consecutive frames of one camera; one answer per image, in order."""
        ...


def suppress(
    boxes: NDArray[np.float32],
    confidences: NDArray[np.float32],
    images: NDArray[np.int64],
    max_overlap: float,
) -> NDArray[np.int64]:
    """Non-maximum suppression over the boxes of several images at once.

    Args:
        boxes: (N, 4) xyxy.
        confidences: (N,).
        images: (N,) which image each box is in; boxes of different images never suppress one another.
        max_overlap: A box whose IoU with a more confident one of its image is above this goes.

    Returns:
        (K,) indices of the boxes that stay, most confident first.
    """
    if len(boxes) == 0:
        return np.empty(0, np.int64)
    xywh = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
    # OpenCV takes arrays where its type stubs ask for sequences.
    kept = cv2.dnn.NMSBoxesBatched(xywh, confidences, images.astype(np.int32), -1.0, max_overlap)  # type: ignore[arg-type]
    return np.asarray(kept, np.int64).reshape(-1)


def select(
    boxes: NDArray[np.float32],
    confidences: NDArray[np.float32],
    shape: tuple[int, ...],
    *,
    min_confidence: float,
    min_height_px: float,
) -> Detections:
    """Clips boxes to their image and keeps those that are confident and tall enough.

    Args:
        boxes: (N, 4) xyxy, pixels; may reach outside the image.
        confidences: (N,).
        shape: Of the image: (height, width, ...).
        min_confidence: Boxes below it go.
        min_height_px: Boxes that are lower than this once clipped go; so do those outside the image.

    Returns:
        What is left, most confident first.
    """
    height, width = shape[:2]
    clipped = np.clip(boxes, 0, np.array([width, height, width, height], np.float32)).astype(np.float32)
    wide, high = clipped[:, 2] - clipped[:, 0], clipped[:, 3] - clipped[:, 1]
    good = (confidences >= min_confidence) & (wide > 0) & (high > 0) & (high >= min_height_px)
    order = np.flatnonzero(good)
    order = order[np.argsort(-confidences[order], kind="stable")]
    return Detections(clipped[order], confidences[order].astype(np.float32))
