"""How well a network finds people whom it never saw: held-out training ids, by retrieval's own measures."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gallery.errors import ConfigError
from ingest.paddle_library import paddle
from retrieval.reid_metrics import evaluate_rankings
from training.network import ReidNetwork
from training.samples import TrainingSet

ReadBatches = Callable[[TrainingSet], Iterator[NDArray[np.float32]]]
"""Gives the images of a set in its order, (B, 3, H, W) at a time, as the network takes them, without augmentation."""


@dataclass(frozen=True)
class Validation:
    """What a network finds among the held-out people; all fractions 0-1.

    Attributes:
        mAP: Mean of the average precisions (mean of the precisions at the hits).
        rank1: Share of the queries whose nearest image shows the same person.
        rank5: The same among the nearest five.
        mINP: Mean inverse negative penalty.
        queries: How many were scored.
        images: In how many images they were looked for.
    """

    mAP: float  # noqa: N815 (the field's name for it)
    rank1: float
    rank5: float
    mINP: float  # noqa: N815
    queries: int
    images: int

    def figures(self) -> dict[str, float]:
        """The four measures by name."""
        return {"mAP": self.mAP, "rank1": self.rank1, "rank5": self.rank5, "mINP": self.mINP}


def query_indices(held: TrainingSet) -> NDArray[np.int64]:
    """One image of each person in each camera: the first one in the order of the set. (Q,) indices.

    All images are the gallery: a query's own image is of its own camera, so it is not looked at.

    Raises:
        ConfigError: If nobody of the set was seen by two cameras, so that nothing can be found.
    """
    cameras: dict[int, set[int]] = {}
    first: dict[tuple[int, int], int] = {}
    for index, sample in enumerate(held.samples):
        first.setdefault((sample.label, sample.camera), index)
        cameras.setdefault(sample.label, set()).add(sample.camera)
    if all(len(seen) < 2 for seen in cameras.values()):
        raise ConfigError(
            f"none of the {len(held.people)} held-out people was seen by two cameras, so validation would find nothing; "
            "hold out more people, or none: --hold-out 0"
        )
    return np.array(sorted(first.values()), np.int64)


def validate(network: ReidNetwork, held: TrainingSet, read: ReadBatches) -> Validation:
    """Embeds the held-out images and looks for each query in all cameras but its own.

    Raises:
        ConfigError: If an embedding is not finite: the run has diverged.
    """
    query_indices(held)  # says so before anything is embedded if nothing could be found
    return score(embed(network, read(held)), held)


def score(vectors: NDArray[np.float32], held: TrainingSet) -> Validation:
    """Looks for each query in all cameras but its own.

    Args:
        vectors: (N, D) float32, unit length, of the images in the order of the set.
        held: The people held out.

    Raises:
        ConfigError: If nobody of them was seen by two cameras.
    """
    queries = query_indices(held)
    people = np.array([sample.label for sample in held.samples], np.int64)
    cameras = np.array([sample.camera for sample in held.samples], np.int64)
    scores = evaluate_rankings(vectors[queries], people[queries], cameras[queries], vectors, people, cameras)
    return Validation(
        mAP=scores.mean_precision,
        rank1=scores.rank(1),
        rank5=scores.rank(5),
        mINP=scores.mean_penalty,
        queries=len(scores.scored),
        images=len(held.samples),
    )


def embed(network: ReidNetwork, batches: Iterator[NDArray[np.float32]]) -> NDArray[np.float32]:
    """(N, D) float32 embeddings of unit length.

    Raises:
        ConfigError: If one is not finite, or has no length.
    """
    network.eval()
    with paddle.no_grad():
        vectors = np.concatenate([network(paddle.to_tensor(batch)).astype("float32").numpy() for batch in batches])
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    if not (np.isfinite(lengths).all() and (lengths > 0).all()):
        raise ConfigError("the network's embeddings are no finite vectors: the run has diverged; lower lr, or set clip")
    return np.asarray(vectors / lengths, np.float32)
