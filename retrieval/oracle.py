"""Truth in place of the detector, or of detector and tracker, to see which stage loses accuracy."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from ingest.detector import Detections, DetectorIdentity
from ingest.embedder import cut_crops
from ingest.follower import State
from ingest.frame import Image
from retrieval.scene_truth import CameraTruth, Visit
from tracking.camera_motion import STILL, Affine
from tracking.tracker import Step
from tracking.tracks import Tracks, nobody

MIN_VISIBILITY = 0.25
"""People who show less of themselves are ignored by the scores, so the oracles leave them out."""


class TrueBoxes:
    """A detector that knows the truth. Takes consecutive frames from the first one on.

    Args:
        truth: Of the camera whose frames will come.
    """

    resumable = False
    batch = 8

    def __init__(self, truth: CameraTruth) -> None:
        self.identity = DetectorIdentity("truth", "", f"visibility >= {MIN_VISIBILITY}")
        self._truth = truth
        self._frame = 0

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        """The true boxes of the next frames, confidence 1; none of people who show too little to be embedded."""
        return [self._next(image) for image in images]

    def _next(self, image: Image) -> Detections:
        self._frame += 1
        rows = self._truth.at(self._frame)
        boxes = self._truth.boxes[rows][self._truth.visibility[rows] >= MIN_VISIBILITY]
        _, kept = cut_crops(image, boxes)
        return Detections(boxes[kept], np.ones(int(kept.sum()), np.float32))


class TrueTracks:
    """A tracker that knows the truth: one track per visit. Takes what ``TrueBoxes`` found, frame by frame.

    Args:
        truth: Of the camera.
        visits: Of the camera.
    """

    settings = "truth"

    def __init__(self, truth: CameraTruth, visits: Sequence[Visit]) -> None:
        self._truth = truth
        self._visits = list(visits)
        self._frame = 0
        self._here: set[int] = set()

    def step(
        self,
        boxes: NDArray[np.float32],
        confidences: NDArray[np.float32],
        features: NDArray[np.float32] | None = None,
        camera_motion: Affine = STILL,
    ) -> Step:
        """The visits of the next frame; one that is over is removed.

        Raises:
            ValueError: If a box is not one of the frame's true ones, or its person is in no visit.
        """
        self._frame += 1
        ids = np.array([self._visit_of(person) for person in self._people_in(boxes)], np.int64)
        self._here |= set(ids.tolist())
        over = sorted(k for k in self._here if self._visits[k - 1].last_frame < self._frame)
        self._here -= set(over)
        return Step(ids, boxes, np.arange(len(ids)), np.ones(len(ids), bool), np.array(over, np.int64))

    def predicted(self, camera_motion: Affine = STILL) -> tuple[Tracks, NDArray[np.float64]]:
        """Nobody: truth expects nothing, it looks."""
        return nobody(), np.zeros((0, 4))

    def _people_in(self, boxes: NDArray[np.float32]) -> list[int]:
        """Whose true box each one is: two people may be in one place, so that the boxes are told apart together."""
        rows = self._truth.at(self._frame)
        apart = np.abs(boxes[:, None, :] - self._truth.boxes[rows][None, :, :]).sum(axis=2)
        order, places = linear_sum_assignment(apart)
        if len(order) != len(boxes) or np.any(apart[order, places] > 0):
            raise ValueError(f"frame {self._frame} has boxes that are not true ones: use TrueBoxes as detector")
        people: list[int] = self._truth.people[rows][places].tolist()
        return people

    def _visit_of(self, person: int) -> int:
        for k, visit in enumerate(self._visits):
            if visit.person == person and visit.first_frame <= self._frame <= visit.last_frame:
                return k + 1
        raise ValueError(f"person {person} is in frame {self._frame} of the truth but in no visit")

    def state(self) -> State:
        """Nothing: an evaluation is not resumed."""
        return {}

    def restore(self, state: State) -> None:
        """Nothing: an evaluation is not resumed."""
