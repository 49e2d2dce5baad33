"""Which detection goes on with which track: DeepSORT's stages in order, and those that later papers add."""

from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tracking import kalman
from tracking.association import Matches, Pairs, assign_among, cascade
from tracking.boxes import cxcyah_to_xyxy, iou_of_pairs, touching, visible_share, xyxy_to_cxcyah
from tracking.kalman import Motion
from tracking.settings import TrackerSettings
from tracking.tracks import Tracks

CONTESTED_IOU = 0.1
"""Predicted boxes and detections that overlap by so much have to do with each other."""

Features = NDArray[np.float32]
Floats = NDArray[np.float64]
Ids = NDArray[np.int64]


class Appearance(Protocol):
    """How tracks looked so far."""

    def distances(self, ids: Ids, features: Features, enough: Floats) -> Floats:
        """Cosine distances of P tracks to the P features beside them; infinite for a track without any.

        Where one is at most ``enough`` (P,), a smaller one of the same track may be overlooked.
        """
        ...


@dataclass(frozen=True, eq=False)
class Candidates:
    """The detections of one frame, and the pairs of tracks and detections that may have to do with each other.

    All others are too far apart both for the motion and for any overlap.

    Attributes:
        measurements: (N, 4) float64, cxcyah.
        confidences: (N,) float64.
        features: (N, D) float32, None where there are none.
        telling: (N,) bool, whether the feature shows the person: there is one, and little of the person is hidden.
        predicted: (T, 4) float64 xyxy, where each track should be.
        seen: (N, 4) float64 xyxy, where each detection is.
        rows: (P,) tracks of the pairs, ascending.
        columns: (P,) detections of the pairs.
        overlap: (P,) 1 - IoU with the predicted box.
        possible: (P,) bool, whether the motion allows it.
    """

    measurements: Floats
    confidences: Floats
    features: Features | None
    telling: NDArray[np.bool_]
    predicted: Floats
    seen: Floats
    rows: Ids
    columns: Ids
    overlap: Floats
    possible: NDArray[np.bool_]

    def pairs(self, distances: Floats, which: NDArray[np.bool_]) -> Pairs:
        """Some of the pairs (by a mask over all P) at these distances (P,)."""
        shape = len(self.predicted), len(self.seen)
        return Pairs(self.rows[which], self.columns[which], distances[which], shape)


def candidates(
    tracks: Tracks,
    boxes: NDArray[np.float32] | Floats,
    confidences: NDArray[np.float32] | Floats,
    features: Features | None,
    settings: TrackerSettings,
) -> Candidates:
    """The detections (N, 4) xyxy of a frame beside the predicted tracks."""
    measurements = xyxy_to_cxcyah(boxes)
    telling = np.zeros(len(boxes), np.bool_)
    if features is not None and len(boxes):
        telling = np.vecdot(features, features) > 0
        if settings.min_visible > 0:
            telling &= visible_share(boxes) >= settings.min_visible
    predicted, seen = cxcyah_to_xyxy(tracks.motion.mean), cxcyah_to_xyxy(measurements)
    rows, columns = linkable(reach(tracks.motion, predicted), seen, settings)
    return Candidates(
        measurements,
        np.asarray(confidences, np.float64),
        features,
        telling,
        predicted,
        seen,
        rows,
        columns,
        1 - iou_of_pairs(predicted.take(rows, axis=0), seen.take(columns, axis=0)),
        kalman.gating_distances(tracks.motion, measurements, rows, columns) <= kalman.GATE,
    )


def linkable(around: Floats, seen: Floats, settings: TrackerSettings) -> tuple[Ids, Ids]:
    """Tracks (by the boxes around them) and detections that touch; all with all where a limit of 1 asks for no overlap."""
    limits = settings.max_iou_distance, settings.low_max_iou_distance, settings.recovery_max_iou_distance or 0
    if max(limits) < 1:
        return touching(around, seen)
    rows, columns = np.indices((len(around), len(seen))).reshape(2, -1)
    return rows, columns


def reach(motion: Motion, predicted: Floats) -> Floats:
    """Boxes (T, 4) xyxy that touch every detection whose centre the gate allows or that overlaps the predicted box."""
    centre, radius = motion.mean[:, :2], kalman.gate_reach(motion)
    return np.concatenate(
        [np.minimum(predicted[:, :2], centre - radius), np.maximum(predicted[:, 2:], centre + radius)], axis=1
    )


def match(tracks: Tracks, appearance: Appearance, found: Candidates, settings: TrackerSettings) -> Matches:
    """Links detections to predicted tracks.

    Confirmed tracks by appearance, those seen lately first; then by overlap the tentative ones and those just missed;
    then, where the settings ask for it, those just missed with detections of low confidence, and lost ones where they
    were last seen.
    """
    sure = np.flatnonzero(found.confidences >= settings.high_confidence)
    confirmed = np.flatnonzero(tracks.confirmed)
    matches = by_looks(tracks, appearance, found, confirmed, sure, settings)
    waiting = unmatched_in_set_order(confirmed, matches.rows)
    just_missed = waiting[tracks.missed[waiting] == 1]
    unsettled = np.concatenate([np.flatnonzero(~tracks.confirmed), just_missed])
    overlap = found.pairs(found.overlap, still_open(found, matches, settings))
    overlap = unless_vetoed(overlap, tracks, appearance, found, settings)
    matches = matches.then(assign_among(overlap, settings.max_iou_distance, unsettled, matches.left))
    if settings.high_confidence > 0:
        unsure = np.flatnonzero(found.confidences < settings.high_confidence)
        lost = np.setdiff1d(just_missed, matches.rows)
        matches = matches.beside(assign_among(overlap, settings.low_max_iou_distance, lost, unsure))
    if settings.recovery_max_iou_distance is not None:
        lost = np.setdiff1d(confirmed, matches.rows)
        apart = unless_vetoed(from_last_seen(tracks, found, settings), tracks, appearance, found, settings)
        matches = matches.then(assign_among(apart, settings.recovery_max_iou_distance, lost, matches.left))
    return matches


def by_looks(
    tracks: Tracks, appearance: Appearance, found: Candidates, rows: Ids, columns: Ids, settings: TrackerSettings
) -> Matches:
    """The matching cascade by appearance where the motion allows it.

    Where there are no features at all, one assignment by overlap takes its place: a cascade would give a detection to a
    track seen lately that touches it before one lost for a moment that lies on it.
    """
    if found.features is None:
        rows = rows[tracks.missed[rows] <= settings.max_age]
        return assign_among(found.pairs(found.overlap, found.possible), settings.max_iou_distance, rows, columns)
    sure = found.confidences >= settings.high_confidence
    asked = found.possible & tracks.confirmed[found.rows] & (sure & found.telling)[found.columns]
    gated = found.pairs(found.overlap, asked)
    looks = partial(looks_that_decide, tracks.ids, appearance, found.features, settings.max_cosine_distance)
    return cascade(gated, looks, tracks.missed, settings.max_cosine_distance, settings.max_age, rows, columns)


def looks_that_decide(
    ids: Ids, appearance: Appearance, features: Features, max_distance: float, pairs: Pairs
) -> Floats:
    """Cosine distances of pairs (P,), exact where the exact one can make a difference.

    A track and a detection that have nobody but each other belong together at any distance within the limit, so what of
    the track is near enough decides, and the rest of its gallery need not be read.
    """
    owners, seen = ids[pairs.rows], features.take(pairs.columns, axis=0)
    distances = appearance.distances(owners, seen, np.full(len(owners), max_distance))
    near = np.flatnonzero(distances <= max_distance)
    rows, columns = pairs.rows[near], pairs.columns[near]
    contested = near[(np.bincount(rows)[rows] > 1) | (np.bincount(columns)[columns] > 1)]
    if len(contested):
        distances[contested] = appearance.distances(
            owners[contested], seen[contested], np.full(len(contested), -np.inf)
        )
    return distances


def still_open(found: Candidates, matches: Matches, settings: TrackerSettings) -> NDArray[np.bool_]:
    """Which pairs (P,) overlap enough to be linked by it, both without partner."""
    free_rows, free_columns = np.ones(len(found.predicted), np.bool_), np.ones(len(found.seen), np.bool_)
    free_rows[matches.rows] = free_columns[matches.columns] = False
    near = found.overlap <= max(settings.max_iou_distance, settings.low_max_iou_distance)
    return near & free_rows[found.rows] & free_columns[found.columns]


def from_last_seen(tracks: Tracks, found: Candidates, settings: TrackerSettings) -> Pairs:
    """1 - IoU of the detections with the boxes in which the tracks were last seen, of all pairs that overlap."""
    last = cxcyah_to_xyxy(tracks.observed)
    rows, columns = linkable(last, found.seen, settings)
    return Pairs(rows, columns, 1 - iou_of_pairs(last[rows], found.seen[columns]), (len(last), len(found.seen)))


def unless_vetoed(
    overlap: Pairs, tracks: Tracks, appearance: Appearance, found: Candidates, settings: TrackerSettings
) -> Pairs:
    """Overlaps without those where the looks say that this is somebody else, and somebody else is there.

    A person alone may turn round or step into the shade; where another track is near the detection, or another detection
    near the track, looks that differ mean that the two are about to be mixed up.
    """
    if settings.veto_distance is None or found.features is None:
        return overlap
    asked = found.telling[overlap.columns] & has_rivals(overlap, found)
    rows, columns = overlap.rows[asked], overlap.columns[asked]
    looks = appearance.distances(tracks.ids[rows], found.features[columns], np.full(len(rows), settings.veto_distance))
    other = np.zeros(len(asked), np.bool_)
    other[asked] = np.isfinite(looks) & (looks > settings.veto_distance)
    return overlap.only(~other)


def has_rivals(pairs: Pairs, found: Candidates) -> NDArray[np.bool_]:
    """Whether another track is near the detection of each pair (P,), or another detection near its track."""
    near = found.overlap <= 1 - CONTESTED_IOU
    by_row = np.bincount(found.rows[near], minlength=len(found.predicted))[pairs.rows]
    by_column = np.bincount(found.columns[near], minlength=len(found.seen))[pairs.columns]
    own = 1 - iou_of_pairs(found.predicted[pairs.rows], found.seen[pairs.columns]) <= 1 - CONTESTED_IOU
    return np.asarray(by_row + by_column > 2 * own)


def unmatched_in_set_order(rows: Ids, matched: Ids) -> Ids:
    """The rows that are not matched, in the order in which a Python set of them is walked.

    The reference program walks a set here, and that order decides which of two people who appear in the same frame gets
    the lower id; any other order would be as good, but would give other ids than the reference.
    """
    return np.array(list(set(rows.tolist()) - set(matched.tolist())), np.int64)
