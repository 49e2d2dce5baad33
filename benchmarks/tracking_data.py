"""Detections and embeddings of composed scenes, kept in files, so that trackers can be compared on the very same input.

    python -m benchmarks.tracking_data [--scenes NAME...] [--out DIR]

For each camera of each scene all boxes of confidence 0.1 and more are kept with their vectors: trackers that use boxes of
low confidence need them, the others leave them out. Needs the project's shared data; says so and ends where it is absent.
A camera that was looked at before is not looked at again; delete its file to do so.
"""

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.scenes import CAMERA_SETS, EMBEDDER, PEOPLE, SHARED, compose
from ingest.embedder import cut_crops
from ingest.models import load_detector, load_embedder
from ingest.prefetch import prefetch
from ingest.source import open_source

DETECTOR = "person-detection-retail-0013"
LEAST_CONFIDENCE = 0.1
"""ByteTrack's own lower limit (arXiv 2110.06864)."""


@dataclass(frozen=True, eq=False)
class CameraDetections:
    """What a detector and an embedder gave for one camera.

    Attributes:
        frames: (N,) int64, from 1, ascending.
        boxes: (N, 4) float32, xyxy, pixels.
        confidences: (N,) float32.
        vectors: (N, D) float32, unit length.
        frame_count: Frames of the video.
        rate: Frames a second.
        size: Width and height, pixels.
    """

    frames: NDArray[np.int64]
    boxes: NDArray[np.float32]
    confidences: NDArray[np.float32]
    vectors: NDArray[np.float32]
    frame_count: int
    rate: float
    size: tuple[int, int]

    def at(self, frame: int) -> slice:
        """The rows of one frame (from 1)."""
        return slice(int(np.searchsorted(self.frames, frame)), int(np.searchsorted(self.frames, frame, "right")))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [f"{people}{cameras}-s{seed}" for people in PEOPLE for cameras in CAMERA_SETS for seed in (1, 2, 3)]
    parser.add_argument("--scenes", nargs="+", default=names)
    parser.add_argument("--detector", default=DETECTOR)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--out", type=Path, default=Path("bench-out/scenes"))
    arguments = parser.parse_args()
    if not SHARED.is_dir():
        print(f"skipped: the shared data folder {SHARED} is absent")
        return
    for name in arguments.scenes:
        folder = scene_folder(arguments.out, name)
        for video in sorted(folder.glob("cam*.mp4")):
            camera_detections(video, arguments.detector, arguments.threads)


def scene_folder(out: Path, name: str) -> Path:
    """The folder of a scene such as ``choose34-s1``, composed if it is not there yet."""
    people = next(people for people in PEOPLE if name.startswith(people))
    cameras, seed = name.removeprefix(people).split("-s")
    return compose(out, people, cameras, int(seed))


def camera_detections(video: Path, detector: str = DETECTOR, threads: int = 1) -> CameraDetections:
    """What the networks gave for a video, from the file beside it or anew."""
    kept = video.with_name(f"{video.stem}_{detector}.npz")
    if not kept.exists():
        made = look_at(video, detector, threads)
        part = kept.with_suffix(".part.npz")
        np.savez(part, allow_pickle=False, **vars(made))
        part.replace(kept)
        print(f"{kept}: {len(made.frames)} boxes in {made.frame_count} frames", file=sys.stderr, flush=True)
    with np.load(kept, allow_pickle=False) as arrays:
        width, height = arrays["size"].tolist()
        return CameraDetections(
            arrays["frames"],
            arrays["boxes"],
            arrays["confidences"],
            arrays["vectors"],
            int(arrays["frame_count"]),
            float(arrays["rate"]),
            (width, height),
        )


def look_at(video: Path, detector: str, threads: int) -> CameraDetections:
    """Detects and embeds everybody in a video."""
    os.environ.setdefault("PASSERBY_MODELS", str(SHARED / "data" / "models"))
    people = load_detector(detector, threads=threads, min_confidence=LEAST_CONFIDENCE)
    embedder = load_embedder(EMBEDDER, threads=threads)
    source = open_source(str(video))
    frames, boxes, confidences, vectors, count = [], [], [], [np.zeros((0, embedder.identity.dimension))], 0
    with prefetch(source.frames()) as ahead:
        for frame in ahead:
            found = people.detect([frame.image])[0]
            crops, kept = cut_crops(frame.image, found.boxes)
            vectors.append(embedder.embed(crops))
            boxes.append(found.boxes[kept])
            confidences.append(found.confidences[kept])
            frames.append(np.full(int(kept.sum()), frame.index + 1))
            count = frame.index + 1
    return CameraDetections(
        np.concatenate(frames).astype(np.int64),
        np.concatenate(boxes).astype(np.float32),
        np.concatenate(confidences).astype(np.float32),
        np.concatenate(vectors).astype(np.float32),
        count,
        source.rate,
        (source.width, source.height),
    )


if __name__ == "__main__":
    main()
