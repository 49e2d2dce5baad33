"""Which camera finds people of which other: the protocol's scores for every pair of cameras."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.person_images import JUNK
from retrieval.reid_metrics import evaluate_rankings


@dataclass(frozen=True)
class CameraPair:
    """Queries of one camera, asked of another alone.

    Attributes:
        query: The camera that the queries are from.
        gallery: The only camera whose images are ranked.
        queries: Those whose person the other camera saw.
        mean_precision: mAP over these, 0-1; NaN where there are none.
        rank1: Share of these whose first answer is right; likewise.
    """

    query: int
    gallery: int
    queries: int
    mean_precision: float
    rank1: float


def camera_matrix(
    query: NDArray[np.float32],
    query_people: NDArray[np.int64],
    query_cameras: NDArray[np.int64],
    gallery: NDArray[np.float32],
    gallery_people: NDArray[np.int64],
    gallery_cameras: NDArray[np.int64],
    *,
    threads: int = 1,
) -> tuple[CameraPair, ...]:
    """One pair for each query camera and each *other* camera with images that are not junk, in their order.

    Arguments are those of ``evaluate_rankings``. Other people's images that the gallery camera took are all in the
    ranking, distractors too.

    Raises:
        ValueError: As of ``evaluate_rankings``.
    """
    shown = gallery_people != JUNK
    found = []
    for asking in np.unique(query_cameras).tolist():
        asked = query_cameras == asking
        for camera in np.unique(gallery_cameras[shown]).tolist():
            if camera == asking:
                continue  # the protocol leaves a person's own camera out, so nothing there can be right
            there = shown & (gallery_cameras == camera)
            scores = evaluate_rankings(
                query[asked], query_people[asked], query_cameras[asked],
                gallery[there], gallery_people[there], gallery_cameras[there], threads=threads,
            )  # fmt: skip
            rank1 = scores.rank(1)
            found.append(CameraPair(asking, camera, len(scores.scored), scores.mean_precision, rank1))
    return tuple(found)
