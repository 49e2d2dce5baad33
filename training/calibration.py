"""Which images an INT8 variant is calibrated on."""

import numpy as np
from numpy.typing import NDArray

from gallery.errors import ConfigError
from ingest.image import read_image
from ingest.sidecar import InputFormat
from ingest.tensor import resize, to_tensor
from training.samples import TrainingSet

CALIBRATION_IMAGES = 128
"""So many are drawn; twice as many change nothing that can be measured."""

LEAST_IMAGES = 16
"""Ranges of fewer would be those pictures'."""

BATCH = 4
"""Images whose activations are in memory at a time: a gigabyte for a ResNet50."""


def calibration_images(data: TrainingSet, form: InputFormat, seed: int = 0) -> NDArray[np.float32]:
    """(N, 3, H, W) images drawn from a set, as a network takes them; N divides by 4.

    Args:
        data: Images like those that the network will see, of people whom it may have learned from.
        form: What the network takes.
        seed: Another one draws others.

    Raises:
        ConfigError: If there are fewer than ``LEAST_IMAGES``.
        SourceError: If one cannot be read.
    """
    count = min(len(data), CALIBRATION_IMAGES) // BATCH * BATCH
    if count < LEAST_IMAGES:
        raise ConfigError(
            f"INT8 cannot be calibrated on {len(data)} images; name at least {LEAST_IMAGES} by --calibrate, none of them of "
            "those in --data"
        )
    chosen = np.random.default_rng(seed).permutation(len(data))[:count]
    return to_tensor([resize(read_image(data.samples[index].path), form)[0] for index in chosen], form)
