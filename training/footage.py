"""What adaptation learns from: crops of tracklets, and when and where each tracklet was. Nobody is named."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.frame import Image
from ingest.image import decode_image
from retrieval.transit import Visits
from training.augmentation import Augmentation
from training.loader import to_tensor
from training.network import ReidNetwork
from training.validation import embed

LEAST_TRACKLETS = 24
"""Of fewer nothing is learnt that holds."""
BATCH = 64
"""Crops that are embedded at a time."""


@dataclass(frozen=True, eq=False)
class Footage:
    """Tracklets of some cameras.

    Attributes:
        crops: (C,) JPEG files, those of a tracklet one after the other.
        owners: (C,) int64, ascending: which tracklet each crop is of.
        visits: When and where the N tracklets are.
    """

    crops: tuple[bytes, ...]
    owners: NDArray[np.int64]
    visits: Visits

    def __len__(self) -> int:
        return len(self.visits)

    @property
    def cameras(self) -> NDArray[np.int64]:
        """(C,) the camera of each crop."""
        return self.visits.cameras[self.owners]

    def image(self, crop: int) -> Image:
        """One crop, (H, W, 3) BGR uint8.

        Raises:
            SourceError: If it is damaged.
        """
        return decode_image(self.crops[crop], f"crop {crop} of tracklet {self.owners[crop]}")

    def only(self, tracklets: NDArray[np.int64]) -> "Footage":
        """Some of the tracklets, (K,) ascending."""
        kept = np.flatnonzero(np.isin(self.owners, tracklets))
        whole = self.visits
        visits = Visits(whole.cameras[tracklets], whole.starts[tracklets], whole.ends[tracklets])
        owners = np.searchsorted(tracklets, self.owners[kept])
        return Footage(tuple(self.crops[k] for k in kept), owners, visits)


def embed_footage(network: ReidNetwork, footage: Footage) -> NDArray[np.float64]:
    """(C, D) unit vectors of all crops.

    Raises:
        ConfigError: If an embedding is no finite vector.
        SourceError: If a crop is damaged.
    """
    return embed(network, plain_batches(network, footage)).astype(np.float64)


def plain_batches(network: ReidNetwork, footage: Footage) -> Iterator[NDArray[np.float32]]:
    """The crops in their order as the network takes them, (B, 3, H, W) at a time."""
    plain = Augmentation.none(network.settings.height, network.settings.width)
    random = np.random.default_rng(0)
    for start in range(0, len(footage.crops), BATCH):
        crops = range(start, min(start + BATCH, len(footage.crops)))
        yield to_tensor([plain(footage.image(crop), random) for crop in crops])


def tracklet_means(vectors: NDArray[np.float64], owners: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """(N, D) the mean direction of each tracklet's crops."""
    sums = np.zeros((count, vectors.shape[1]))
    np.add.at(sums, owners, vectors)
    return np.asarray(sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12))


def centred(vectors: NDArray[np.float64], cameras: NDArray[np.int64]) -> NDArray[np.float64]:
    """(C, D) unit vectors less the mean of their camera: what light and lens give to everybody is taken away."""
    result = vectors.copy()
    for camera in np.unique(cameras):
        result[cameras == camera] -= vectors[cameras == camera].mean(axis=0)
    return np.asarray(result / np.maximum(np.linalg.norm(result, axis=1, keepdims=True), 1e-12))
