"""What each step of ``python -m benchmarks.embedder`` is worth on the ``choose`` people: rank-1 / mAP, and how near the teacher.

    python -m benchmarks.embedder.steps DATA WORK

WORK is that command's folder: ``twin.npz`` (learnt from views), ``sharp.npz`` (with the discriminant), ``paddle/best.npz``;
those that are missing are left out. The first crop of each person and camera asks, all others answer. Training prints the
same figures of each stage every 250 steps.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

from benchmarks.embedder.bank import people_of
from benchmarks.embedder.sharpen import embeddings
from benchmarks.embedder.teacher import TEACHER, Discriminant, networks_are_here
from benchmarks.embedder.teachers import scores
from ingest.models import load_embedder
from training.weights import load_network

SHRINKAGES = (0.3, 1.0, 3.0, 10.0)
ENLARGED = 1.08


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    settings = parser.parse_args()
    if not networks_are_here(TEACHER):
        return
    choose, fit = people_of(settings.data, "choose"), people_of(settings.data, "fit")
    crops = {
        part: [cv2.imread(str(image.path)) for image in images] for part, images in (("choose", choose), ("fit", fit))
    }
    print("| network | rank-1 / mAP |\n|---|---|")
    twin = settings.work / "twin.npz"
    if twin.exists():
        network = load_network(twin)
        alone, both = (embeddings(network, crops["choose"], mirror=mirror) for mirror in (False, True))
        nearer = embeddings(network, [enlarged(crop) for crop in crops["choose"]], mirror=True)
        print(f"| views | {scores(unit(alone), choose)} |\n| views, mirror images too | {scores(unit(both), choose)} |")
        print(f"| the same, and enlarged by {ENLARGED} | {scores(unit(both + nearer), choose)} |", flush=True)
        learnt = embeddings(network, crops["fit"], mirror=True)
        people = np.array([image.person for image in fit])
        for shrinkage in SHRINKAGES:
            turned = Discriminant.fit(learnt, people, shrinkage=shrinkage).project(both)
            print(
                f"| mirror images, a discriminant with shrinkage {shrinkage} | {scores(turned, choose)} |", flush=True
            )
    for name in ("sharp.npz", "paddle/best.npz"):
        if (settings.work / name).exists():
            found = embeddings(load_network(settings.work / name), crops["choose"], mirror=True)
            print(f"| {name}, mirror images too | {scores(unit(found), choose)} |", flush=True)
    if twin.exists():
        teacher = load_embedder(TEACHER, precision="bf16", batch=16)
        raw = teacher.embed(crops["fit"])
        space = Discriminant.fit(raw, people)
        for part, own, taught in (("fit", learnt, raw), ("choose", both, teacher.embed(crops["choose"]))):
            print(
                f"\n1 - cosine to the teacher on {part}: {1 - (unit(own) * space.project(taught)).sum(axis=1).mean():.3f}"
            )


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def enlarged(crop: np.ndarray) -> np.ndarray:
    """The middle of a crop."""
    height, width = crop.shape[:2]
    down, across = (int(size * (1 - 1 / ENLARGED) / 2) for size in (height, width))
    return crop[down : height - down, across : width - across]


if __name__ == "__main__":
    main()
