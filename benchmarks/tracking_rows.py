"""Our trackers in the comparison: what each is, and what it gives on one clip."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.tracking_sequences import Clip
from tracking.tracker import Step
from tracking.trajectory import Trajectory

Motion = Callable[[Clip], Iterable[NDArray[np.float64]]]
"""Gives the (2, 3) affine from the frame before to each frame; known (``Clip.motion``) or estimated from the video."""

ONLINE = "online"
"""Marks the row of what a tracker says at once: without the frames of a track before it was confirmed, nothing joined."""


class Tracker(Protocol):
    """What a candidate makes: anything that steps as ``DeepSort`` does.

    Where the candidate has a motion, ``step`` is also given ``camera_motion``, the (2, 3) affine to this frame.
    """

    def step(self, boxes: Any, confidences: Any, features: Any = None, **extra: Any) -> Step: ...


@dataclass(frozen=True, eq=False)
class Track:
    """One confirmed track, as the follower would keep it.

    Attributes:
        trajectory: Frames from 0.
        vectors: (N, D) float32, one per box, D = 0 without pixels.
        online: (N,) bool, False for the boxes from before it was confirmed.
    """

    trajectory: Trajectory
    vectors: NDArray[np.float32]
    online: NDArray[np.bool_]


Join = Callable[[Sequence[Track], float], Sequence[Trajectory]]
"""Joins or mends the tracks of a clip, given its frames a second, after the last frame."""


@dataclass(frozen=True)
class Candidate:
    """One tracker of ours.

    Attributes:
        tracker: Makes a fresh one for so many frames a second, and for boxes with or without vectors.
        min_confidence: Detections below it are not given to the tracker.
        sure_confidence: Detections below it are given without their vectors.
        join: What is done to the tracks after the last frame.
        motion: Where the motion of the camera comes from, None for a tracker that is not told.
    """

    tracker: Callable[[float, bool], Tracker]
    min_confidence: float = 0.5
    sure_confidence: float = 0.0
    join: Join | None = None
    motion: Motion | None = None


@dataclass(frozen=True, eq=False)
class Rows:
    """Boxes with identities: what is scored.

    Attributes:
        frames: (N,) int64, from 1.
        ids: (N,) int64.
        boxes: (N, 4) float32, xyxy, pixels.
    """

    frames: NDArray[np.int64]
    ids: NDArray[np.int64]
    boxes: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What one candidate gave on one clip.

    Attributes:
        kept: What the follower keeps.
        online: What the tracker said at once.
        seconds: Time of the processor in the tracker, and in joining.
    """

    kept: Rows
    online: Rows
    seconds: float


@dataclass
class OpenTrack:
    """What is known so far of one track."""

    frames: list[int] = field(default_factory=list)
    detections: list[int] = field(default_factory=list)
    online: list[bool] = field(default_factory=list)


def run(candidate: Candidate, clip: Clip) -> Outcome:
    """Follows a clip from its first frame to its last."""
    tracks, seconds = follow(candidate, clip)
    began = time.process_time()
    kept = [track.trajectory for track in tracks]
    if candidate.join is not None:
        kept = list(candidate.join(tracks, clip.given.rate))
    seconds += time.process_time() - began
    return Outcome(
        rows_of(kept), rows_of([one for track in tracks if (one := said_at_once(track)) is not None]), seconds
    )


def follow(candidate: Candidate, clip: Clip) -> tuple[list[Track], float]:
    """The confirmed tracks of a clip, and the seconds that the tracker took."""
    given, seconds = clip.given, 0.0
    tracker = candidate.tracker(given.rate, given.vectors.shape[1] > 0)
    motions = iter(candidate.motion(clip)) if candidate.motion is not None else None
    open_tracks: dict[int, OpenTrack] = {}
    for frame in range(1, given.frame_count + 1):
        rows = np.arange(given.at(frame).start, given.at(frame).stop)
        rows = rows[given.confidences[rows] >= candidate.min_confidence]
        sure = given.confidences[rows] >= candidate.sure_confidence
        features = np.where(sure[:, None], given.vectors[rows], np.float32(0)) if given.vectors.shape[1] else None
        extra = {} if motions is None else {"camera_motion": next(motions)}
        began = time.process_time()
        step = tracker.step(given.boxes[rows], given.confidences[rows], features, **extra)
        seconds += time.process_time() - began
        for track_id, d, confirmed in zip(step.ids.tolist(), step.detections.tolist(), step.confirmed, strict=True):
            if d >= 0:
                track = open_tracks.setdefault(track_id, OpenTrack())
                track.frames.append(frame)
                track.detections.append(int(rows[d]))
                track.online.append(bool(confirmed))
    confirmed_ids = [track_id for track_id, track in open_tracks.items() if any(track.online)]
    return [finished(track_id, open_tracks[track_id], clip) for track_id in confirmed_ids], seconds


def finished(track_id: int, track: OpenTrack, clip: Clip) -> Track:
    """A track with the boxes and vectors of its detections."""
    rows = np.array(track.detections)
    return Track(
        Trajectory(track_id, np.array(track.frames) - 1, clip.given.boxes[rows], clip.given.confidences[rows]),
        clip.given.vectors[rows],
        np.array(track.online),
    )


def said_at_once(track: Track) -> Trajectory | None:
    """The part of a track that was confirmed when it was seen."""
    whole, said = track.trajectory, track.online
    if not said.any():
        return None
    return Trajectory(whole.track_id, whole.frames[said], whole.boxes[said], whole.confidences[said])


def rows_of(trajectories: Sequence[Trajectory]) -> Rows:
    """Trajectories as one list of boxes."""
    return Rows(
        np.concatenate([t.frames + 1 for t in trajectories] or [np.zeros(0, np.int64)]),
        np.concatenate([np.full(len(t), t.track_id) for t in trajectories] or [np.zeros(0, np.int64)]),
        np.concatenate([t.boxes for t in trajectories] or [np.zeros((0, 4), np.float32)]),
    )
