"""From tracklets to sightings: fragments of one visit become one, two visits stay two."""

from collections.abc import Sequence
from dataclasses import dataclass

from tracking.joining import Fragment, JoinRule, join


@dataclass(frozen=True, eq=False)
class Candidate:
    """A tracklet that may show the person asked for.

    Attributes:
        number: The tracklet's, in SQL.
        id: The tracklet's.
        camera: Where.
        frames: In how many frames the person was seen.
        similarity: To the query, cosine, -1 to 1.
        fragment: When and where, and how the person looks.
    """

    number: int
    id: str
    camera: str
    frames: int
    similarity: float
    fragment: Fragment


def group_into_visits(candidates: Sequence[Candidate], rule: JoinRule) -> list[list[int]]:
    """Groups tracklets so that each group is one visit of one person to one camera.

    Args:
        candidates: N tracklets, of any cameras.
        rule: When two of one camera belong together.

    Returns:
        Positions in ``candidates``, by group; every position stands in exactly one.
    """
    by_camera: dict[str, list[int]] = {}
    for position, candidate in enumerate(candidates):
        by_camera.setdefault(candidate.camera, []).append(position)
    return [
        [positions[k] for k in group]
        for positions in by_camera.values()
        for group in join([candidates[k].fragment for k in positions], rule)
    ]
