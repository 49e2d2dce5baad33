"""The videos on which trackers are compared: what the networks gave for each, and who was really where."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.moving_camera import MOVES, moving_scene, read_motion
from benchmarks.scenes import CAMERA_SETS, SHARED
from benchmarks.tracking_data import DETECTOR, CameraDetections, camera_detections, scene_folder
from retrieval.mot_evaluation import MotScores, evaluate_boxes
from retrieval.oracle import MIN_VISIBILITY
from retrieval.scene_truth import CameraTruth, read_camera_truth
from tracking.motchallenge import read_detections, read_truth

MOT = SHARED / "data" / "mot"
TUD = ("TUD-Campus", "TUD-Stadtmitte")
TUD_RATE, TUD_SIZE = 25.0, (640, 480)
SEEDS = {"choose": (1, 2), "test": (1, 2, 3)}
MOVING = {"choose": "choose34-s1", "test": "test34-s1"}
"""The scene of which moving ones are made."""


@dataclass(frozen=True, eq=False)
class Clip:
    """One camera or one MOTChallenge sequence.

    Attributes:
        group: What it is averaged with: the sequence itself, or the scene.
        name: Unique.
        given: Detections, with vectors (N, 0) where there are no pixels.
        truth: True boxes.
        video: None where there are no pixels.
        motion: (F, 2, 3) float64, true affine from the frame before to each frame; None for a fixed camera.
    """

    group: str
    name: str
    given: CameraDetections
    truth: CameraTruth
    video: Path | None
    motion: NDArray[np.float64] | None = None

    def score(self, frames: NDArray[np.int64], ids: NDArray[np.int64], boxes: NDArray[np.float32]) -> MotScores:
        """Scores tracks (frames from 1); people less than a quarter visible are ignored."""
        return evaluate_boxes(
            self.truth.frames,
            self.truth.people,
            self.truth.boxes,
            frames,
            ids,
            boxes,
            ignored=self.truth.visibility < MIN_VISIBILITY,
        )


def clips(people: str, out: Path, *, present: bool) -> Iterator[Clip]:
    """All clips of one table.

    Args:
        people: ``choose`` or ``test``; the TUD sequences are in both.
        out: Where the scenes are, or are made.
        present: Leave out what is not there yet; else it is composed and looked at first, which takes hours.
    """
    for name in TUD:
        yield tud_clip(MOT / name)
    for cameras in reversed(CAMERA_SETS):
        for seed in SEEDS[people]:
            folder = out / f"{people}{cameras}-s{seed}"
            yield from scene_clips(folder if present else scene_folder(out, folder.name), present=present)
    for move in MOVES:
        folder = out / f"{MOVING[people]}-{move}"
        if not present:
            moving_scene(scene_folder(out, MOVING[people]), folder, move)
        yield from scene_clips(folder, present=present)


def is_moving(group: str) -> bool:
    """Whether a group was made by moving the camera of another."""
    return group.rpartition("-")[2] in MOVES


def scene_clips(folder: Path, *, present: bool) -> Iterator[Clip]:
    """The cameras of a composed scene."""
    videos = sorted(folder.glob("cam*.mp4"))
    if not videos or not (folder / "visits.csv").exists():
        print(f"{folder.name}: left out, it is not there yet", file=sys.stderr)
    for video in videos:
        if present and not video.with_name(f"{video.stem}_{DETECTOR}.npz").exists():
            print(f"{folder.name}/{video.stem}: left out, nobody was detected there yet", file=sys.stderr)
            continue
        yield Clip(
            folder.name,
            f"{folder.name}/{video.stem}",
            camera_detections(video),
            read_camera_truth(folder / f"{video.stem}_gt.txt"),
            video,
            read_motion(folder, video.stem),
        )


def tud_clip(folder: Path) -> Clip:
    """A sequence of 2D MOT 2015, of which there is only text."""
    found, true = read_detections(folder / "det.txt"), read_truth(folder / "gt.txt")
    given = CameraDetections(
        found.frames,
        found.boxes.astype(np.float32),
        found.confidences.astype(np.float32),
        np.zeros((len(found), 0), np.float32),
        max(found.last_frame, true.last_frame),
        TUD_RATE,
        TUD_SIZE,
    )
    truth = CameraTruth(true.frames, true.ids, true.boxes.astype(np.float32), np.ones(len(true), np.float32))
    return Clip(folder.name, folder.name, given, truth, None)
