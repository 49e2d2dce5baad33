"""A gallery's tracklets as what adaptation learns from, and the network that its vectors come from."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gallery.errors import ConfigError, GalleryError
from gallery.store import Gallery
from gallery.tracklet import EmbedderIdentity
from ingest.catalogue import find
from retrieval.transit import Visits
from training.footage import Footage
from training.network import ReidNetwork

LEAST_LIKENESS = 0.95
"""Cosine of the gallery's vectors and those of the network that they are said to come from, in the middle."""


@dataclass(frozen=True, eq=False)
class GalleryFootage:
    """Some of a gallery's tracklets.

    Attributes:
        footage: Their crops and times.
        cameras: Names, by number.
        vectors: (C, D) float32: the gallery's own vectors of the crops.
    """

    footage: Footage
    cameras: tuple[str, ...]
    vectors: NDArray[np.float32]


def read_footage(gallery: Gallery, most: int, seed: int) -> GalleryFootage:
    """Reads the tracklets that have crops; where there are more than ``most``, some drawn by chance.

    Raises:
        GalleryError: If there are none, or a crop is gone.
    """
    rows = [row for row in gallery.tracklets() if row.crop is not None]
    if not rows:
        raise GalleryError(f"gallery {gallery.folder} has no crops to learn from: ingest a video first")
    if len(rows) > most:
        rows = [rows[k] for k in np.sort(np.random.default_rng(seed).permutation(len(rows))[:most])]
    cameras = tuple(sorted({row.camera for row in rows}))
    first = min(row.start for row in rows)
    stored = [gallery.tracklet(row.id) for row in rows]
    visits = Visits(
        np.array([cameras.index(row.camera) for row in rows], np.int64),
        np.array([(row.start - first).total_seconds() for row in rows]),
        np.array([(row.end - first).total_seconds() for row in rows]),
    )
    crops = tuple(crop.jpeg() for one in stored for crop in one.crops)
    owners = np.repeat(np.arange(len(stored)), [len(one.crops) for one in stored])
    vectors = np.concatenate([one.vectors[1:] for one in stored])
    return GalleryFootage(Footage(crops, owners.astype(np.int64), visits), cameras, vectors)


def own_weights(identity: EmbedderIdentity) -> Path:
    """The weights beside the gallery's embedder, from which it can learn on.

    Raises:
        ConfigError: If there are none.
        ModelError: If the embedder is not installed.
    """
    if identity.name != "stripes":
        weights = find(identity.name).path.with_suffix(".npz")
        if weights.is_file():
            return weights
    raise ConfigError(
        f"{identity.name}, whose vectors the gallery holds, cannot learn: only networks of `passerby train` and `passerby "
        "models import` can, and their weights are not beside it; name them (a run's folder or NETWORK.npz)"
    )


def is_mirrored(network: ReidNetwork, vectors: NDArray[np.float64], kept: GalleryFootage, name: str) -> bool:
    """Whether the gallery's vectors are of the network with the mirror images, or of it alone.

    Args:
        network: Which is said to have made the gallery's vectors.
        vectors: (C, D) unit vectors of the crops by it.
        kept: The gallery's own.
        name: Of the network's file, for the message.

    Raises:
        ConfigError: If they are of neither.
    """
    from training.footage import embed_footage
    from training.mirrored import mirrored

    likeness = -1.0
    if vectors.shape == kept.vectors.shape:
        few = kept.footage.only(np.arange(min(len(kept.footage), 24)))
        own = kept.vectors[: len(few.crops)]
        both = embed_footage(mirrored(network), few)
        plain = float(np.median((vectors[: len(own)] * own).sum(axis=1)))
        twice = float(np.median((both * own).sum(axis=1)))
        likeness = max(plain, twice)
        if likeness >= LEAST_LIKENESS:
            return twice > plain
    raise ConfigError(
        f"{name} is not what the gallery's vectors were made with (they are {max(likeness, 0):.2f} alike, and "
        f"{LEAST_LIKENESS} is the least); name the network file of the gallery's embedder"
    )
