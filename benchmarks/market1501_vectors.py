"""Sets of vectors with people and cameras, for ``market1501_peers``: real, random, and with everything that is awkward."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from ingest.catalogue import FOLDERS_VARIABLE
from ingest.models import load_embedder
from retrieval.crop_vectors import CropVectors
from retrieval.person_images import read_person_images

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
EMBEDDER = "person-reidentification-retail-0277"
QUERIES, GALLERY, DIMENSION = 3368, 15913, 2048
"""Of Market-1501, with the vectors of a ResNet50."""


@dataclass(frozen=True, eq=False)
class Market:
    """Queries and gallery: (N, D) float32 of unit length; people and cameras (N,) int64."""

    query: NDArray[np.float32]
    query_people: NDArray[np.int64]
    query_cameras: NDArray[np.int64]
    gallery: NDArray[np.float32]
    gallery_people: NDArray[np.int64]
    gallery_cameras: NDArray[np.int64]


def real() -> Market | None:
    """Crops of the people for choosing by a real network: each person's first in each camera asks for the others."""
    crops = SHARED / "reid-cuhk"
    if not crops.is_dir():
        return None
    people = {int(person) for person in json.loads((crops / "splits.json").read_text())["choose"]}
    images = [image for image in read_person_images(crops / "bounding_box_train") if image.person in people]
    with patch.dict(os.environ, {FOLDERS_VARIABLE: str(SHARED / "models")}):
        vectors = CropVectors(load_embedder(EMBEDDER)).of([image.path for image in images]).vectors
    who = np.array([(image.person, image.camera) for image in images])
    asks = np.zeros(len(who), bool)
    asks[np.unique(who, axis=0, return_index=True)[1]] = True
    return Market(vectors[asks], *who[asks].T, vectors[~asks], *who[~asks].T)


def made_up(
    *,
    seed: int,
    queries: int = 200,
    gallery: int = 800,
    people: int = 60,
    cameras: int = 6,
    dimension: int = 128,
    noise: float = 1.5,
) -> Market:
    """A direction for each person plus noise; every person may be in every camera."""
    rng = np.random.default_rng(seed)
    directions = rng.standard_normal((people + 1, dimension), np.float32)
    who = rng.integers(1, people + 1, queries + gallery)
    where = rng.integers(1, cameras + 1, queries + gallery)
    vectors = unit(directions[who] + np.float32(noise) * rng.standard_normal((len(who), dimension), np.float32))
    return Market(vectors[:queries], who[:queries], where[:queries], vectors[queries:], who[queries:], where[queries:])


def random() -> Market:
    """Vectors that say nothing of who somebody is."""
    return made_up(seed=1, noise=1e6)


def junk_and_distractors() -> Market:
    """A fifth of the gallery shows nobody rightly, a fifth nobody who is asked for."""
    market = made_up(seed=2)
    kinds = np.random.default_rng(3).random(len(market.gallery))
    market.gallery_people[kinds < 0.2] = -1
    market.gallery_people[kinds > 0.8] = 0
    return market


def ties() -> Market:
    """Forty different vectors in all: nearly every distance is equal to others."""
    market = made_up(seed=4)
    some = market.gallery[:40].copy()
    rng = np.random.default_rng(5)
    market.gallery[:] = some[rng.integers(0, 40, len(market.gallery))]
    market.query[:] = some[rng.integers(0, 40, len(market.query))]
    return market


def copies() -> Market:
    """Every tenth gallery image is there twice, the second time as somebody else's in another camera."""
    market = made_up(seed=6)
    market.gallery[1::10] = market.gallery[::10]
    return market


def one_camera_people() -> Market:
    """Half of the people are in one camera only: their queries cannot be answered."""
    market = made_up(seed=7)
    for people, cameras in (
        (market.query_people, market.query_cameras),
        (market.gallery_people, market.gallery_cameras),
    ):
        cameras[people <= 30] = 1
    return market


def wide() -> Market:
    """Vectors as long as those of a ResNet50."""
    return made_up(seed=8, queries=200, gallery=1000, dimension=DIMENSION, noise=3)


def full_size() -> Market:
    """As many queries, images, people, cameras and distractors as Market-1501 has."""
    market = made_up(seed=9, queries=QUERIES, gallery=GALLERY, people=750, dimension=DIMENSION, noise=4)
    market.gallery_people[:2798] = 0
    return market


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Vectors at unit length."""
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


SETS: dict[str, Callable[[], Market | None]] = {
    "real crops": real,
    "random": random,
    "junk and distractors": junk_and_distractors,
    "one-camera people": one_camera_people,
    "2,048 numbers": wide,
    "copies": copies,
    "ties": ties,
}
