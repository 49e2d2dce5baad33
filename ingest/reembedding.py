"""A gallery's crops embedded anew, by another embedder or a better version of the same: no video is needed."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from gallery.errors import GalleryError
from gallery.store import Gallery
from ingest.embedder import Embedder
from ingest.image import decode_image

OnTracklet = Callable[[int, int], None]
"""Is told how many tracklets are done, and of how many."""

AT_ONCE = 16
"""Tracklets whose crops are embedded together."""


def reembed(gallery: Gallery, embedder: Embedder, on_tracklet: OnTracklet = lambda done, total: None) -> int:
    """Replaces all vectors of a gallery by those of an embedder, all or none.

    The mean of a tracklet is that of its kept crops then. Thresholds of the new embedder count from now on.

    Returns:
        How many tracklets there are.

    Raises:
        GalleryError: If the gallery is empty, has an unfinished ingest, or a crop cannot be read; nothing is changed then.
        SourceError: If a crop is damaged; likewise.
    """
    if gallery.embedder is None:
        raise GalleryError(f"gallery {gallery.folder} is empty: ingest a video first")
    return gallery.change_embedder(embedder.identity, lambda: _vectors(gallery, embedder, on_tracklet))


def _vectors(
    gallery: Gallery, embedder: Embedder, on_tracklet: OnTracklet
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    rows = gallery.tracklets()
    for start in range(0, len(rows), AT_ONCE):
        some = [gallery.tracklet(row.id) for row in rows[start : start + AT_ONCE]]
        images = [decode_image(crop.jpeg(), f"a crop of {one.row.id}") for one in some for crop in one.crops]
        vectors = embedder.embed(images)
        taken = 0
        for one in some:
            own = vectors[taken : taken + len(one.crops)]
            taken += len(one.crops)
            yield one.row.number, with_mean(own, embedder.identity.dimension)
        on_tracklet(min(start + AT_ONCE, len(rows)), len(rows))


def with_mean(vectors: NDArray[np.float32], dimension: int) -> NDArray[np.float32]:
    """(1 + K, D): the mean direction before the vectors (K, D); the first axis where there is none, as nothing else is known.

    >>> with_mean(np.array([[1.0, 0.0], [0.0, 1.0]], np.float32), 2)[0].round(2).tolist()
    [0.71, 0.71]
    """
    mean = vectors.mean(axis=0) if len(vectors) else np.eye(1, dimension)[0]
    length = float(np.linalg.norm(mean))
    mean = mean / length if length > 0 else np.eye(1, dimension)[0]
    return np.asarray(np.concatenate([mean[None], vectors]), np.float32)
