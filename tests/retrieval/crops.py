"""Small pictures of people, drawn: everybody has a colour of their own."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from gallery.tracklet import EmbedderIdentity
from ingest.frame import Image
from ingest.thresholds import Thresholds

COLOURS = {1: (0, 0, 255), 2: (0, 255, 0), 3: (255, 0, 0), 0: (128, 128, 128), -1: (255, 255, 255)}


def write_crop(folder: Path, name: str, colour: tuple[int, int, int] | None = None) -> Path:
    """A crop by the name's person: above in their colour, below black, with noise of its own, not symmetrical."""
    folder.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(sum(name.encode())).integers(0, 40, (48, 24, 3))
    image = np.zeros((48, 24, 3), np.uint8)
    image[:24, :16] = colour or COLOURS[int(name.split("_")[0])]
    cv2.imwrite(str(folder / name), np.clip(image.astype(int) + noise, 0, 255).astype(np.uint8))
    return folder / name


def write_market(folder: Path) -> Path:
    """Three people in up to three cameras, with a distractor, junk, and a person without a match."""
    for name in ("0001_c1_0.png", "0002_c2_0.png", "0003_c1_0.png"):
        write_crop(folder / "query", name)
    gallery = ("0001_c1_1.png", "0001_c2_1.png", "0001_c3_1.png", "0002_c1_1.png", "0003_c1_1.png", "0000_c2_1.png")
    for name in (*gallery, "-1_c2_1.png"):
        write_crop(folder / "bounding_box_test", name)
    (folder / "bounding_box_test" / "Thumbs.db").touch()
    return folder


class MeanColour:
    """The simplest embedder there is: the mean colour of the left and of the right half."""

    identity = EmbedderIdentity("mean colour", "0" * 64, 6)
    thresholds = Thresholds(0.5, 0.5, 0.5)

    def __init__(self, breaks_after: int | None = None) -> None:
        self.asked = 0
        self._breaks_after = breaks_after

    def embed(self, crops: Sequence[Image]) -> NDArray[np.float32]:
        self.asked += len(crops)
        if self._breaks_after is not None and self.asked > self._breaks_after:
            raise KeyboardInterrupt
        halves = [np.hstack([crop[:, :12].mean((0, 1)), crop[:, 12:].mean((0, 1))]) for crop in crops]
        vectors = np.array(halves, np.float32).reshape(-1, 6)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
