"""Our rows of the comparison: plain DeepSORT, each improvement on top of the one before, and those that did not pay."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.scenes import EMBEDDER
from benchmarks.tracking_rows import Candidate, Track
from benchmarks.tracking_sequences import Clip
from ingest.camera_motion import CameraMotion
from ingest.catalogue import known
from ingest.pedestrian_tracker import BY_PLACE, LOST_SECONDS, pedestrian_tracker
from ingest.source import open_source
from ingest.thresholds import Thresholds
from ingest.tracker_options import LOW_CONFIDENCE
from tracking.filling import fill_gaps, joined
from tracking.joining import Fragment, JoinRule, join
from tracking.settings import TrackerSettings
from tracking.tracker import DeepSort, frames_of
from tracking.trajectory import Trajectory

SURE = 0.5
"""The detector's own confidence."""


def thresholds() -> Thresholds:
    """Those of the embedder whose vectors are compared."""
    found = known()[EMBEDDER].thresholds
    assert found is not None, f"{EMBEDDER} has no thresholds"
    return found


def deep_sort(rate: float, vectors: bool, *, seconds: float | None = None, **settings: object) -> DeepSort:
    """DeepSORT with the reference's settings but for those named, and a memory of so many seconds."""
    aged = {} if seconds is None else {"max_age": frames_of(rate, seconds)}
    return DeepSort(replace(TrackerSettings(), **aged, **settings))


def default(rate: float, vectors: bool, **settings: object) -> DeepSort:
    """What cameras get, with some settings changed; where there are no vectors, what a file of boxes gets."""
    if not vectors:
        return DeepSort(replace(BY_PLACE, **settings))
    shipped = pedestrian_tracker(thresholds(), rate, sure_confidence=SURE)
    return DeepSort(replace(shipped.chosen, **settings))


def low(tracker: object) -> Candidate:
    """A row that is also given boxes of low confidence, without vectors as in the product."""
    return Candidate(tracker, min_confidence=LOW_CONFIDENCE, sure_confidence=SURE)  # type: ignore[arg-type]


def join_and_fill(tracks: Sequence[Track], rate: float) -> list[Trajectory]:
    """What ``passerby track --join`` does when a video is over; without vectors gaps are filled, nothing is joined."""
    whole = [one.trajectory for one in tracks]
    if tracks and tracks[0].vectors.shape[1]:
        groups = join([fragment(one, rate) for one in tracks], JoinRule(thresholds().visit_similarity))
        whole = [joined([whole[k] for k in group]) for group in groups]
    return [fill_gaps(track, frames_of(rate, LOST_SECONDS)) for track in whole]


def fragment(track: Track, rate: float) -> Fragment:
    """A track as joining sees it: boxes of low confidence say nothing of the looks."""
    trajectory = track.trajectory
    mean = track.vectors[trajectory.confidences >= SURE].sum(axis=0)
    times = (trajectory.frames[[0, -1]] / rate * 1e6).astype(int).tolist()
    unit = (mean / max(float(np.linalg.norm(mean)), 1e-12)).astype(np.float32)
    return Fragment(*times, trajectory.boxes[0], trajectory.boxes[-1], unit)


def true_motion(clip: Clip) -> NDArray[np.float64]:
    """How the camera was moved."""
    assert clip.motion is not None, f"{clip.name} has a fixed camera"
    return clip.motion


def measured_motion(clip: Clip) -> Iterator[NDArray[np.float64]]:
    """How the camera moves as far as its picture tells, people left out."""
    assert clip.video is not None, f"{clip.name} has no pixels"
    motion = CameraMotion()
    for frame in open_source(str(clip.video)).frames():
        rows = clip.given.at(frame.index + 1)
        yield motion.step(frame.image, clip.given.boxes[rows])


OURS: dict[str, Candidate] = {
    "plain DeepSORT": Candidate(deep_sort),
    "plain DeepSORT, 3 s": Candidate(partial(deep_sort, seconds=LOST_SECONDS)),
    "+ the embedder's distance": Candidate(
        partial(deep_sort, seconds=LOST_SECONDS, max_cosine_distance=thresholds().max_cosine_distance)
    ),
    "+ low confidence": low(partial(default, veto_distance=None, min_visible=0.0)),
    "+ veto of looks": low(partial(default, min_visible=0.0)),
    "default": low(default),
    "default, joined and filled": replace(low(default), join=join_and_fill),
    "default with smoothed features": low(partial(default, smoothing=0.9)),
    "default with recovery": low(partial(default, recovery_max_iou_distance=0.7)),
    "default with observed velocity": low(partial(default, observed_velocity=True)),
    "default with confidence noise": low(partial(default, confidence_noise=True)),
    "default, motion measured": replace(low(default), motion=measured_motion),
    "default, motion known": replace(low(default), motion=true_motion),
}
"""The rows by name. ``plain DeepSORT`` has the settings of nwojke/deep_sort, whose tracks it gives (deep_sort_parity).
A row that begins with a plus has all that the rows above it have. Those with a motion are for moving cameras only."""
