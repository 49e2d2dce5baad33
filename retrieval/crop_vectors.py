"""Image files of people to vectors: a few at a time, with the flip test if wanted, and each only once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gallery.errors import SourceError
from ingest.embedder import Embedder
from ingest.frame import Image
from ingest.image import decode_image, read_image
from retrieval.vector_cache import VectorCache

OnProgress = Callable[[int, int], None]
"""Is told how many images are done, and of how many."""

TOGETHER = 32
"""Images that are decoded and embedded at a time."""

KEPT_TOGETHER = 256
"""Vectors that are put into the cache at a time: what a kill -9 costs."""

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
        cached: How many images did not have to be embedded.
        damaged: Vectors of the cache that were damaged, and so were computed again.
    """

    vectors: NDArray[np.float32]
    kept: NDArray[np.bool_]
    bad: tuple[BadImage, ...]
    cached: int = 0
    damaged: int = 0


class CropVectors:
    """Asks an embedder for the vectors of image files.

    Args:
        embedder: Whom to ask.
        flip: Take the direction of the sum of the vectors of each crop and of its mirror image.
        precision: What the embedder's network computes in.
        device: Where it runs.
        batch: Crops of a run, where that was said.
        threads: Of the network, where that was said.
        cache_folder: Where vectors are kept (see ``VectorCache``); None keeps none.
    """

    def __init__(
        self,
        embedder: Embedder,
        *,
        flip: bool = False,
        precision: str = "fp32",
        device: str = "cpu",
        batch: int | None = None,
        threads: int | None = None,
        cache_folder: Path | None = None,
    ) -> None:
        self.embedder, self.flip, self.precision, self.device = embedder, flip, precision, device
        self.batch, self.threads = batch, threads
        way = f"{precision} on {device}{', flipped' if flip else ''}"
        if precision != "fp32":
            # How the work is divided changes sums of few digits, and figures with them (docs/evaluate.md).
            way += f", batch {batch}, {threads} threads"
        self.cache = None if cache_folder is None else VectorCache(cache_folder, embedder.identity, way)

    def of(
        self, paths: Sequence[Path], *, skip_bad: bool = False, on_progress: OnProgress = lambda done, total: None
    ) -> Embedded:
        """The vectors of image files, in order.

        Files with the same content are embedded once. All that are not in the cache are looked at before any work is
        done, so that a bad one is known at once; what was computed stays in the cache, however the call ends.

        Args:
            paths: N image files.
            skip_bad: Leave out what cannot be read, rather than refuse it.
            on_progress: Is told how many images are embedded, of those that the cache does not know.

        Raises:
            SourceError: If images cannot be read, unless ``skip_bad`` leaves them out.
            ModelError: If the embedder fails.
            ConfigError: If the cache cannot be used.
        """
        digests = [_digest(path) for path in paths]
        asked = [digest for digest in digests if isinstance(digest, bytes)]
        known, damaged = ({}, 0) if self.cache is None else self.cache.get(asked)
        looked = [_look(path, digest, known) for path, digest in zip(paths, digests, strict=True)]
        bad = tuple(one for one in looked if isinstance(one, BadImage))
        if bad and not skip_bad:
            raise _refusal(bad, len(paths))
        kept = np.array([isinstance(one, bytes) for one in looked], bool)
        good = [one for one in looked if isinstance(one, bytes)]
        missing = {one: path for path, one in zip(paths, looked, strict=True) if isinstance(one, bytes)}
        for one in known:
            missing.pop(one, None)
        cached = sum(one in known for one in good)
        vectors = known | self._embed(missing, on_progress)
        rows = [vectors[one] for one in good]
        return Embedded(np.stack(rows) if rows else self._none(), kept, bad, cached, damaged)

    def _embed(self, missing: Mapping[bytes, Path], on_progress: OnProgress) -> dict[bytes, NDArray[np.float32]]:
        made: dict[bytes, NDArray[np.float32]] = {}
        unkept: dict[bytes, NDArray[np.float32]] = {}
        items = list(missing.items())
        try:
            for start in range(0, len(items), TOGETHER):
                part = items[start : start + TOGETHER]
                crops = [_decode_same(path, digest) for digest, path in part]
                rows = dict(zip((digest for digest, _ in part), self._vectors(crops), strict=True))
                made |= rows
                unkept |= rows
                if len(unkept) >= KEPT_TOGETHER:
                    self._keep(unkept)
                on_progress(start + len(part), len(items))
        finally:
            self._keep(unkept)
        return made

    def _vectors(self, crops: Sequence[Image]) -> NDArray[np.float32]:
        vectors = self.embedder.embed(crops)
        if not self.flip:
            return vectors
        both = vectors + self.embedder.embed([np.ascontiguousarray(crop[:, ::-1]) for crop in crops])
        return np.asarray(both / np.maximum(np.linalg.norm(both, axis=1, keepdims=True), 1e-12), np.float32)

    def _keep(self, vectors: dict[bytes, NDArray[np.float32]]) -> None:
        if self.cache is not None and vectors:
            self.cache.put(vectors)
        vectors.clear()

    def _none(self) -> NDArray[np.float32]:
        return np.empty((0, self.embedder.identity.dimension), np.float32)


def _digest(path: Path) -> bytes | BadImage:
    try:
        return sha256(path.read_bytes()).digest()
    except OSError as error:
        return BadImage(path, f"{path} cannot be read ({error.strerror})")


def _look(path: Path, digest: bytes | BadImage, known: Mapping[bytes, object]) -> bytes | BadImage:
    """The digest if the image is of use; one that has a vector was."""
    if isinstance(digest, BadImage) or digest in known:
        return digest
    try:
        read_image(path)
    except SourceError as error:
        return BadImage(path, str(error))
    return digest


def _decode_same(path: Path, digest: bytes) -> Image:
    """The picture whose digest is known: another one must not get its vector."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path} cannot be read any more ({error.strerror}); run this again") from error
    if sha256(data).digest() != digest:
        raise SourceError(f"{path} changed while it was read; run this again when nobody writes there")
    return decode_image(data, str(path))


def _refusal(bad: Sequence[BadImage], count: int) -> SourceError:
    reasons = "; ".join(image.reason for image in bad[:LISTED])
    more = f"; and {len(bad) - LISTED} more" if len(bad) > LISTED else ""
    return SourceError(
        f"{len(bad)} of {count} images cannot be used: {reasons}{more}. Mend or remove them, or leave them out with --skip-bad"
    )
