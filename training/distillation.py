"""A teacher: a network file, or several, whose embeddings a network of ours learns."""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gallery.errors import ConfigError
from ingest.embedder import Embedder
from ingest.frame import Image
from ingest.models import load_embedder
from ingest.paddle_library import paddle
from ingest.runtime import Device
from training.loader import MEAN_RGB, STD_RGB

_SCALE = 255 * np.array(STD_RGB, np.float32).reshape(3, 1, 1)
_SHIFT = 255 * np.array(MEAN_RGB, np.float32).reshape(3, 1, 1)

_LEVEL_TOLERANCE = 0.01
"""Of a grey level, that rounding may be off by."""

KEPT = 65_536
"""So many crops' embeddings are kept: 64 MB for 256 numbers each."""


class Teacher:
    """Tells what embedders say of the images of a batch.

    It sees what the student sees: the augmented crops, at the student's size. Embeddings of several embedders are joined, each
    divided by √n, so that the cosine of two of them is the mean of the single cosines.

    The last crops' embeddings are kept, so that crops that come again (without augmentation, or only mirrored) cost nothing.

    Attributes:
        identities: Of the embedders, which a run must keep.
        dimension: T, the length of a joined embedding.

    Args:
        embedders: At least one.
        kept: How many crops' embeddings are kept.
    """

    def __init__(self, embedders: Sequence[Embedder], *, kept: int = KEPT) -> None:
        if not embedders:
            raise ConfigError("there is no teacher; name at least one embedder")
        self.identities = tuple(embedder.identity for embedder in embedders)
        self.dimension = sum(identity.dimension for identity in self.identities)
        self._embedders, self._kept = tuple(embedders), kept
        self._known: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()

    @property
    def names(self) -> tuple[str, ...]:
        """Of the embedders."""
        return tuple(identity.name for identity in self.identities)

    def embed(self, images: paddle.Tensor) -> paddle.Tensor:
        """(B, T) float32 of unit length, for (B, 3, H, W) images as the networks of ``training`` see them.

        Raises:
            ValueError: If the images are no normalised crops.
            ModelError: If an embedder fails.
        """
        crops = crops_of(images.numpy())
        keys = [hashlib.blake2b(crop.data, digest_size=16).digest() + bytes(str(crop.shape), "ascii") for crop in crops]
        new = {key: crop for key, crop in zip(keys, crops, strict=True) if key not in self._known}
        fresh = dict(zip(new, self._ask(list(new.values())), strict=True))
        for key in keys:
            self._known[key] = fresh[key] if key in fresh else self._known[key]
            self._known.move_to_end(key)
        vectors = np.stack([self._known[key] for key in keys])
        while len(self._known) > self._kept:
            self._known.popitem(last=False)
        return paddle.to_tensor(vectors, place=images.place)

    def _ask(self, crops: Sequence[Image]) -> NDArray[np.float32]:
        parts = [embedder.embed(crops) for embedder in self._embedders]
        return np.concatenate(parts, axis=1) / np.float32(np.sqrt(len(parts)))


def load_teacher(names: str, *, threads: int | None = None, device: Device = "cpu") -> Teacher:
    """A teacher by the name or file of its embedder; several are parted by commas.

    Args:
        names: As ``load_embedder`` takes them.
        threads: Most threads each may use; all cores by default.
        device: Where they run.

    Raises:
        ConfigError: If there is no name, or one is a network file of training, which has to be exported first.
        ModelError: If one is unknown, not installed, damaged or no embedder.
    """
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    for name in wanted:
        if name.endswith(".npz"):
            raise ConfigError(
                f"teacher {name} is what training keeps; `passerby export` it, and name the .onnx that this writes"
            )
    return Teacher([load_embedder(name, threads=threads, device=device) for name in wanted])


def crops_of(images: NDArray[np.float32]) -> list[Image]:
    """The (H, W, 3) BGR uint8 crops of which the loader made ``images`` (B, 3, H, W).

    Exact: neighbouring grey levels are 0.017 apart, rounding in float32 is a ten-thousandth of that.

    Raises:
        ValueError: If the images were not made so: another shape, or something outside of 0 to 255 or between two levels.
    """
    if images.ndim != 4 or images.shape[1] != 3:
        raise ValueError(f"images for a teacher are (B, 3, H, W), these {images.shape}")
    levels = images * _SCALE + _SHIFT
    pixels = np.rint(levels)
    with np.errstate(invalid="ignore"):  # infinity less infinity
        exact = np.abs(levels - pixels) < _LEVEL_TOLERANCE
    # Written so that it also refuses what is no number.
    if not (exact & (pixels >= 0) & (pixels <= 255)).all():
        raise ValueError("these images are no normalised uint8 crops, so they cannot be shown to a teacher")
    return list(np.ascontiguousarray(pixels.astype(np.uint8).transpose(0, 2, 3, 1)[..., ::-1]))
