"""How long people take from one camera to another, learnt without labels, and what a time between two visits says.

Who leaves one camera often enters the next within a typical time. Where that is so, pairs of tracklets that look alike
have times between them that pairs of strangers do not have, and these times tell people apart whom looks do not
(spatial-temporal Re-ID: Wang et al. 2019, arXiv 1812.03282, which counts the times of labelled pairs). Here nobody is
labelled: expectation maximisation goes back and forth between how probable it is that two tracklets show one person
(E step: their similarity and the time between them) and how long one person takes (M step: a kernel density of the times,
weighted by these probabilities). Similarities of strangers are about normal, those of one person too; where no time stands
out, the evidence is near zero and nothing is lost.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LONGEST_SECONDS = 90.0
"""Later than this nothing is said of a person's way."""
EARLIEST_SECONDS = -5.0
"""So much earlier somebody may enter the next camera than the first lets go: their views may meet, clocks may differ."""
BANDWIDTH_SECONDS = 2.0
"""Of the kernel density."""
ROUNDS = 6
"""Of expectation and maximisation."""

_GRID_SECONDS = 0.5
_BACKGROUND_QUANTILE = 0.25
"""A quarter of the times is seldom taken by people on their way: as much as these have, strangers have everywhere."""
_LEAST_EVIDENCE = 2.0
_PRIOR_PAIRS = 3.0
"""So many pairs that are not seen are counted as if no time stood out."""
_FLOOR = 1e-9


@dataclass(frozen=True, eq=False)
class Visits:
    """Who was where, when.

    Attributes:
        cameras: (N,) int64, the camera of each tracklet.
        starts: (N,) float64, seconds from any moment that is common to all.
        ends: (N,) float64.
    """

    cameras: NDArray[np.int64]
    starts: NDArray[np.float64]
    ends: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.cameras)

    def apart(self) -> NDArray[np.bool_]:
        """(N, N) who certainly are two people: they were in the same camera's picture at the same time."""
        together = (self.starts[:, None] <= self.ends) & (self.starts <= self.ends[:, None])
        certain = (self.cameras[:, None] == self.cameras) & together
        np.fill_diagonal(certain, False)
        return np.asarray(certain, np.bool_)


def transit_evidence(similarity: NDArray[np.float64], visits: Visits, apart: NDArray[np.bool_]) -> NDArray[np.float64]:
    """What the times between tracklets say.

    Args:
        similarity: (N, N) of the tracklets, symmetric.
        visits: When and where they are.
        apart: (N, N) pairs of two people for certain.

    Returns:
        (N, N) float64, symmetric: log of how much more probable the time between two tracklets is for one person than for
        strangers; 0 where nothing is known, as inside one camera.
    """
    across = visits.cameras[:, None] != visits.cameras
    evidence = np.zeros(similarity.shape)
    pairs = np.triu(across, 1)
    if not pairs.any():
        return evidence
    middle = np.median(similarity[pairs])
    spread = 1.4826 * np.median(np.abs(similarity[pairs] - middle))
    if spread <= 0:
        return evidence
    likeness = (similarity - middle) / spread
    share, mean, deviation = min(0.3, len(visits) / (2 * int(pairs.sum()))), 3.0, 1.0
    for _ in range(ROUNDS):
        same = _posterior(likeness, evidence, visits, apart | ~across, (share, mean, deviation))
        weight = max(float(same[pairs].sum()), 1e-6)
        mean = float(np.clip((same * likeness)[pairs].sum() / weight, 1.5, 6))
        deviation = float(np.clip(np.sqrt((same * (likeness - mean) ** 2)[pairs].sum() / weight), 0.5, 2))
        share = float(np.clip(same[pairs].mean(), 1e-4, 0.3))
        evidence = _times(same, visits)
    return evidence


def _posterior(
    likeness: NDArray[np.float64],
    evidence: NDArray[np.float64],
    visits: Visits,
    never: NDArray[np.bool_],
    normal: tuple[float, float, float],
) -> NDArray[np.float64]:
    """How probable it is that two tracklets show one person; at most one of each other camera is counted in all."""
    share, mean, deviation = normal
    looks = likeness**2 / 2 - (likeness - mean) ** 2 / (2 * deviation**2) - np.log(deviation)
    odds = np.clip(looks + np.log(share / (1 - share)) + evidence, -30, 30)
    same = 1 / (1 + np.exp(-odds))
    same[never] = 0
    for camera in np.unique(visits.cameras):
        of = visits.cameras == camera
        same[:, of] /= np.maximum(same[:, of].sum(axis=1, keepdims=True), 1)
    return np.asarray(np.minimum(same, same.T), np.float64)


def _times(same: NDArray[np.float64], visits: Visits) -> NDArray[np.float64]:
    """The evidence of the times, for each ordered pair of cameras by itself."""
    evidence = np.zeros(same.shape)
    cameras = np.unique(visits.cameras)
    for first in cameras:
        for second in cameras[cameras != first]:
            left, right = np.flatnonzero(visits.cameras == first), np.flatnonzero(visits.cameras == second)
            taken = visits.starts[right][None, :] - visits.ends[left][:, None]
            within = (taken > EARLIEST_SECONDS) & (taken < LONGEST_SECONDS)
            block = np.ix_(left, right)
            found = _log_ratio(taken[within], same[block][within])
            if found is not None:
                part = evidence[block]
                part[within] = found
                evidence[block] = part
                evidence[np.ix_(right, left)] = part.T
    return evidence


def _log_ratio(taken: NDArray[np.float64], same: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Log of the density of the times of one person over that of all pairs, (T,) at these times; None of too few."""
    weight = float(same.sum())
    if weight < _LEAST_EVIDENCE:
        return None
    grid = np.arange(EARLIEST_SECONDS - 5, LONGEST_SECONDS + 5, _GRID_SECONDS)
    kernel = np.exp(-(((grid[:, None] - taken) / BANDWIDTH_SECONDS) ** 2) / 2)
    kernel /= BANDWIDTH_SECONDS * np.sqrt(2 * np.pi)
    everyone = kernel.mean(axis=1)
    alike = kernel @ same / weight
    # Pairs that look alike are people on their way, and strangers, whose times are those of everyone.
    usual = everyone > 0.2 * everyone.max()
    strangers = min(0.95, float(np.quantile((alike / (everyone + _FLOOR))[usual], _BACKGROUND_QUANTILE)))
    one = np.maximum(alike - strangers * everyone, 0) / (1 - strangers)
    trust = min(0.9, weight * (1 - strangers) / (weight * (1 - strangers) + _PRIOR_PAIRS))
    ratio = np.log((trust * one + (1 - trust) * everyone + _FLOOR) / (everyone + _FLOOR))
    return np.asarray(np.interp(taken, grid, ratio), np.float64)
