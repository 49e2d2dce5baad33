"""Trackers that can be timed frame by frame: ours, the reference program, and those of another environment."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from benchmarks.crowds import Crowd, Seen
from benchmarks.deep_sort_parity import Peer, Rows
from ingest.pedestrian_tracker import BY_PLACE, pedestrian_tracker
from ingest.thresholds import Thresholds
from tracking.boxes import xyxy_to_xywh
from tracking.settings import TrackerSettings
from tracking.tracker import DeepSort

PEERS_PROGRAM = Path(__file__).with_name("tracker_speed_peers.py")
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
PRODUCT = Thresholds(operating_point=0.5, visit_similarity=0.75, max_cosine_distance=0.329)
"""The shipped embedder's."""
RATE, SURE_CONFIDENCE = 25.0, 0.5
REFERENCE, AS_PRODUCT, NO_VECTORS, DEEP_SORT = "ours as reference", "ours as product", "ours, no vectors", "deep_sort"
OURS = (REFERENCE, AS_PRODUCT, NO_VECTORS)


@dataclass
class Times:
    """What one tracker took.

    Attributes:
        wall: Seconds of each frame.
        processor: Seconds of the processor of each frame.
        error: Why there is nothing more.
    """

    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    error: str | None = None


class Timed(Protocol):
    """A tracker that can take some frames of its crowd."""

    def frames(self, first: int, last: int) -> Times: ...


class Ours:
    """A tracker in this process.

    Args:
        crowd: What it is given.
        ready: Makes of a frame what the tracker takes, and gives what is timed.
        rows: Gives the rows of the tracks that were seen in the last frame.
    """

    def __init__(
        self, crowd: Crowd, ready: Callable[[Seen], Callable[[], Any]], rows: Callable[[Any], dict[int, Any]]
    ) -> None:
        self._crowd, self._ready, self._rows = crowd, ready, rows
        self.seen: Rows = {}

    def frames(self, first: int, last: int) -> Times:
        times = Times()
        for number in range(first, last):
            update = self._ready(self._crowd.frames[number])
            wall, processor = time.perf_counter(), time.process_time()
            outcome = update()
            times.wall.append(time.perf_counter() - wall)
            times.processor.append(time.process_time() - processor)
            self.seen |= {(number, track): box for track, box in self._rows(outcome).items()}
        return times


def ours(name: str, crowd: Crowd) -> Ours:
    """One of our trackers."""
    trackers = {
        REFERENCE: lambda: DeepSort(TrackerSettings()),
        AS_PRODUCT: lambda: pedestrian_tracker(PRODUCT, RATE, sure_confidence=SURE_CONFIDENCE),
        NO_VECTORS: lambda: DeepSort(BY_PLACE),
    }
    tracker = trackers[name]()

    def ready(seen: Seen) -> Callable[[], Any]:
        vectors = None if name == NO_VECTORS else seen.vectors
        return lambda: tracker.step(seen.boxes, seen.confidences, vectors)

    def rows(step: Any) -> dict[int, Any]:
        shown = step.confirmed & (step.detections >= 0)
        return dict(zip(step.ids[shown].tolist(), step.boxes[shown].astype(np.float64), strict=True))

    return Ours(crowd, ready, rows)


def theirs(peer: Peer, crowd: Crowd) -> Ours:
    """The reference program, with its own numbers."""
    metric = peer["nn_matching"].NearestNeighborDistanceMetric("cosine", 0.2, 100)
    tracker = peer["tracker"].Tracker(metric, max_iou_distance=0.7, max_age=30, n_init=3)

    def ready(seen: Seen) -> Callable[[], Any]:
        parts = zip(xyxy_to_xywh(seen.boxes), seen.confidences, seen.vectors, strict=True)
        found = [peer["detection"].Detection(*part) for part in parts]

        def update() -> Any:
            tracker.predict()
            tracker.update(found)
            return tracker.tracks

        return update

    def rows(tracks: Any) -> dict[int, Any]:
        return {t.track_id: t.to_tlbr() for t in tracks if t.is_confirmed() and t.time_since_update == 0}

    return Ours(crowd, ready, rows)


class PeersProcess:
    """The process in the other environment."""

    def __init__(self, python: str) -> None:
        self._process = subprocess.Popen(
            [python, str(PEERS_PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, **ONE_THREAD},
        )

    def ask(self, **question: Any) -> dict[str, Any]:
        """Its answer; ``error`` says what went wrong."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        return json.loads(line) if line else {"error": f"the process ended ({self._process.wait()})"}

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


@dataclass
class Remote:
    """A tracker in the other environment."""

    process: PeersProcess
    name: str

    def frames(self, first: int, last: int) -> Times:
        answer = self.process.ask(tracker=self.name, first=first, last=last)
        return Times(answer.get("wall", []), answer.get("processor", []), answer.get("error"))


@contextmanager
def peers_process(python: str | None) -> Iterator[tuple[PeersProcess | None, dict[str, str]]]:
    """The other environment, and the kind of each of its trackers by name."""
    if python is None or not Path(python).is_file():
        print(f"left out: BoxMOT and trackers ({python or 'PEERS'} is no Python that has boxmot and trackers)")
        yield None, {}
        return
    process = PeersProcess(python)
    try:
        about = process.ask(versions=True)
        if "error" in about:
            print(f"left out: BoxMOT and trackers ({about['error']}; install boxmot and trackers for {python})")
            yield None, {}
            return
        print("peers: " + ", ".join(f"{name} {number}" for name, number in about["versions"].items()))
        kinds = dict.fromkeys(about["motion_only"], "motion") | dict.fromkeys(about["appearance"], "appearance")
        yield process, kinds
    finally:
        process.close()
