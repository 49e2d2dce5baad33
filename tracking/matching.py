"""Which detection goes on with which track: DeepSORT's stages in order, and those that later papers add."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tracking import kalman
from tracking.association import Matches, assign_among, cascade
from tracking.boxes import cxcyah_to_xyxy, iou, visible_share, xyxy_to_cxcyah
from tracking.settings import TrackerSettings
from tracking.tracks import Tracks

CONTESTED_IOU = 0.1
"""Predicted boxes and detections that overlap by so much have to do with each other."""

Features = NDArray[np.float32]
Floats = NDArray[np.float64]
Ids = NDArray[np.int64]


class Appearance(Protocol):
    """How tracks looked so far."""

    def distances(self, ids: Ids, features: Features) -> Floats:
        """Cosine distances (T, N) of tracks to features; infinite for a track without any."""
        ...


@dataclass(frozen=True, eq=False)
class Candidates:
    """The detections of one frame, and how far each is from each track.

    Attributes:
        measurements: (N, 4) float64, cxcyah.
        confidences: (N,) float64.
        features: (N, D) float32, None where there are none.
        telling: (N,) bool, whether the feature shows the person: there is one, and little of the person is hidden.
        overlap: (T, N), 1 - IoU with the predicted box.
        looks: (T, N), cosine distance; infinite where track or detection has no telling feature.
        possible: (T, N) bool, whether the motion allows it.
    """

    measurements: Floats
    confidences: Floats
    features: Features | None
    telling: NDArray[np.bool_]
    overlap: Floats
    looks: Floats
    possible: NDArray[np.bool_]


def candidates(
    tracks: Tracks,
    appearance: Appearance,
    boxes: NDArray[np.float32] | Floats,
    confidences: NDArray[np.float32] | Floats,
    features: Features | None,
    settings: TrackerSettings,
) -> Candidates:
    """The detections (N, 4) xyxy of a frame, and how far each is from each predicted track."""
    measurements = xyxy_to_cxcyah(boxes)
    looks = np.full((len(tracks), len(boxes)), np.inf)
    telling = np.zeros(len(boxes), np.bool_)
    if features is not None and len(boxes):
        telling = features.any(axis=1) & (visible_share(boxes) >= settings.min_visible)
        looks[:, telling] = appearance.distances(tracks.ids, features[telling])
    return Candidates(
        measurements,
        np.asarray(confidences, np.float64),
        features,
        telling,
        1 - iou(cxcyah_to_xyxy(tracks.motion.mean), cxcyah_to_xyxy(measurements)),
        looks,
        kalman.gating_distances(tracks.motion, measurements) <= kalman.GATE,
    )


def match(tracks: Tracks, found: Candidates, settings: TrackerSettings) -> Matches:
    """Links detections to predicted tracks.

    Confirmed tracks by appearance, those seen lately first; then by overlap the tentative ones and those just missed;
    then, where the settings ask for it, those just missed with detections of low confidence, and lost ones where they
    were last seen.
    """
    sure = np.flatnonzero(found.confidences >= settings.high_confidence)
    confirmed = np.flatnonzero(tracks.confirmed)
    matches = by_looks(tracks, found, confirmed, sure, settings)
    waiting = unmatched_in_set_order(confirmed, matches.rows)
    just_missed = waiting[tracks.missed[waiting] == 1]
    overlap = vetoed(found.overlap, found, settings)
    unsettled = np.concatenate([np.flatnonzero(~tracks.confirmed), just_missed])
    matches = matches.then(assign_among(overlap, settings.max_iou_distance, unsettled, matches.left))
    if settings.high_confidence > 0:
        unsure = np.flatnonzero(found.confidences < settings.high_confidence)
        lost = np.setdiff1d(just_missed, matches.rows)
        matches = matches.beside(assign_among(overlap, settings.low_max_iou_distance, lost, unsure))
    if settings.recovery_max_iou_distance is not None:
        lost = np.setdiff1d(confirmed, matches.rows)
        where_lost = 1 - iou(cxcyah_to_xyxy(tracks.observed), cxcyah_to_xyxy(found.measurements))
        apart = vetoed(where_lost, found, settings)
        matches = matches.then(assign_among(apart, settings.recovery_max_iou_distance, lost, matches.left))
    return matches


def by_looks(tracks: Tracks, found: Candidates, rows: Ids, columns: Ids, settings: TrackerSettings) -> Matches:
    """The matching cascade by appearance where the motion allows it.

    Where there are no features at all, one assignment by overlap takes its place: a cascade would give a detection to a
    track seen lately that touches it before one lost for a moment that lies on it.
    """
    if found.features is None:
        rows = rows[tracks.missed[rows] <= settings.max_age]
        return assign_among(np.where(found.possible, found.overlap, np.inf), settings.max_iou_distance, rows, columns)
    gated = np.where(found.possible, found.looks, np.inf)
    return cascade(gated, tracks.missed, settings.max_cosine_distance, settings.max_age, rows, columns)


def vetoed(overlap: Floats, found: Candidates, settings: TrackerSettings) -> Floats:
    """Overlaps (T, N), infinite where the looks say that this is somebody else, and somebody else is there.

    A person alone may turn round or step into the shade; where another track is near the detection, or another detection
    near the track, looks that differ mean that the two are about to be mixed up.
    """
    if settings.veto_distance is None:
        return overlap
    near = found.overlap <= 1 - CONTESTED_IOU
    rivals = near.sum(axis=0)[None, :] + near.sum(axis=1)[:, None] - 2 * near
    other = np.isfinite(found.looks) & (found.looks > settings.veto_distance)
    return np.where(other & (rivals > 0), np.inf, overlap)


def unmatched_in_set_order(rows: Ids, matched: Ids) -> Ids:
    """The rows that are not matched, in the order in which a Python set of them is walked.

    The reference program walks a set here, and that order decides which of two people who appear in the same frame gets
    the lower id; any other order would be as good, but would give other ids than the reference.
    """
    return np.array(list(set(rows.tolist()) - set(matched.tolist())), np.int64)
