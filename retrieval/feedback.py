"""What somebody says of an answer's sightings makes the next answer better: relevance feedback.

A question is what describes the person: its own vectors, and each tracklet that was confirmed, all with the same weight.
That is the positive half of Rocchio's formula (Rocchio 1971), and it stays a direction to which a cosine can be taken, so
that a similarity means what it meant before. What was rejected describes nobody who is looked for; it only moves down what
is more similar to it than to the person. ``benchmarks/feedback.py`` measures this against two other formulas.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gallery.rows import VectorRows
from retrieval.similarity import tracklet_similarities, unit_mean

Mark = Literal["confirmed", "rejected"]

WEIGHT = 0.5
"""Of what something is more similar to a rejected tracklet than to the person. Chosen on the people of ``fit``."""


@dataclass(frozen=True)
class Marks:
    """What was said of tracklets.

    Attributes:
        confirmed: Ids of those that show the person.
        rejected: Ids of those that do not.
    """

    confirmed: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()

    def of(self, tracklets: Iterable[str]) -> Mark | None:
        """What was said of a sighting: of any of its tracklets, where a confirmed one counts more than a rejected one.

        >>> marks = Marks(confirmed=("a",), rejected=("b",))
        >>> marks.of(["b", "c"]), marks.of(["b", "a"]), marks.of(["c"])
        ('rejected', 'confirmed', None)
        """
        ids = set(tracklets)
        if ids & set(self.confirmed):
            return "confirmed"
        return "rejected" if ids & set(self.rejected) else None


NO_MARKS = Marks()


def exemplars(question: NDArray[np.float32], confirmed: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """What describes the person: the direction of the question, and that of each tracklet that was confirmed.

    Args:
        question: (Q, D) float32, unit length.
        confirmed: N tracklets' vectors, (K, D) float32 each.

    Returns:
        (1 + N, D) float32, unit length; the question as it is where nothing was confirmed.

    >>> exemplars(np.float32([[1, 0], [0, 1]]), [np.float32([[0, 1], [0, 1]])]).round(2).tolist()
    [[0.7099999785423279, 0.7099999785423279], [0.0, 1.0]]
    """
    if not confirmed:
        return question
    return np.stack([unit_mean(question), *(unit_mean(vectors) for vectors in confirmed)])


def penalties(
    similarities: Mapping[int, float], to_rejected: Sequence[Mapping[int, float]], weight: float = WEIGHT
) -> dict[int, float]:
    """By how much each tracklet is moved down: a share of what it is more similar to a rejected one than to the person.

    Args:
        similarities: To the person, by tracklet number.
        to_rejected: To each rejected tracklet, by the same numbers.
        weight: The share, 0-1.

    >>> penalties({1: 0.75, 2: 0.5}, [{1: 0.5, 2: 0.625}, {1: 0.25, 2: 0.75}])
    {1: 0.0, 2: 0.125}
    """
    return {
        number: weight * max(0.0, *(one[number] - similarity for one in to_rejected)) if to_rejected else 0.0
        for number, similarity in similarities.items()
    }


@dataclass(frozen=True, eq=False)
class Person:
    """Who is looked for.

    Attributes:
        question: (Q, D) float32, unit length.
        confirmed: Vectors of the tracklets that were confirmed, (K, D) float32 each, by number.
        rejected: Those that were rejected.
    """

    question: NDArray[np.float32]
    confirmed: Mapping[int, NDArray[np.float32]]
    rejected: Mapping[int, NDArray[np.float32]]

    @property
    def vectors(self) -> NDArray[np.float32]:
        """(N, D) float32: what describes the person."""
        return exemplars(self.question, list(self.confirmed.values()))

    @property
    def marked(self) -> list[int]:
        """Numbers of the tracklets that something was said of."""
        return [*self.confirmed, *self.rejected]

    def without(self, visit: Sequence[int], stored: VectorRows) -> dict[int, float]:
        """How similar the tracklets of a confirmed visit are to what else describes the person: none proves itself.

        Args:
            visit: Their numbers.
            stored: Vectors, theirs among them.
        """
        others = [vectors for number, vectors in self.confirmed.items() if number not in set(visit)]
        theirs = np.isin(stored.numbers, visit)
        rows = VectorRows(stored.numbers[theirs], stored.ordinals[theirs], stored.vectors[theirs])
        return tracklet_similarities(exemplars(self.question, others), rows)

    def penalties(self, similarities: Mapping[int, float], stored: VectorRows) -> dict[int, float]:
        """See ``penalties``; ``stored`` has the vectors of those that are moved down."""
        return penalties(similarities, [tracklet_similarities(one, stored) for one in self.rejected.values()])
