"""Which tracks are fragments of one: somebody whom the tracker lost and found again as somebody new.

In the spirit of AFLink (StrongSORT, arXiv 2202.13514, section 3.3): appearance, time and motion decide, after the fact,
when both fragments are whole. Not learned: three limits that can be read, and the most alike are linked first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Box = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Fragment:
    """One track as joining sees it.

    Attributes:
        start: Microseconds, UTC.
        end: Microseconds, UTC.
        first_box: (4,) float32, xyxy, pixels: where it begins.
        last_box: (4,) float32, xyxy, pixels: where it ends.
        mean: (D,) float32, unit length: how the person looks.
    """

    start: int
    end: int
    first_box: Box
    last_box: Box
    mean: NDArray[np.float32]


@dataclass(frozen=True)
class JoinRule:
    """When two tracks of one camera are fragments of one.

    Attributes:
        min_similarity: Least cosine similarity of the two means. Within one camera it is higher than across cameras.
        max_gap_seconds: Longest time for which a tracker may have lost a person who was there all along.
        max_overlap_seconds: Nobody is in two places; this much is left to the tracker's imprecision.
        reach_heights: How far the person may have got in that time: this many heights of the box at once ...
        reach_heights_a_second: ... and this many more for each second of the gap (a brisk walk is about one).
    """

    min_similarity: float
    max_gap_seconds: float = 8.0
    max_overlap_seconds: float = 0.5
    reach_heights: float = 0.75
    reach_heights_a_second: float = 1.25


def join(fragments: Sequence[Fragment], rule: JoinRule) -> list[list[int]]:
    """Groups fragments of one camera so that each group is one person, there once.

    Links the most similar pairs first (single linkage), and never puts two fragments into one group that were there at
    the same time, so a chain of look-alikes cannot swallow a crowd.

    Args:
        fragments: N of one camera.
        rule: When two of them belong together.

    Returns:
        Positions in ``fragments``, by group; every position stands in exactly one.
    """
    groups = {k: [k] for k in range(len(fragments))}
    owner = list(range(len(fragments)))
    for a, b in links(fragments, rule):
        if owner[a] != owner[b] and not any(
            overlaps(fragments[i], fragments[j], rule) for i in groups[owner[a]] for j in groups[owner[b]]
        ):
            merged = groups.pop(owner[b])
            groups[owner[a]] += merged
            for k in merged:
                owner[k] = owner[a]
    return list(groups.values())


def links(fragments: Sequence[Fragment], rule: JoinRule) -> list[tuple[int, int]]:
    """Pairs of fragments that may be one, the most similar first."""
    if len(fragments) < 2:
        return []
    means = np.stack([fragment.mean for fragment in fragments])
    similarities = means @ means.T
    starts = np.array([fragment.start for fragment in fragments])
    ends = np.array([fragment.end for fragment in fragments])
    # Most pairs are ruled out here at once: a Python loop over all pairs of a thousand fragments takes a second.
    near = (starts[None, :] >= starts[:, None]) & (starts[None, :] - ends[:, None] <= 1e6 * rule.max_gap_seconds)
    pairs = [
        (float(similarities[a, b]), a, b)
        for a, b in np.argwhere(near & (similarities >= rule.min_similarity)).tolist()
        if a != b and follows(fragments[a], fragments[b], rule)
    ]
    return [(a, b) for _, a, b in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2]))]


def follows(earlier: Fragment, later: Fragment, rule: JoinRule) -> bool:
    """Whether one may go on as the other: soon after, near where it ended."""
    gap = (later.start - earlier.end) / 1e6
    if later.start < earlier.start or not -rule.max_overlap_seconds <= gap <= rule.max_gap_seconds:
        return False
    reach = rule.reach_heights + rule.reach_heights_a_second * max(gap, 0.0)
    return heights_apart(earlier.last_box, later.first_box) <= reach


def overlaps(a: Fragment, b: Fragment, rule: JoinRule) -> bool:
    """Whether two were there at the same time for longer than imprecision explains."""
    return (min(a.end, b.end) - max(a.start, b.start)) / 1e6 > rule.max_overlap_seconds


def heights_apart(a: Box, b: Box) -> float:
    """Distance between the feet of two boxes, in mean heights of the boxes.

    >>> heights_apart(np.array([0, 0, 10, 40]), np.array([60, 0, 70, 40]))
    1.5
    """
    feet = np.array([(a[0] + a[2]) / 2, a[3]]) - np.array([(b[0] + b[2]) / 2, b[3]])
    height = max(float((a[3] - a[1] + b[3] - b[1]) / 2), 1.0)
    return float(np.hypot(*feet)) / height
