"""One picture of a camera, and when it was taken."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""(H, W, 3) uint8, BGR, as OpenCV has it."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame of a source.

    Attributes:
        index: Number of the frame in its source, from 0. With sampling, indices of frames left out are skipped.
        time: UTC.
        image: (H, W, 3) uint8, BGR.
    """

    index: int
    time: datetime
    image: Image
