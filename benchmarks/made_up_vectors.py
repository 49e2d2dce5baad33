"""Vectors of made-up people at any size: tight clusters, and loose ones that lie as a real embedder's do.

``lifelike`` has the spectrum of person-reidentification-retail-0277 over 420 people of CUHK (2,936 crops): people differ in
about 76 ways of 256, and one person's pictures differ in ways of which many are the same. ``tight`` is what most papers on
search measure: everybody differs in every way, and one person's pictures are nearly alike.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from gallery.rows import VectorRows

Kind = Literal["tight", "lifelike"]
KINDS: tuple[Kind, ...] = get_args(Kind)

VISITS, CROPS = 12, 4
"""Tracklets of a person, and crops of a tracklet; with their mean it has five vectors."""
PER_TRACKLET = CROPS + 1
AT_ONCE = 4000
"""Tracklets that are made together: 20,000 vectors."""

_PLACES = (0, 1, 3, 7, 15, 31, 63, 127, 255)
_BETWEEN = (1.0, 0.88, 0.62, 0.45, 0.337, 0.212, 0.112, 0.0376, 0.003)
_RATIO = (9.4, 8.1, 5.9, 4.4, 3.8, 3.0, 1.9, 0.73, 0.2)
"""Variance between people along the directions in which they differ most, and over that within a person, as measured."""
_VISIT_SHARE = 0.6
"""Of the variance within a person: what a visit has of its own (camera, pose, light). The rest is the crops'."""
_LOOSER = 4.2
"""Times the variance within a person. Chosen so that exact search has a rank-1 of about 0.76 in a million vectors."""
_UNEVEN = 0.9
_COMMON = 0.4
"""Length of the mean of all vectors."""


@dataclass(frozen=True, eq=False)
class Shape:
    """How vectors scatter.

    Attributes:
        turn: (D, D) float32, orthogonal.
        common: (D,) float32, in the turned directions: what all vectors have.
        person: (D,) float32: standard deviations between people, in the turned directions.
        visit: The same between visits of a person.
        crop: The same between crops of a visit.
        uneven: Spread of how bad visits are: standard deviation of the logarithm of a factor on ``visit``.
    """

    turn: NDArray[np.float32]
    common: NDArray[np.float32]
    person: NDArray[np.float32]
    visit: NDArray[np.float32]
    crop: NDArray[np.float32]
    uneven: float


def shape(kind: Kind, dimension: int) -> Shape:
    """How vectors of a kind scatter."""
    rng = np.random.default_rng(7)
    turn = np.linalg.qr(rng.standard_normal((dimension, dimension)))[0].astype(np.float32)
    if kind == "tight":
        even = np.full(dimension, dimension**-0.5)
        parts = 0 * even, even, 0.25 * even, 0.25 * even
    else:
        at = np.linspace(0, 255, dimension)
        between = np.exp(np.interp(np.log1p(at), np.log1p(_PLACES), np.log(_BETWEEN)))
        within = _LOOSER * between / np.exp(np.interp(np.log1p(at), np.log1p(_PLACES), np.log(_RATIO)))
        scale = (1 - _COMMON**2) / (between + within).sum()
        common = _COMMON * np.eye(dimension)[-1]
        parts = (
            common,
            np.sqrt(scale * between),
            np.sqrt(scale * within * _VISIT_SHARE),
            np.sqrt(scale * within * (1 - _VISIT_SHARE)),
        )
    common, person, visit, crop = (part.astype(np.float32) for part in parts)
    return Shape(turn, common, person, visit, crop, 0.0 if kind == "tight" else _UNEVEN)


class MadeUpPeople:
    """A gallery's vectors, made piece by piece, and questions about its people.

    Args:
        kind: How they scatter.
        vectors: About how many; a whole number of tracklets.
        dimension: Their length.
    """

    def __init__(self, kind: Kind, vectors: int, dimension: int = 256) -> None:
        self.tracklets = max(1, vectors // PER_TRACKLET)
        self.people = max(1, self.tracklets // VISITS)
        self.shape = shape(kind, dimension)
        self.dimension = dimension

    def person_of(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Whose tracklets they are: somebody's visits are spread over the whole gallery."""
        return numbers % self.people

    def rows(self, first: int, count: int) -> VectorRows:
        """Tracklets ``first`` to ``first + count - 1`` with their vectors: always the same ones for the same arguments."""
        rng = np.random.default_rng([1, first])
        numbers = np.arange(first, first + count)
        visits = self._visits(self._bases(self.person_of(numbers)), rng)
        steps = rng.standard_normal((count, CROPS, self.dimension), dtype=np.float32)
        crops = _unit((visits[:, None] + steps * self.shape.crop) @ self.shape.turn)
        means = _unit(crops.mean(axis=1))
        vectors = np.concatenate([means[:, None], crops], axis=1).reshape(-1, self.dimension)
        return VectorRows(
            numbers=np.repeat(numbers, PER_TRACKLET),
            ordinals=np.tile(np.arange(PER_TRACKLET), count),
            vectors=vectors.astype(np.float16),
        )

    def queries(self, count: int, seed: int = 2) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Pictures of people who are in the gallery, of visits that are not: (Q, D) float32, and whose they are, (Q,)."""
        rng = np.random.default_rng([2, seed])
        people = rng.integers(0, self.people, count)
        visits = self._visits(self._bases(people), rng)
        steps = rng.standard_normal(visits.shape, dtype=np.float32)
        return _unit((visits + steps * self.shape.crop) @ self.shape.turn), people

    def _bases(self, people: NDArray[np.int64]) -> NDArray[np.float32]:
        """Each person's own place, (N, D) float32, without keeping a table of all of them."""
        known, places = np.unique(people, return_inverse=True)
        steps = np.stack([_noise(one, self.dimension) for one in known.tolist()])
        return (self.shape.common + steps * self.shape.person)[places]

    def _visits(self, bases: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
        steps = rng.standard_normal(bases.shape, dtype=np.float32) * self.shape.visit
        worse = np.exp(self.shape.uneven * rng.standard_normal((len(bases), 1), dtype=np.float32))
        return bases + steps * worse


def _noise(person: int, dimension: int) -> NDArray[np.float32]:
    return np.random.Generator(np.random.SFC64([3, person])).standard_normal(dimension, dtype=np.float32)


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), np.float32)
