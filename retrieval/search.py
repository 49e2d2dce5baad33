"""The read path: vectors -> candidates from the index -> exact similarities -> tracklets -> sightings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gallery.ends import Ends
from gallery.errors import QueryError
from gallery.index import GalleryIndex
from gallery.rows import Coverage, TrackletRow, VectorRows
from gallery.store import Gallery
from ingest.thresholds import Thresholds
from retrieval.feedback import NO_MARKS, Mark, Marks, Person
from retrieval.rerank import k_reciprocal_distances
from retrieval.sightings import Candidate, group_into_visits
from retrieval.similarity import tracklet_similarities, unit_mean
from tracking.joining import Fragment, JoinRule

POOL = 200
"""Least number of tracklets that are compared exactly. A person has far fewer, and ten sightings seldom need more."""

FRAGMENTS = 2
"""Tracklets that are looked at for each sighting asked for: a visit may have come in pieces."""


@dataclass(frozen=True)
class Filter:
    """Where and when to look.

    Attributes:
        cameras: Names, None for all.
        since: Tracklets that end before it are left out.
        until: Tracklets that start after it are left out.
    """

    cameras: tuple[str, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Sighting:
    """One visit of the person to one camera, as far as the system can tell.

    Attributes:
        rank: From 1, best first.
        camera: Name of the camera.
        start: UTC.
        end: UTC.
        start_seconds: From the camera's own start.
        end_seconds: From the camera's own start.
        similarity: Cosine, -1 to 1: of its most similar tracklet.
        probability: That it is the same person, 0-1; None until the gallery is calibrated.
        tracklets: Ids, in order of time.
        crop: File of the best crop of its most similar tracklet.
    """

    rank: int
    camera: str
    start: datetime
    end: datetime
    start_seconds: float
    end_seconds: float
    similarity: float
    probability: float | None
    tracklets: tuple[str, ...]
    crop: Path | None


@dataclass(frozen=True)
class Answer:
    """Where the person was seen, or that they were not.

    Attributes:
        found: Whether the best similarity reaches the operating point.
        best: The highest similarity of all sightings, listed or not; None where nobody at all was seen.
        sightings: The first ones, whether or not they reach it.
        operating_point: Least similarity that counts as found.
        coverage: What was looked at.
    """

    found: bool
    best: float | None
    sightings: tuple[Sighting, ...]
    operating_point: float
    coverage: tuple[Coverage, ...]


class Search:
    """Answers where else a person was seen.

    Args:
        gallery: What to search.
        index: Its vectors.
        thresholds: Of the gallery's embedder.
    """

    def __init__(self, gallery: Gallery, index: GalleryIndex, thresholds: Thresholds) -> None:
        self.gallery = gallery
        self.index = index
        self.operating_point = thresholds.operating_point
        self.rule = JoinRule(min_similarity=thresholds.visit_similarity)

    def find(
        self,
        vectors: NDArray[np.float32],
        where: Filter | None = None,
        *,
        top: int = 10,
        rerank: bool = False,
        own: Sequence[str] = (),
        marks: Marks = NO_MARKS,
    ) -> Answer:
        """Looks for the person that some vectors describe.

        Args:
            vectors: (Q, D) float32, unit length: one of a photo, or those of a tracklet.
            where: Cameras and times to look at; everything by default.
            top: Most sightings to return.
            rerank: Order by k-reciprocal re-ranking among the candidates; the similarities stay what they are.
            own: Tracklets that the question was made from: the visit that they belong to is not an answer.
            marks: What was said of an earlier answer. What was confirmed describes the person, too, and comes first, with its
                similarity to the rest of the question; what was rejected comes last, after the ``top`` others, and is
                not what is found.

        Raises:
            QueryError: If ``top`` is not positive, the vectors are not of the gallery's embedder, or a marked tracklet is
                gone.
        """
        where = where or Filter()
        self._check(vectors, top)
        person = self._person(vectors, marks)
        answer = None
        while answer is None:
            answer = self._answer(person, where, top, rerank, own, marks)
        return answer

    def _answer(
        self, person: Person, where: Filter, top: int, rerank: bool, own: Sequence[str], marks: Marks
    ) -> Answer | None:
        """The answer, or None if somebody in it was erased while it was found."""
        numbers = self._candidates(person, where, top, own)
        ends = self.gallery.ends(numbers)
        stored = self.index.stored(ends.numbers)
        similarities = tracklet_similarities(person.vectors, stored)
        order = ranking(person, stored, similarities, rerank)
        candidates = candidates_of(ends, similarities, means(stored))
        visits = [[candidates[k] for k in visit] for visit in group_into_visits(candidates, self.rule)]
        others = [visit for visit in visits if not {c.id for c in visit} & set(own)]
        place = {number: k for k, number in enumerate(order)}
        others.sort(key=lambda visit: min(place[c.number] for c in visit))
        accepted, rejected = self._by_mark(others, person, stored, marks)
        best = max((c.similarity for visit in accepted for c in visit), default=None)
        shown = [*accepted[:top], *rejected]
        rows = {row.id: row for row in self.gallery.rows([c.number for visit in shown for c in visit])}
        if any(c.id not in rows for visit in shown for c in visit):
            return None
        return Answer(
            found=best is not None and best >= self.operating_point,
            best=best,
            sightings=self._sightings(shown, rows),
            operating_point=self.operating_point,
            coverage=tuple(self.gallery.coverage(where.cameras, where.since, where.until)),
        )

    def _person(self, vectors: NDArray[np.float32], marks: Marks) -> Person:
        """The person that the vectors and what was confirmed describe."""
        confirmed = [self.gallery.tracklet(id_) for id_ in marks.confirmed]
        rejected = [self.gallery.tracklet(id_) for id_ in marks.rejected]
        return Person(
            vectors,
            {one.row.number: one.vectors for one in confirmed},
            {one.row.number: one.vectors for one in rejected},
        )

    @staticmethod
    def _by_mark(
        visits: Sequence[list[Candidate]], person: Person, stored: VectorRows, marks: Marks
    ) -> tuple[list[list[Candidate]], list[list[Candidate]]]:
        """Visits that were not rejected, confirmed ones first; and those that were. The order is kept otherwise."""
        by_mark: dict[Mark | None, list[list[Candidate]]] = {"confirmed": [], None: [], "rejected": []}
        for visit in visits:
            mark = marks.of(c.id for c in visit)
            if mark == "confirmed":
                fair = person.without([c.number for c in visit], stored)
                visit = [replace(c, similarity=fair[c.number]) for c in visit]
            by_mark[mark].append(visit)
        return by_mark["confirmed"] + by_mark[None], by_mark["rejected"]

    def _check(self, vectors: NDArray[np.float32], top: int) -> None:
        embedder = self.gallery.embedder
        if embedder is None:
            raise QueryError("the gallery is empty: ingest a video first, for example `passerby ingest door=door.mp4`")
        if vectors.ndim != 2 or len(vectors) == 0 or vectors.shape[1] != embedder.dimension:
            raise QueryError(
                f"the query has vectors of shape {vectors.shape}, but the gallery's embedder {embedder.name} gives "
                f"{embedder.dimension} numbers: embed the query with {embedder.name}"
            )
        if top < 1:
            raise QueryError(f"top is {top}; ask for at least one sighting")

    def _candidates(self, person: Person, where: Filter, top: int, own: Sequence[str]) -> NDArray[np.int64]:
        """Numbers of the tracklets to compare exactly.

        Among them are ``own``, so that their visits can be told, and what was marked, so that it stays in the list.
        """
        everything = where == Filter()
        allowed = None if everything else self.gallery.filter_numbers(where.cameras, where.since, where.until)
        # By their mean, as they are compared afterwards: no tracklet is more similar to it than its nearest vector is.
        _, numbers = self.index.search(unit_mean(person.vectors)[None], max(POOL, FRAGMENTS * top), allowed=allowed)
        marked = np.array(person.marked, np.int64)
        if allowed is not None:
            marked = np.intersect1d(marked, allowed)
        mine = np.array(self.gallery.numbers(own), np.int64)
        return np.union1d(numbers[numbers >= 0], np.union1d(marked, mine))

    def _sightings(self, visits: Sequence[Sequence[Candidate]], rows: dict[str, TrackletRow]) -> tuple[Sighting, ...]:
        starts = self.gallery.camera_starts(sorted({visit[0].camera for visit in visits}))
        return tuple(sighting(rank, visit, rows, starts[visit[0].camera]) for rank, visit in enumerate(visits, start=1))


def ranking(person: Person, stored: VectorRows, similarities: dict[int, float], rerank: bool) -> list[int]:
    """Tracklet numbers, best first: by similarity, or by k-reciprocal distance among the candidates.

    Either way what is more similar to a rejected tracklet than to the person is moved down.
    """
    if not similarities:
        return []
    lower = person.penalties(similarities, stored)
    if rerank:
        described = means(stored)
        matrix = np.stack([unit_mean(person.vectors), *described.values()]).astype(np.float32)
        distances = dict(zip(described, k_reciprocal_distances(matrix).tolist(), strict=True))
    else:
        distances = {number: -similarity for number, similarity in similarities.items()}
    return sorted(similarities, key=lambda number: (distances[number] + lower[number], number))


def means(stored: VectorRows) -> dict[int, NDArray[np.float32]]:
    """The mean vector of each tracklet, by its number."""
    first = stored.ordinals == 0
    return dict(zip(stored.numbers[first].tolist(), stored.vectors[first].astype(np.float32), strict=True))


def candidates_of(
    ends: Ends, similarities: Mapping[int, float], mean: Mapping[int, NDArray[np.float32]]
) -> list[Candidate]:
    """What grouping needs to know of tracklets; those without vectors have gone."""
    columns = (ends.numbers.tolist(), ends.ids, ends.cameras, ends.frames, ends.starts, ends.ends)
    boxes = ends.first_boxes, ends.last_boxes
    return [
        Candidate(number, id_, camera, frames, similarities[number], Fragment(start, end, first, last, mean[number]))
        for number, id_, camera, frames, start, end, first, last in zip(*columns, *boxes, strict=True)
        if number in mean
    ]


def sighting(rank: int, visit: Sequence[Candidate], rows: dict[str, TrackletRow], camera_start: datetime) -> Sighting:
    """A visit as a sighting."""
    best = max(visit, key=lambda c: c.similarity)
    start, end = min(rows[c.id].start for c in visit), max(rows[c.id].end for c in visit)
    return Sighting(
        rank=rank,
        camera=best.camera,
        start=start,
        end=end,
        start_seconds=(start - camera_start).total_seconds(),
        end_seconds=(end - camera_start).total_seconds(),
        similarity=best.similarity,
        probability=None,
        tracklets=tuple(c.id for c in sorted(visit, key=lambda c: c.fragment.start)),
        crop=rows[best.id].crop,
    )
