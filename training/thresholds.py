"""Where an embedder's similarities begin to mean the same person, measured on people who were held out for it.

An embedder needs three numbers (``ingest/thresholds.py``), and each is the cut that is best, by F1, for a stated
number of wrong candidates to every right one. Given the similarities of right and of wrong pairs, r wrong candidates to
a right one, and a cut t::

    F1(t) = 2 TP / (P + TP + FP),   TP = right pairs >= t,   P = all right pairs,   FP = r P * share of wrong pairs >= t

- ``operating_point``: a photo against visits to *other* cameras. A visit is as similar as its most similar image, since
  that is how a tracklet is compared. There are ``RIVALS_OF_A_SIGHTING`` visits of others to each visit of the person.
- ``visit_similarity``: two images of *one* camera, ``RIVALS_OF_A_FRAGMENT`` wrong pairs to a right one: among the
  fragments of an hour nearly all pairs are wrong, and what is joined wrongly shows two people as one.
- ``max_cosine_distance``: the same with ``RIVALS_OF_A_TRACK``, as 1 - cut: a tracker also asks where somebody stands.

These are statements about crops, not about whole scenes. For the networks of the catalogue they come near what was chosen
by composed scenes (``benchmarks/thresholds.py`` prints both).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gallery.errors import ConfigError
from ingest.thresholds import Thresholds

RIVALS_OF_A_SIGHTING = 20
RIVALS_OF_A_FRAGMENT = 1000
RIVALS_OF_A_TRACK = 100

LEAST_PEOPLE = 10
"""Thresholds of fewer people would be those people's."""

_BINS = 4000
"""Of cosines from -1 to 1: each is 0.0005 wide."""
_BLOCK = 1024
_AS_GOOD = 0.98
"""Cuts whose F1 is this share of the best one's are as good: which of them is best depends on a pair or two."""

Counts = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class PairCounts:
    """How many pairs have which similarity, (``_BINS``,) int64 each, from -1 to 1.

    Attributes:
        visits_right: A photo and a visit of the same person to another camera.
        visits_wrong: A photo and a visit of somebody else to another camera.
        images_right: Two images of one person by one camera.
        images_wrong: Two images of two people by one camera.
    """

    visits_right: Counts
    visits_wrong: Counts
    images_right: Counts
    images_wrong: Counts


def choose_thresholds(
    embeddings: NDArray[np.float32], people: NDArray[np.int64], cameras: NDArray[np.int64]
) -> Thresholds:
    """The three thresholds of an embedder.

    Args:
        embeddings: (N, D) float32, unit length, of people who were held out for this and are not reported on.
        people: (N,) who each one shows.
        cameras: (N,) which camera took it.

    Raises:
        ConfigError: If there are too few people, or none was seen by two cameras, or none twice by one.
        ValueError: If the lengths do not fit.
    """
    count = len(np.unique(people))
    refuse_few(count)
    pairs = count_pairs(embeddings, people, cameras)
    if not pairs.visits_right.any():
        raise ConfigError(
            f"none of the {count} people was seen by two cameras, so the operating point cannot be measured; "
            "name other people, or give --operating-point by hand"
        )
    if not pairs.images_right.any() or not pairs.images_wrong.any():
        raise ConfigError(
            f"none of the {count} people was seen twice by one camera, so what holds within a camera cannot be measured; "
            "name other people, or give --visit-similarity and --max-cosine-distance by hand"
        )
    return Thresholds(
        operating_point=round(best_cut(pairs.visits_right, pairs.visits_wrong, RIVALS_OF_A_SIGHTING), 3),
        visit_similarity=round(best_cut(pairs.images_right, pairs.images_wrong, RIVALS_OF_A_FRAGMENT), 3),
        max_cosine_distance=round(1 - best_cut(pairs.images_right, pairs.images_wrong, RIVALS_OF_A_TRACK), 3),
    )


def refuse_few(people: int) -> None:
    """Refuses to measure thresholds on a few people.

    Raises:
        ConfigError: If there are fewer than ``LEAST_PEOPLE``.
    """
    if people < LEAST_PEOPLE:
        raise ConfigError(
            f"thresholds cannot be measured on {people} people; name at least {LEAST_PEOPLE}, or give "
            "--operating-point, --visit-similarity and --max-cosine-distance by hand"
        )


def count_pairs(embeddings: NDArray[np.float32], people: NDArray[np.int64], cameras: NDArray[np.int64]) -> PairCounts:
    """Counts all pairs by their similarity, in blocks: memory grows with N, not with N squared.

    Args:
        embeddings: (N, D) float32, unit length.
        people: (N,).
        cameras: (N,).

    Raises:
        ValueError: If the lengths do not fit.
    """
    if not len(embeddings) == len(people) == len(cameras):
        raise ValueError(f"{len(embeddings)} embeddings, {len(people)} people, {len(cameras)} cameras")
    order = np.lexsort((cameras, people))
    vectors, who, where = embeddings[order], people[order], cameras[order]
    first = np.flatnonzero(np.r_[True, (np.diff(who) != 0) | (np.diff(where) != 0)]) if len(who) else np.empty(0, int)
    counts = [np.zeros(_BINS, np.int64) for _ in range(4)]
    for start in range(0, len(vectors), _BLOCK):
        rows = slice(start, start + _BLOCK)
        similarities = vectors[rows] @ vectors.T
        visits = np.maximum.reduceat(similarities, first, axis=1)
        elsewhere = where[rows, None] != where[None, first]
        same = who[rows, None] == who[None, first]
        counts[0] += _histogram(visits[same & elsewhere])
        counts[1] += _histogram(visits[~same & elsewhere])
        later = np.arange(len(vectors))[None, :] > np.arange(len(vectors))[rows, None]
        together = (where[rows, None] == where[None, :]) & later
        same = who[rows, None] == who[None, :]
        counts[2] += _histogram(similarities[same & together])
        counts[3] += _histogram(similarities[~same & together])
    return PairCounts(*counts)


def best_cut(right: Counts, wrong: Counts, rivals: float) -> float:
    """The similarity from which on to say yes.

    Args:
        right: Counts of the right pairs by similarity, some of them not 0.
        wrong: Of the wrong ones.
        rivals: How many wrong candidates come to a right one where the cut is used.

    Returns:
        The middle of the cuts that are as good as the best one, none below all similarities.
    """
    accepted = right[::-1].cumsum()[::-1].astype(np.float64)
    total = float(right.sum())
    share = wrong[::-1].cumsum()[::-1] / max(float(wrong.sum()), 1.0)
    f1 = 2 * accepted / (total + accepted + rivals * total * share)
    good = np.flatnonzero(f1 >= f1.max() * _AS_GOOD)
    good = good[good >= np.flatnonzero(right + wrong)[0]]
    return float(_EDGES[good].mean())


_EDGES = np.linspace(-1.0, 1.0, _BINS + 1)


def _histogram(similarities: NDArray[np.float32]) -> Counts:
    bins = np.floor((similarities.astype(np.float64) + 1) * (_BINS / 2)).astype(np.int64)
    return np.bincount(np.clip(bins, 0, _BINS - 1), minlength=_BINS)
