"""What is done to an image before a network learns from it: the person stays the same, the picture does not."""

import math
from dataclasses import dataclass, field
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from gallery.errors import ConfigError
from ingest.frame import Image
from training.augmix import AugMix

MEAN_BGR = (104, 116, 124)
"""The mean colour of ImageNet, 255 × (0.406, 0.456, 0.485): what is erased with it is 0 after normalising."""

GREY_BGR = (0.114, 0.587, 0.299)
"""Weights of the channels in a grey (ITU-R BT.601)."""

SMALLEST_PX, LARGEST_PX = 16, 4096
"""Of a network's input."""


@dataclass(frozen=True)
class RandomErasing:
    """Covers a random rectangle (arXiv 1708.04896, algorithm 1), as if something stood before the person.

    Attributes:
        least: Share of the picture that is covered at least: s_l.
        most: Share that is covered at most: s_h.
        aspect: Height / width between this and its inverse: r_1.
        fill: ``random`` colours each pixel by chance, as the paper does; ``mean`` gives the mean colour.

    Raises:
        ConfigError: If one of them is out of range.
    """

    least: float = 0.02
    most: float = 0.4
    aspect: float = 0.3
    fill: Literal["random", "mean"] = "random"

    def __post_init__(self) -> None:
        if not 0 < self.least <= self.most < 1:
            raise ConfigError(
                f"random erasing of {self.least:g} to {self.most:g} is out of range; stay between 0 and 1"
            )
        if not 0 < self.aspect <= 1:
            raise ConfigError(f"aspect {self.aspect:g} of random erasing is out of range; give more than 0, at most 1")

    def __call__(self, image: Image, random: np.random.Generator) -> Image:
        """(H, W, 3) uint8 of the same size. A rectangle that does not fit is drawn again, up to a hundred times."""
        height, width = image.shape[:2]
        for _ in range(100):
            area = random.uniform(self.least, self.most) * height * width
            aspect = random.uniform(self.aspect, 1 / self.aspect)
            high, wide = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
            if 0 < high < height and 0 < wide < width:
                top, left = int(random.integers(height - high + 1)), int(random.integers(width - wide + 1))
                erased = image.copy()
                size = (high, wide, 3)
                erased[top : top + high, left : left + wide] = (
                    random.integers(0, 256, size, np.uint8) if self.fill == "random" else MEAN_BGR
                )
                return erased
        return image


@dataclass(frozen=True)
class ColourJitter:
    """Changes brightness, contrast, saturation and hue, in this order, each by chance and around what it is.

    The first three are one linear map of colours, so nothing is cut off between them. The defaults are mild: the colour
    of clothes is much of what tells people apart.

    Attributes:
        brightness: Values are multiplied by 1 ± up to this.
        contrast: Distances from the mean grey are multiplied by 1 ± up to this.
        saturation: Distances from each pixel's own grey are multiplied by 1 ± up to this.
        hue: Colours turn by up to this share of the circle, either way; at most 0.5.

    Raises:
        ConfigError: If one of them is out of range.
    """

    brightness: float = 0.2
    contrast: float = 0.15
    saturation: float = 0.2
    hue: float = 0.02

    def __post_init__(self) -> None:
        limits = {"brightness": 1.0, "contrast": 1.0, "saturation": 1.0, "hue": 0.5}
        for name, limit in limits.items():
            if not 0 <= getattr(self, name) <= limit:
                raise ConfigError(f"{name} {getattr(self, name):g} is out of range; give 0 to {limit:g}")

    def __call__(self, image: Image, random: np.random.Generator) -> Image:
        """(H, W, 3) uint8 of the same size."""
        strengths = (self.brightness, self.contrast, self.saturation)
        brightness, contrast, saturation = (1 + strength * random.uniform(-1, 1) for strength in strengths)
        turn = round(256 * self.hue * random.uniform(-1, 1))
        mean = brightness * float(cv2.mean(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))[0])
        matrix = saturation * np.eye(3) + (1 - saturation) * np.array(GREY_BGR)
        matrix = np.column_stack([brightness * contrast * matrix, np.full(3, (1 - contrast) * mean)])
        changed = cv2.transform(image, matrix.astype(np.float32))
        if turn:
            colours = cv2.cvtColor(changed, cv2.COLOR_BGR2HSV_FULL)
            colours[:, :, 0] += np.uint8(turn % 256)  # a full circle is 256, so this goes round by itself
            changed = cv2.cvtColor(colours, cv2.COLOR_HSV2BGR_FULL)
        return np.asarray(changed, np.uint8)


@dataclass(frozen=True)
class Augmentation:
    """Scales an image to a network's input and changes it by chance; each change has its probability.

    The order: scaling (the whole image is squashed to height × width, as networks see crops everywhere else),
    AugMix, colour jitter, flip, pad-and-crop, random erasing. The defaults are those of the strong baseline
    (arXiv 1903.07071) but for the erased pixels, which are random as in random erasing's own paper.

    Attributes:
        height: Of the network's input, pixels.
        width: Of the network's input, pixels.
        flip: Probability that left and right are swapped.
        crop: Probability that the image is framed with black and cut back to its size somewhere.
        padding: Width of that frame on each side, pixels.
        erase: Probability of random erasing.
        jitter: Probability of colour jitter.
        mix: Probability of AugMix.
        erasing: How to erase.
        colours: How to jitter.
        mixing: How to mix.

    Raises:
        ConfigError: If a probability or a size is out of range.
    """

    height: int = 256
    width: int = 128
    flip: float = 0.5
    crop: float = 1.0
    padding: int = 10
    erase: float = 0.5
    jitter: float = 0.0
    mix: float = 0.0
    erasing: RandomErasing = field(default_factory=RandomErasing)
    colours: ColourJitter = field(default_factory=ColourJitter)
    mixing: AugMix = field(default_factory=AugMix)

    def __post_init__(self) -> None:
        for name in ("height", "width"):
            if not SMALLEST_PX <= getattr(self, name) <= LARGEST_PX:
                raise ConfigError(f"{name} {getattr(self, name)} is out of range; give {SMALLEST_PX} to {LARGEST_PX}")
        for name in ("flip", "crop", "erase", "jitter", "mix"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"probability {name} {getattr(self, name):g} is out of range; give 0 to 1")
        if not 0 <= self.padding <= min(self.height, self.width):
            raise ConfigError(
                f"padding {self.padding} is out of range; give 0 to {min(self.height, self.width)}, the shorter side"
            )

    @classmethod
    def none(cls, height: int = 256, width: int = 128) -> "Augmentation":
        """Scaling alone, as for validation."""
        return cls(height, width, flip=0, crop=0, erase=0)

    def __call__(self, image: Image, random: np.random.Generator) -> Image:
        """Changes one image.

        Args:
            image: (h, w, 3) uint8 BGR of any size; stays as it is.
            random: Where all chance comes from: the same state gives the same picture.

        Returns:
            (height, width, 3) uint8 BGR.
        """
        # All are drawn, whatever their probabilities: changing one option leaves the chance of the others as it is.
        draws = dict(zip(("mix", "jitter", "flip", "crop", "erase"), random.random(5), strict=True))
        seeds = dict(zip(draws, random.integers(2**63, size=5), strict=True))
        picture = np.asarray(cv2.resize(image, (self.width, self.height), interpolation=cv2.INTER_LINEAR), np.uint8)
        if draws["mix"] < self.mix:
            picture = self.mixing(picture, np.random.default_rng(seeds["mix"]))
        if draws["jitter"] < self.jitter:
            picture = self.colours(picture, np.random.default_rng(seeds["jitter"]))
        if draws["flip"] < self.flip:
            picture = np.asarray(cv2.flip(picture, 1), np.uint8)
        if draws["crop"] < self.crop and self.padding:
            picture = _moved(picture, np.random.default_rng(seeds["crop"]).integers(-self.padding, self.padding + 1, 2))
        if draws["erase"] < self.erase:
            picture = self.erasing(picture, np.random.default_rng(seeds["erase"]))
        return picture


def _moved(image: Image, offset: NDArray[np.int64]) -> Image:
    """The picture moved by (down, right) pixels, which is what padding it and cutting it back comes to."""
    height, width = image.shape[:2]
    down, right = (int(value) for value in offset)
    moved = np.zeros_like(image)
    moved[max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)] = image[
        max(-down, 0) : height - max(down, 0), max(-right, 0) : width - max(right, 0)
    ]
    return moved
