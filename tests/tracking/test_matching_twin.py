"""Matching by pairs that are near against matching by whole matrices of tracks and detections."""

import numpy as np
import pytest

from tests.tracking.test_tracker_twin import scene
from tracking import kalman, tracker
from tracking.association import Matches, assign
from tracking.boxes import cxcyah_to_xyxy, intersection_over_area, iou
from tracking.matching import CONTESTED_IOU, candidates, match, unmatched_in_set_order
from tracking.settings import TrackerSettings

PRODUCT = {"high_confidence": 0.5, "veto_distance": 0.3, "min_visible": 0.3, "max_age": 40}


class Matrices:
    """All distances (T, N) of one frame, and the stages over them."""

    def __init__(self, tracks, bank, boxes, confidences, features, settings):
        self.tracks, self.confidences, self.settings = tracks, confidences, settings
        shape = len(tracks), len(boxes)
        measurements = kalman_boxes(boxes)
        self.seen = cxcyah_to_xyxy(measurements)
        self.overlap = 1 - iou(cxcyah_to_xyxy(tracks.motion.mean), self.seen)
        self.last = 1 - iou(cxcyah_to_xyxy(tracks.observed), self.seen)
        rows, columns = np.indices(shape).reshape(2, -1)
        gate = kalman.gating_distances(tracks.motion, measurements, rows, columns).reshape(shape)
        nearer = boxes[None, :, 3] > boxes[:, None, 3]
        hidden = np.where(nearer, intersection_over_area(boxes, boxes), 0).max(axis=1, initial=0)
        telling = features.any(axis=1) & (1 - hidden >= settings.min_visible)
        looks = bank.distances(tracks.ids[rows], features[columns], np.full(len(rows), -np.inf)).reshape(shape)
        self.looks = np.where(telling, looks, np.inf)
        self.gated = np.where(gate <= kalman.GATE, self.looks, np.inf)

    def among(self, distances, limit, rows, columns):
        if not len(rows) or not len(columns):
            return Matches(np.zeros(0, int), np.zeros(0, int), columns)
        found = assign(distances[np.ix_(rows, columns)], limit)
        return Matches(rows[found.rows], columns[found.columns], columns[found.left])

    def vetoed(self, distances):
        if self.settings.veto_distance is None:
            return distances
        near = self.overlap <= 1 - CONTESTED_IOU
        rivals = near.sum(axis=0)[None] + near.sum(axis=1)[:, None] - 2 * near
        other = np.isfinite(self.looks) & (self.looks > self.settings.veto_distance)
        return np.where(other & (rivals > 0), np.inf, distances)

    def match(self):
        settings, tracks = self.settings, self.tracks
        confirmed = np.flatnonzero(tracks.confirmed)
        matches = Matches(*np.zeros((2, 0), int), np.flatnonzero(self.confidences >= settings.high_confidence))
        for age in range(1, settings.max_age + 1):
            now = confirmed[tracks.missed[confirmed] == age]
            matches = matches.then(self.among(self.gated, settings.max_cosine_distance, now, matches.left))
        waiting = unmatched_in_set_order(confirmed, matches.rows)
        just_missed = waiting[tracks.missed[waiting] == 1]
        overlap = self.vetoed(self.overlap)
        unsettled = np.concatenate([np.flatnonzero(~tracks.confirmed), just_missed])
        matches = matches.then(self.among(overlap, settings.max_iou_distance, unsettled, matches.left))
        if settings.high_confidence > 0:
            unsure = np.flatnonzero(self.confidences < settings.high_confidence)
            lost = np.setdiff1d(just_missed, matches.rows)
            matches = matches.beside(self.among(overlap, settings.low_max_iou_distance, lost, unsure))
        if settings.recovery_max_iou_distance is not None:
            lost = np.setdiff1d(confirmed, matches.rows)
            apart = self.vetoed(self.last)
            matches = matches.then(self.among(apart, settings.recovery_max_iou_distance, lost, matches.left))
        return matches


def kalman_boxes(boxes):
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    return np.column_stack([boxes[:, 0] + width / 2, boxes[:, 1] + height / 2, width / height, height])


@pytest.mark.parametrize(
    ("seed", "people", "noise", "chosen"),
    [
        (1, 12, 0.5, {}),
        (2, 40, 0.6, {}),  # a crowd
        (3, 40, 0.6, PRODUCT),
        (4, 25, 2.0, PRODUCT),  # looks say little
        (5, 25, 0.6, PRODUCT | {"recovery_max_iou_distance": 0.7, "nn_budget": 5}),
        (7, 12, 0.6, {"max_iou_distance": 1.0}),  # boxes need not overlap at all
        (6, 25, 0.6, PRODUCT | {"smoothing": 0.9, "n_init": 1}),
    ],
)
def test_matching_by_pairs_is_matching_by_matrices(monkeypatch, seed, people, noise, chosen):
    random = np.random.default_rng(seed)
    deep_sort = tracker.DeepSort(TrackerSettings(**chosen))
    compared = []

    def both(tracks, bank, found, settings):
        ours = match(tracks, bank, found, settings)
        expected = Matrices(tracks, bank, *given, settings).match()
        compared.append(len(expected.rows))
        for part in ("rows", "columns", "left"):
            assert getattr(ours, part).tolist() == getattr(expected, part).tolist()
        return ours

    monkeypatch.setattr(tracker, "match", both)
    for boxes, features in scene(seed, 60, people, noise):
        features[random.random(len(boxes)) < 0.05] = 0
        given = boxes, random.uniform(0.3, 1, len(boxes)), features
        deep_sort.step(*given)
    assert sum(compared) > 10 * people


def test_no_detections_and_no_tracks_have_nothing_to_do_with_each_other():
    deep_sort = tracker.DeepSort()
    tracks, _ = deep_sort.predicted()
    found = candidates(tracks, np.zeros((0, 4)), np.zeros(0), None, TrackerSettings())
    assert len(found.rows) == 0
