"""How a demo camera renders light and colour: each one differently."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from ingest.frame import Image

_GRAINS = 6


@dataclass(frozen=True)
class Look:
    """Colours of one camera.

    Attributes:
        gain: Of blue, green and red.
        gamma: Below 1 brightens the middle tones.
        lift: Added to everything.
        noise: Standard deviation.
        drift: How much the light comes and goes.
        period_seconds: How long that takes.
    """

    gain: tuple[float, float, float]
    gamma: float
    lift: float
    noise: float
    drift: float
    period_seconds: float


LOOKS = (
    Look((0.90, 0.98, 1.06), 0.95, 4.0, 1.8, 0.035, 31.0),  # warm lamps
    Look((1.08, 1.00, 0.95), 0.88, 6.0, 2.2, 0.045, 43.0),  # open shade
    Look((0.89, 0.98, 1.08), 1.00, 0.0, 1.8, 0.050, 37.0),  # low sun
    Look((0.97, 1.04, 0.94), 1.08, 6.0, 3.0, 0.030, 27.0),  # old tubes
)


class Lens:
    """Turns what is before a camera into what its video shows."""

    def __init__(self, look: Look, width: int, height: int, seed: int) -> None:
        self._look = look
        rng = np.random.default_rng(seed)
        self._phase = float(rng.uniform(0, 2 * math.pi))
        self._seed = seed
        shape = (_GRAINS, height, width, 3)
        self._grain = np.rint(rng.normal(0, look.noise, shape)).astype(np.int16)

    def record(self, image: Image, seconds: float) -> Image:
        """One frame, (H, W, 3) uint8, as the camera shows it at that time."""
        look = self._look
        light = 1 + look.drift * math.sin(self._phase + 2 * math.pi * seconds / look.period_seconds)
        tone = (np.arange(256) / 255) ** look.gamma * 255 * light
        table = np.clip(tone[:, None] * look.gain + look.lift, 0, 255).astype(np.uint8)
        toned = cv2.LUT(image, table[None])
        # From the moment alone, not from how many frames were taken before: however they are asked for, they agree.
        chance = np.random.default_rng((self._seed, round(seconds * 1000)))
        grain = self._grain[chance.integers(_GRAINS)]
        flip = int(chance.integers(-1, 2))
        return np.asarray(cv2.add(toned, cv2.flip(grain, flip), dtype=cv2.CV_8U), np.uint8)
