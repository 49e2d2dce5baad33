"""All that can be said of an evaluation on Market-1501's protocol beyond its scores: how sure they are, and what of."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.bootstrap import Difference, Interval, mean_interval, paired_difference
from retrieval.camera_matrix import CameraPair, camera_matrix
from retrieval.market1501 import MarketEvaluation
from retrieval.reid_metrics import MarketScores
from retrieval.verification import Verification, verify

MEASURES = ("mAP", "mAP_trapezoid", "rank1", "rank5", "rank10", "mINP")


@dataclass(frozen=True, eq=False)
class MarketFindings:
    """An evaluation, and what follows from it.

    Attributes:
        evaluation: The scores, and the vectors they were made from.
        people: How many people the scored queries show: what the intervals draw from.
        intervals: Of each measure, by bootstrap over people.
        reranked_intervals: Likewise after re-ranking; None if there was none.
        rerank_gains: What re-ranking adds to each measure, paired; None if there was none.
        verification: Pairs of one person and of two.
        cameras: Scores for each pair of cameras.
    """

    evaluation: MarketEvaluation
    people: int
    intervals: dict[str, Interval]
    reranked_intervals: dict[str, Interval] | None
    rerank_gains: dict[str, Difference] | None
    verification: Verification
    cameras: tuple[CameraPair, ...]


def market_findings(evaluation: MarketEvaluation, *, threads: int = 1) -> MarketFindings:
    """Looks at the evaluation from all sides.

    Args:
        evaluation: What was scored.
        threads: For the pairs and the cameras.
    """
    query, gallery = evaluation.query, evaluation.gallery
    sides = query.vectors, query.people, query.cameras, gallery.vectors, gallery.people, gallery.cameras
    people = query.people[evaluation.scores.scored]
    plain = per_query(evaluation.scores)
    again = None if evaluation.reranked is None else per_query(evaluation.reranked)
    return MarketFindings(
        evaluation=evaluation,
        people=len(np.unique(people)),
        intervals={name: mean_interval(plain[name], people) for name in MEASURES},
        reranked_intervals=None if again is None else {n: mean_interval(again[n], people) for n in MEASURES},
        rerank_gains=None if again is None else {n: paired_difference(plain[n], again[n], people) for n in MEASURES},
        verification=verify(*sides, threads=threads),
        cameras=camera_matrix(*sides, threads=threads),
    )


def per_query(scores: MarketScores) -> dict[str, NDArray[np.float64]]:
    """For each measure one value per scored query, (S,); the measure is their mean."""
    first = scores.first_ranks
    return {
        "mAP": scores.precisions,
        "mAP_trapezoid": scores.trapezoids,
        **{f"rank{k}": (first <= k).astype(np.float64) for k in (1, 5, 10)},
        "mINP": scores.penalties,
    }
