"""DeepSORT: gives the people of one camera their identities, frame by frame, for all tracks at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracking import kalman
from tracking.appearance import FeatureBank
from tracking.association import Matches, assign_among, cascade, gate
from tracking.boxes import cxcyah_to_xyxy, iou, xyxy_to_cxcyah
from tracking.detections import check_detections

State = dict[str, NDArray[np.generic]]
Floats = NDArray[np.float64]
Ids = NDArray[np.int64]

MEMORY_SECONDS = 1.2
"""How long a person may be out of sight and keep the identity: DeepSORT's 30 frames at 25 frames a second."""

MOTION_ARRAYS = ("mean", "velocity", "variance", "covariance", "velocity_variance")
TRACK_ARRAYS = ("ids", "hits", "missed", "confirmed")


def frames_of(rate: float, seconds: float = MEMORY_SECONDS) -> int:
    """So many seconds in frames, at least one: ``max_age`` for a source of this rate.

    >>> frames_of(25.0)
    30
    """
    return max(1, round(rate * seconds))


@dataclass(frozen=True, eq=False)
class Step:
    """What one frame did to the tracks.

    Attributes:
        ids: (K,) int64, every track alive, ascending; new ones are there with their first detection.
        boxes: (K, 4) float32, xyxy, pixels: where the filter believes each to be, after it has seen the frame.
        detections: (K,) int64, index of the detection that each was given; -1 where it was not seen (coasted).
        confirmed: (K,) bool, False while a track is tentative.
        removed: (R,) int64, ascending: tracks deleted in this frame, tentative or confirmed.
    """

    ids: Ids
    boxes: NDArray[np.float32]
    detections: Ids
    confirmed: NDArray[np.bool_]
    removed: Ids


class DeepSort:
    """Tracker of one camera (Wojke, Bewley and Paulus 2017, arXiv 1703.07402).

    With the settings of nwojke/deep_sort it gives that program's tracks, new ids included. Ids are 1, 2, 3, ... in each
    tracker. Frames without detections must be given too: tracks move and age by frames.

    Without features, IoU with the predicted box takes the place of appearance in the matching cascade (the motion gate
    stays), so that a person who was hidden is found again where the motion leads; it is then much like SORT. The same
    holds for single detections whose feature is all zeros.

    Args:
        max_cosine_distance: Largest cosine distance, 0-2, at which a detection looks like a track.
        nn_budget: Features kept per track, at least 1; None keeps all.
        max_iou_distance: Largest 1 - IoU, 0-1, at which a detection lies where a track is.
        max_age: Frames a confirmed track may be unseen before it is deleted, at least 1.
        n_init: Detections in a row that confirm a track (a track is confirmed at its second one at the earliest); one
            miss before deletes it.

    Raises:
        ValueError: If a setting is out of its range.
    """

    def __init__(
        self,
        *,
        max_cosine_distance: float = 0.2,
        nn_budget: int | None = 100,
        max_iou_distance: float = 0.7,
        max_age: int = 30,
        n_init: int = 3,
    ) -> None:
        check_range("max_cosine_distance", max_cosine_distance, 0, 2)
        check_range("max_iou_distance", max_iou_distance, 0, 1)
        for name, number in (("nn_budget", nn_budget), ("max_age", max_age), ("n_init", n_init)):
            if number is not None and number < 1:
                raise ValueError(f"{name} is {number}; give 1 or more")
        self.max_cosine_distance = max_cosine_distance
        self.max_iou_distance = max_iou_distance
        self.max_age = max_age
        self.n_init = n_init
        self._bank = FeatureBank(nn_budget)
        self._motion = kalman.initiate(np.zeros((0, 4)))
        self._ids = np.zeros(0, np.int64)
        self._hits = np.zeros(0, np.int64)
        self._missed = np.zeros(0, np.int64)  # frames since last seen
        self._confirmed = np.zeros(0, np.bool_)
        self._next_id = 1

    @property
    def settings(self) -> str:
        """All that changes the tracks, as readable text."""
        return (
            f"deepsort max_cosine_distance={self.max_cosine_distance} nn_budget={self._bank.budget} "
            f"max_iou_distance={self.max_iou_distance} max_age={self.max_age} n_init={self.n_init}"
        )

    def step(
        self,
        boxes: NDArray[np.float32] | Floats,
        confidences: NDArray[np.float32] | Floats,
        features: NDArray[np.float32] | None = None,
    ) -> Step:
        """Takes the detections of the next frame.

        Args:
            boxes: (N, 4) xyxy, pixels, finite, with an area.
            confidences: (N,), checked but not used by DeepSORT.
            features: (N, D) float32, unit length, the same D in every frame; rows of zeros for detections without one;
                None where no detection has one.

        Returns:
            The tracks after this frame.

        Raises:
            ValueError: If an array has the wrong shape or values; the tracks stay as they were.
        """
        check_detections(boxes, confidences, features, self._bank.dimension)
        measurements = xyxy_to_cxcyah(boxes)
        self._motion = kalman.predict(self._motion)
        self._missed = self._missed + 1
        matches = self._match(measurements, features)
        self._see(matches, measurements)
        removed = self._ids[self._overdue()]
        detections = self._prune_and_begin(matches, measurements)
        if features is not None:
            seen = np.flatnonzero(detections >= 0)
            seen = seen[features[detections[seen]].any(axis=1)]
            self._bank.add(self._ids[seen], features[detections[seen]])
        self._bank.keep(self._ids)
        return Step(
            self._ids.copy(),
            cxcyah_to_xyxy(self._motion.mean).astype(np.float32),
            detections,
            self._confirmed.copy(),
            removed,
        )

    def predicted(self) -> tuple[Ids, Floats]:
        """Where the tracks should be in the coming frame; nothing changes.

        Returns:
            Ids (T,), ascending, and boxes (T, 4) xyxy, pixels.
        """
        return self._ids.copy(), cxcyah_to_xyxy(kalman.predict(self._motion).mean)

    def finish(self) -> Ids:
        """Ids of the confirmed tracks that are still alive, ascending."""
        return self._ids[self._confirmed]

    def state(self) -> State:
        """All that is needed to go on: plain arrays, for ``numpy.savez``."""
        owners, features = self._bank.state()
        state: State = {
            "settings": np.array(self.settings),
            "next_id": np.array(self._next_id, np.int64),
            "feature_owners": owners,
            "features": features,
        }
        state |= {name: getattr(self, f"_{name}").copy() for name in TRACK_ARRAYS}
        return state | {name: getattr(self._motion, name).copy() for name in MOTION_ARRAYS}

    def restore(self, state: State) -> None:
        """Goes on from what ``state`` gave, to the last bit as the tracker that gave it.

        Raises:
            ValueError: If it is not such a state, or of a tracker with other settings.
        """
        names = {"settings", "next_id", "feature_owners", "features", *TRACK_ARRAYS, *MOTION_ARRAYS}
        if missing := names - set(state):
            raise ValueError(f"the tracker's state lacks {', '.join(sorted(missing))}; track from the first frame on")
        if str(state["settings"]) != self.settings:
            raise ValueError(
                f"the tracker's state is of '{state['settings']}' but the tracker is '{self.settings}'; "
                "use the same settings or track from the first frame on"
            )
        self._next_id = int(state["next_id"])
        self._bank.restore(state["feature_owners"].astype(np.int64), state["features"].astype(np.float32))
        self._ids, self._hits, self._missed = (state[name].astype(np.int64) for name in ("ids", "hits", "missed"))
        self._confirmed = state["confirmed"].astype(np.bool_)
        self._motion = kalman.Motion(*(state[name].astype(np.float64) for name in MOTION_ARRAYS))

    def _match(self, measurements: Floats, features: NDArray[np.float32] | None) -> Matches:
        """First confirmed tracks by appearance, then by IoU what is left: tentative tracks and those just missed."""
        overlap = 1 - iou(cxcyah_to_xyxy(self._motion.mean), cxcyah_to_xyxy(measurements))
        looks = overlap if features is None else self._bank.distances(self._ids, features)
        limit = self.max_iou_distance if features is None else self.max_cosine_distance
        if features is not None and len(features):
            blank = ~features.any(axis=1)
            place = np.where(overlap <= self.max_iou_distance, overlap / max(self.max_iou_distance, 1e-9), np.inf)
            looks[:, blank] = place[:, blank] * limit
        gated = gate(looks, kalman.gating_distances(self._motion, measurements))
        confirmed = np.flatnonzero(self._confirmed)
        near = cascade(gated, self._missed, limit, self.max_age, confirmed)
        waiting = unmatched_in_set_order(confirmed, near.rows)
        just_missed = waiting[self._missed[waiting] == 1]
        candidates = np.concatenate([np.flatnonzero(~self._confirmed), just_missed])
        rest = assign_among(overlap, self.max_iou_distance, candidates, near.left)
        return Matches(np.concatenate([near.rows, rest.rows]), np.concatenate([near.columns, rest.columns]), rest.left)

    def _see(self, matches: Matches, measurements: Floats) -> None:
        """Corrects the tracks that were seen and counts their hits."""
        seen = kalman.update(self._motion.take(matches.rows), measurements[matches.columns])
        self._motion = self._motion.put(matches.rows, seen)
        self._hits[matches.rows] += 1
        self._missed[matches.rows] = 0
        self._confirmed[matches.rows] |= self._hits[matches.rows] >= self.n_init

    def _overdue(self) -> NDArray[np.bool_]:
        """Tracks that end now: tentative ones at a miss, confirmed ones missed for too long."""
        return (self._missed > 0) & (~self._confirmed | (self._missed > self.max_age))

    def _prune_and_begin(self, matches: Matches, measurements: Floats) -> Ids:
        """Drops tracks that end, begins one per detection left over; gives the detection of each track, -1 for none."""
        detections = np.full(len(self._ids), -1)
        detections[matches.rows] = matches.columns
        stay = np.flatnonzero(~self._overdue())
        born = np.arange(self._next_id, self._next_id + len(matches.left))
        self._next_id += len(born)
        self._motion = self._motion.take(stay).append(kalman.initiate(measurements[matches.left]))
        self._ids = np.concatenate([self._ids[stay], born])
        self._hits = np.concatenate([self._hits[stay], np.ones_like(born)])
        self._missed = np.concatenate([self._missed[stay], np.zeros_like(born)])
        self._confirmed = np.concatenate([self._confirmed[stay], np.zeros(len(born), np.bool_)])
        return np.concatenate([detections[stay], matches.left])


def unmatched_in_set_order(rows: Ids, matched: Ids) -> Ids:
    """The rows that are not matched, in the order in which a Python set of them is walked.

    The reference program walks a set here, and that order decides which of two people who appear in the same frame gets
    the lower id; any other order would be as good, but would give other ids than the reference.
    """
    return np.array(list(set(rows.tolist()) - set(matched.tolist())), np.int64)


def check_range(name: str, value: float, low: float, high: float) -> None:
    """Refuses a setting outside its range."""
    if not low <= value <= high:
        raise ValueError(f"{name} is {value}; give a number from {low} to {high}")
