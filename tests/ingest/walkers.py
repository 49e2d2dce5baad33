"""Bright people on a dark ground, and the smallest detector and embedder that know them."""

import hashlib
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
from numpy.typing import NDArray

from gallery.store import Gallery
from gallery.tracklet import EmbedderIdentity
from ingest.camera import IngestResult, ingest_camera
from ingest.detector import Detections, DetectorIdentity, select
from ingest.effort import EVERYTHING
from ingest.frame import Frame, Image
from ingest.pedestrian_tracker import pedestrian_tracker
from ingest.source import Source
from ingest.source_summary import SourceSummary
from ingest.thresholds import Thresholds
from ingest.zones import NO_ZONES

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
WIDTH, HEIGHT = 200, 220


@dataclass(frozen=True)
class Walker:
    """A person as a rectangle of one colour (BGR) that moves by ``step`` pixels a frame from ``first`` to ``last``."""

    colour: tuple[int, int, int]
    first: int
    last: int
    left: float
    top: float
    step: float = 2.0
    size: tuple[int, int] = (24, 60)


BLUE = Walker((250, 60, 60), 0, 59, 10, 75)
GREEN = Walker((60, 250, 60), 10, 79, 170, 150, -2.0)
RED = Walker((60, 60, 250), 40, 79, 20, 8, 1.5)
BLINK = Walker((250, 250, 60), 30, 31, 150, 5, 0.0)
"""Is seen twice only, so never confirmed."""

SCENE = (BLUE, GREEN, RED, BLINK)
FRAMES = 100


def picture(frame: int, walkers: Sequence[Walker] = SCENE) -> Image:
    """One frame; the brightness of each person flickers, so that crops and vectors differ from frame to frame."""
    image = np.full((HEIGHT, WIDTH, 3), 20, np.uint8)
    flicker = np.random.default_rng(frame).uniform(0.8, 1.0, (len(walkers), 3))
    for walker, shade in zip(walkers, flicker, strict=True):
        if walker.first <= frame <= walker.last:
            left, top = round(walker.left + walker.step * (frame - walker.first)), round(walker.top)
            width, height = walker.size
            image[max(top, 0) : top + height, max(left, 0) : left + width] = np.array(walker.colour) * shade
            image[max(top + 10, 0) : top + 14, max(left + 4, 0) : max(left + width - 4, 0)] = 230
    return image


class Clip:
    """A source in memory: frames by number, at the times given (seconds), else 25 a second."""

    def __init__(
        self,
        count: int = FRAMES,
        walkers: Sequence[Walker] = SCENE,
        *,
        start: datetime = NOON,
        fps: float | None = None,
        seconds: Sequence[float] | None = None,
    ) -> None:
        self.name, self.live, self.zones, self.length_seconds = "clip", False, NO_ZONES, None
        self.start, self.start_origin = start, "given"
        self.width, self.height, self.rate, self.fps = WIDTH, HEIGHT, 25.0, fps
        self.frame_count: int | None = count
        self.content_hash = hashlib.sha256(repr((count, walkers, seconds)).encode()).hexdigest()
        self.problems: tuple[str, ...] = ()
        self.fails_at: int | None = None
        self.given: list[int] = []
        self._seconds = seconds or [index / 25 for index in range(count)]
        self._walkers = walkers

    def frames(self, first: int = 0) -> Generator[Frame, None, None]:
        for index, seconds in enumerate(self._seconds):
            if index == self.fails_at:
                raise InterruptedError("the test pulled the plug")
            if index >= first and (self.fps is None or index % round(25 / self.fps) == 0):
                self.given.append(index)
                yield Frame(index, self.start + timedelta(seconds=seconds), picture(index, self._walkers))

    def summary(self) -> SourceSummary:
        return SourceSummary(len(self._seconds), 0, len(self._seconds) / 25, self.problems)

    def close(self) -> None:
        """There is nothing to let go of."""


class BrightDetector:
    """Finds bright rectangles. Confidence falls from left to right, so that boxes are told apart by it."""

    resumable = True
    batch = 8

    def __init__(self, *, min_height_px: float = 10.0) -> None:
        self.min_height_px = min_height_px
        self.identity = DetectorIdentity("bright", "b" * 64, f"min_height_px={min_height_px}")

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        return [self.find(image) for image in images]

    def find(self, image: Image) -> Detections:
        bright = (image.max(axis=2) > 110).astype(np.uint8)
        _, _, found, _ = cv2.connectedComponentsWithStats(bright)
        boxes = np.array([(x, y, x + w, y + h) for x, y, w, h, _ in found[1:].tolist()], np.float32).reshape(-1, 4)
        confidences = (0.95 - boxes[:, 0] / 1000).astype(np.float32)
        return select(boxes, confidences, image.shape, min_confidence=0.3, min_height_px=self.min_height_px)


class CountingDetector(BrightDetector):
    """Like motion detection: what it finds depends on how many frames it has seen."""

    resumable = False

    def __init__(self) -> None:
        super().__init__()
        self.identity = DetectorIdentity("counting", "c" * 64, "")
        self.seen = 0

    def find(self, image: Image) -> Detections:
        self.seen += 1
        found = super().find(image)
        return Detections(found.boxes, (found.confidences * (0.5 + 0.5 / self.seen)).astype(np.float32))


class ColourEmbedder:
    """The mean colour as a unit vector. Takes so many seconds for a batch, and pulls the plug after so many batches."""

    thresholds = Thresholds(operating_point=0.9, visit_similarity=0.9, max_cosine_distance=0.1)

    def __init__(self, *, seconds: float = 0.0, fails_after: int | None = None, name: str = "colour") -> None:
        self.identity = EmbedderIdentity(name, "e" * 64, 3)
        self.seconds = seconds
        self.fails_after = fails_after
        self.batches = 0

    def embed(self, crops: Sequence[Image]) -> NDArray[np.float32]:
        if self.batches == self.fails_after:
            raise InterruptedError("the test pulled the plug")
        self.batches += 1
        time.sleep(self.seconds)
        means = np.array([crop.reshape(-1, 3).mean(axis=0) for crop in crops], np.float32).reshape(-1, 3)
        return means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-6)


def ingest(
    gallery: Gallery, source: Source, detector=None, embedder=None, tracker=None, camera="door", **options
) -> IngestResult:
    """Takes a source into the gallery with fresh parts of this file, where no others are given; leaves nothing out."""
    options.setdefault("effort", EVERYTHING)
    embedder = embedder or ColourEmbedder()
    return ingest_camera(
        camera,
        source,
        gallery,
        detector or BrightDetector(),
        embedder,
        tracker or pedestrian_tracker(embedder.thresholds, 5.0),
        **options,
    )


def content(gallery: Gallery) -> list[tuple]:
    """Everything about every tracklet, to the last bit."""
    found = []
    for row in gallery.tracklets():
        one = gallery.tracklet(row.id)
        crops = [(crop.frame, crop.box.tolist(), crop.quality, crop.jpeg()) for crop in one.crops]
        boxes = one.trajectory.boxes.tobytes()
        found.append((row.id, row.start, row.end, boxes, one.times.tolist(), one.vectors.tobytes(), crops))
    return found
