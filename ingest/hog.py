"""The people detector that comes with OpenCV: no download, works on single pictures."""

import hashlib
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.detector import Detections, DetectorIdentity, select, suppress
from ingest.frame import Image

_WINDOW = (64, 128)
_PERSON_PX = 96.0
"""Height of the person in the 128 rows of the window that the detector was trained on."""
_SIDE, _TOP = 0.20, 0.08
"""Share of the window beside the person, and above and below: measured on composed scenes."""
_WEAKEST = 0.0
"""Margins below it are never a person."""


class HogDetector:
    """Histograms of oriented gradients with a linear SVM (Dalal and Triggs 2005), as trained by OpenCV.

    It finds upright people who are wholly to be seen, in single pictures, and takes every lamp-post for half a person.
    Frames are reduced so that a person of ``min_height_px`` just fills its window, which makes it the faster the
    taller people must be: 0.1 s for 960x540 pixels at 128, a third of that at 192.

    Confidence is 1 / (1 + exp(-4 (w - 0.9))) of the SVM's margin w: on composed scenes of real people 0.1 of the boxes
    with margins of 0.2-0.4 were right, 0.4 at 0.7-1, nearly all beyond 1.

    Args:
        min_confidence: Boxes below it are dropped, 0-1.
        min_height_px: So are boxes that are lower, pixels of the frame; at least 96 are needed.
        max_overlap: Of two boxes that overlap by a greater IoU the less confident goes.
    """

    resumable = True
    batch = 1

    def __init__(self, *, min_confidence: float = 0.3, min_height_px: float = 128.0, max_overlap: float = 0.4) -> None:
        self._min_confidence, self._min_height_px, self._max_overlap = min_confidence, min_height_px, max_overlap
        self._hog = cv2.HOGDescriptor()
        self._hog.setSVMDetector(np.array(cv2.HOGDescriptor.getDefaultPeopleDetector(), np.float32))
        settings = f"min_confidence={min_confidence:g}, min_height_px={min_height_px:g}, max_overlap={max_overlap:g}"
        self.identity = DetectorIdentity("hog", hashlib.sha256(f"hog 1: {settings}".encode()).hexdigest(), settings)

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        """Finds people in each image; see ``Detector.detect``."""
        return [self._detect(image) for image in images]

    def _detect(self, image: Image) -> Detections:
        scale = min(_PERSON_PX / self._min_height_px, 1.0)
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image
        if small.shape[1] < _WINDOW[0] or small.shape[0] < _WINDOW[1]:
            return Detections.none()
        found, margins = self._hog.detectMultiScale(
            small, hitThreshold=_WEAKEST, winStride=(8, 8), padding=(8, 8), scale=1.05, groupThreshold=0
        )
        windows = np.asarray(found, np.float32).reshape(-1, 4)
        boxes = _person_boxes(windows) / np.array(
            [small.shape[1] / image.shape[1], small.shape[0] / image.shape[0]] * 2
        )
        confidences = confidence(np.asarray(margins, np.float64).reshape(-1))
        kept = suppress(boxes.astype(np.float32), confidences, np.zeros(len(boxes), np.int64), self._max_overlap)
        return select(
            boxes.astype(np.float32)[kept],
            confidences[kept],
            image.shape,
            min_confidence=self._min_confidence,
            min_height_px=self._min_height_px,
        )


def confidence(margins: NDArray[np.float64]) -> NDArray[np.float32]:
    """(N,) 0-1 from the SVM's margins.

    >>> confidence(np.array([0.9])).tolist()
    [0.5]
    """
    return (1.0 / (1.0 + np.exp(-4.0 * (margins - 0.9)))).astype(np.float32)


def _person_boxes(windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, 4) xyxy of the people in windows, (N, 4) x, y, width, height."""
    left, top, width, height = windows.T
    return np.stack(
        [left + _SIDE * width, top + _TOP * height, left + (1 - _SIDE) * width, top + (1 - _TOP) * height], axis=1
    )
