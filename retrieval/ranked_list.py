"""What a query is answered: the first images of its ranking, and which queries are worth looking at."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.blocks import products
from retrieval.market1501 import MarketEvaluation

LENGTH = 10


@dataclass(frozen=True)
class RankedImage:
    """One answer.

    Attributes:
        row: Of the gallery.
        rank: From 1.
        similarity: Cosine, -1 to 1.
        right: Whether it shows the query's person.
    """

    row: int
    rank: int
    similarity: float
    right: bool


@dataclass(frozen=True)
class RankedList:
    """A query with its answers.

    Attributes:
        row: Of the queries.
        precision: Its average precision, 0-1.
        matches: How many right images there are.
        answers: The first ones; after them the first right one, if it comes later.
    """

    row: int
    precision: float
    matches: int
    answers: tuple[RankedImage, ...]


def ranked_list(evaluation: MarketEvaluation, scored: int, *, length: int = LENGTH) -> RankedList:
    """The answers to one of the scored queries, ranked as they were scored.

    Args:
        evaluation: What was scored.
        scored: Which one of ``evaluation.scores.scored``.
        length: Answers to give.
    """
    query, gallery = evaluation.query, evaluation.gallery
    row = int(evaluation.scores.scored[scored])
    hit_ranks = evaluation.scores.hit_ranks[scored]
    similarities = products(query.vectors[row : row + 1], gallery.vectors)[0]
    same_person = gallery.people == query.people[row]
    ranked = np.flatnonzero(~(same_person & (gallery.cameras == query.cameras[row])))
    ranked = ranked[np.argsort(-similarities[ranked], kind="stable")]
    ranks = list(range(1, min(length, len(ranked)) + 1))
    if hit_ranks[0] > length:
        ranks.append(int(hit_ranks[0]))
    rows = [int(ranked[rank - 1]) for rank in ranks]
    answers = tuple(
        RankedImage(k, rank, float(similarities[k]), bool(same_person[k])) for k, rank in zip(rows, ranks, strict=True)
    )
    return RankedList(row, float(evaluation.scores.precisions[scored]), len(hit_ranks), answers)


def best_and_worst(evaluation: MarketEvaluation, count: int) -> tuple[list[int], list[int]]:
    """Which of the scored queries were answered best, best first, and worst, worst first; one of each person.

    By average precision, then by the rank of the first right answer; among equals those with more right images to find
    come first where they are the best, and last where they are the worst. No query is in both.

    Args:
        evaluation: What was scored.
        count: How many of each, at most.
    """
    scores = evaluation.scores
    matches = np.array([len(ranks) for ranks in scores.hit_ranks])
    rising = np.lexsort((np.arange(len(matches)), matches, -scores.first_ranks, scores.precisions))
    people = evaluation.query.people[scores.scored]
    best = first_of_each(rising[::-1].tolist(), people, count)
    worst = first_of_each([k for k in rising.tolist() if k not in best], people, count)
    return best, worst


def first_of_each(order: Sequence[int], people: NDArray[np.int64], count: int) -> list[int]:
    """The first ``count`` of an order that show different people."""
    taken: dict[int, int] = {}
    for k in order:
        taken.setdefault(int(people[k]), k)
        if len(taken) == count:
            break
    return list(taken.values())
