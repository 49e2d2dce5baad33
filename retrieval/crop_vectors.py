"""Image files of people to vectors: a few at a time, with the flip test if wanted, and each only once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gallery.errors import SourceError
from ingest.embedder import Embedder
from ingest.frame import Image
from ingest.image import decode_image
from retrieval.vector_cache import VectorCache

OnProgress = Callable[[int, int], None]
"""Is told how many images are done, and of how many."""

TOGETHER = 64
"""Images that are decoded and embedded at a time."""

LISTED = 10
"""Bad images that an error names."""


@dataclass(frozen=True)
class BadImage:
    """An image that cannot be used, and why."""

    path: Path
    reason: str


@dataclass(frozen=True, eq=False)
class Embedded:
    """The vectors of some image files.

    Attributes:
        vectors: (K, D) float32, unit length, of the images that could be read.
        kept: (N,) bool, which ones these are.
        bad: The others.
        cached: How many of the vectors did not have to be computed.
    """

    vectors: NDArray[np.float32]
    kept: NDArray[np.bool_]
    bad: tuple[BadImage, ...]
    cached: int


class CropVectors:
    """Asks an embedder for the vectors of image files.

    Args:
        embedder: Whom to ask.
        flip: Take the direction of the sum of the vectors of each crop and of its mirror image.
        precision: What the embedder's network computes in: a part of what the vectors are known by.
        device: Where it runs: another part.
        cache: Where vectors are kept; None keeps none.
    """

    def __init__(
        self,
        embedder: Embedder,
        *,
        flip: bool = False,
        precision: str = "fp32",
        device: str = "cpu",
        cache: VectorCache | None = None,
    ) -> None:
        self.embedder, self.flip, self.precision, self.device = embedder, flip, precision, device
        self._cache = cache

    def of(
        self, paths: Sequence[Path], *, skip_bad: bool = False, on_progress: OnProgress = lambda done, total: None
    ) -> Embedded:
        """The vectors of image files, in order.

        What was computed stays in the cache, however the call ends. Images are read once to find those that cannot be
        used before any work is done, and once more to embed them.

        Raises:
            SourceError: If images cannot be read, unless ``skip_bad`` leaves them out.
            ModelError: If the embedder fails.
        """
        raise NotImplementedError
