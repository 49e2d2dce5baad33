"""What may be left out of the pipeline: how much faster it is, and what it costs in accuracy.

    python -m benchmarks.pipeline_speed [--people choose|test] [--seeds 1 2] [--choices NAME...] [--no-speed]

The first table counts what the networks had to do for composed scenes, and how well people are then found (their
outputs are kept in files: counts and scores have no noise). The second runs the networks on real video and on a scene's
camera: each round runs every choice once, and the medians of times and of the ratios within a round are printed. Finished scores
are kept in DIR/pipeline_speed.json. Needs the project's shared data; says so and ends where it is absent.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.network_cache import CachedDetector, CachedEmbedder, Outputs, key_of
from benchmarks.scenes import CAMERA_SETS, EMBEDDER, PEOPLE, SHARED, compose
from benchmarks.tracking_data import DETECTOR, camera_detections
from gallery.store import Gallery
from gallery.tracklet import EmbedderIdentity
from ingest.camera import ingest_camera, rate_seen
from ingest.detector import Detections, Detector, DetectorIdentity
from ingest.effort import EVERYTHING, Effort
from ingest.embedder import Embedder, cut_crops
from ingest.frame import Frame, Image
from ingest.models import load_detector, load_embedder, load_still_detector
from ingest.pedestrian_tracker import pedestrian_tracker
from ingest.source import Source, open_source
from ingest.thread_budget import opencv_threads
from ingest.thresholds import Thresholds
from retrieval.scene_evaluation import SceneParts, evaluate_scene
from retrieval.scene_truth import read_scene

CHOICES = {
    "everything": EVERYTHING,
    "skip still": replace(EVERYTHING, skip_still=True),
    "embed needed": replace(EVERYTHING, embed="needed"),
    "both": replace(EVERYTHING, skip_still=True, embed="needed"),
    "detect 6/s": replace(EVERYTHING, detect_fps=6),
    "all three": replace(EVERYTHING, detect_fps=6, skip_still=True, embed="needed"),
}
VIDEOS = ("intel_people-detection.264", "intel_one-by-one-person-detection.mp4")


@dataclass(frozen=True)
class Counted:
    """A detector and an embedder that count what they had to do."""

    detector: "CountedDetector"
    embedder: "CountedEmbedder"


class CountedDetector:
    """Counts the frames."""

    def __init__(self, detector: Detector) -> None:
        self.inner = detector
        self.resumable, self.batch, self.frames = detector.resumable, detector.batch, 0

    @property
    def identity(self) -> DetectorIdentity:
        return self.inner.identity

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        self.frames += len(images)
        return self.inner.detect(images)


class CountedEmbedder:
    """Counts the crops."""

    def __init__(self, embedder: Embedder) -> None:
        self.inner, self.crops = embedder, 0

    @property
    def identity(self) -> EmbedderIdentity:
        return self.inner.identity

    @property
    def thresholds(self) -> Thresholds:
        return self.inner.thresholds

    def embed(self, crops: Sequence[Image]) -> NDArray[np.float32]:
        self.crops += len(crops)
        return self.inner.embed(crops)


class Beginning:
    """The first frames of a source."""

    def __init__(self, source: Source, count: int) -> None:
        self._source, self._count = source, count
        self.frame_count = count

    def __getattr__(self, name: str) -> object:
        return getattr(self._source, name)

    def frames(self, first: int = 0) -> Iterator[Frame]:
        return islice(self._source.frames(first), self._count)


@dataclass(frozen=True)
class Scores:
    """One choice on one scene: what was done, and what came of it."""

    frames: int
    detected: int
    embedded: int
    rank1: float
    mAP: float  # noqa: N815 (the measure's name)
    IDF1: float
    MOTA: float
    tracklets: int


def main() -> None:
    arguments = parse_arguments()
    if not SHARED.is_dir():
        print(f"skipped: the shared data folder {SHARED} is absent")
        return
    os.environ.setdefault("PASSERBY_MODELS", str(SHARED / "data" / "models"))
    choices = {name: CHOICES[name] for name in arguments.choices}
    scenes = [
        compose(arguments.out, arguments.people, cameras, seed)
        for cameras in arguments.cameras
        for seed in arguments.seeds
    ]
    if not arguments.no_scores:
        print_scores({scene.name: scene_scores(scene, choices, arguments) for scene in scenes}, choices)
    if not arguments.no_speed:
        videos = [SHARED / "data" / "video" / name for name in VIDEOS] + [sorted(scenes[0].glob("cam*.mp4"))[0]]
        for video in videos:
            print_speeds(video, choices, arguments)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", choices=PEOPLE, default="test")
    parser.add_argument("--cameras", choices=CAMERA_SETS, nargs="+", default=list(CAMERA_SETS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--choices", choices=CHOICES, nargs="+", default=list(CHOICES))
    parser.add_argument("--again", action="store_true", help="forget finished scores (not the networks' outputs)")
    parser.add_argument("--no-scores", action="store_true", help="only the speeds")
    parser.add_argument("--no-speed", action="store_true", help="only counts and scores")
    parser.add_argument("--frames", type=int, default=400, help="of each video whose speed is measured")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--out", type=Path, default=Path("bench-out/scenes"))
    return parser.parse_args()


def scene_scores(scene: Path, choices: dict[str, Effort], arguments: argparse.Namespace) -> dict[str, Scores]:
    """Counts and scores of every choice."""
    kept = arguments.out / "pipeline_speed.json"
    detector = load_detector(DETECTOR, threads=arguments.threads)
    embedder = load_embedder(EMBEDDER, threads=arguments.threads)
    found = {}
    for name, effort in choices.items():
        results = json.loads(kept.read_text()) if kept.exists() else {}
        key = f"{scene.name} | {name} | {effort}"
        if key not in results or arguments.again:
            for video in sorted(scene.glob("cam*.mp4")):
                fill(video, scene / "cache", detector, embedder, arguments.threads)
            results[key] = asdict(scored(scene, scene / "cache", detector, embedder, effort))
            kept.write_text(json.dumps(results, indent=1))
            print(f"{key}: {results[key]}", file=sys.stderr, flush=True)
        found[name] = Scores(**results[key])
    return found


def fill(video: Path, cache: Path, detector: Detector, embedder: Embedder, threads: int) -> None:
    """Brings what the networks said of all frames of a video (see ``tracking_data``) into the cache, once."""
    done = cache / f"{video.stem}.filled"
    if done.exists():
        return
    known, outputs = camera_detections(video, threads=threads), Outputs(cache)
    limit = float(detector.identity.settings.split("min_confidence=")[1].split()[0])
    for frame in open_source(str(video)).frames():
        rows = known.at(frame.index + 1)
        sure = known.confidences[rows] >= limit
        boxes, confidences, vectors = (a[rows][sure] for a in (known.boxes, known.confidences, known.vectors))
        crops, _ = cut_crops(frame.image, boxes)
        found = [(key_of(repr(detector.identity), frame.image), np.column_stack([boxes, confidences]))]
        keys = [key_of(repr(embedder.identity), crop) for crop in crops]
        outputs.put([*found, *zip(keys, vectors, strict=True)])
    done.touch()


def scored(scene: Path, cache: Path, detector: Detector, embedder: Embedder, effort: Effort) -> Scores:
    truth = read_scene(scene)
    counted = Counted(
        CountedDetector(CachedDetector(detector, cache)), CountedEmbedder(CachedEmbedder(embedder, cache))
    )
    parts = SceneParts(
        detector=lambda: counted.detector,
        embedder=counted.embedder,
        tracker=lambda rate, sure: pedestrian_tracker(embedder.thresholds, rate, sure_confidence=sure),
        finder=lambda: load_still_detector(DETECTOR, threads=1),
        effort=effort,
    )
    with tempfile.TemporaryDirectory() as folder:
        result = evaluate_scene(truth, Path(folder), parts)
    return Scores(
        frames=sum(ingest.frames for ingest in result.ingests),
        detected=counted.detector.frames,
        embedded=counted.embedder.crops - len(truth.queries),
        rank1=result.scores.rank1,
        mAP=result.scores.mAP,
        IDF1=statistics.mean(camera["IDF1"] for camera in result.per_camera.values()),
        MOTA=statistics.mean(camera["MOTA"] for camera in result.per_camera.values()),
        tracklets=sum(ingest.tracklets for ingest in result.ingests),
    )


def print_scores(found: dict[str, dict[str, Scores]], choices: dict[str, Effort]) -> None:
    print("| scene | choice | frames searched | crops embedded | rank-1 | mAP | IDF1 | MOTA | tracklets |")
    print("|---|---|---|---|---|---|---|---|---|")
    for scene in [*found, "mean"]:
        for name in choices:
            rows = [found[one][name] for one in (found if scene == "mean" else [scene])]
            base = [found[one][next(iter(choices))] for one in (found if scene == "mean" else [scene])]
            searched = sum(row.detected for row in rows) / sum(row.frames for row in rows)
            embedded = sum(row.embedded for row in rows) / sum(row.embedded for row in base)
            means = [statistics.mean(getattr(row, key) for row in rows) for key in ("rank1", "mAP", "IDF1", "MOTA")]
            cells = " | ".join(f"{mean:.4f}" for mean in means)
            print(
                f"| {scene} | {name} | {searched:.3f} | {embedded:.3f} | {cells} | {sum(r.tracklets for r in rows)} |"
            )


def print_speeds(video: Path, choices: dict[str, Effort], arguments: argparse.Namespace) -> None:
    detector = load_detector(DETECTOR, threads=arguments.threads)
    embedders = {
        effort.embed: load_embedder(EMBEDDER, threads=arguments.threads, batch=effort.embedder_batch("cpu"))
        for effort in choices.values()
    }
    rounds: list[dict[str, tuple[float, float]]] = []
    counts: dict[str, Counted] = {}
    for _ in range(arguments.rounds):
        seconds = {}
        for name, effort in choices.items():
            counts[name] = Counted(CountedDetector(detector), CountedEmbedder(embedders[effort.embed]))
            with tempfile.TemporaryDirectory() as folder, opencv_threads(arguments.threads):
                seconds[name] = timed(video, Path(folder), counts[name], effort, arguments.frames)
        rounds.append(seconds)
        print(f"{video.name}: {seconds}", file=sys.stderr, flush=True)
    first = next(iter(choices))
    print(f"\n{video.name}, {arguments.frames} frames, {arguments.rounds} rounds:\n")
    print("| choice | frames/s | times as fast | CPU ms/frame | times less CPU | frames searched | crops embedded |")
    print("|---|---|---|---|---|---|---|")
    for name in choices:
        rate = statistics.median(arguments.frames / one[name][0] for one in rounds)
        spent = statistics.median(1000 * one[name][1] / arguments.frames for one in rounds)
        faster, less = (statistics.median(one[first][k] / one[name][k] for one in rounds) for k in (0, 1))
        done = f"{counts[name].detector.frames} | {counts[name].embedder.crops}"
        print(f"| {name} | {rate:.1f} | {faster:.2f} | {spent:.1f} | {less:.2f} | {done} |", flush=True)


def timed(video: Path, folder: Path, counted: Counted, effort: Effort, frames: int) -> tuple[float, float]:
    """Seconds of wall time and of processor time, over all threads; the second bears a busy machine better."""
    source = Beginning(open_source(str(video)), frames)
    tracker = pedestrian_tracker(counted.embedder.thresholds, effort.searched_rate(rate_seen(source)))
    with Gallery.open(folder, create=True) as gallery:
        began, spent = time.perf_counter(), time.process_time()
        ingest_camera("camera", source, gallery, counted.detector, counted.embedder, tracker, effort=effort)
        return time.perf_counter() - began, time.process_time() - spent


if __name__ == "__main__":
    main()
