"""Other projects' trackers, timed frame by frame. Runs in their own environment and imports nothing of ours.

    PYTHON benchmarks/tracker_speed_peers.py

Reads one JSON object a line and answers each with one:

- ``{"versions": true}``: the versions of the packages;
- ``{"crowd": FILE.npz}``: forgets all trackers and reads ``counts`` (F,), ``boxes``, ``confidences`` and ``vectors``;
- ``{"tracker": NAME, "first": F, "last": L}``: gives the frames from F to before L to that tracker (made at its first
  frame), and answers ``wall`` and ``processor``, seconds of each frame in the peer's own ``update``, and ``tracks``, how
  many it told of on average. Making the peer's own input from arrays is not counted.

All peers have their own defaults. None looks at pixels: vectors are given, and compensation of camera motion is off.
"""

import json
import sys
import time
from typing import Any

import numpy as np
from tracking_peers import PEERS, BoxMot, Input, Roboflow, Setting, version

SIZE = (1920, 1080)
MOTION_ONLY = ("trackers SORT", "trackers ByteTrack", "trackers OC-SORT", "BoxMOT ByteTrack", "BoxMOT OC-SORT")
APPEARANCE = ("BoxMOT StrongSORT", "BoxMOT DeepOCSORT", "BoxMOT BoT-SORT")


class Timed:
    """One tracker over one crowd."""

    def __init__(self, name: str, given: Input) -> None:
        peer = PEERS[name]
        kind = BoxMot if peer.package == "boxmot" else Roboflow
        self._given = given
        self._tracker: Any = kind(peer, Setting(memory=False, fixed=True), given)
        self._ready: Any = self._tracker.tracker
        self._box_mot = kind is BoxMot

    def frame(self, number: int) -> tuple[float, float, int]:
        """Seconds on the wall and of the processor, and the tracks told."""
        now = self._given.at(number + 1)
        seen = (self._given.boxes[now].copy(), self._given.confidences[now].copy(), self._given.vectors[now].copy())
        arguments = self.of_box_mot(*seen) if self._box_mot else self.of_trackers(*seen)
        wall, processor = time.perf_counter(), time.process_time()
        tracks = self._ready.update(*arguments)
        seconds = time.perf_counter() - wall, time.process_time() - processor
        told = len(tracks.track_ids) if self._box_mot else int((tracks.tracker_id >= 0).sum())
        return *seconds, told

    def of_box_mot(self, boxes: Any, confidences: Any, vectors: Any) -> tuple[Any, ...]:
        tensor = self._tracker._tensor
        found = self._tracker._detections(
            geometry=self._tracker._boxes(tensor(boxes)),
            scores=tensor(confidences),
            class_ids=tensor(np.zeros(len(boxes), np.int64)),
            sample_id="frame",
            embeddings=tensor(vectors),
        )
        return found, self._tracker.blank

    def of_trackers(self, boxes: Any, confidences: Any, vectors: Any) -> tuple[Any, ...]:
        return (self._tracker._detections(xyxy=boxes, confidence=confidences, class_id=np.zeros(len(boxes), int)),)


def read(path: str) -> Input:
    with np.load(path) as arrays:
        counts = arrays["counts"]
        return Input(
            frames=np.repeat(np.arange(1, len(counts) + 1), counts),
            boxes=arrays["boxes"],
            confidences=arrays["confidences"],
            vectors=arrays["vectors"],
            frame_count=len(counts),
            rate=25.0,
            size=SIZE,
            video="",
        )


def answer_to(asked: dict[str, Any], trackers: dict[str, Timed], crowd: list[Input]) -> dict[str, Any]:
    """What one line asks for."""
    if "versions" in asked:
        versions = {name: version(name) for name in ("boxmot", "trackers")}
        return {"versions": versions, "motion_only": MOTION_ONLY, "appearance": APPEARANCE}
    if "crowd" in asked:
        crowd[:] = [read(asked["crowd"])]
        trackers.clear()
        return {}
    name = asked["tracker"]
    if name not in trackers:
        trackers[name] = Timed(name, crowd[0])
    timed = [trackers[name].frame(number) for number in range(asked["first"], asked["last"])]
    wall, processor, told = zip(*timed, strict=True)
    return {"wall": wall, "processor": processor, "tracks": float(np.mean(told))}


def main() -> None:
    answers, sys.stdout = sys.stdout, sys.stderr  # what peers print must not stand between the answers
    trackers: dict[str, Timed] = {}
    crowd: list[Input] = []
    for line in sys.stdin:
        try:
            answer = answer_to(json.loads(line), trackers, crowd)
        except Exception as error:  # noqa: BLE001 - whatever a peer raises is told
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
