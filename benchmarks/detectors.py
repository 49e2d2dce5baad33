"""Recall and precision of detectors over their confidence, in composed scenes and beside each other on real video.

    python -m benchmarks.detectors [--people choose|test] [--seeds 1] [--detectors NAME...] [--every N] [--out DIR]

In a scene a person of visibility 0.25 or more counts as found by a box at IoU 0.5 (each box finds one person); boxes on
people that are less visible count neither way. On real video, which has no truth, the confident boxes of
person-detection-retail-0013 stand for the people. Choose on scenes of `choose` people, report on those of `test`.
Scenes are composed into DIR where they are not there yet, the same as those of benchmarks.scenes.
Needs the project's shared data; says so and ends where it is absent.
"""

import argparse
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from benchmarks.scenes import CAMERA_SETS, PEOPLE, SHARED, compose
from ingest.detector import Detections, Detector
from ingest.models import load_detector
from retrieval.scene_truth import read_scene
from tracking.boxes import iou

CONFIDENCES = (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6)
LEAST = 0.05
"""What detectors are run at, so that every confidence of the table is a matter of counting."""

STREET = "intel_people-detection.264"
REFERENCE, REFERENCE_CONFIDENCE = "person-detection-retail-0013", 0.7
MIN_IOU = 0.5
MIN_VISIBILITY = 0.25

Counts = dict[float, NDArray[np.int64]]
"""(found, people, boxes that count) by confidence."""


def main() -> None:
    arguments = parse_arguments()
    if not SHARED.is_dir():
        print(f"skipped: the shared data folder {SHARED} is absent")
        return
    os.environ.setdefault("PASSERBY_MODELS", str(SHARED / "data" / "models"))
    scenes = [
        compose(arguments.out, arguments.people, cameras, seed) for cameras in CAMERA_SETS for seed in arguments.seeds
    ]
    for name in arguments.detectors:
        detector = load_detector(name, threads=1, min_confidence=LEAST)
        in_scenes(detector, scenes, arguments.every)
        on_street(detector, arguments.every)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", choices=PEOPLE, default="test")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--detectors", nargs="+", default=["picodet_xs_320", "yolox_nano", REFERENCE])
    parser.add_argument("--every", type=int, default=15, help="look at every Nth frame")
    parser.add_argument("--out", type=Path, default=Path("bench-out/scenes"))
    return parser.parse_args()


def in_scenes(detector: Detector, scenes: Sequence[Path], every: int) -> None:
    everywhere, all_seconds, all_frames = empty_counts(), 0.0, 0
    for folder in scenes:
        scene = read_scene(folder)
        for camera, video in scene.videos.items():
            truth, counts, seconds, frames = scene.cameras[camera], empty_counts(), 0.0, 0
            for number, image in frames_of(video, every):
                rows = truth.at(number + 1)
                visible = truth.visibility[rows] >= MIN_VISIBILITY
                seconds += count(counts, timed(detector, image), truth.boxes[rows], visible)
                frames += 1
            report(f"{folder.name} {camera}", detector, counts, frames, seconds)
            all_seconds, all_frames = all_seconds + seconds, all_frames + frames
            for confidence, sums in counts.items():
                everywhere[confidence] += sums
    report("all cameras of all scenes", detector, everywhere, all_frames, all_seconds)


def on_street(detector: Detector, every: int) -> None:
    if detector.identity.name == REFERENCE:
        return
    reference = load_detector(REFERENCE, threads=1, min_confidence=REFERENCE_CONFIDENCE)
    counts, seconds, frames = empty_counts(), 0.0, 0
    for _, image in frames_of(SHARED / "data" / "video" / STREET, every):
        people = reference.detect([image])[0].boxes
        seconds += count(counts, timed(detector, image), people, np.ones(len(people), np.bool_))
        frames += 1
    report(f"{STREET}, beside {REFERENCE} at {REFERENCE_CONFIDENCE}", detector, counts, frames, seconds)


def empty_counts() -> Counts:
    return {confidence: np.zeros(3, np.int64) for confidence in CONFIDENCES}


def frames_of(video: Path, every: int) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    capture = cv2.VideoCapture(str(video))
    try:
        number = 0
        while capture.grab():
            if number % every == 0:
                yield number, np.asarray(capture.retrieve()[1], np.uint8)
            number += 1
    finally:
        capture.release()


def timed(detector: Detector, image: NDArray[np.uint8]) -> tuple[Detections, float]:
    began = time.process_time()
    found = detector.detect([image])[0]
    return found, time.process_time() - began


def count(
    counts: Counts, timed_found: tuple[Detections, float], people: NDArray[np.float32], visible: NDArray[np.bool_]
) -> float:
    found, seconds = timed_found
    for confidence, sums in counts.items():
        boxes = found.boxes[found.confidences >= confidence]
        overlaps = iou(people, boxes) if len(people) and len(boxes) else np.zeros((len(people), len(boxes)))
        rows = found_rows(overlaps)
        sums += (int(visible[rows].sum()), int(visible.sum()), len(boxes) - int((~visible[rows]).sum()))
    return seconds


def found_rows(overlaps: NDArray[np.float64]) -> NDArray[np.int64]:
    """The people that a box of their own is at, from the IoU of each with each box."""
    rows, columns = linear_sum_assignment(np.where(overlaps >= MIN_IOU, -1.0 - overlaps, 0.0))
    return np.asarray(rows[overlaps[rows, columns] >= MIN_IOU], np.int64)


def report(where: str, detector: Detector, counts: Counts, frames: int, seconds: float) -> None:
    print(f"\n{detector.identity.name}: {where}, {frames} frames, {1000 * seconds / max(frames, 1):.1f} ms of CPU each")
    print("confidence   recall   precision   F1")
    for confidence, (found, people, boxes) in counts.items():
        recall, precision = found / max(people, 1), found / max(boxes, 1)
        f1 = 2 * recall * precision / max(recall + precision, 1e-9)
        print(f"{confidence:10.2f}   {recall:.3f}    {precision:.3f}       {f1:.3f}", flush=True)


if __name__ == "__main__":
    main()
