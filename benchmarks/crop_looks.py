"""What the crops of a camera's detections look like, read from the video once and kept beside it."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.scenes import EMBEDDER, SHARED
from benchmarks.tracking_data import DETECTOR, CameraDetections
from ingest.embedder import cut_crops
from ingest.frame import Image
from ingest.models import load_embedder
from ingest.prefetch import prefetch
from ingest.quality import is_cut, sharpness
from ingest.source import open_source
from tracking.boxes import intersection_over_area, visible_share

WORN_EVERY = 3
"""Of how many frames one is worn: four a second of twelve, to save time."""

WORN_SHIFT = 0.05
"""Standard deviation of the edges of worn boxes, in widths and heights."""

WORN_BLUR = (0.05, 0.25)
"""Range of the motion blur of every second worn crop, in widths."""

WORN_JPEG = 30


@dataclass(frozen=True, eq=False)
class Looks:
    """N crops.

    Attributes:
        boxes: (N, 4) float32, xyxy, pixels.
        confidences: (N,) float32, 0-1.
        vectors: (N, D) float32, unit length.
        sharpness: (N,) float32, see ``ingest.quality.sharpness``.
        brightness: (N,) float32, mean grey, 0-255.
        visible: (N,) float32, the share of the box that no nearer box hides.
        apart: (N,) float32, 1 - the largest share of the box that one other box covers, nearer or not.
        cut: (N,) bool, whether the frame's left, right or upper edge cuts the box.
        seconds: (N,) float64, from the camera's start.
    """

    boxes: NDArray[np.float32]
    confidences: NDArray[np.float32]
    vectors: NDArray[np.float32]
    sharpness: NDArray[np.float32]
    brightness: NDArray[np.float32]
    visible: NDArray[np.float32]
    apart: NDArray[np.float32]
    cut: NDArray[np.bool_]
    seconds: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.confidences)

    def take(self, rows: NDArray[np.int64] | Sequence[int]) -> "Looks":
        """Some of them."""
        return Looks(*(getattr(self, field.name)[rows] for field in fields(self)))


def camera_looks(video: Path, detections: CameraDetections, *, worn: bool) -> tuple[Looks, NDArray[np.int64]]:
    """The crops of some detections, and the rows of the detections that they are of.

    Args:
        video: Where they were found.
        detections: What was found there.
        worn: Instead take crops of every third frame that are moved, blurred and compressed at random: composed people
            are all equally sharp and well framed, those of real cameras are not.
    """
    kept = video.with_name(f"{video.stem}_{DETECTOR}_{'worn' if worn else 'looks'}.npz")
    if not kept.exists():
        made = worn_crops(video, detections) if worn else plain_crops(video, detections)
        part = kept.with_suffix(".part.npz")
        np.savez(part, allow_pickle=False, **made)
        part.replace(kept)
        print(f"{kept}: {len(made['sharpness'])} crops", file=sys.stderr, flush=True)
    with np.load(kept, allow_pickle=False) as arrays:
        if int(arrays["count"]) != len(detections.frames):
            raise SystemExit(f"{kept} is of other detections; delete it")
        rows = arrays["rows"]
        visible, apart = company(detections)
        boxes = detections.boxes[rows]
        looks = Looks(
            boxes,
            detections.confidences[rows],
            arrays["vectors"] if worn else detections.vectors[rows],
            arrays["sharpness"],
            arrays["brightness"],
            visible[rows],
            apart[rows],
            is_cut(boxes, detections.size[0]),
            (detections.frames[rows] - 1) / detections.rate,
        )
    return looks, rows


def company(detections: CameraDetections) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """How much other boxes of the frame leave of each: nearer ones, and any; see ``Looks``."""
    visible, apart = np.ones(len(detections.frames), np.float32), np.ones(len(detections.frames), np.float32)
    for frame in np.unique(detections.frames).tolist():
        at = detections.at(frame)
        boxes = detections.boxes[at]
        visible[at] = visible_share(boxes)
        covered = intersection_over_area(boxes, boxes)
        np.fill_diagonal(covered, 0)
        apart[at] = 1 - covered.max(axis=1)
    return visible, apart


def plain_crops(video: Path, detections: CameraDetections) -> dict[str, NDArray[np.generic]]:
    """Sharpness and brightness of every crop."""
    sharp, bright, rows = [], [], [np.zeros(0, np.int64)]
    with prefetch(open_source(str(video)).frames()) as frames:
        for frame in frames:
            at = detections.at(frame.index + 1)
            if at.start == at.stop:
                continue
            crops, kept = cut_crops(frame.image, detections.boxes[at])
            sharp += [sharpness(crop) for crop in crops]
            bright += [brightness(crop) for crop in crops]
            rows.append(at.start + np.flatnonzero(kept))
    return looked_at(np.concatenate(rows), len(detections.frames), sharp, bright)


def worn_crops(video: Path, detections: CameraDetections) -> dict[str, NDArray[np.generic]]:
    """Worn crops of every third frame, with the vectors of those."""
    os.environ.setdefault("PASSERBY_MODELS", str(SHARED / "data" / "models"))
    embedder = load_embedder(EMBEDDER, threads=1)
    sharp, bright, rows, vectors = [], [], [], [np.zeros((0, embedder.identity.dimension), np.float32)]
    with prefetch(open_source(str(video)).frames()) as frames:
        for frame in frames:
            at = detections.at(frame.index + 1)
            if frame.index % WORN_EVERY or at.start == at.stop:
                continue
            chance = np.random.default_rng(frame.index)
            boxes = detections.boxes[at]
            sides = np.tile(boxes[:, 2:] - boxes[:, :2], 2)
            moved = boxes + chance.normal(0, WORN_SHIFT, boxes.shape).astype(np.float32) * sides
            crops, kept = cut_crops(frame.image, moved)
            crops = [worn(crop, chance) for crop in crops]
            sharp += [sharpness(crop) for crop in crops]
            bright += [brightness(crop) for crop in crops]
            rows.append(at.start + np.flatnonzero(kept))
            vectors.append(embedder.embed(crops))
    made = looked_at(np.concatenate(rows), len(detections.frames), sharp, bright)
    return made | {"vectors": np.concatenate(vectors)}


def worn(crop: Image, chance: np.random.Generator) -> Image:
    """A crop compressed hard, and every second one blurred as by a movement to the side."""
    if chance.random() < 0.5:
        long = max(1, round(chance.uniform(*WORN_BLUR) * crop.shape[1]))
        crop = np.asarray(cv2.blur(crop, (long, 1)), np.uint8)
    data = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, WORN_JPEG])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def brightness(crop: Image) -> float:
    """Mean grey, 0-255."""
    return float(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY).mean())


def looked_at(
    rows: NDArray[np.int64], count: int, sharp: list[float], bright: list[float]
) -> dict[str, NDArray[np.generic]]:
    """The arrays that are kept."""
    return {
        "rows": rows,
        "count": np.array(count),
        "sharpness": np.array(sharp, np.float32),
        "brightness": np.array(bright, np.float32),
    }
