"""From crops to what a network of ours sees, and back without loss."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ingest.frame import Image

MEAN = (0.485, 0.456, 0.406)
"""Of ImageNet's pixels, red, green, blue, where white is 1."""

STD = (0.229, 0.224, 0.225)
"""Their standard deviation."""

_SCALE = (255 * np.array(STD, np.float32)).reshape(3, 1, 1)
_SHIFT = (255 * np.array(MEAN, np.float32)).reshape(3, 1, 1)


def normalise(crops: Sequence[Image]) -> NDArray[np.float32]:
    """(B, 3, H, W) float32 RGB, ImageNet's mean taken off and divided by its deviation, from (H, W, 3) BGR uint8 crops."""
    pixels = np.stack(crops)[..., ::-1].transpose(0, 3, 1, 2).astype(np.float32)
    return np.ascontiguousarray((pixels - _SHIFT) / _SCALE)


def crops_of(images: NDArray[np.float32]) -> list[Image]:
    """The (H, W, 3) BGR uint8 crops that were normalised to ``images`` (B, 3, H, W).

    Exact: neighbouring grey levels are 0.017 apart, rounding in float32 is a ten-thousandth of that.

    Raises:
        ValueError: If the images were not made so: something lies outside of 0 to 255, or between two levels.
    """
    levels = images * _SCALE + _SHIFT
    pixels = np.rint(levels)
    if not (np.abs(levels - pixels) < 0.01).all() or pixels.min(initial=0) < 0 or pixels.max(initial=255) > 255:
        raise ValueError("these images are no normalised uint8 crops, so a teacher cannot be shown them")
    return list(np.ascontiguousarray(pixels.transpose(0, 2, 3, 1)[..., ::-1].astype(np.uint8)))
