"""DeepSORT: gives the people of one camera their identities, frame by frame, for all tracks at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracking import kalman
from tracking.appearance import FeatureBank
from tracking.association import Matches
from tracking.boxes import cxcyah_to_xyxy
from tracking.camera_motion import STILL, Affine, move_tracks
from tracking.detections import check_detections
from tracking.matching import Candidates, candidates, match
from tracking.observed_path import walk_straight
from tracking.settings import TrackerSettings
from tracking.smoothed_features import SmoothedFeatures
from tracking.tracks import ARRAYS, Tracks, nobody

State = dict[str, NDArray[np.generic]]
Features = NDArray[np.float32]
Floats = NDArray[np.float64]
Ids = NDArray[np.int64]

MEMORY_SECONDS = 1.2
"""How long a person may be out of sight and keep the identity: DeepSORT's 30 frames at 25 frames a second."""


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
    """Tracker of one camera (Wojke, Bewley and Paulus 2017, arXiv 1703.07402), and what later papers add to it.

    With the settings as they stand it gives the tracks of nwojke/deep_sort, new ids included. Ids are 1, 2, 3, ... in
    each tracker. Frames without detections must be given too: tracks move and age by frames.

    Without features, IoU with the predicted box takes the place of appearance in the matching cascade (the motion gate
    stays), so that a person who was hidden is found again where the motion leads; it is then much like SORT.

    Args:
        settings: What decides the links.
    """

    def __init__(self, settings: TrackerSettings | None = None) -> None:
        self._settings = settings or TrackerSettings()
        self._bank: FeatureBank | SmoothedFeatures = (
            FeatureBank(self._settings.nn_budget)
            if self._settings.smoothing is None
            else SmoothedFeatures(self._settings.smoothing)
        )
        self._tracks = nobody()
        self._next_id = 1

    @property
    def chosen(self) -> TrackerSettings:
        """What decides the links."""
        return self._settings

    @property
    def settings(self) -> str:
        """All that changes the tracks, as readable text."""
        return f"deepsort {self._settings}"

    def step(
        self,
        boxes: NDArray[np.float32] | Floats,
        confidences: NDArray[np.float32] | Floats,
        features: Features | None = None,
        camera_motion: Affine = STILL,
    ) -> Step:
        """Takes the detections of the next frame.

        Args:
            boxes: (N, 4) xyxy, pixels, finite, with an area.
            confidences: (N,).
            features: (N, D) float32, unit length, the same D in every frame; a row of zeros for a detection without
                one. None where there are none.
            camera_motion: (2, 3) float64, where the picture's still points of the frame before are in this one.

        Returns:
            The tracks after this frame.

        Raises:
            ValueError: If an array has the wrong shape or values; the tracks stay as they were.
        """
        check_detections(boxes, confidences, features, self._bank.dimension)
        self._tracks = move_tracks(self._tracks, camera_motion).predict()
        found = candidates(self._tracks, boxes, confidences, features, self._settings)
        matches = match(self._tracks, self._bank, found, self._settings)
        self._see(matches, found)
        removed = self._tracks.ids[self._overdue()]
        detections = self._prune_and_begin(matches, found)
        self._remember(detections, found)
        if len(removed):
            self._bank.keep(self._tracks.ids)
        motion = self._tracks.motion
        boxes_now = cxcyah_to_xyxy(motion.mean).astype(np.float32)
        return Step(self._tracks.ids.copy(), boxes_now, detections, self._tracks.confirmed.copy(), removed)

    def predicted(self, camera_motion: Affine = STILL) -> tuple[Tracks, Floats]:
        """The tracks as they will stand before the next frame is matched, and their boxes (T, 4) xyxy, pixels."""
        ahead = move_tracks(self._tracks, camera_motion).predict()
        return ahead, cxcyah_to_xyxy(ahead.motion.mean)

    def finish(self) -> Ids:
        """Ids of the confirmed tracks that are still alive, ascending."""
        return self._tracks.ids[self._tracks.confirmed]

    def state(self) -> State:
        """All that is needed to go on: plain arrays, for ``numpy.savez``."""
        owners, features = self._bank.state()
        return {
            "settings": np.array(self.settings),
            "next_id": np.array(self._next_id, np.int64),
            "feature_owners": owners,
            "features": features,
            **self._tracks.arrays(),
        }

    def restore(self, state: State) -> None:
        """Goes on from what ``state`` gave, to the last bit as the tracker that gave it.

        Raises:
            ValueError: If it is not such a state, or of a tracker with other settings.
        """
        if missing := {"settings", "next_id", "feature_owners", "features", *ARRAYS} - set(state):
            raise ValueError(f"the tracker's state lacks {', '.join(sorted(missing))}; track from the first frame on")
        if str(state["settings"]) != self.settings:
            raise ValueError(
                f"the tracker's state is of '{state['settings']}' but the tracker is '{self.settings}'; "
                "use the same settings or track from the first frame on"
            )
        self._next_id = int(state["next_id"])
        self._bank.restore(state["feature_owners"].astype(np.int64), state["features"].astype(np.float32))
        self._tracks = Tracks.from_arrays(state)

    def _see(self, matches: Matches, found: Candidates) -> None:
        """Corrects the tracks that were seen and counts their hits."""
        settings, rows = self._settings, matches.rows
        measured = found.measurements[matches.columns]
        motion = self._tracks.motion.take(rows)
        if settings.observed_velocity:
            motion = walk_straight(self._tracks.take(rows), measured)
        doubt = 1 - found.confidences[matches.columns] if settings.confidence_noise else 1.0
        seen = kalman.update(motion, measured, doubt)
        self._tracks = self._tracks.see(rows, measured, seen, settings.n_init)

    def _overdue(self) -> NDArray[np.bool_]:
        """Tracks that end now: tentative ones at a miss, confirmed ones missed for too long."""
        tracks = self._tracks
        return (tracks.missed > 0) & (~tracks.confirmed | (tracks.missed > self._settings.max_age))

    def _prune_and_begin(self, matches: Matches, found: Candidates) -> Ids:
        """Drops tracks that end, begins one per detection left over; gives the detection of each track, -1 for none."""
        detections = np.full(len(self._tracks), -1)
        detections[matches.rows] = matches.columns
        stay = np.flatnonzero(~self._overdue())
        born = np.arange(self._next_id, self._next_id + len(matches.left))
        self._next_id += len(born)
        self._tracks = self._tracks.take(stay).append(Tracks.begin(born, found.measurements[matches.left]))
        return np.concatenate([detections[stay], matches.left])

    def _remember(self, detections: Ids, found: Candidates) -> None:
        """Keeps how the tracks that were seen look, where a detection shows it."""
        if found.features is not None:
            seen = np.flatnonzero(detections >= 0)
            shown = seen[found.telling[detections[seen]]]
            self._bank.add(self._tracks.ids[shown], found.features[detections[shown]])
