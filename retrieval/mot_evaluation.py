"""How good tracks are: MOTA, IDF1 and their parts by motmetrics, HOTA by ``retrieval/hota.py``."""

from dataclasses import dataclass
from pathlib import Path

import motmetrics
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from gallery.errors import SourceError
from retrieval.hota import hota
from tracking.boxes import iou
from tracking.motchallenge import PERSON, MotTable, read_results, read_truth

MIN_IOU = 0.5
"""Boxes that overlap less are not of the same person (MOTChallenge)."""

FORGIVEN = (2, 7, 8, 12)
"""Classes of MOT16 that a tracker may or may not report: people on vehicles, standing, distractors, reflections."""

COUNTED = {
    "MOTA": "mota",
    "IDF1": "idf1",
    "id_switches": "num_switches",
    "fragments": "num_fragmentations",
    "false_positives": "num_false_positives",
    "misses": "num_misses",
    "precision": "precision",
    "recall": "recall",
    "mostly_tracked": "mostly_tracked",
    "partially_tracked": "partially_tracked",
    "mostly_lost": "mostly_lost",
    "objects": "num_objects",
    "distance": "motp",
}
"""Our names and those of motmetrics."""

Floats = NDArray[np.float32] | NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class MotScores:
    """Scores of one sequence. Fractions are 0-1, but MOTA may be negative; without any result they are 0.

    Attributes:
        MOTA: 1 - (misses + false positives + id switches) / objects (CLEAR-MOT, Bernardin and Stiefelhagen 2008).
        IDF1: F1 of the boxes under the best one-to-one mapping of people and tracks (Ristani et al. 2016).
        HOTA: Mean over IoU 0.05-0.95 of the geometric mean of DetA and AssA (Luiten et al. 2020).
        DetA: How well people are found.
        AssA: How well tracks keep to one person.
        LocA: Mean IoU of the pairs that HOTA matches.
        MOTP: Mean IoU of the pairs matched at IoU 0.5.
        precision: Share of the result's boxes that are true.
        recall: Share of the true boxes that are found.
        id_switches: Times that a person is matched to another track than before.
        fragments: Times that a person is lost and found again.
        false_positives: Boxes of the result that match nobody.
        misses: True boxes that are not matched.
        mostly_tracked: People found in at least 80 % of their frames.
        partially_tracked: People found in 20 to 80 %.
        mostly_lost: People found in less than 20 %.
        objects: True boxes.
    """

    MOTA: float
    IDF1: float
    HOTA: float
    DetA: float
    AssA: float
    LocA: float
    MOTP: float
    precision: float
    recall: float
    id_switches: int
    fragments: int
    false_positives: int
    misses: int
    mostly_tracked: int
    partially_tracked: int
    mostly_lost: int
    objects: int


def evaluate_mot(truth: Path, result: Path, *, min_visibility: float = 0.0) -> MotScores:
    """Scores a MOTChallenge result file against a truth file.

    In truth of MOT16 and later only people who walk are scored; people on vehicles, standing, distractors and
    reflections are ignored; a result that lies on anything else (cars, boxes flagged 0) is false, as at MOTChallenge.

    Args:
        truth: ``gt.txt``, of 2D MOT 2015 or MOT16 and later.
        result: ``frame,id,x,y,w,h,...``.
        min_visibility: True boxes less visible than this are ignored: no misses, and what found them is not false.

    Raises:
        SourceError: If a file cannot be read or understood, or the truth holds nobody to find.
    """
    try:
        true_boxes, found = read_truth(truth), read_results(result)
    except ValueError as error:
        raise SourceError(str(error)) from error
    forgiven = np.isin(true_boxes.classes, FORGIVEN) | (true_boxes.visibilities < min_visibility)
    scored = ~forgiven & (true_boxes.classes == PERSON) & (true_boxes.confidences != 0)
    if not scored.any():
        raise SourceError(
            f"{truth} has no true box to score of visibility {min_visibility:g} or more; give the truth of a sequence"
        )
    return score(*select(true_boxes, scored, forgiven, found))


def evaluate_boxes(
    truth_frames: Ints,
    truth_ids: Ints,
    truth_boxes: Floats,
    result_frames: Ints,
    result_ids: Ints,
    result_boxes: Floats,
    *,
    ignored: Mask | None = None,
) -> MotScores:
    """Scores tracks in memory; any order of rows.

    Args:
        truth_frames: (N,).
        truth_ids: (N,).
        truth_boxes: (N, 4) xyxy, pixels.
        result_frames: (M,), counted as those of the truth.
        result_ids: (M,).
        result_boxes: (M, 4) xyxy, pixels.
        ignored: (N,) bool, true boxes that need not be found: no misses, and what found them is not false.
    """
    order = np.argsort(truth_frames, kind="stable")
    truth = as_table(truth_frames, truth_ids, truth_boxes)
    result = as_table(result_frames, result_ids, result_boxes)
    forgiven = np.zeros(len(truth), np.bool_) if ignored is None else ignored[order]
    return score(*select(truth, ~forgiven, forgiven, result))


def select(truth: MotTable, scored: Mask, forgiven: Mask, result: MotTable) -> tuple[MotTable, MotTable]:
    """The truth that is scored, and the result without the boxes that found what is forgiven.

    As MOTChallenge does with distractors: in each frame all truth and the result are matched for the largest total IoU
    among pairs of at least 0.5, and a result matched to a forgiven box is left out. So such a box is neither a miss nor
    makes a false positive.
    """
    stays = np.ones(len(result), np.bool_)
    for frame in np.intersect1d(truth.frames[forgiven], result.frames).tolist():
        of_truth, of_result = truth.at(frame), result.at(frame)
        overlaps = iou(truth.boxes[of_truth], result.boxes[of_result])
        overlaps[overlaps < MIN_IOU] = 0
        rows, columns = linear_sum_assignment(-overlaps)
        gone = forgiven[of_truth][rows] & (overlaps[rows, columns] > 0)
        stays[of_result.start + columns[gone]] = False
    return truth.take(scored), result.take(stays)


def score(truth: MotTable, result: MotTable) -> MotScores:
    """Scores tracks against truth; all rows count."""
    events = motmetrics.MOTAccumulator(auto_id=False)
    for frame in np.union1d(truth.frames, result.frames).tolist():
        of_truth, of_result = truth.at(frame), result.at(frame)
        overlaps = iou(truth.boxes[of_truth], result.boxes[of_result])
        distances = np.where(overlaps >= MIN_IOU, 1 - overlaps, np.nan)
        events.update(truth.ids[of_truth].tolist(), result.ids[of_result].tolist(), distances, frameid=frame)
    found = motmetrics.metrics.create().compute(events, metrics=list(COUNTED.values()), return_dataframe=False)
    values = {ours: float(found[theirs]) for ours, theirs in COUNTED.items()}
    quality = hota(truth, result)
    return MotScores(
        MOTA=fraction(values["MOTA"]),
        IDF1=fraction(values["IDF1"]),
        HOTA=quality.HOTA,
        DetA=quality.DetA,
        AssA=quality.AssA,
        LocA=quality.LocA,
        MOTP=fraction(1 - values["distance"]),
        precision=fraction(values["precision"]),
        recall=fraction(values["recall"]),
        id_switches=int(values["id_switches"]),
        fragments=int(values["fragments"]),
        false_positives=int(values["false_positives"]),
        misses=int(values["misses"]),
        mostly_tracked=int(values["mostly_tracked"]),
        partially_tracked=int(values["partially_tracked"]),
        mostly_lost=int(values["mostly_lost"]),
        objects=int(values["objects"]),
    )


def as_table(frames: Ints, ids: Ints, boxes: Floats) -> MotTable:
    """Arrays in memory as a table, sorted by frame."""
    order = np.argsort(frames, kind="stable")
    everyone = np.ones(len(order))
    return MotTable(
        frames[order],
        ids[order],
        np.asarray(boxes, np.float64)[order],
        everyone,
        everyone.astype(np.int64),
        everyone,
        order,
    )


def fraction(value: float) -> float:
    """0 where nothing could be divided."""
    return value if np.isfinite(value) else 0.0
