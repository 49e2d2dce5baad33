"""What decides how a tracker links detections: DeepSORT's own numbers, and what later papers add to them."""

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class TrackerSettings:
    """Settings of ``DeepSort``; as they stand here it is the tracker of arXiv 1703.07402 and no more.

    Attributes:
        max_cosine_distance: Largest cosine distance, 0-2, at which a detection looks like a track.
        nn_budget: Features kept per track, at least 1; None keeps all.
        max_iou_distance: Largest 1 - IoU, 0-1, at which a detection lies where a track is.
        max_age: Frames a confirmed track may be unseen before it is deleted, at least 1.
        n_init: Detections in a row that confirm a track (a track is confirmed at its second one at the earliest); one
            miss before deletes it.
        high_confidence: Detections below it only go on with tracks that are there, by overlap, and begin none: the
            second association of ByteTrack (arXiv 2110.06864). 0 makes no difference between detections.
        low_max_iou_distance: Largest 1 - IoU of such a detection; ByteTrack's is 0.5.
        veto_distance: A detection that looks less alike than this cosine distance never goes to a track by overlap
            alone, so that whoever walks in front does not take over the track behind. None: overlap decides alone.
        smoothing: Share of the old in a track's one smoothed feature (an exponential moving average, StrongSORT, arXiv
            2202.13514, with 0.9); None keeps the last ``nn_budget`` features instead.
        min_visible: Features of detections less visible than this (a share: not hidden by nearer boxes) are neither kept
            nor trusted: such a crop shows mostly somebody else. 0 takes all.
        recovery_max_iou_distance: Detections left over go to lost tracks that were last seen there, at most this 1 - IoU
            apart: the recovery of OC-SORT (arXiv 2203.14360). None: none do.
        observed_velocity: A track found again goes on as if it had been seen all along on the straight line from where
            it was lost to where it was found: the re-update of OC-SORT.
        confidence_noise: Sure detections correct a track's position more: measurement noise times 1 - confidence, the
            NSA Kalman filter of StrongSORT (from GIAOTracker, arXiv 2202.11983).

    Raises:
        ValueError: If a setting is out of its range.
    """

    max_cosine_distance: float = 0.2
    nn_budget: int | None = 100
    max_iou_distance: float = 0.7
    max_age: int = 30
    n_init: int = 3
    high_confidence: float = 0.0
    low_max_iou_distance: float = 0.5
    veto_distance: float | None = None
    smoothing: float | None = None
    min_visible: float = 0.0
    recovery_max_iou_distance: float | None = None
    observed_velocity: bool = False
    confidence_noise: bool = False

    def __post_init__(self) -> None:
        for name, high in RANGES.items():
            value = getattr(self, name)
            if value is not None and not 0 <= value <= high:
                raise ValueError(f"{name} is {value}; give a number from 0 to {high}")
        for name in COUNTS:
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} is {value}; give 1 or more")

    def __str__(self) -> str:
        """All that changes the tracks, as readable text; what is off is left out.

        >>> str(TrackerSettings(max_age=70, smoothing=0.9))
        'max_cosine_distance=0.2 nn_budget=100 max_iou_distance=0.7 max_age=70 n_init=3 smoothing=0.9'
        """
        shown = [field for field in fields(self) if field.name in PLAIN or getattr(self, field.name) != field.default]
        return " ".join(f"{field.name}={getattr(self, field.name)}" for field in shown)


RANGES = {
    "max_cosine_distance": 2,
    "max_iou_distance": 1,
    "high_confidence": 1,
    "low_max_iou_distance": 1,
    "veto_distance": 2,
    "smoothing": 1,
    "min_visible": 1,
    "recovery_max_iou_distance": 1,
}
"""Largest value of each setting that is a fraction or a distance; the least is 0."""

COUNTS = ("nn_budget", "max_age", "n_init")

PLAIN = ("max_cosine_distance", "nn_budget", "max_iou_distance", "max_age", "n_init")
"""DeepSORT's own settings."""
