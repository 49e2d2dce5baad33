"""Everybody who was followed through one video, looked at once more when it is over."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gallery.tracklet import to_microseconds
from ingest.detector import Detections
from ingest.frame import Frame
from tracking.filling import fill_gaps, joined
from tracking.joining import Fragment, JoinRule, join
from tracking.tracker import Step
from tracking.trajectory import Trajectory


@dataclass(eq=False)
class Followed:
    """One track as it grows: rows of frame, time, box and confidence, and the sum of its vectors."""

    frames: list[int] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    boxes: list[NDArray[np.float32]] = field(default_factory=list)
    confidences: list[float] = field(default_factory=list)
    looks: NDArray[np.float32] | None = None

    def trajectory(self, track_id: int) -> Trajectory:
        """Its boxes."""
        return Trajectory(
            track_id,
            np.array(self.frames, np.int64),
            np.array(self.boxes, np.float32).reshape(-1, 4),
            np.array(self.confidences, np.float32),
        )

    def fragment(self) -> Fragment:
        """What joining needs to know of it."""
        looks = np.zeros(1, np.float32) if self.looks is None else self.looks
        mean = looks / max(float(np.linalg.norm(looks)), 1e-12)
        return Fragment(self.times[0], self.times[-1], self.boxes[0], self.boxes[-1], mean.astype(np.float32))


class FinishedTracks:
    """Collects the tracks of a video and joins their fragments after the fact.

    Args:
        rule: When two tracks are fragments of one.
        max_gap: Longest gap that is filled, frames.
    """

    def __init__(self, rule: JoinRule, max_gap: int) -> None:
        self.rule = rule
        self.max_gap = max_gap
        self._followed: dict[int, Followed] = {}
        self._confirmed: set[int] = set()

    def add(self, frame: Frame, step: Step, detections: Detections, vectors: NDArray[np.float32]) -> None:
        """Takes what a tracker made of the N detections of a frame, and their vectors (N, D); zeros tell nothing."""
        for track_id, d, confirmed in zip(step.ids.tolist(), step.detections.tolist(), step.confirmed, strict=True):
            if confirmed:
                self._confirmed.add(track_id)
            if d >= 0:
                one = self._followed.setdefault(track_id, Followed())
                one.frames.append(frame.index)
                one.times.append(to_microseconds(frame.time))
                one.boxes.append(detections.boxes[d])
                one.confidences.append(float(detections.confidences[d]))
                one.looks = vectors[d].copy() if one.looks is None else one.looks + vectors[d]
        for track_id in set(step.removed.tolist()) - self._confirmed:
            self._followed.pop(track_id, None)

    def whole(self) -> list[Trajectory]:
        """The confirmed tracks, fragments joined and short gaps filled (confidence 0), by their first frame."""
        ids = sorted(self._confirmed)
        groups = join([self._followed[i].fragment() for i in ids], self.rule)
        tracks = [joined([self._followed[ids[k]].trajectory(ids[k]) for k in group]) for group in groups]
        return sorted((fill_gaps(t, self.max_gap) for t in tracks), key=lambda t: (int(t.frames[0]), t.track_id))


class ByFrame:
    """The boxes of finished tracks, frame by frame.

    Args:
        tracks: All of them.
    """

    def __init__(self, tracks: list[Trajectory]) -> None:
        frames = np.concatenate([t.frames for t in tracks] or [np.zeros(0, np.int64)])
        order = np.argsort(frames, kind="stable")
        self._frames = frames[order]
        self._ids = np.concatenate([np.full(len(t), t.track_id) for t in tracks] or [np.zeros(0, np.int64)])[order]
        self._boxes = np.concatenate([t.boxes for t in tracks] or [np.zeros((0, 4), np.float32)])[order]
        self._confidences = np.concatenate([t.confidences for t in tracks] or [np.zeros(0, np.float32)])[order]

    def at(self, frame: int) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
        """Ids (K,), boxes (K, 4) xyxy and confidences (K,) in a frame (from 0); confidence 0 where a gap was filled."""
        rows = slice(*np.searchsorted(self._frames, [frame, frame + 1]))
        order = np.argsort(self._ids[rows], kind="stable")
        return self._ids[rows][order], self._boxes[rows][order], self._confidences[rows][order]  # copies
