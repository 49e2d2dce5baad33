"""Rules for which crops of a tracklet are kept, and with which weights its mean is formed, as pure functions.

A rule sees all crops of a tracklet at once, unlike ``ingest.best_crops``, which sees one after another: so it is known what
looking ahead would be worth.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.crop_looks import Looks
from gallery.tracklet import Crop
from ingest.best_crops import BestCrops, Candidate
from ingest.quality import FULL_HEIGHT_PX, FULL_SHARPNESS, quality

Rows = NDArray[np.int64]
Floats = NDArray[np.float64]
Keep = Callable[[Looks], Rows]
"""Gives the rows of the kept crops, best first."""

Weigh = Callable[[Looks, Rows], Floats]
"""Gives the weight in the mean of each of the N crops, (N,); what is kept it is told."""


@dataclass(frozen=True)
class Rule:
    """How a tracklet is described.

    Attributes:
        name: For the table.
        keep: Which crops are kept.
        weigh: How the mean is formed.
    """

    name: str
    keep: Keep
    weigh: Weigh

    def describe(self, looks: Looks) -> NDArray[np.float32]:
        """(1 + K, D) float32, unit length: the mean, then the kept crops."""
        rows = self.keep(looks)
        mean = self.weigh(looks, rows) @ looks.vectors
        mean /= max(float(np.linalg.norm(mean)), 1e-12)
        return np.vstack([mean[None], looks.vectors[rows]]).astype(np.float32)


def heights(looks: Looks) -> NDArray[np.float32]:
    """(N,) pixels."""
    return np.asarray(looks.boxes[:, 3] - looks.boxes[:, 1], np.float32)


def widths(looks: Looks) -> NDArray[np.float32]:
    """(N,) pixels."""
    return np.asarray(looks.boxes[:, 2] - looks.boxes[:, 0], np.float32)


def ours(looks: Looks) -> Floats:
    """(N,) the product of ``ingest.quality``."""
    product = quality(looks.confidences, heights(looks), looks.sharpness, looks.visible, looks.cut)
    return product.astype(np.float64)


def without(looks: Looks, *parts: str) -> Looks:
    """The same crops as if they were all equally good in some parts of ``ours``."""
    full = {
        "confidence": ("confidences", np.ones(len(looks), np.float32)),
        "sharpness": ("sharpness", np.full(len(looks), FULL_SHARPNESS, np.float32)),
        "occlusion": ("visible", np.ones(len(looks), np.float32)),
        "truncation": ("cut", np.zeros(len(looks), np.bool_)),
    }
    return replace(looks, **dict(full[part] for part in parts))


def ours_without(looks: Looks, part: str) -> Floats:
    """(N,) the product of ``ingest.quality`` without one of its parts."""
    if part == "size":
        return ours(looks) / np.sqrt(np.clip(heights(looks) / FULL_HEIGHT_PX, 0.05, 1.0))
    return ours(without(looks, part))


def keep_as_shipped(looks: Looks, count: int, rate: Callable[[Looks], Floats] = ours) -> Rows:
    """What ``ingest.best_crops`` keeps, which sees one crop after another."""
    best, since = BestCrops(count), [round(1e6 * float(s - looks.seconds[0])) for s in looks.seconds]
    for row, rated in enumerate(rate(looks).tolist()):
        place = best.rival(rated, since[row])
        if place is not None:
            crop = Crop(row, looks.boxes[row], rated, b"")
            best.put(place, Candidate(crop, since[row], looks.vectors[row]))
    best.settle(since[-1])
    return np.array([candidate.crop.frame for candidate in best.kept], np.int64)


def keep_middles(looks: Looks, count: int, rate: Callable[[Looks], Floats] = ours) -> Rows:
    """What ``keep_as_shipped`` is a one-pass form of: the best of the middle half of each equal part of the time."""
    since = looks.seconds - looks.seconds[0]
    place = count * since / max(float(since[-1]), 1e-6)
    part = np.minimum(place.astype(np.int64), count - 1)
    off = np.maximum(np.abs(place - part - 0.5), 0.25)
    rated = rate(looks)
    order = np.lexsort((-rated, off, part))
    rows = order[np.unique(part[order], return_index=True)[1]]
    return rows[np.argsort(-rated[rows], kind="stable")]


def keep_one_by_one(looks: Looks, count: int, seconds: float, rate: Callable[[Looks], Floats] = ours) -> Rows:
    """What was shipped before: a crop competes with the nearest kept one in time if that is close, else with the worst."""
    rated, kept = rate(looks), list[int]()
    for row in range(len(looks)):
        nearest = min(kept, key=lambda k: abs(looks.seconds[k] - looks.seconds[row]), default=None)
        rival = None
        if nearest is not None and abs(looks.seconds[nearest] - looks.seconds[row]) < seconds - 1e-6:
            rival = nearest
        elif len(kept) == count:
            rival = min(kept, key=lambda k: rated[k])
        if rival is None:
            kept.append(row)
        elif rated[row] > rated[rival]:
            kept[kept.index(rival)] = row
    return np.array(sorted(kept, key=lambda k: (-rated[k], k)), np.int64)


def keep_none(looks: Looks) -> Rows:
    """Nothing but a mean."""
    return np.zeros(0, np.int64)


def keep_first(looks: Looks, count: int) -> Rows:
    """The first ones."""
    return np.arange(min(count, len(looks)))


def keep_largest(looks: Looks, count: int) -> Rows:
    """Those of the largest boxes."""
    return np.argsort(-heights(looks) * widths(looks), kind="stable")[:count]


def keep_random(looks: Looks, count: int) -> Rows:
    """Any."""
    return np.random.default_rng(len(looks)).permutation(len(looks))[:count]


def keep_even(looks: Looks, count: int) -> Rows:
    """The middles of equal parts of the time."""
    return np.unique(np.round((np.arange(count) + 0.5) / count * (len(looks) - 1)).astype(np.int64))


def keep_best(looks: Looks, count: int, rate: Callable[[Looks], Floats] = ours) -> Rows:
    """Those of the highest quality, however close to one another."""
    return np.argsort(-rate(looks), kind="stable")[:count]


def keep_apart(looks: Looks, count: int, seconds: float, rate: Callable[[Looks], Floats] = ours) -> Rows:
    """The best one, then always the best of those that are so far in time from all kept ones."""
    rated, kept = rate(looks), list[int]()
    free = np.ones(len(looks), np.bool_)
    while len(kept) < count and free.any():
        kept.append(int(np.argmax(np.where(free, rated, -1))))
        free &= np.abs(looks.seconds - looks.seconds[kept[-1]]) >= seconds - 1e-6
    return np.array(kept, np.int64)


def keep_spread(looks: Looks, count: int, rate: Callable[[Looks], Floats] = ours, among: float = 0.5) -> Rows:
    """Among the better part: the best one, then always the one least like all kept ones (farthest point)."""
    rated = rate(looks)
    good = np.flatnonzero(rated >= np.quantile(rated, 1 - among))
    kept = [int(good[np.argmax(rated[good])])]
    like = looks.vectors[good] @ looks.vectors[kept[0]]
    while len(kept) < min(count, len(good)):
        kept.append(int(good[np.argmin(like)]))
        like = np.maximum(like, looks.vectors[good] @ looks.vectors[kept[-1]])
    return np.array(kept, np.int64)


def keep_typical(looks: Looks, keep: Keep, reject: float, rate: Callable[[Looks], Floats] = ours) -> Rows:
    """What ``keep`` takes after the share of crops least like the tracklet's own mean is put aside."""
    like = likeness(looks, rate(looks))
    typical = np.flatnonzero(like >= np.quantile(like, reject))
    return typical[keep(looks.take(typical))]


def likeness(looks: Looks, weights: Floats) -> Floats:
    """(N,) cosine of each crop with the weighted mean of all."""
    mean = weights @ looks.vectors
    return np.asarray(looks.vectors @ (mean / max(float(np.linalg.norm(mean)), 1e-12)), np.float64)


def equally(looks: Looks, rows: Rows) -> Floats:
    """The mean of all crops."""
    return np.ones(len(looks))


def kept_equally(looks: Looks, rows: Rows) -> Floats:
    """The mean of the kept crops."""
    weights = np.zeros(len(looks))
    weights[rows] = 1
    return weights


def by_quality(looks: Looks, rows: Rows, power: float = 1, rate: Callable[[Looks], Floats] = ours) -> Floats:
    """All crops, by their quality."""
    return rate(looks) ** power


def kept_by_quality(looks: Looks, rows: Rows, rate: Callable[[Looks], Floats] = ours) -> Floats:
    """The kept crops, by their quality."""
    return kept_equally(looks, rows) * rate(looks)


def trimmed(looks: Looks, rows: Rows, reject: float = 0.2, rate: Callable[[Looks], Floats] = ours) -> Floats:
    """By quality, without the share of crops least like the mean."""
    weights = rate(looks)
    like = likeness(looks, weights)
    return np.where(like >= np.quantile(like, reject), weights, 0)


def pp_human_quality(looks: Looks) -> Floats:
    """PP-Human's quality of a crop (PaddleDetection, ``deploy/pipeline/pphuman/reid.py``).

    0.7 times the smaller of the share that no other box covers and height / (2 width), and 0.3 times the brightness, which
    is full from a mean grey of 50.
    """
    whole = np.minimum(looks.apart, heights(looks) / (2 * widths(looks)))
    return np.asarray(0.7 * whole + 0.3 * np.minimum(1, np.floor(looks.brightness) / 50), np.float64)


def pp_human(looks: Looks, rows: Rows, *, meant: bool) -> Floats:
    """PP-Human's mean (``deploy/pipeline/pphuman/mtmct.py``): of at most five best crops.

    Of more than 20 crops every second one is looked at; where at least two of them have a quality above 0.6 only such are
    taken; the best five count equally. As it runs, a mask in order of time is laid on the order of quality, and the least
    area of 2000 square pixels is never asked for; ``meant`` does what the comments there say.
    """
    rated, seen = pp_human_quality(looks), np.arange(len(looks))
    if meant:
        large = np.flatnonzero(heights(looks) * widths(looks) > 2000)
        seen = large if len(large) >= 2 else seen
    seen = seen[::2] if len(seen) > 20 else seen
    order, good = np.argsort(rated[seen])[::-1], rated[seen] > 0.6
    if good.sum() > 1:
        order = order[good[order]] if meant else order[good]
    return kept_equally(looks, seen[order[:5]])
