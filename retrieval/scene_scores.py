"""How many of the true visits a system finds, and how many of its sightings are true."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.scene_truth import CameraTruth, SceneTruth, Visit
from tracking.boxes import iou
from tracking.trajectory import Trajectory

MIN_IOU = 0.5


@dataclass(frozen=True, eq=False)
class ReturnedSighting:
    """A sighting as the search gave it.

    Attributes:
        camera: Where.
        trajectories: The boxes of its tracklets.
        above: Whether its similarity reaches the operating point.
    """

    camera: str
    trajectories: tuple[Trajectory, ...]
    above: bool


@dataclass(frozen=True, eq=False)
class Judged:
    """One query with its answer, judged.

    Attributes:
        hits: (N,) bool: which of the N sightings, best first, are true and new.
        above: (N,) bool: which reach the operating point.
        truths: Number of true visits; 0 for a person who is in no other camera.
    """

    hits: NDArray[np.bool_]
    above: NDArray[np.bool_]
    truths: int


@dataclass(frozen=True)
class SceneScores:
    """Scores of all queries of one scene, as DESIGN.md defines them; fractions 0-1."""

    queries: int
    rank1: float
    mAP: float  # noqa: N815 - the field's name
    sighting_precision: float
    sighting_recall: float
    sighting_f1: float
    not_found_correct: float
    absent_queries: int


def judge(sightings: Sequence[ReturnedSighting], visits: Sequence[Visit], truth: SceneTruth) -> Judged:
    """Says which sightings are true; each visit counts once, further sightings of it are false."""
    found: set[Visit] = set()
    hits = np.zeros(len(sightings), bool)
    for k, sighting in enumerate(sightings):
        visit = shown_visit(sighting, visits, truth.cameras[sighting.camera])
        if visit is not None and visit not in found:
            found.add(visit)
            hits[k] = True
    return Judged(hits, np.array([s.above for s in sightings], bool), len(visits))


def shown_visit(sighting: ReturnedSighting, visits: Sequence[Visit], truth: CameraTruth) -> Visit | None:
    """The visit that a sighting shows, if it is a true one.

    It must overlap the visit in time, and more than half of all its boxes must match the person's true boxes. Where
    it overlaps several visits of the person, it shows the one with most of its boxes.
    """
    frames = np.concatenate([t.frames for t in sighting.trajectories]) + 1
    boxes = np.concatenate([t.boxes for t in sighting.trajectories])
    here = [v for v in visits if v.camera == sighting.camera]
    shares = {v: int(((frames >= v.first_frame) & (frames <= v.last_frame)).sum()) for v in here}
    best = max(shares, key=lambda v: shares[v], default=None)
    if best is None or shares[best] == 0:
        return None
    matched = person_matches(frames, boxes, best.person, truth)
    return best if matched.mean() > 0.5 else None


def person_matches(
    frames: NDArray[np.int64], boxes: NDArray[np.float32], person: int, truth: CameraTruth
) -> NDArray[np.bool_]:
    """Which boxes cover one person's true box of their frame at IoU >= 0.5, (N,) bool. Frames count from 1."""
    mine = truth.people == person
    row_of = dict(zip(truth.frames[mine].tolist(), truth.boxes[mine], strict=True))
    return np.array(
        [
            frame in row_of and float(iou(box[None], row_of[frame][None])[0, 0]) >= MIN_IOU
            for frame, box in zip(frames.tolist(), boxes, strict=True)
        ],
        bool,
    )


def average_precision(judged: Judged) -> float:
    """Mean precision at the hits over all true visits; a visit that was not returned counts as 0.

    >>> average_precision(Judged(np.array([True, False, True]), np.ones(3, bool), 4))
    0.4166666666666667
    """
    ranks = np.flatnonzero(judged.hits) + 1
    return float((np.arange(1, len(ranks) + 1) / ranks).sum() / judged.truths)


def scene_scores(judged: Sequence[Judged]) -> SceneScores:
    """Scores over all queries. A score without any case is NaN."""
    present = [j for j in judged if j.truths]
    absent = [j for j in judged if not j.truths]
    returned = sum(int(j.above.sum()) for j in present)
    true = sum(int((j.above & j.hits).sum()) for j in present)
    truths = sum(j.truths for j in present)
    precision, recall = ratio(true, returned), ratio(true, truths)
    return SceneScores(
        queries=len(present),
        rank1=ratio(sum(bool(j.hits[:1].any()) for j in present), len(present)),
        mAP=ratio(sum(average_precision(j) for j in present), len(present)),
        sighting_precision=precision,
        sighting_recall=recall,
        sighting_f1=ratio(2 * true, returned + truths),
        not_found_correct=ratio(sum(not j.above.any() for j in absent), len(absent)),
        absent_queries=len(absent),
    )


def ratio(part: float, whole: float) -> float:
    """A fraction, or NaN of nothing."""
    return part / whole if whole else float("nan")
