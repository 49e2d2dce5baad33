"""Questions of a whole process: its networks are loaded once, and one thread at a time computes with them."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from api.messages import Filters, FrameQuestion, PhotoQuestion, Question, TrackletQuestion
from api.query_commands import thresholds_of
from api.stage_times import stage
from gallery.errors import QueryError, SourceError
from gallery.index import GalleryIndex
from gallery.store import Gallery
from gallery.tracklet import EmbedderIdentity
from ingest.detector import Detections, Detector, DetectorIdentity
from ingest.embedder import Embedder
from ingest.frame import Image
from ingest.models import load_gallery_embedder, load_still_detector
from ingest.runtime import Device, Precision
from ingest.thresholds import Thresholds
from retrieval.query import PersonFinder, Query, query_from_frame, query_from_image, query_from_tracklet
from retrieval.recordings import Recordings
from retrieval.search import Answer, Filter, Search


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
        self._detector_name = detector
        self._threads = threads
        self._device: Device = device
        self._precision: Precision = precision
        self._computing = Lock()
        self._loading = Lock()
        self._embedder: Embedder | None = None
        self._detector: Detector | None = None
        self._index: GalleryIndex | None = None

    def ask(self, question: Question, filters: Filters) -> tuple[Query, Answer]:
        """Looks for a person.

        Raises:
            SourceError: If the photo cannot be read.
            QueryError: If the question cannot be answered as it is put.
            ModelError: If a network is missing or damaged.
            GalleryError: If the gallery cannot be read.
        """
        identity = self.gallery.embedder
        if identity is None:
            raise QueryError("the gallery is empty: ingest a video first, for example `passerby ingest door=door.mp4`")
        with stage("embed"):
            asked = self._query(question, identity)
        with stage("search"):
            search = Search(self.gallery, self._vectors(), thresholds_of(identity))
            where = Filter(tuple(filters.camera) or None, filters.since, filters.until)
            found = search.find(asked.vectors, where, top=filters.top, rerank=filters.rerank, own=asked.own)
        if self.gallery.embedder != identity:
            raise QueryError("the gallery took another embedder while it was searched; ask again")
        return asked, found

    def _query(self, question: Question, identity: EmbedderIdentity) -> Query:
        match question:
            case TrackletQuestion():
                return query_from_tracklet(self.gallery, question.tracklet)
            case FrameQuestion():
                embedder = self._people_embedder(identity)
                return query_from_frame(
                    self.gallery, embedder, question.camera, question.time, question.box, self.recordings
                )
            case PhotoQuestion():
                return query_from_photo(question, self._people_embedder(identity), self._people_detector)

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
                loaded = load_still_detector(self._detector_name, threads=self._threads, device=self._device)
                self._detector = SharedDetector(loaded, self._computing)
            return self._detector

    def _vectors(self) -> GalleryIndex:
        with self._loading:
            if self._index is None:
                self._index = GalleryIndex(self.gallery)
            return self._index


def query_from_photo(question: PhotoQuestion, embedder: Embedder, finder: PersonFinder) -> Query:
    """The person in an uploaded photo; see ``query_from_image``.

    Raises:
        SourceError: If it cannot be read.
        QueryError: If nobody is found, or the box shows too little.
    """
    with tempfile.TemporaryDirectory(prefix="passerby-") as folder:
        path = Path(folder) / "image"
        path.write_bytes(question.data)
        try:
            return query_from_image(path, embedder, finder, question.box)
        except (SourceError, QueryError) as error:
            raise type(error)(str(error).replace(str(path), path.name)) from error


class SharedEmbedder:
    """An embedder of several threads, of which one at a time computes (see ``Embedder``)."""

    def __init__(self, embedder: Embedder, computing: Lock) -> None:
        self._embedder, self._computing = embedder, computing

    @property
    def identity(self) -> EmbedderIdentity:
        """See ``Embedder``."""
        return self._embedder.identity

    @property
    def thresholds(self) -> Thresholds:
        """See ``Embedder``."""
        return self._embedder.thresholds

    def embed(self, crops: Sequence[Image]) -> NDArray[np.float32]:
        """See ``Embedder``."""
        with self._computing:
            return self._embedder.embed(crops)


class SharedDetector:
    """A detector of several threads, of which one at a time computes (see ``Detector``)."""

    def __init__(self, detector: Detector, computing: Lock) -> None:
        self._detector, self._computing = detector, computing

    @property
    def identity(self) -> DetectorIdentity:
        """See ``Detector``."""
        return self._detector.identity

    @property
    def resumable(self) -> bool:
        """See ``Detector``."""
        return self._detector.resumable

    @property
    def batch(self) -> int:
        """See ``Detector``."""
        return self._detector.batch

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        """See ``Detector``."""
        with self._computing:
            return self._detector.detect(images)
