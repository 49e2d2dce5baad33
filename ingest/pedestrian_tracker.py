"""The tracker that cameras get, and what every tracker of a camera can do."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.thresholds import Thresholds
from ingest.tracker_options import DEFAULT_OPTIONS, TrackerOptions
from tracking.camera_motion import STILL, Affine
from tracking.settings import TrackerSettings
from tracking.tracker import DeepSort, Step, frames_of
from tracking.tracks import Tracks

State = dict[str, NDArray[np.generic]]

LOST_SECONDS = 3.0
"""How long somebody may be hidden and still be followed as the same track."""
VETO_FACTOR = 1.4
"""So many times the distance that an embedder's tracker allows are the looks of somebody else."""
MIN_VISIBLE = 0.3
"""A crop that shows less of its person, the rest being hidden by somebody nearer, tells nothing of the person's looks."""


BY_PLACE = TrackerSettings(max_iou_distance=0.8)
"""For boxes without vectors: where nothing but the place tells people apart, less overlap is still the same person."""


class Tracker(Protocol):
    """Gives the boxes of one camera their identities, frame by frame."""

    @property
    def settings(self) -> str:
        """All that changes the tracks, as readable text."""
        ...

    def step(
        self,
        boxes: NDArray[np.float32],
        confidences: NDArray[np.float32],
        features: NDArray[np.float32] | None = None,
        camera_motion: Affine = STILL,
    ) -> Step:
        """Takes the boxes of the next frame; see ``DeepSort.step``."""
        ...

    def predicted(self, camera_motion: Affine = STILL) -> tuple[Tracks, NDArray[np.float64]]:
        """The tracks before the next frame, and where their boxes (T, 4) should be; see ``DeepSort.predicted``."""
        ...

    def state(self) -> State:
        """All that is needed to go on, as plain arrays."""
        ...

    def restore(self, state: State) -> None:
        """Goes on from such a state."""
        ...


def pedestrian_tracker(
    thresholds: Thresholds, rate: float, options: TrackerOptions = DEFAULT_OPTIONS, *, sure_confidence: float = 0.0
) -> DeepSort:
    """The tracker that cameras get: DeepSORT with those improvements that paid on scenes kept for choosing.

    Args:
        thresholds: Of the embedder whose vectors it will see.
        rate: Frames a second that it will see: a track outlives ``LOST_SECONDS`` unseen, whatever the rate.
        options: What somebody chose instead.
        sure_confidence: Of the detector whose boxes it will see; see ``DetectorIdentity``.

    Raises:
        ValueError: If a chosen setting is out of its range.
    """
    defaults = TrackerSettings(
        max_cosine_distance=thresholds.max_cosine_distance,
        max_age=frames_of(rate, LOST_SECONDS),
        high_confidence=sure_confidence,
        veto_distance=min(VETO_FACTOR * thresholds.max_cosine_distance, 2.0),
        min_visible=MIN_VISIBLE,
    )
    return DeepSort(options.over(defaults))
