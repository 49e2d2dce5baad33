"""What an embedder is worth on people who were held out: how well it finds them, and from when on similar is similar."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.embedder import Embedder
from ingest.image import read_image
from ingest.thresholds import Thresholds
from training.image_check import OnImage
from training.samples import TrainingSet
from training.thresholds import choose_thresholds, refuse_few
from training.validation import Validation, query_indices, score

_READ = 64
"""Images that are in memory at a time."""


@dataclass(frozen=True)
class GivenThresholds:
    """Thresholds that were chosen by hand; None is to be measured.

    Attributes:
        operating_point: See ``Thresholds``.
        visit_similarity: See ``Thresholds``.
        max_cosine_distance: See ``Thresholds``.
    """

    operating_point: float | None = None
    visit_similarity: float | None = None
    max_cosine_distance: float | None = None

    def complete(self) -> Thresholds | None:
        """All three, or None if one is missing."""
        first, second, third = self.operating_point, self.visit_similarity, self.max_cosine_distance
        return None if first is None or second is None or third is None else Thresholds(first, second, third)

    def over(self, measured: Thresholds) -> Thresholds:
        """The given ones, and the measured ones where none is given."""
        return Thresholds(
            measured.operating_point if self.operating_point is None else self.operating_point,
            measured.visit_similarity if self.visit_similarity is None else self.visit_similarity,
            measured.max_cosine_distance if self.max_cosine_distance is None else self.max_cosine_distance,
        )


@dataclass(frozen=True)
class Worth:
    """What an embedder gives on held-out people.

    Attributes:
        thresholds: How similar is similar for it.
        found: How well it finds them in other cameras.
    """

    thresholds: Thresholds
    found: Validation


def measure(embedder: Embedder, held: TrainingSet, given: GivenThresholds, on_image: OnImage | None = None) -> Worth:
    """Embeds all images of the held-out people and looks at the similarities.

    Args:
        embedder: Any.
        held: People whom it did not learn from.
        given: What need not be measured.
        on_image: Is told how far it is.

    Raises:
        ConfigError: If nobody of them was seen by two cameras, or thresholds cannot be measured on them.
        SourceError: If an image cannot be read.
    """
    refuse_unfit(held, given)
    vectors = embed_images(embedder, held, on_image)
    thresholds = given.complete() or given.over(choose_thresholds(vectors, held.labels, held.camera_numbers))
    return Worth(thresholds, score(vectors, held))


def refuse_unfit(held: TrainingSet, given: GivenThresholds) -> None:
    """Says so, before anything is computed, if people will not do to measure on.

    Raises:
        ConfigError: If nobody was seen by two cameras, or there are too few for thresholds that are not given.
    """
    query_indices(held)
    if given.complete() is None:
        refuse_few(len(held.people))


def embed_images(embedder: Embedder, held: TrainingSet, on_image: OnImage | None = None) -> NDArray[np.float32]:
    """(N, D) unit vectors of the images of a set, in its order.

    Raises:
        SourceError: If an image cannot be read.
    """
    parts: list[NDArray[np.float32]] = []
    for start in range(0, len(held), _READ):
        samples = held.samples[start : start + _READ]
        parts.append(embedder.embed([read_image(sample.path) for sample in samples]))
        if on_image is not None:
            on_image(start + len(samples), len(held))
    return np.concatenate(parts)
