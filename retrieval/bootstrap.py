"""How far a mean over queries would move with other people in the data: bootstrap over people.

Queries of one person share the person's looks, so they are no independent draws. People are: each resample draws as
many people as there are, with replacement, and takes all queries of each drawn one (the cluster bootstrap: Davison and
Hinkley 1997, Bootstrap Methods and their Application, section 3.8). The gallery stays as it is. Intervals are the
percentile ones (Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapter 13).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 10_000
LEVEL = 0.95
SEED = 0
BLOCK_DRAWS = 2_000_000
LEAST_PEOPLE = 2


@dataclass(frozen=True)
class Interval:
    """A mean over queries, and between which values it lies with what confidence.

    Attributes:
        value: Of the data as it is.
        low: Lower end; NaN where there are fewer than two people.
        high: Upper end; likewise.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    """What a second run has more than a first one, both asked the same queries.

    Attributes:
        value: Second minus first, of the data as it is.
        low: Lower end of the interval; NaN where there are fewer than two people.
        high: Upper end; likewise.
        p_value: Two-sided: twice the share of resamples on the other side of zero or on it, never below
            2 / (resamples + 1) nor above 1; NaN where there are fewer than two people.
    """

    value: float
    low: float
    high: float
    p_value: float


def mean_interval(
    values: NDArray[np.float64],
    people: NDArray[np.int64],
    *,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    seed: int = SEED,
) -> Interval:
    """The mean of one value per query, with its interval.

    Args:
        values: (Q,) one per query, for example its average precision.
        people: (Q,) whom each query shows.
        resamples: How often to draw people anew.
        level: Confidence of the interval, 0-1.
        seed: The same one gives the same draws, for the same number of people.

    Raises:
        ValueError: If there is no query, the lengths differ, a value is not finite, or a setting is out of its range.
    """
    means = resampled_means(values, people, resamples, level, seed)
    low, high = ends(means, level)
    return Interval(float(np.mean(values)), low, high)


def paired_difference(
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    people: NDArray[np.int64],
    *,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    seed: int = SEED,
) -> Difference:
    """The difference of two runs' means over the same queries, with its interval.

    Both runs are given the same people in each resample, so what is hard for both does not count twice.

    Args:
        first: (Q,) one value per query.
        second: (Q,) the other run's, of the same queries in the same order.
        people: (Q,) whom each query shows.
        resamples: How often to draw people anew.
        level: Confidence of the interval, 0-1.
        seed: The same one gives the same draws.

    Raises:
        ValueError: As of ``mean_interval``.
    """
    if first.shape != second.shape:
        raise ValueError(f"two runs of the same queries have as many values, not {first.shape} and {second.shape}")
    change = np.asarray(second, np.float64) - np.asarray(first, np.float64)
    means = resampled_means(change, people, resamples, level, seed)
    low, high = ends(means, level)
    return Difference(float(np.mean(change)), low, high, p_value(means))


def resampled_means(
    values: NDArray[np.float64], people: NDArray[np.int64], resamples: int, level: float, seed: int
) -> NDArray[np.float64]:
    """The mean over queries in each resample of people, (resamples,); empty where there are fewer than two people.

    Each person's values are added up once, so a resample only counts how often each person was drawn.

    Raises:
        ValueError: As of ``mean_interval``.
    """
    values = np.asarray(values, np.float64)
    if values.ndim != 1 or values.shape != people.shape or not len(values):
        raise ValueError(f"one value per query, at least one, is needed, not {values.shape} and {people.shape} people")
    if not np.isfinite(values).all():
        raise ValueError("a value of a query is not a finite number")
    if resamples < 1 or not 0 < level < 1:
        raise ValueError(f"a bootstrap takes 1 resample or more and a level in 0-1, not {resamples} and {level}")
    _, who = np.unique(people, return_inverse=True)
    sums, sizes = np.bincount(who, weights=values), np.bincount(who).astype(np.float64)
    if len(sums) < LEAST_PEOPLE:
        return np.zeros(0)
    rng = np.random.default_rng(seed)
    rows = max(1, BLOCK_DRAWS // len(sums))
    means = np.empty(resamples)
    for start in range(0, resamples, rows):
        drawn = rng.integers(len(sums), size=(min(rows, resamples - start), len(sums)))
        means[start : start + rows] = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    return means


def ends(means: NDArray[np.float64], level: float) -> tuple[float, float]:
    """The ends of the percentile interval; NaN where there are no resamples."""
    if not len(means):
        return float("nan"), float("nan")
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def p_value(means: NDArray[np.float64]) -> float:
    """How often resampling turns a difference round, two-sided; one more is counted, so it is never 0."""
    if not len(means):
        return float("nan")
    smaller = min(int((means <= 0).sum()), int((means >= 0).sum()))
    return min(1.0, 2 * (smaller + 1) / (len(means) + 1))
