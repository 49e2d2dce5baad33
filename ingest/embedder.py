"""From crops of people to vectors that are close for the same person."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gallery.errors import ModelError
from gallery.tracklet import EmbedderIdentity
from ingest.frame import Image
from ingest.runtime import Runtime
from ingest.sidecar import Network
from ingest.tensor import batches
from ingest.thresholds import Thresholds

MIN_CROP_WIDTH_PX = 8
"""Narrower than this a crop is a limb or an edge: enlarged sixteenfold to a network's 128 px it is only blur."""

MIN_CROP_HEIGHT_PX = 16
"""Lower than this a person has a pixel or two for each of head, torso and legs: no clothes can be told apart."""


class Embedder(Protocol):
    """Turns crops of people into unit vectors."""

    @property
    def identity(self) -> EmbedderIdentity:
        """Which embedder this is: vectors of different identities must not be compared."""
        ...

    @property
    def thresholds(self) -> Thresholds:
        """How similar is similar."""
        ...

    def embed(self, crops: Sequence[Image]) -> NDArray[np.float32]:
        """(N, D) float32 vectors of unit length, one per crop, in order; (0, D) for none."""
        ...


def cut_crops(image: Image, boxes: NDArray[np.float32]) -> tuple[list[Image], NDArray[np.bool_]]:
    """Cuts the boxes out of an image.

    Args:
        image: (H, W, 3) uint8.
        boxes: (N, 4) xyxy, pixels; clipped to the image and widened to whole pixels.

    Returns:
        The crops, which are views of the image, and (N,) whether each box gave one: slivers, boxes outside the image
        and boxes that are not finite give none.
    """
    height, width = image.shape[:2]
    kept = np.asarray(np.isfinite(boxes).all(axis=1), np.bool_)
    corners = np.where(kept[:, None], boxes, 0)
    left, top = np.floor(np.clip(corners[:, :2], 0, (width, height))).astype(np.int64).T
    right, bottom = np.ceil(np.clip(corners[:, 2:], 0, (width, height))).astype(np.int64).T
    kept &= (right - left >= MIN_CROP_WIDTH_PX) & (bottom - top >= MIN_CROP_HEIGHT_PX)
    crops = [image[top[i] : bottom[i], left[i] : right[i]] for i in np.flatnonzero(kept)]
    return crops, kept


class NetworkEmbedder:
    """A Re-ID network as an embedder (see ``Embedder``)."""

    def __init__(self, network: Network, runtime: Runtime, *, sha256: str) -> None:
        """Takes a loaded network.

        Args:
            network: What it is.
            runtime: The network, loaded.
            sha256: Fingerprint of its files and description, for the identity.

        Raises:
            ModelError: If the network gives vectors of another length than its description says.
        """
        if network.thresholds is None:
            raise ModelError(f"{network.name} has no thresholds, so it is no embedder; mend its description")
        self.thresholds = network.thresholds
        self.identity = EmbedderIdentity(network.name, sha256, network.dimension)
        if network.input is None:
            raise ModelError(f"{network.name} has no [input]; mend its description")
        self._form, self._runtime = network.input, runtime
        shape = runtime.outputs[0].shape
        length = shape[-1] if shape else None
        if length is not None and length != network.dimension:
            raise self._wrong_dimension(length)

    def embed(self, crops: Sequence[Image]) -> NDArray[np.float32]:
        """See ``Embedder.embed``.

        Raises:
            ModelError: If the network gives vectors of another length, or such that have no direction.
        """
        parts = [np.empty((0, self.identity.dimension), np.float32)]
        for batch in batches(crops, self._form, self._runtime.batch):
            vectors = self._runtime.run(batch.tensor)[0].reshape(self._runtime.batch, -1)[: len(batch)]
            if vectors.shape[1] != self.identity.dimension:
                raise self._wrong_dimension(vectors.shape[1])
            parts.append(self._unit(vectors))
        return np.concatenate(parts)

    def _unit(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.all(np.isfinite(lengths) & (lengths > 0)):
            raise ModelError(
                f"{self.identity.name} gave a vector without direction (zero or not finite): "
                "its file is damaged, or its description of the input is wrong"
            )
        return np.asarray(vectors / lengths, np.float32)

    def _wrong_dimension(self, length: int) -> ModelError:
        return ModelError(
            f"{self.identity.name} gives vectors of length {length}, its description says {self.identity.dimension}; "
            "mend 'dimension' in its sidecar"
        )
