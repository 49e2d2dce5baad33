"""How evenly samplers use the images of a set, and how often a person's group has images of two cameras.

    python -m benchmarks.sampling [--data DIR] [--people FILE:PART] [--epochs N]

The row "by chance" draws P people and K images of each anew for every batch (K with repeats where a person has fewer),
as much code does. Without the project's shared data, name a set.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.scenes import SHARED
from training.readers import read_training_sets
from training.samplers import CameraBalancedPKSampler, PKSampler, PlainSampler
from training.samples import TrainingSet

PEOPLE, IMAGES = 16, 4


def main() -> None:
    home = SHARED / "data" / "reid-cuhk"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=home)
    parser.add_argument("--people")
    parser.add_argument("--epochs", type=int, default=60)
    arguments = parser.parse_args()
    if not arguments.data.exists():
        print(f"skipped: {arguments.data} is absent; name a set by --data")
        return
    people = arguments.people or (f"{home}/splits.json:fit" if arguments.data == home else None)
    data = read_training_sets([str(arguments.data)], people=[people] if people else [])
    print(f"{len(data)} images of {len(data.people)} people, {arguments.epochs} epochs of P = {PEOPLE}, K = {IMAGES}")
    print(f"{'':16}{'draws of an image: least':>26}{'mean':>8}{'most':>8}{'deviation':>11}{'two cameras':>13}")
    samplers = {
        "plain": PlainSampler(data, batch=PEOPLE * IMAGES),
        "P×K": PKSampler(data, PEOPLE, IMAGES),
        "camera-balanced": CameraBalancedPKSampler(data, PEOPLE, IMAGES),
    }
    for name, sampler in samplers.items():
        row(name, data, (batch for epoch in range(arguments.epochs) for batch in sampler.epoch(epoch)))
    row("by chance", data, by_chance(data, arguments.epochs * samplers["P×K"].steps))


def row(name: str, data: TrainingSet, batches: Iterator[NDArray[np.int64]]) -> None:
    counts, groups, crossing = np.zeros(len(data), np.int64), 0, 0
    for batch in batches:
        np.add.at(counts, batch, 1)
        for group in batch.reshape(-1, IMAGES):
            groups += 1
            crossing += len(set(data.camera_numbers[group])) > 1
    share = "-" if name == "plain" else f"{crossing / groups:.3f}"
    print(f"{name:16}{counts.min():26}{counts.mean():8.1f}{counts.max():8}{counts.std():11.2f}{share:>13}", flush=True)


def by_chance(data: TrainingSet, steps: int) -> Iterator[NDArray[np.int64]]:
    random = np.random.default_rng(0)
    own = [np.flatnonzero(data.labels == person) for person in range(len(data.people))]
    for _ in range(steps):
        people = random.choice(len(own), PEOPLE, replace=False)
        yield np.concatenate([random.choice(own[p], IMAGES, replace=len(own[p]) < IMAGES) for p in people])


if __name__ == "__main__":
    main()
