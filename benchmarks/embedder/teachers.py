"""Which network should teach: each one on the ``choose`` people, as it is and through a discriminant of the ``fit`` people.

    python -m benchmarks.embedder.teachers DATA

The first crop of each person and camera asks, all others answer.
"""

import argparse
from pathlib import Path

import numpy as np

from benchmarks.embedder.bank import crops_of, people_of
from benchmarks.embedder.teacher import Discriminant, networks_are_here
from benchmarks.embedder.teacher import Floats as Vectors
from ingest.models import load_embedder
from retrieval.person_images import PersonImage
from retrieval.reid_metrics import evaluate_rankings

NUMBERS = ("0277", "0286", "0287", "0288")


def scores(vectors: Vectors, images: tuple[PersonImage, ...]) -> str:
    """rank-1 / mAP."""
    people = np.array([image.person for image in images])
    cameras = np.array([image.camera for image in images])
    _, asked = np.unique(np.stack([people, cameras]), axis=1, return_index=True)
    found = evaluate_rankings(vectors[asked], people[asked], cameras[asked], vectors, people, cameras)
    return f"{found.cmc(1)[0]:.3f} / {found.mean_precision:.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    data = parser.parse_args().data
    if not data.is_dir():
        print(f"skipped: {data} is absent")
        return
    if not networks_are_here(*(f"person-reidentification-retail-{number}" for number in NUMBERS)):
        return
    fit, choose = people_of(data, "fit"), people_of(data, "choose")
    who = np.array([image.person for image in fit])
    fit_crops, choose_crops = list(crops_of(fit)), list(crops_of(choose))
    print("| network | as it is | through the discriminant |\n|---|---|---|")
    each: list[tuple[Vectors, Vectors]] = []
    for number in NUMBERS:
        embedder = load_embedder(f"person-reidentification-retail-{number}", precision="bf16", batch=16)
        learnt, asked = embedder.embed(fit_crops), embedder.embed(choose_crops)
        each.append((learnt, asked))
        space = Discriminant.fit(learnt, who)
        print(f"| {number} | {scores(asked, choose)} | {scores(space.project(asked), choose)} |", flush=True)
    learnt, asked = (np.concatenate(two, axis=1) / np.sqrt(2) for two in zip(*each[:2], strict=True))
    space = Discriminant.fit(learnt, who)
    print(f"| 0277 and 0286 side by side | {scores(asked, choose)} | {scores(space.project(asked), choose)} |")


if __name__ == "__main__":
    main()
