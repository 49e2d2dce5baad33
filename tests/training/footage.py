"""Footage of people who are patches of colour, in two cameras of which the second sees everything redder."""

import cv2
import numpy as np

from retrieval.transit import Visits
from training.footage import Footage


def jpeg(person: int, seed: int, tint: int) -> bytes:
    """A person is two colours, a crop is these with noise."""
    colours = np.random.default_rng(person).integers(30, 220, (2, 1, 3)).astype(np.float32)
    picture = cv2.resize(colours, (32, 64), interpolation=cv2.INTER_NEAREST)
    picture += np.random.default_rng((person, seed)).normal(0, 15, picture.shape)
    picture[..., 2] += tint
    return cv2.imencode(".jpg", np.clip(picture, 0, 255).astype(np.uint8))[1].tobytes()


def footage(people: int = 20, crops: int = 3, *, way: float = 12.0, seed: int = 0) -> Footage:
    """Each person is seen by camera 0, and later by camera 1: tracklets p and people + p."""
    random = np.random.default_rng(seed)
    starts = np.cumsum(random.uniform(1.5, 4, people))
    later = starts + 3 + random.normal(way, 1, people)
    pictures = tuple(
        jpeg(p, 10 * camera + k, 40 * camera) for camera in (0, 1) for p in range(people) for k in range(crops)
    )
    visits = Visits(np.repeat([0, 1], people), np.concatenate([starts, later]), np.concatenate([starts + 3, later + 3]))
    return Footage(pictures, np.repeat(np.arange(2 * people), crops), visits)
