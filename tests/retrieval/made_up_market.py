"""An evaluation of made-up vectors, with drawn pictures behind it."""

from pathlib import Path

import numpy as np

from gallery.tracklet import EmbedderIdentity
from retrieval.market1501 import MarketEvaluation, MarketSettings, PersonVectors, evaluate_vectors
from retrieval.person_images import PersonImage
from retrieval.rerank import Reranking
from tests.retrieval.crops import write_crop

RED, GREEN, BLUE = (0, 0, 255), (0, 255, 0), (255, 0, 0)


def made_up_market(
    folder: Path, *, people: int = 6, cameras: int = 3, noise: float = 0.6, seed: int = 1,
    rerank: Reranking | None = None, pictures: bool = True, distractors: int = 2,
) -> MarketEvaluation:  # fmt: skip
    """Everybody is once in the queries and twice in the gallery by each camera; the last person is seen by one alone."""
    rng = np.random.default_rng(seed)
    looks = rng.standard_normal((people + 1, 8))
    sides = []
    for role, copies in (("query", 1), ("bounding_box_test", 2)):
        images, vectors = [], []
        for person in range(1, people + 1):
            for camera in range(1, (1 if person == people else cameras) + 1):
                for copy in range(copies):
                    images.append(PersonImage(folder / role / f"{person:04d}_c{camera}_{copy}.png", person, camera))
                    vectors.append(looks[person] + noise * rng.standard_normal(8))
        for k in range(distractors if copies == 2 else 0):
            images.append(PersonImage(folder / role / f"0000_c1_{k}.png", 0, 1))
            vectors.append(rng.standard_normal(8))
        if pictures:
            for image in images:
                write_crop(image.path.parent, image.path.name, (RED, GREEN, BLUE)[image.person % 3])
        unit = np.array(vectors) / np.linalg.norm(vectors, axis=1, keepdims=True)
        sides.append(PersonVectors(tuple(images), unit.astype(np.float32)))
    settings = MarketSettings(folder, EmbedderIdentity("made-up", "ab" * 32, 8), flip=True, rerank=rerank)
    return evaluate_vectors(*sides, settings, junk=3)
