"""How close ``passerby track`` comes to the speed of its networks, on real video.

    python -m benchmarks.track_speed [--frames N] [--rounds N] [--threads N]

For each video, round by round and side by side: the networks alone (the same calls with the same frames and crops, all
decoded and cut before), and the whole path (decode, detect, embed, track, write the text, draw, encode). Printed are
medians of frames a second, of the ratio of each round, and of processor time per frame, which other programs on the
machine disturb less. Needs the project's shared data; says so and ends where it is absent.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from statistics import median

from benchmarks.real_video import DETECTOR
from benchmarks.scenes import EMBEDDER, SHARED
from ingest.camera import BLOCK, blocks
from ingest.detector import Detector
from ingest.embedder import Embedder, cut_crops
from ingest.frame import Frame, Image
from ingest.models import load_detector, load_embedder
from ingest.source import Source, open_source
from ingest.thread_budget import opencv_threads
from ingest.video_tracking import track_video

VIDEOS = ("intel_one-by-one-person-detection.mp4", "intel_people-detection.264")

Call = tuple[list[Image], list[Image]]
"""Frames for the detector, crops for the embedder."""


class Beginning:
    """The first frames of a source, as a source."""

    def __init__(self, source: Source, count: int) -> None:
        self._source, self.frame_count = source, count

    def __getattr__(self, name: str) -> object:
        return getattr(self._source, name)

    def frames(self, first: int = 0) -> Iterator[Frame]:
        yield from islice(self._source.frames(first), self.frame_count)


def calls(source: Beginning, detector: Detector) -> list[Call]:
    """What the networks are given for each block of frames."""
    given = []
    for block in blocks(source.frames(), BLOCK):
        images = [frame.image for frame in block]
        found = detector.detect(images)
        given.append((images, [c for i, d in zip(images, found, strict=True) for c in cut_crops(i, d.boxes)[0]]))
    return given


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the wall and on the processors."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - processor


def measure(path: Path, detector: Detector, embedder: Embedder, frames: int, rounds: int, threads: int) -> None:
    source = Beginning(open_source(str(path)), frames)
    given = calls(source, detector)
    frames = sum(len(images) for images, _ in given)

    def networks() -> None:
        for images, crops in given:
            detector.detect(images)
            embedder.embed(crops)

    def whole() -> None:
        with tempfile.TemporaryDirectory() as out:
            track_video(source, detector, embedder, Path(out), lambda *_: None, threads=threads)

    alone, path_times = [], []
    with opencv_threads(threads):
        for number in range(rounds):
            pair = [(networks, alone), (whole, path_times)]
            for work, times in pair[:: -1 if number % 2 else 1]:  # either goes first in turn
                times.append(timed(work))
    ratios = [a[0] / w[0] for a, w in zip(alone, path_times, strict=True)]
    crops = sum(len(crops) for _, crops in given)
    print(f"| {path.name} | {frames} | {crops} | {frames / median(w for w, _ in alone):.1f} "
          f"| {frames / median(w for w, _ in path_times):.1f} | {median(ratios):.2f} "
          f"({min(ratios):.2f}-{max(ratios):.2f}) | {1000 * median(c for _, c in alone) / frames:.1f} "
          f"| {1000 * median(c for _, c in path_times) / frames:.1f} |", flush=True)  # fmt: skip


def main() -> None:
    if not SHARED.is_dir():
        print(f"skipped: the shared data folder {SHARED} is absent")
        return
    os.environ.setdefault("PASSERBY_MODELS", str(SHARED / "data" / "models"))
    parser = argparse.ArgumentParser()
    for name, default in (("--frames", 80), ("--rounds", 9), ("--threads", 2)):
        parser.add_argument(name, type=int, default=default)
    arguments = parser.parse_args()
    detector = load_detector(DETECTOR, threads=arguments.threads)
    embedder = load_embedder(EMBEDDER, threads=arguments.threads)
    print(f"{DETECTOR} and {EMBEDDER}, {arguments.threads} threads, {arguments.rounds} rounds\n")
    print("| video | frames | crops | networks alone, frames/s | whole path, frames/s | ratio (least-most) "
          "| networks, CPU ms/frame | path, CPU ms/frame |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|")
    for video in VIDEOS:
        path = SHARED / "data" / "video" / video
        measure(path, detector, embedder, arguments.frames, arguments.rounds, arguments.threads)


if __name__ == "__main__":
    main()
