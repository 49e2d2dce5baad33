"""Evaluates an embedder on a folder in the layout of Market-1501: ``query/`` and ``bounding_box_test/``."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gallery.errors import SourceError
from gallery.tracklet import EmbedderIdentity
from ingest.embedder import Embedder
from retrieval.crop_vectors import BadImage, CropVectors, OnProgress
from retrieval.person_images import DISTRACTOR, JUNK, PersonImage, read_person_images
from retrieval.reid_metrics import MarketScores, evaluate_distances, evaluate_rankings
from retrieval.rerank import Reranking, reranked_distances

QUERY, GALLERY = "query", "bounding_box_test"
"""The folders; ``bounding_box_train`` is not looked at."""


@dataclass(frozen=True, eq=False)
class PersonVectors:
    """Images of people with their vectors.

    Attributes:
        images: N of them, junk left out.
        vectors: (N, D) float32, unit length.
    """

    images: tuple[PersonImage, ...]
    vectors: NDArray[np.float32]

    @property
    def people(self) -> NDArray[np.int64]:
        """(N,) int64, who each one shows; ``DISTRACTOR`` is nobody who is asked for."""
        return np.array([image.person for image in self.images], np.int64)

    @property
    def cameras(self) -> NDArray[np.int64]:
        """(N,) int64."""
        return np.array([image.camera for image in self.images], np.int64)


@dataclass(frozen=True)
class MarketSettings:
    """How an evaluation was made.

    Attributes:
        source: The folder, or the file with the vectors.
        embedder: Which one made the vectors; None where a file of vectors does not say.
        flip: Whether each vector is the direction of the sum of those of the crop and of its mirror image.
        precision: What the network computed in.
        device: Where.
        batch: Crops of a run; None for what is fastest.
        threads: Of the network; None where that was not said. Beside fp32 batch and threads change the last digits.
        rerank: Parameters of the second column; None for none.
    """

    source: Path
    embedder: EmbedderIdentity | None
    flip: bool = False
    precision: str = "fp32"
    device: str = "cpu"
    batch: int | None = None
    threads: int | None = None
    rerank: Reranking | None = None


@dataclass(frozen=True, eq=False)
class MarketEvaluation:
    """An embedder's scores, and all that they were made from.

    Attributes:
        settings: How.
        query: The queries, those without a match too; rows of ``scores`` are rows of these.
        gallery: What was ranked.
        scores: By cosine.
        reranked: By k-reciprocal re-ranking; None if it was not asked for.
        junk: Images left out because they show nobody rightly.
        skipped: Images left out because they cannot be read.
        cached: Images that did not have to be embedded.
        damaged: Vectors of the cache that were damaged, and so were computed again.
    """

    settings: MarketSettings
    query: PersonVectors
    gallery: PersonVectors
    scores: MarketScores
    reranked: MarketScores | None
    junk: int = 0
    skipped: tuple[BadImage, ...] = ()
    cached: int = 0
    damaged: int = 0


def evaluate_market1501(
    folder: Path,
    embedder: Embedder,
    *,
    vectors: CropVectors | None = None,
    rerank: Reranking | None = None,
    skip_bad: bool = False,
    threads: int = 1,
    on_progress: OnProgress = lambda done, total: None,
) -> MarketEvaluation:
    """Embeds the queries and the gallery of a folder and measures the rankings.

    Args:
        folder: Has ``query`` and ``bounding_box_test``.
        embedder: Makes the vectors.
        vectors: How it is asked (flip test, cache); by default plainly.
        rerank: Parameters for a second column of scores.
        skip_bad: Leave out images that cannot be read, rather than refuse them.
        threads: For the rankings.
        on_progress: Is told how many images are embedded, and of how many.

    Raises:
        SourceError: If a folder or an image is not as it must be, or no query has a true match in another camera.
        ModelError: If the embedder fails.
    """
    crop_vectors = vectors or CropVectors(embedder)
    read = [read_person_images(folder / name) for name in (QUERY, GALLERY)]
    query, gallery = (tuple(image for image in images if image.person != JUNK) for images in read)
    _check_people(query)
    made = crop_vectors.of([image.path for image in (*query, *gallery)], skip_bad=skip_bad, on_progress=on_progress)
    query_kept, gallery_kept = made.kept[: len(query)], made.kept[len(query) :]
    split = int(query_kept.sum())
    return evaluate_vectors(
        PersonVectors(tuple(np.array(query, object)[query_kept]), made.vectors[:split]),
        PersonVectors(tuple(np.array(gallery, object)[gallery_kept]), made.vectors[split:]),
        MarketSettings(
            folder,
            embedder.identity,
            flip=crop_vectors.flip,
            precision=crop_vectors.precision,
            device=crop_vectors.device,
            batch=crop_vectors.batch,
            threads=crop_vectors.threads,
            rerank=rerank,
        ),
        threads=threads,
        junk=sum(map(len, read)) - len(query) - len(gallery),
        skipped=made.bad,
        cached=made.cached,
        damaged=made.damaged,
    )


def evaluate_vectors(
    query: PersonVectors,
    gallery: PersonVectors,
    settings: MarketSettings,
    *,
    threads: int = 1,
    junk: int = 0,
    skipped: tuple[BadImage, ...] = (),
    cached: int = 0,
    damaged: int = 0,
) -> MarketEvaluation:
    """Measures the rankings of vectors that are there; see ``evaluate_market1501``.

    Raises:
        SourceError: If a query asks for nobody, or none has a true match in another camera.
    """
    _check_people(query.images)
    parts = (query.vectors, query.people, query.cameras, gallery.vectors, gallery.people, gallery.cameras)
    scores = evaluate_rankings(*parts, threads=threads)
    if not len(scores.scored):
        raise SourceError(
            f"{settings.source}: none of the {len(query.images)} queries shows a person whom another camera "
            f"of the gallery ({len(gallery.images)} images) has seen; check the names' persons and cameras"
        )
    reranked = None if settings.rerank is None else _reranked(query, gallery, settings.rerank, threads)
    return MarketEvaluation(settings, query, gallery, scores, reranked, junk, skipped, cached, damaged)


def _reranked(query: PersonVectors, gallery: PersonVectors, rerank: Reranking, threads: int) -> MarketScores:
    distances = reranked_distances(query.vectors, gallery.vectors, rerank, threads=threads)
    truth = (query.people, query.cameras, gallery.people, gallery.cameras)
    return evaluate_distances(distances, *truth, threads=threads)


def _check_people(queries: Sequence[PersonImage]) -> None:
    for image in queries:
        if image.person == DISTRACTOR:
            raise SourceError(f"{image.path} asks for person 0, who is nobody (a distractor); number people from 1")
