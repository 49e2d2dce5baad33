"""HOTA: how well tracks are found, and how well they keep to one person (Luiten et al., IJCV 2020, arXiv 2009.07736)."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from tracking.boxes import iou
from tracking.motchallenge import MotTable

Floats = NDArray[np.float64]

LOCALISATIONS = np.arange(1, 20) / 20
"""The IoU thresholds alpha that are averaged over: 0.05, 0.10, ..., 0.95."""

ROUNDING = 1e-12
"""An IoU that equals a threshold but for rounding counts as reaching it."""


@dataclass(frozen=True)
class HotaScores:
    """Fractions 0-1, means over the thresholds. Where a denominator is zero, so is the score.

    Attributes:
        HOTA: Geometric mean of DetA and AssA at each threshold, averaged.
        DetA: Matched pairs by all boxes: TP / (TP + FN + FP).
        AssA: Mean over matched pairs of how much the two whole tracks agree.
        LocA: Mean IoU of the matched pairs; 1 at a threshold without any.
    """

    HOTA: float
    DetA: float
    AssA: float
    LocA: float


def hota(truth: MotTable, result: MotTable) -> HotaScores:
    """Scores tracks against truth; both are taken as they are, no row is ignored.

    >>> boxes = np.array([[0.0, 0.0, 10.0, 10.0]])
    >>> one = MotTable(*(np.array([1]), np.array([7]), boxes, np.ones(1), np.ones(1, int), np.ones(1), np.zeros(1, int)))
    >>> hota(one, one).HOTA
    1.0
    """
    people, person_rows = np.unique(truth.ids, return_inverse=True)
    tracks, track_rows = np.unique(result.ids, return_inverse=True)
    lengths = np.bincount(person_rows, minlength=len(people))[:, None] + np.bincount(track_rows, minlength=len(tracks))
    frames = [
        (person_rows[of_truth], track_rows[of_result], iou(truth.boxes[of_truth], result.boxes[of_result]))
        for of_truth, of_result in shared_frames(truth, result)
    ]
    alignment = global_alignment(frames, lengths)
    matched = np.zeros((len(LOCALISATIONS), len(people), len(tracks)))
    overlap = np.zeros(len(LOCALISATIONS))
    for person, track, overlaps in frames:
        rows, columns = linear_sum_assignment(-alignment[np.ix_(person, track)] * overlaps)
        found = overlaps[rows, columns]
        for k, reached in enumerate(found >= LOCALISATIONS[:, None] - ROUNDING):
            matched[k, person[rows[reached]], track[columns[reached]]] += 1
            overlap[k] += found[reached].sum()
    return averaged(matched, overlap, lengths, len(truth) + len(result))


def shared_frames(truth: MotTable, result: MotTable) -> Iterator[tuple[slice, slice]]:
    """The rows of truth and result in each frame that has both."""
    for frame in np.intersect1d(truth.frames, result.frames).tolist():
        yield truth.at(frame), result.at(frame)


def global_alignment(
    frames: list[tuple[NDArray[np.int64], NDArray[np.int64], Floats]], lengths: NDArray[np.int64]
) -> Floats:
    """How well each person and each track fit over the whole sequence, (P, T), 0-1: soft counts by Jaccard's index.

    It guides the matching in each frame, so that the pairs chosen there are those that serve the association.
    """
    together = np.zeros(lengths.shape)
    for person, track, overlaps in frames:
        rivals = overlaps.sum(axis=1, keepdims=True) + overlaps.sum(axis=0, keepdims=True) - overlaps
        together[np.ix_(person, track)] += np.divide(overlaps, rivals, out=np.zeros_like(overlaps), where=rivals > 0)
    return np.asarray(together / (lengths - together))


def averaged(matched: Floats, overlap: Floats, lengths: NDArray[np.int64], boxes: int) -> HotaScores:
    """The scores from the counts.

    Args:
        matched: (A, P, T), frames in which each person and track are matched at each threshold.
        overlap: (A,), sum of the IoU of the matched pairs.
        lengths: (P, T), boxes of the person plus boxes of the track.
        boxes: True boxes plus boxes of the result.
    """
    hits = matched.sum(axis=(1, 2))
    detection = hits / np.maximum(boxes - hits, 1)
    association = (matched * (matched / np.maximum(lengths - matched, 1))).sum(axis=(1, 2)) / np.maximum(hits, 1)
    localisation = np.divide(overlap, hits, out=np.ones_like(overlap), where=hits > 0)
    return HotaScores(
        HOTA=float(np.sqrt(detection * association).mean()),
        DetA=float(detection.mean()),
        AssA=float(association.mean()),
        LocA=float(localisation.mean()),
    )
