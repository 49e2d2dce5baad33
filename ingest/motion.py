"""The motion detector: people before a camera that does not move, without any network."""

import hashlib
from collections.abc import Sequence

import cv2
import numpy as np

from ingest.background import Background, Difference, Mask, Plane, shrink
from ingest.blobs import Blob, clean, shapes
from ingest.crossings import Crossings
from ingest.detector import Detections, DetectorIdentity, select
from ingest.frame import Image

_EDGE = 3
"""Pixels round a person that are not learnt as background either."""


class MotionDetector:
    """Finds what moves before a fixed camera and has the shape of a person.

    It learns what the camera sees when nobody is there, and calls people what differs from that: without shadows, tall
    rather than wide, put together where a belt or a lamp-post cuts them, taken apart where two overlap. It cannot tell
    a person from a cart of the same shape, needs a camera that stands still, gives nothing during its first
    ``warm_up`` frames, and people who walk closely together may become one.

    Confidence is how much of the box differs from the background (half of it is a person for sure) times how clearly
    it differs.

    Args:
        min_confidence: Boxes below it are dropped, 0-1.
        min_height_px: So are boxes that are lower, pixels of the frame.
        working_width: Frames are looked at in this width, pixels.
        warm_up: Frames from which the first background is taken.
        rate: Share of each frame that is learnt where nobody is.
        slow_rate: The same where somebody is.
        contrast: Difference of colour that counts, grey levels.
        noise_factor: The same in standard deviations of a pixel's noise; the greater of the two is used.
        shadow: A shadow leaves at least this share of the light.
        highlight: A reflection adds at most this share.
        ghost_frames: What has an outline in the background only, for so many frames, is the place itself: up to 255.
        hold_frames: Frames for which people who walk into one another are remembered.
    """

    resumable = False
    """The background is not saved: detection must begin at the first frame."""
    batch = 1

    def __init__(
        self,
        *,
        min_confidence: float = 0.3,
        min_height_px: float = 40.0,
        working_width: int = 400,
        warm_up: int = 15,
        rate: float = 0.02,
        slow_rate: float = 0.001,
        contrast: float = 20.0,
        noise_factor: float = 4.0,
        shadow: float = 0.62,
        highlight: float = 0.20,
        ghost_frames: int = 75,
        hold_frames: int = 25,
    ) -> None:
        self._min_confidence, self._min_height_px = min_confidence, min_height_px
        self._width, self._warm_up, self._ghost_frames = working_width, warm_up, ghost_frames
        self._hold_frames = hold_frames
        self._background_settings = {
            "rate": rate,
            "slow_rate": slow_rate,
            "contrast": contrast,
            "noise_factor": noise_factor,
            "shadow": shadow,
            "highlight": highlight,
        }
        self._first: list[Plane] = []
        self._background: Background | None = None
        self._occupied: Mask | None = None
        self._crossings = Crossings(hold_frames)
        self._haunted: Mask = np.zeros((0, 0), np.uint8)
        settings = ", ".join(
            f"{name}={value:g}"
            for name, value in {
                "min_confidence": min_confidence,
                "min_height_px": min_height_px,
                "working_width": working_width,
                "warm_up": warm_up,
                "ghost_frames": ghost_frames,
                "hold_frames": hold_frames,
                **self._background_settings,
            }.items()
        )
        self.identity = DetectorIdentity(
            "motion", hashlib.sha256(f"motion 1: {settings}".encode()).hexdigest(), settings
        )

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        """Finds people in consecutive frames of one camera; see ``Detector.detect``."""
        return [self._detect(image) for image in images]

    def _detect(self, image: Image) -> Detections:
        picture = shrink(image, self._width)
        background = self._learnt(picture)
        if background is None or self._occupied is None:
            return Detections.none()
        background.light(picture, self._occupied)
        difference = background.compare(picture)
        scale = image.shape[0] / picture.shape[0]
        blobs = self._crossings.resolve(shapes(difference, self._min_height_px / scale), difference)
        self._keep_learning(background, picture, difference, blobs)
        return self._detections(blobs, scale, image.shape)

    def _learnt(self, picture: Plane) -> Background | None:
        """The background; None while it is not known. A frame of another size begins anew."""
        if self._background is not None and self._occupied is not None and self._occupied.shape == picture.shape[:2]:
            return self._background
        self._background = None
        if self._first and self._first[0].shape != picture.shape:
            self._first = []
        self._first.append(picture)
        if len(self._first) == self._warm_up:
            self._background = Background(np.stack(self._first), **self._background_settings)
            self._occupied = np.zeros(picture.shape[:2], np.uint8)
            self._haunted = self._occupied.copy()
            self._crossings = Crossings(self._hold_frames)
            self._first = []
        return None

    def _keep_learning(self, background: Background, picture: Plane, difference: Difference, blobs: list[Blob]) -> None:
        """Learns the picture, and what turned out to be a ghost for long enough, at once."""
        occupied = np.asarray(cv2.dilate(clean(difference.strong), np.ones((5, 5), np.uint8)), np.uint8)
        haunted = np.zeros(picture.shape[:2], np.uint8)
        for blob in blobs:
            top, left = blob.window[0].start, blob.window[1].start
            occupied[
                max(top - _EDGE, 0) : blob.window[0].stop + _EDGE, max(left - _EDGE, 0) : blob.window[1].stop + _EDGE
            ] = 255
            if background.is_ghost(picture, blob.window, blob.mask):
                haunted[blob.window] = 1
                if int(np.median(self._haunted[blob.window])) >= self._ghost_frames:
                    background.forget(picture, blob.window, np.full_like(blob.mask, 255))
        self._haunted = np.asarray(cv2.add(self._haunted, haunted), np.uint8) * haunted
        self._occupied = occupied
        background.learn(picture, occupied)

    def _detections(self, blobs: list[Blob], scale: float, shape: tuple[int, ...]) -> Detections:
        boxes = np.array([blob.box for blob in blobs], np.float32).reshape(-1, 4) * scale
        sure = [min(blob.fill / 0.5, 1.0) * min(blob.strength / 2.5, 1.0) for blob in blobs]
        return select(
            boxes,
            np.array(sure, np.float32),
            shape,
            min_confidence=self._min_confidence,
            min_height_px=self._min_height_px,
        )
