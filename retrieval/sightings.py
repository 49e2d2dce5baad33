"""From tracklets to sightings: fragments of one visit become one, two visits stay two."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Candidate:
    """A tracklet that may show the person asked for.

    Attributes:
        id: The tracklet's.
        camera: Where.
        start: Microseconds, UTC.
        end: Microseconds, UTC.
        frames: In how many frames the person was seen.
        similarity: To the query, cosine, -1 to 1.
        first_box: (4,) float32, xyxy, pixels: where the tracklet begins.
        last_box: (4,) float32, xyxy, pixels: where it ends.
        mean: (D,) float32, unit length.
    """

    id: str
    camera: str
    start: int
    end: int
    frames: int
    similarity: float
    first_box: NDArray[np.float32]
    last_box: NDArray[np.float32]
    mean: NDArray[np.float32]


@dataclass(frozen=True)
class VisitRule:
    """When two tracklets of one camera are fragments of one visit.

    Attributes:
        max_gap_seconds: Longest time for which a tracker may have lost a person who was there all along.
        max_overlap_seconds: Nobody is in two places; this much is left to the tracker's imprecision.
        min_similarity: Least cosine similarity of the two means. Within one camera it is higher than across cameras.
        reach_heights: How far the person may have got in that time: this many heights of the box at once ...
        reach_heights_a_second: ... and this many more for each second of the gap (a brisk walk is about one).
    """

    max_gap_seconds: float = 8.0
    max_overlap_seconds: float = 0.5
    min_similarity: float = 0.5
    reach_heights: float = 0.75
    reach_heights_a_second: float = 1.25


def group_into_visits(candidates: Sequence[Candidate], rule: VisitRule) -> list[list[int]]:
    """Groups tracklets so that each group is one visit of one person to one camera.

    Links the most similar pairs first (single linkage), and never puts two tracklets into one group that were there
    at the same time, so a chain of look-alikes cannot swallow a crowd.

    Args:
        candidates: N tracklets.
        rule: When two of them belong together.

    Returns:
        Positions in ``candidates``, by group; every position stands in exactly one.
    """
    groups = {k: [k] for k in range(len(candidates))}
    owner = list(range(len(candidates)))
    for a, b in links(candidates, rule):
        if owner[a] != owner[b] and not any(
            overlaps(candidates[i], candidates[j], rule) for i in groups[owner[a]] for j in groups[owner[b]]
        ):
            merged = groups.pop(owner[b])
            groups[owner[a]] += merged
            for k in merged:
                owner[k] = owner[a]
    return list(groups.values())


def links(candidates: Sequence[Candidate], rule: VisitRule) -> list[tuple[int, int]]:
    """Pairs of tracklets that may be one visit, the most similar first."""
    if len(candidates) < 2:
        return []
    means = np.stack([candidate.mean for candidate in candidates])
    similarities = means @ means.T
    cameras = np.unique([candidate.camera for candidate in candidates], return_inverse=True)[1]
    starts = np.array([candidate.start for candidate in candidates])
    ends = np.array([candidate.end for candidate in candidates])
    # Most pairs are ruled out here at once: a Python loop over all pairs of a thousand candidates takes a second.
    near = (starts[None, :] >= starts[:, None]) & (starts[None, :] - ends[:, None] <= 1e6 * rule.max_gap_seconds)
    possible = (similarities >= rule.min_similarity) & (cameras[:, None] == cameras[None, :]) & near
    pairs = [
        (float(similarities[a, b]), a, b)
        for a, b in np.argwhere(possible).tolist()
        if follows(candidates[a], candidates[b], rule)
    ]
    return [(a, b) for _, a, b in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2]))]


def follows(earlier: Candidate, later: Candidate, rule: VisitRule) -> bool:
    """Whether one tracklet may go on as the other: same camera, soon after, near where it ended."""
    if earlier.id == later.id or earlier.camera != later.camera or later.start < earlier.start:
        return False
    gap = (later.start - earlier.end) / 1e6
    if not -rule.max_overlap_seconds <= gap <= rule.max_gap_seconds:
        return False
    reach = rule.reach_heights + rule.reach_heights_a_second * max(gap, 0.0)
    return heights_apart(earlier.last_box, later.first_box) <= reach


def overlaps(a: Candidate, b: Candidate, rule: VisitRule) -> bool:
    """Whether two tracklets were there at the same time for longer than imprecision explains."""
    return (min(a.end, b.end) - max(a.start, b.start)) / 1e6 > rule.max_overlap_seconds


def heights_apart(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Distance between the feet of two boxes, in mean heights of the boxes.

    >>> heights_apart(np.array([0, 0, 10, 40]), np.array([60, 0, 70, 40]))
    1.5
    """
    feet = np.array([(a[0] + a[2]) / 2, a[3]]) - np.array([(b[0] + b[2]) / 2, b[3]])
    height = max(float((a[3] - a[1] + b[3] - b[1]) / 2), 1.0)
    return float(np.hypot(*feet)) / height
