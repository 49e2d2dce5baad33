"""From pictures of any size to the batches that a network takes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.frame import Image
from ingest.sidecar import InputFormat


@dataclass(frozen=True)
class Fit:
    """How a picture was resized to a network's input: input pixels per picture pixel.

    Attributes:
        horizontal: Factor on x.
        vertical: Factor on y.
    """

    horizontal: float
    vertical: float

    def undo(self, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Boxes (N, 4) xyxy in pixels of the input, in pixels of the picture."""
        factors = (self.horizontal, self.vertical, self.horizontal, self.vertical)
        return (boxes / np.array(factors, np.float32)).astype(np.float32)


def resize(image: Image, form: InputFormat) -> tuple[Image, Fit]:
    """The picture at the size of the input, stretched or letterboxed as the network wants it."""
    return letterbox(image, form.width, form.height, form.pad) if form.resize == "letterbox" else _stretch(image, form)


def letterbox(image: Image, width: int, height: int, pad: int) -> tuple[Image, Fit]:
    """Fits a picture into (width, height) with its aspect kept, at the top left; the rest is grey ``pad``.

    The top left is where YOLOX puts it. A side that would vanish is one pixel.
    """
    factor = min(height / image.shape[0], width / image.shape[1])
    inner = (max(1, int(image.shape[1] * factor)), max(1, int(image.shape[0] * factor)))
    canvas = np.full((height, width, 3), pad, np.uint8)
    canvas[: inner[1], : inner[0]] = cv2.resize(image, inner, interpolation=cv2.INTER_LINEAR)
    return canvas, Fit(inner[0] / image.shape[1], inner[1] / image.shape[0])


def _stretch(image: Image, form: InputFormat) -> tuple[Image, Fit]:
    resized = cv2.resize(image, (form.width, form.height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(resized, np.uint8), Fit(form.width / image.shape[1], form.height / image.shape[0])


def to_tensor(resized: Sequence[Image], form: InputFormat) -> NDArray[np.float32]:
    """(N, 3, H, W) float32 from pictures (H, W, 3) BGR uint8 that have the size of the input."""
    pixels = np.stack(resized)
    if form.colour == "rgb":
        pixels = pixels[..., ::-1]
    tensor = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2), np.float32)
    std = np.array(form.std, np.float32)
    tensor *= (np.float32(form.scale) / std)[:, None, None]
    tensor -= (np.array(form.mean, np.float32) / std).astype(np.float32)[:, None, None]
    return tensor


@dataclass(frozen=True, eq=False)
class Batch:
    """Pictures on their way through a network.

    Attributes:
        tensor: (B, 3, H, W) float32; rows from ``len(fits)`` on are zeros that only fill the batch.
        fits: How each picture was resized.
        shapes: (height, width) of each picture.
    """

    tensor: NDArray[np.float32]
    fits: tuple[Fit, ...]
    shapes: tuple[tuple[int, int], ...]

    def __len__(self) -> int:
        return len(self.fits)


def batches(images: Sequence[Image], form: InputFormat, size: int) -> Iterator[Batch]:
    """Pictures in batches of exactly ``size`` rows, the last one filled with zeros.

    A network always sees the same shape, so that what it says of a picture does not depend on the pictures beside it:
    an ingest that goes on after an interruption must give the very numbers of an undisturbed one.
    """
    for start in range(0, len(images), size):
        part = images[start : start + size]
        fitted = [resize(image, form) for image in part]
        tensor = to_tensor([picture for picture, _ in fitted], form)
        if len(part) < size:
            tensor = np.concatenate([tensor, np.zeros((size - len(part), *tensor.shape[1:]), np.float32)])
        yield Batch(tensor, tuple(fit for _, fit in fitted), tuple((i.shape[0], i.shape[1]) for i in part))
