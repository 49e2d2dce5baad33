"""The teacher: a public Re-ID network, seen through the directions in which the training people differ."""

import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.scenes import SHARED
from ingest.catalogue import FOLDERS_VARIABLE, installed

Floats = NDArray[np.float32]

TEACHER = "person-reidentification-retail-0277"
"""Best of the public networks here on the ``choose`` people (``python -m benchmarks.embedder teachers``)."""

DIMENSIONS = 128
SHRINKAGE = 0.3


def networks_are_here(*names: str) -> bool:
    """Whether networks are installed, those of the shared data counting where it is there; says so if one is not."""
    shared = SHARED / "data" / "models"
    if shared.is_dir():
        os.environ.setdefault(FOLDERS_VARIABLE, str(shared))
    missing = set(names) - {model.network.name for model in installed()}
    if missing:
        print(f"skipped: {', '.join(sorted(missing))} are not installed; `passerby models pull NAME` gets them")
    return not missing


@dataclass(frozen=True, eq=False)
class Discriminant:
    """Linear discriminant analysis (Fisher 1936): directions that part people, with those that part crops of one scaled down.

    Attributes:
        mean: (D,) of all vectors.
        matrix: (D, K) whitens what differs within a person, keeps the K directions in which people differ most, and weighs
            each by the root of its reliability b / (1 + b), b being its variance between people over that within.
    """

    mean: NDArray[np.float64]
    matrix: NDArray[np.float64]

    @classmethod
    def fit(
        cls,
        vectors: Floats,
        people: NDArray[np.int64],
        *,
        dimensions: int = DIMENSIONS,
        shrinkage: float = SHRINKAGE,
    ) -> "Discriminant":
        """Fits it to (N, D) vectors of unit length of (N,) people.

        Args:
            vectors: What a teacher gives.
            people: Who each shows.
            dimensions: K.
            shrinkage: How much of the mean variance is added to every direction within people.
        """
        mean = vectors.mean(axis=0, dtype=np.float64)
        centred = vectors - mean
        _, who = np.unique(people, return_inverse=True)
        means = np.zeros((who.max() + 1, vectors.shape[1]))
        np.add.at(means, who, centred)
        means /= np.bincount(who)[:, None]
        rest = centred - means[who]
        within = rest.T @ rest / len(rest)
        within += shrinkage * np.trace(within) / len(within) * np.eye(len(within))
        variances, axes = np.linalg.eigh(within)
        whitening = axes / np.sqrt(variances)
        between, axes = np.linalg.eigh(whitening.T @ (means.T @ means / len(means)) @ whitening)
        between, axes = between[::-1][:dimensions], axes[:, ::-1][:, :dimensions]
        return cls(mean, whitening @ axes * np.sqrt(between / (1 + between)))

    def project(self, vectors: Floats) -> Floats:
        """(N, D) vectors to (N, K), of unit length."""
        projected = (vectors - self.mean) @ self.matrix
        return np.asarray(projected / np.linalg.norm(projected, axis=1, keepdims=True), np.float32)
