"""Questions of a whole process: its networks are loaded once, and what waits for them is answered together."""

from collections.abc import Sequence
from threading import Lock, Semaphore

import numpy as np
from numpy.typing import NDArray

from api.messages import Filters
from api.query_commands import thresholds_of
from api.question import FrameQuestion, PhotoQuestion, TrackletQuestion
from api.stage_times import stage
from gallery.errors import QueryError
from gallery.index import GalleryIndex
from gallery.store import Gallery
from gallery.tracklet import EmbedderIdentity
from ingest.detector import Detector
from ingest.embedder import Embedder
from ingest.image import decode_image
from ingest.models import load_gallery_embedder, load_still_detector
from ingest.runtime import Device, Precision
from ingest.shared_network import SharedDetector, SharedEmbedder
from retrieval.feedback import NO_MARKS, Marks
from retrieval.query import (
    Cutout,
    PersonFinder,
    Query,
    cut_person,
    embedded,
    person_on_frame,
    query_from_tracklet,
)
from retrieval.recordings import Recordings
from retrieval.search import Answer, Filter, Search

PICTURES_AT_ONCE = 4
"""Further ones wait to be decoded: a photo takes up to 300 MB, and a frame may be far inside a video."""


SEARCHES_AT_ONCE = 2
"""More only take the interpreter from each other, and the last of them waits longest."""


class QueryService:
    """Answers questions from several threads.

    Everything is loaded when it is first needed, so that a server starts at once, and may start before the first ingest.

    Args:
        gallery: What to search.
        detector: Finds the people in a photo of a scene; see ``ingest.models.load_still_detector``.
        threads: Most threads a network may use; all cores by default.
        device: Where networks run.
        precision: What they compute in.
    """

    def __init__(
        self,
        gallery: Gallery,
        *,
        detector: str = "auto",
        threads: int | None = None,
        device: Device = "cpu",
        precision: Precision = "fp32",
    ) -> None:
        self.gallery = gallery
        self.recordings = Recordings(gallery)
        self.detector_name = detector
        self._threads = threads
        self._device: Device = device
        self._precision: Precision = precision
        self._computing = Lock()
        self._searching = Semaphore(SEARCHES_AT_ONCE)
        self._decoding = Semaphore(PICTURES_AT_ONCE)
        self._loading = Lock()
        self._embedder: Embedder | None = None
        self._detector: Detector | None = None
        self._index: GalleryIndex | None = None

    def describe(self, question: Sequence[PhotoQuestion | TrackletQuestion | FrameQuestion]) -> list[Query]:
        """What is asked, in the vectors of the gallery's embedder; each part by itself, in order.

        Raises:
            SourceError: If a photo cannot be read.
            QueryError: If the question cannot be answered as it is put.
            ModelError: If a network is missing or damaged.
            GalleryError: If the gallery cannot be read.
        """
        identity = self.embedder()
        return embedded([self._seen(part) for part in question], lambda: self._people_embedder(identity))

    def embedder(self) -> EmbedderIdentity:
        """The gallery's embedder.

        Raises:
            QueryError: If there is none yet.
        """
        identity = self.gallery.embedder
        if identity is None:
            raise QueryError("the gallery is empty: ingest a video first, for example `passerby ingest door=door.mp4`")
        return identity

    def search(
        self,
        identity: EmbedderIdentity,
        vectors: NDArray[np.float32],
        filters: Filters,
        own: Sequence[str] = (),
        marks: Marks = NO_MARKS,
    ) -> Answer:
        """Looks for a person; see ``Search.find``.

        Args:
            identity: The embedder of the vectors.
            vectors: (Q, D) float32, unit length.
            filters: Where and when to look.
            own: Tracklets that the question is made from.
            marks: What was said of an earlier answer.

        Raises:
            QueryError: If the gallery has another embedder by now, or a tracklet is gone.
            GalleryError: If the gallery cannot be read.
        """
        with stage("search"), self._searching:
            search = Search(self.gallery, self._vectors(), thresholds_of(identity))
            where = Filter(tuple(filters.camera) or None, filters.since, filters.until)
            found = search.find(vectors, where, top=filters.top, rerank=filters.rerank, own=own, marks=marks)
        if self.gallery.embedder != identity:
            raise QueryError("the gallery took another embedder while it was searched; ask again")
        return found

    def _seen(self, part: PhotoQuestion | TrackletQuestion | FrameQuestion) -> Query | Cutout:
        match part:
            case TrackletQuestion():
                return query_from_tracklet(self.gallery, part.tracklet)
            case FrameQuestion():
                with self._decoding:
                    return person_on_frame(self.gallery, part.camera, part.time, part.box, self.recordings)
            case PhotoQuestion():
                with self._decoding:
                    return cut_from_photo(part, self._people_detector)

    def _people_embedder(self, identity: EmbedderIdentity) -> Embedder:
        """The gallery's embedder: loaded again only if the gallery was emptied and filled by another one."""
        with self._loading:
            if self._embedder is None or self._embedder.identity != identity:
                loaded = load_gallery_embedder(
                    identity, threads=self._threads, device=self._device, precision=self._precision
                )
                self._embedder = SharedEmbedder(loaded, self._computing)
            return self._embedder

    def _people_detector(self) -> Detector:
        with self._loading:
            if self._detector is None:
                loaded = load_still_detector(self.detector_name, threads=self._threads, device=self._device)
                self._detector = SharedDetector(loaded, self._computing)
            return self._detector

    def _vectors(self) -> GalleryIndex:
        with self._loading:
            if self._index is None:
                self._index = GalleryIndex(self.gallery)
            return self._index


def cut_from_photo(question: PhotoQuestion, finder: PersonFinder) -> Cutout:
    """The person in an uploaded photo; see ``cut_person``.

    Raises:
        SourceError: If it cannot be read.
        QueryError: If nobody is found, or the box shows too little.
    """
    image = decode_image(question.data, question.name)  # in memory: a photo of a person leaves nothing on the disk
    return cut_person(image, finder, question.box, question.name, question.name)
