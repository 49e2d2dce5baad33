"""A tiny world: people are plain rectangles on grey, each of a colour of its own, and an embedder that sees colours."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from gallery.tracklet import EmbedderIdentity
from ingest.detector import Detections, DetectorIdentity
from ingest.thresholds import Thresholds

WIDTH, HEIGHT, RATE = 160, 128, 10
RED, GREEN, BLUE, YELLOW = (40, 40, 220), (40, 200, 40), (220, 60, 40), (40, 210, 210)
SIZE = (24, 64)
"""Width and height of everybody, pixels."""


@dataclass(frozen=True)
class Walker:
    """Somebody who walks to the right, from frame ``first`` (from 1) to ``last``, beginning at x."""

    person: int
    colour: tuple[int, int, int]
    first: int
    last: int
    x: int = 8
    y: int = 40
    step: int = 3

    def box(self, frame: int) -> tuple[int, int, int, int]:
        """Left, top, width, height."""
        return self.x + self.step * (frame - self.first), self.y, *SIZE


def draw(walkers: Sequence[Walker], frame: int) -> np.ndarray:
    image = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    for walker in walkers:
        if walker.first <= frame <= walker.last:
            x, y, w, h = walker.box(frame)
            cv2.rectangle(image, (x, y), (x + w - 1, y + h - 1), walker.colour, -1)
    return image


class ColourEmbedder:
    """Vectors are the mean colour less grey: nearly the same for one person, different for others."""

    identity = EmbedderIdentity("colours", "00" * 32, 3)
    thresholds = Thresholds(operating_point=0.9, visit_similarity=0.9, max_cosine_distance=0.1)

    def embed(self, crops: Sequence[np.ndarray]) -> np.ndarray:
        vectors = np.array([crop.reshape(-1, 3).mean(axis=0) - 128 for crop in crops], np.float32).reshape(-1, 3)
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)


class ColourDetector:
    """Finds the rectangles: what is not grey. Confidence 1."""

    identity = DetectorIdentity("colours", "", "")
    resumable = True
    batch = 1

    def detect(self, images: Sequence[np.ndarray]) -> list[Detections]:
        return [self._one(image) for image in images]

    def _one(self, image: np.ndarray) -> Detections:
        coloured = (np.abs(image.astype(int) - 128).max(axis=2) > 40).astype(np.uint8)
        count, _, stats, _ = cv2.connectedComponentsWithStats(coloured)
        boxes = [(x, y, x + w, y + h) for x, y, w, h, area in stats[1:count] if area > 200]
        return Detections(np.array(boxes, np.float32).reshape(-1, 4), np.ones(len(boxes), np.float32))
