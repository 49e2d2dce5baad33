"""AugMix (arXiv 1912.02781): a picture mixed with itself after random chains of simple operations.

Written here with OpenCV: of the libraries that have it, albumentations is no longer kept (its successor is AGPL), imgaug
is not kept either, and torchvision's needs PyTorch. Operations and ranges are those of the paper's section 3 and
appendix; none of them is a blur, noise or JPEG artefact, so that what is measured with those stays unseen.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from gallery.errors import ConfigError
from ingest.frame import Image

LARGEST_LEVEL = 10
"""Levels count from 0 to this."""


@dataclass(frozen=True)
class AugMix:
    """Mixes a picture with ``width`` chains of operations of it, and the mixture with the picture.

    Attributes:
        severity: How strong operations may get, up to 10; the level of each is drawn between 0.1 and this.
        width: Chains.
        depth: Operations in a chain, from 1 to this.
        alpha: Of Dirichlet(α, …), the chains' weights, and of Beta(α, α), the weight of the mixture: 1 is uniform.

    Raises:
        ConfigError: If one of them is out of range.
    """

    severity: float = 3.0
    width: int = 3
    depth: int = 3
    alpha: float = 1.0

    def __post_init__(self) -> None:
        if not 0.1 <= self.severity <= LARGEST_LEVEL:
            raise ConfigError(f"severity {self.severity:g} of AugMix is out of range; give 0.1 to {LARGEST_LEVEL}")
        for name, value in (("width", self.width), ("depth", self.depth)):
            if value < 1:
                raise ConfigError(f"{name} {value} of AugMix is too small; give 1 or more")
        if not self.alpha > 0:
            raise ConfigError(f"alpha {self.alpha:g} of AugMix is too small; give more than 0")

    def __call__(self, image: Image, random: np.random.Generator) -> Image:
        """(H, W, 3) uint8 of the same size."""
        weights = random.dirichlet([self.alpha] * self.width)
        mixed = float(random.beta(self.alpha, self.alpha))
        total = image * np.float32(1 - mixed)
        for weight in weights:
            chained = image
            for _ in range(int(random.integers(1, self.depth + 1))):
                operation = OPERATIONS[int(random.integers(len(OPERATIONS)))]
                chained = operation(chained, float(random.uniform(0.1, self.severity)), random)
            total += chained * np.float32(mixed * weight)
        return np.asarray(cv2.convertScaleAbs(total), np.uint8)  # rounds; nothing is negative


def stretch_contrast(image: Image, level: float, random: np.random.Generator) -> Image:
    """Spreads each channel over the whole range; ``level`` does not matter."""
    low, high = (
        np.asarray(cv2.reduce(cv2.reduce(image, 0, kind), 1, kind), np.float32).reshape(3)
        for kind in (cv2.REDUCE_MIN, cv2.REDUCE_MAX)
    )  # much faster than NumPy's over two axes of three
    values = np.arange(256, dtype=np.float32)[:, None]
    spread = np.where(high > low, (values - low) * 255 / np.maximum(high - low, 1), values)
    return _looked_up(image, spread)


def equalise(image: Image, level: float, random: np.random.Generator) -> Image:
    """Makes the histogram of each channel flat; ``level`` does not matter."""
    return np.asarray(cv2.merge([cv2.equalizeHist(channel) for channel in cv2.split(image)]), np.uint8)


def posterise(image: Image, level: float, random: np.random.Generator) -> Image:
    """Keeps the highest 4 bits of each value, fewer with the level."""
    bits = 4 - int(4 * level / LARGEST_LEVEL)
    return image & np.uint8(0xFF ^ (0xFF >> bits))


def solarise(image: Image, level: float, random: np.random.Generator) -> Image:
    """Turns the brightest values round: those from 256 down with the level."""
    threshold = 256 - int(256 * level / LARGEST_LEVEL)
    values = np.arange(256, dtype=np.float32)[:, None].repeat(3, axis=1)
    return _looked_up(image, np.where(values < threshold, values, 255 - values))


def rotate(image: Image, level: float, random: np.random.Generator) -> Image:
    """Turns by up to 30 degrees, either way, about the middle."""
    degrees = _either_way(30 * level / LARGEST_LEVEL, random)
    height, width = image.shape[:2]
    return _warped(image, cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1))


def shear_x(image: Image, level: float, random: np.random.Generator) -> Image:
    """Slants by up to 0.3 px to the side per px of height."""
    return _warped(image, [[1, _either_way(0.3 * level / LARGEST_LEVEL, random), 0], [0, 1, 0]])


def shear_y(image: Image, level: float, random: np.random.Generator) -> Image:
    """Slants by up to 0.3 px down per px of width."""
    return _warped(image, [[1, 0, 0], [_either_way(0.3 * level / LARGEST_LEVEL, random), 1, 0]])


def translate_x(image: Image, level: float, random: np.random.Generator) -> Image:
    """Moves to the side by up to a third of the width."""
    return _warped(image, [[1, 0, _either_way(image.shape[1] / 3 * level / LARGEST_LEVEL, random)], [0, 1, 0]])


def translate_y(image: Image, level: float, random: np.random.Generator) -> Image:
    """Moves up or down by up to a third of the height."""
    return _warped(image, [[1, 0, 0], [0, 1, _either_way(image.shape[0] / 3 * level / LARGEST_LEVEL, random)]])


Operation = Callable[[Image, float, np.random.Generator], Image]
OPERATIONS: tuple[Operation, ...] = (
    stretch_contrast, equalise, posterise, rotate, solarise, shear_x, shear_y, translate_x, translate_y,
)  # fmt: skip


def _either_way(amount: float, random: np.random.Generator) -> float:
    return amount if random.random() < 0.5 else -amount


def _warped(image: Image, matrix: object) -> Image:
    """The picture moved; what comes in from outside is black."""
    size = (image.shape[1], image.shape[0])
    return np.asarray(cv2.warpAffine(image, np.asarray(matrix, np.float64), size, flags=cv2.INTER_LINEAR), np.uint8)


def _looked_up(image: Image, table: NDArray[np.float32]) -> Image:
    """Each value replaced by that of a (256, 3) table, a column per channel."""
    values = np.clip(np.rint(table), 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(image, values[:, None, :].reshape(1, 256, 3)), np.uint8)
