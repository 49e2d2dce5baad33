"""Other projects' trackers on one sequence. Runs in their own environment and imports nothing of ours.

    PYTHON benchmarks/tracking_peers.py INPUT.npz OUT [--rows NAME...]

INPUT holds ``frames`` (N,) from 1 ascending, ``boxes`` (N, 4) xyxy, ``confidences`` (N,), ``vectors`` (N, D) of unit length
(D = 0: none), ``frame_count``, ``rate``, ``size`` (width, height) and ``video`` (a path, or nothing). Into OUT go one
MOTChallenge text per row and ``rows.json``: seconds of the processor in the tracker, or what went wrong.

A row is a peer with one setting. ``as shipped`` are the peer's own defaults; ``3 s`` lets it remember people for three
seconds as ours does; ``from 0.5`` also lets it take as first-rate every detection that ours takes; ``fixed camera`` switches
its compensation of camera motion off; ``detections' boxes`` emits the boxes of the detections that it names in place of its
filter's. BoxMOT (AGPL-3.0) and trackers (Apache-2.0) are run as they are installed and are no part of this project. Without
pixels nothing compensates camera motion; without vectors appearance is switched off, and StrongSORT, which cannot, gets
vectors that are all at right angles, so that it falls back on overlap.
"""

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

MEMORY_SECONDS = 3.0
"""What ``ingest.follower.LOST_SECONDS`` is."""

SHIPPED = "as shipped"
MEMORY = f"{MEMORY_SECONDS:g} s"
FROM_HALF = f"{MEMORY}, from 0.5"
FIXED = f"{MEMORY}, fixed camera"
THEIR_BOXES = f"{FIXED}, detections' boxes"


@dataclass(frozen=True)
class Setting:
    """How a peer is set.

    Attributes:
        options: What differs from its defaults.
        memory: It remembers people as long as ours does.
        fixed: It does not look for a motion of the camera.
        detections: It emits the box of the detection in place of its own estimate.
    """

    options: dict[str, Any] = field(default_factory=dict)
    memory: bool = True
    fixed: bool = False
    detections: bool = False


@dataclass(frozen=True)
class Peer:
    """One tracker of another project.

    Attributes:
        package: Whose it is.
        kind: Its name there.
        memory: Its argument for how long a person is remembered, in frames.
        settings: By name.
        needs_frame: It refuses to run without a picture.
        fixed: What switches its compensation of camera motion off, where there is an option for it.
        blind: What switches its appearance off, where there is an option for it.
    """

    package: str
    kind: str
    memory: str
    settings: dict[str, Setting]
    needs_frame: bool = False
    fixed: dict[str, Any] = field(default_factory=dict)
    blind: dict[str, Any] = field(default_factory=dict)


def settings(half: dict[str, Any] | None = None, *, fixed: bool = False, boxes: bool = False) -> dict[str, Setting]:
    """The settings to compare: the peer's own, with our memory, and with our detections (``half``)."""
    named = {SHIPPED: Setting(memory=False), MEMORY: Setting()}
    named |= {FROM_HALF: Setting(half)} if half else {}
    named |= {FIXED: Setting(fixed=True)} if fixed else {}
    return named | ({THEIR_BOXES: Setting(fixed=True, detections=True)} if boxes else {})


NO_CMC, BLIND = {"use_cmc": False}, {"use_embeddings": False}
HALF = {"track_activation_threshold": 0.5, "high_conf_det_threshold": 0.5}

PEERS = {
    "BoxMOT StrongSORT": Peer("boxmot", "strongsort", "max_age", settings({"min_conf": 0.5}, boxes=True), True),
    "BoxMOT DeepOCSORT": Peer(
        "boxmot", "deepocsort", "max_age", settings(fixed=True), True, fixed={"cmc_off": True}, blind=BLIND
    ),
    "BoxMOT ByteTrack": Peer("boxmot", "bytetrack", "track_buffer", settings({"track_thresh": 0.5}, boxes=True)),
    "BoxMOT BoT-SORT": Peer(
        "boxmot", "botsort", "track_buffer", settings(fixed=True, boxes=True), True, fixed=NO_CMC, blind=BLIND
    ),
    "BoxMOT OC-SORT": Peer("boxmot", "ocsort", "max_age", settings({"det_thresh": 0.5})),
    "BoxMOT BoostTrack": Peer(
        "boxmot", "boosttrack", "max_age", settings(fixed=True, boxes=True), True, fixed=NO_CMC, blind=BLIND
    ),
    "BoxMOT HybridSORT": Peer("boxmot", "hybridsort", "max_age", settings(), True, blind=BLIND),
    "BoxMOT OccluBoost": Peer(
        "boxmot", "occluboost", "max_age", settings(fixed=True, boxes=True), True, fixed=NO_CMC, blind=BLIND
    ),
    "trackers SORT": Peer(
        "trackers", "SORTTracker", "lost_track_buffer", settings({"track_activation_threshold": 0.5})
    ),
    "trackers ByteTrack": Peer("trackers", "ByteTrackTracker", "lost_track_buffer", settings(HALF)),
    "trackers OC-SORT": Peer(
        "trackers", "OCSORTTracker", "lost_track_buffer", settings({"high_conf_det_threshold": 0.5})
    ),
    "trackers BoT-SORT": Peer(
        "trackers", "BoTSORTTracker", "lost_track_buffer", settings(HALF, fixed=True), fixed={"enable_cmc": False}
    ),
    "trackers C-BIoU": Peer("trackers", "CBIoUTracker", "lost_track_buffer", settings(HALF)),
}
CHOSEN = {
    "BoxMOT StrongSORT": FROM_HALF,
    "BoxMOT DeepOCSORT": FIXED,
    "BoxMOT ByteTrack": THEIR_BOXES,
    "BoxMOT BoT-SORT": FIXED,
    "BoxMOT OC-SORT": SHIPPED,
    "BoxMOT BoostTrack": FIXED,
    "BoxMOT HybridSORT": MEMORY,
    "BoxMOT OccluBoost": FIXED,
    "trackers SORT": FROM_HALF,
    "trackers ByteTrack": FROM_HALF,
    "trackers OC-SORT": SHIPPED,
    "trackers BoT-SORT": FIXED,
    "trackers C-BIoU": SHIPPED,
}
"""The setting of each peer that is reported: the best on ``choose`` (largest mean of HOTA + IDF1).

Of BoxMOT's BoT-SORT, OC-SORT, BoostTrack, HybridSORT and OccluBoost it is the best on 7 of the 14 clips: both of TUD,
choose34-s1, choose34-s2 and one camera of choose12-s1. The others were not measured.
"""

CHOSEN_MOVING = CHOSEN | {
    "BoxMOT DeepOCSORT": MEMORY,
    "BoxMOT ByteTrack": THEIR_BOXES,
    "BoxMOT BoT-SORT": MEMORY,
    "BoxMOT BoostTrack": MEMORY,
    "BoxMOT OccluBoost": MEMORY,
    "trackers BoT-SORT": MEMORY,
}
"""Settings for a moving camera: with compensation where there is one. Not chosen by measurement: on choose34-s1-pan, the
only moving scene of ``choose`` that peers were measured on, four of them do better with another one."""

ROWS = {f"{name} ({setting})": (peer, setting) for name, peer in PEERS.items() for setting in peer.settings}


@dataclass(frozen=True, eq=False)
class Input:
    """One sequence, as the archive has it."""

    frames: np.ndarray
    boxes: np.ndarray
    confidences: np.ndarray
    vectors: np.ndarray
    frame_count: int
    rate: float
    size: tuple[int, int]
    video: str

    def at(self, frame: int) -> slice:
        """The rows of one frame (from 1)."""
        return slice(*np.searchsorted(self.frames, [frame, frame + 1]))


class BoxMot:
    """A tracker of BoxMOT."""

    def __init__(self, peer: Peer, setting: Setting, given: Input) -> None:
        from boxmot.structures import Boxes, Detections
        from boxmot.trackers.factory import create_tracker
        from boxmot.trackers.specs import TrackerSpec
        from torch import as_tensor

        self._boxes, self._detections, self._tensor = Boxes, Detections, as_tensor
        options = options_of(peer, setting, given)
        self.tracker = create_tracker(TrackerSpec(peer.kind, options=tuple(sorted(options.items()))))
        fixed = setting.fixed or not given.video
        if fixed and hasattr(self.tracker, "cmc"):
            self.tracker.cmc = None  # not every tracker has an option for it
        self.needs_frame = peer.needs_frame and not fixed
        self.blank = np.zeros((given.size[1], given.size[0], 3), np.uint8) if peer.needs_frame else None
        self.detections = setting.detections

    def step(self, boxes: np.ndarray, confidences: np.ndarray, vectors: np.ndarray, image: Any) -> tuple[Any, Any]:
        """(K,) ids and (K, 4) boxes after one frame."""
        found = self._detections(
            geometry=self._boxes(self._tensor(boxes)),
            scores=self._tensor(confidences),
            class_ids=self._tensor(np.zeros(len(boxes), np.int64)),
            sample_id="frame",
            embeddings=self._tensor(vectors),
        )
        tracks = self.tracker.update(found, image if self.needs_frame else self.blank)
        emitted = tracks.geometry.values.numpy()
        if self.detections:
            emitted = boxes[tracks.detection_indices.numpy()]
        return tracks.track_ids.numpy(), emitted


class Roboflow:
    """A tracker of roboflow's trackers."""

    def __init__(self, peer: Peer, setting: Setting, given: Input) -> None:
        import supervision
        import trackers

        self._detections = supervision.Detections
        self.tracker = getattr(trackers, peer.kind)(**options_of(peer, setting, given))
        self.needs_frame = bool(peer.fixed and given.video) and not setting.fixed

    def step(self, boxes: np.ndarray, confidences: np.ndarray, vectors: np.ndarray, image: Any) -> tuple[Any, Any]:
        """(K,) ids and (K, 4) boxes after one frame; what has no id yet is left out."""
        found = self._detections(xyxy=boxes, confidence=confidences, class_id=np.zeros(len(boxes), int))
        tracks = self.tracker.update(found, image) if self.needs_frame else self.tracker.update(found)
        known = tracks.tracker_id >= 0
        return tracks.tracker_id[known], tracks.xyxy[known]


def options_of(peer: Peer, setting: Setting, given: Input) -> dict[str, Any]:
    """All that differs from the peer's defaults."""
    options = dict(setting.options)
    if setting.memory and peer.package == "trackers":  # counts in frames at 30 a second, and is told the rate
        options |= {peer.memory: round(30 * MEMORY_SECONDS), "frame_rate": given.rate}
    elif setting.memory:
        options[peer.memory] = round(given.rate * MEMORY_SECONDS)
    if setting.fixed or not given.video:
        options |= peer.fixed
    if not given.vectors.shape[1]:
        options |= peer.blind
    return options


def made(row: str, given: Input) -> BoxMot | Roboflow:
    """A fresh tracker."""
    peer, setting = ROWS[row]
    return (BoxMot if peer.package == "boxmot" else Roboflow)(peer, peer.settings[setting], given)


def pictures(given: Input, wanted: bool) -> Iterator[Any]:
    """The frames of the video as BGR, or nothing for each."""
    if not wanted:
        yield from [None] * given.frame_count
        return
    import cv2

    video = cv2.VideoCapture(given.video)
    try:
        for frame in range(1, given.frame_count + 1):
            there, image = video.read()
            if not there:
                raise OSError(f"{given.video} ends before frame {frame} of {given.frame_count}")
            yield image
    finally:
        video.release()


def run(given: Input, rows: list[str], out: Path) -> dict[str, dict[str, Any]]:
    """All rows side by side, so that the video is decoded once; a row that fails does not stop the others."""
    report: dict[str, dict[str, Any]] = {row: {"seconds": 0.0} for row in rows}
    trackers: dict[str, BoxMot | Roboflow] = {}
    lines: dict[str, list[str]] = {row: [] for row in rows}
    vectors = given.vectors if given.vectors.shape[1] else np.eye(len(given.vectors), dtype=np.float32)

    def attempt(row: str, action: Any) -> Any:
        try:
            return action()
        except Exception as error:  # noqa: BLE001 - whatever a peer raises belongs into its report
            report[row]["error"] = f"{type(error).__name__}: {error}"
            return None

    for row in rows:
        if (tracker := attempt(row, lambda row=row: made(row, given))) is not None:
            trackers[row] = tracker
    wanted = any(tracker.needs_frame for tracker in trackers.values())
    for frame, image in enumerate(pictures(given, wanted), start=1):
        now = given.at(frame)
        for row, tracker in trackers.items():
            if "error" in report[row]:
                continue
            seen = (given.boxes[now].copy(), given.confidences[now].copy(), vectors[now].copy())
            began = time.process_time()
            tracks = attempt(row, lambda tracker=tracker, seen=seen, image=image: tracker.step(*seen, image))
            report[row]["seconds"] += time.process_time() - began
            for number, (x1, y1, x2, y2) in zip(*(tracks or ((), ())), strict=True):
                if x2 > x1 and y2 > y1:
                    lines[row].append(f"{frame},{number},{x1:.3f},{y1:.3f},{x2 - x1:.3f},{y2 - y1:.3f},1,-1,-1,-1\n")
    for row in rows:
        (out / f"{slug(row)}.txt").write_text("".join(lines[row]))
        report[row]["version"] = f"{ROWS[row][0].package} {version(ROWS[row][0].package)}"
    return report


def slug(row: str) -> str:
    """A row's name as a file name."""
    return "".join(letter if letter.isalnum() else "-" for letter in row)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("input", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS), metavar="NAME")
    arguments = parser.parse_args()
    with np.load(arguments.input, allow_pickle=False) as arrays:
        given = Input(
            **{name: arrays[name] for name in ("frames", "boxes", "confidences", "vectors")},
            frame_count=int(arrays["frame_count"]),
            rate=float(arrays["rate"]),
            size=tuple(arrays["size"].tolist()),
            video=str(arrays["video"]),
        )
    arguments.out.mkdir(parents=True, exist_ok=True)
    report = run(given, arguments.rows, arguments.out)
    (arguments.out / "rows.json").write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
