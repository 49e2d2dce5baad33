"""Small pictures of nobody, and data sets made of them."""

from pathlib import Path

import cv2
import numpy as np


def draw(path: Path, seed: int = 0, *, width: int = 12, height: int = 24) -> Path:
    """A picture of four random colours, the same for the same seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    colours = np.random.default_rng(seed).integers(0, 256, (2, 2, 3), np.uint8)
    picture = cv2.resize(colours, (width, height), interpolation=cv2.INTER_NEAREST)
    assert cv2.imwrite(str(path), picture)
    return path


def market(folder: Path, *, train: tuple[str, ...], query: tuple[str, ...] = (), test: tuple[str, ...] = ()) -> Path:
    """A data set in Market-1501's layout; names are like ``0001_c1_0``, each picture is another one."""
    seed = 0
    for part, names in (("bounding_box_train", train), ("query", query), ("bounding_box_test", test)):
        (folder / part).mkdir(parents=True, exist_ok=True)
        for name in names:
            seed += 1
            draw(folder / part / f"{name}.png", seed)
    return folder
