"""Tracklets of composed scenes with everything that a rule for keeping crops may look at."""

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from benchmarks.crop_looks import Looks, camera_looks
from benchmarks.scenes import EMBEDDER, SHARED
from benchmarks.tracking_data import DETECTOR, CameraDetections, camera_detections
from benchmarks.tracklet_map import Described
from ingest.catalogue import known
from ingest.image import read_image
from ingest.models import load_embedder
from ingest.pedestrian_tracker import pedestrian_tracker
from retrieval.scene_truth import CameraTruth, SceneTruth, read_scene
from tracking.boxes import iou

Tracks = Literal["true", "tracked"]

MIN_CONFIDENCE = 0.5
"""The detector's own default."""

MIN_IOU = 0.5
MIN_CROPS = 3
"""A tracklet has at least so many detections: DeepSORT's ``n_init``."""

NOBODY = -1


@dataclass(frozen=True, eq=False)
class Seen:
    """One tracklet.

    Attributes:
        scene: Name of the scene.
        camera: Name of the camera.
        person: Whose box most of its detections are; ``NOBODY`` where most are nobody's.
        looks: Its detections in order of time.
    """

    scene: str
    camera: str
    person: int
    looks: Looks


def seen_in_scene(folder: Path, tracks: Tracks, threads: int = 1, *, worn: bool = False) -> list[Seen]:
    """All tracklets of a scene, from true tracks or from today's tracker; see ``camera_looks`` for ``worn``."""
    truth = read_scene(folder)
    cameras = list(truth.videos)
    return [one for name in cameras for one in seen_by_camera(folder.name, name, truth, tracks, threads, worn=worn)]


def seen_by_camera(
    scene: str, camera: str, truth: SceneTruth, tracks: Tracks, threads: int, *, worn: bool
) -> list[Seen]:
    """The tracklets of one camera."""
    video = truth.videos[camera]
    detections = confident(camera_detections(video, DETECTOR, threads))
    people = people_of(detections, truth.cameras[camera])
    if tracks == "true":
        visits = [v for v in truth.visits if v.camera == camera]
        inside = [(detections.frames >= v.first_frame) & (detections.frames <= v.last_frame) for v in visits]
        tracklets = [np.flatnonzero((people == v.person) & here) for v, here in zip(visits, inside, strict=True)]
    else:
        tracklets = tracked(detections)
    looks, rows = camera_looks(video, detections, worn=worn)
    found = []
    for all_ in (one for one in tracklets if len(one) >= MIN_CROPS):
        taken = np.flatnonzero(np.isin(rows, all_))
        if len(taken):
            found.append(Seen(scene, camera, majority(people[all_].tolist()), looks.take(taken)))
    return found


def confident(detections: CameraDetections) -> CameraDetections:
    """Those that the detector would give by default."""
    kept = detections.confidences >= MIN_CONFIDENCE
    return CameraDetections(
        detections.frames[kept],
        detections.boxes[kept],
        detections.confidences[kept],
        detections.vectors[kept],
        detections.frame_count,
        detections.rate,
        detections.size,
    )


def people_of(detections: CameraDetections, truth: CameraTruth) -> NDArray[np.int64]:
    """(N,) the person whose true box each detection is, at IoU 0.5, each at most once a frame."""
    people = np.full(len(detections.frames), NOBODY)
    for frame in np.unique(detections.frames).tolist():
        mine, theirs = detections.at(frame), truth.at(frame)
        overlap = iou(detections.boxes[mine], truth.boxes[theirs])
        rows, columns = linear_sum_assignment(np.where(overlap >= MIN_IOU, -overlap, 1.0))
        fits = overlap[rows, columns] >= MIN_IOU
        people[mine.start + rows[fits]] = truth.people[theirs][columns[fits]]
    return people


def tracked(detections: CameraDetections) -> list[NDArray[np.int64]]:
    """The detections of each confirmed track, as ``ingest.follower.Follower`` collects them."""
    tracker = pedestrian_tracker(known()[EMBEDDER].thresholds, detections.rate)
    rows: dict[int, list[int]] = {}
    confirmed: set[int] = set()
    for frame in range(1, detections.frame_count + 1):
        at = detections.at(frame)
        step = tracker.step(detections.boxes[at], detections.confidences[at], detections.vectors[at])
        confirmed |= set(step.ids[step.confirmed].tolist())
        for track, d in zip(step.ids.tolist(), step.detections.tolist(), strict=True):
            if d >= 0:
                rows.setdefault(track, []).append(at.start + d)
    return [np.array(rows[track], np.int64) for track in sorted(confirmed)]


def majority(people: list[int]) -> int:
    """Who has more than half of the detections, or nobody."""
    person, count = Counter(people).most_common(1)[0]
    return person if 2 * count > len(people) else NOBODY


def photos(folder: Path) -> list[Described]:
    """The pictures to ask with, embedded once and kept in the folder."""
    kept = folder / f"queries_{EMBEDDER}.npz"
    queries = read_scene(folder).queries
    if not kept.exists():
        os.environ.setdefault("PASSERBY_MODELS", str(SHARED / "data" / "models"))
        part = kept.with_suffix(".part.npz")
        np.savez(part, vectors=load_embedder(EMBEDDER, threads=1).embed([read_image(q.image) for q in queries]))
        part.replace(kept)
    with np.load(kept, allow_pickle=False) as arrays:
        vectors = arrays["vectors"]
    return [Described(q.camera or "", q.person, v[None]) for q, v in zip(queries, vectors, strict=True)]
