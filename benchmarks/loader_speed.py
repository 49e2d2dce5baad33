"""How many training images a second are read and changed: by threads, by processes, and kept in memory.

    python -m benchmarks.loader_speed [--data DIR] [--batches N] [--workers N]

Every row makes the same batches (16 people × 4 images, 256×128). Processes are started anew (spawn) and send their
batches through pipes; the time they take to start is not counted. Kept images are read in a round before.
Uses the training images of the project's shared data; without them, or with --data, those of another set.
"""

import argparse
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

import cv2

from benchmarks.scenes import SHARED
from training.augmentation import Augmentation
from training.loader import Batch, Loader
from training.readers import read_training_set
from training.samplers import Batches, PKSampler
from training.samples import TrainingSet

KINDS = {
    "scaling alone": Augmentation.none(),
    "flip, crop, erasing": Augmentation(),
    "and jitter and AugMix, 0.5 each": Augmentation(jitter=0.5, mix=0.5),
}
ROOM = 4 << 30

_loaders: list[Loader] = []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=SHARED / "data" / "reid-cuhk")
    parser.add_argument("--batches", type=int, default=40)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    arguments = parser.parse_args()
    if not arguments.data.is_dir():
        print(f"skipped: {arguments.data} is absent; name a set by --data")
        return
    cv2.setNumThreads(1)
    begin = time.perf_counter()
    data = read_training_set(arguments.data)
    print(f"{len(data)} images read and checked: {len(data) / (time.perf_counter() - begin):.0f} a second")
    print(f"{'':34}{'no worker':>12}{f'{arguments.workers} threads':>12}{'processes':>12}{'kept':>12}   images/s")
    for kind, augmentation in KINDS.items():
        row = [
            rate(lambda loader=loader: loader.epoch(1), arguments.batches)
            for loader in (of(data, augmentation, 0), of(data, augmentation, arguments.workers))
        ]
        row.append(by_processes(data, augmentation, arguments.workers, arguments.batches))
        kept = of(data, augmentation, arguments.workers, cache_bytes=ROOM)
        rate(lambda kept=kept: kept.epoch(1), arguments.batches)
        row.append(rate(lambda kept=kept: kept.epoch(1), arguments.batches))
        print(f"{kind:34}" + "".join(f"{value:12.0f}" for value in row), flush=True)


class Drawn:
    """The batches of one epoch, drawn once, so that only the loading is timed."""

    rank = 0

    def __init__(self, data: TrainingSet) -> None:
        self._batches = PKSampler(data).epoch(1)

    def epoch(self, number: int) -> Batches:
        return self._batches


def of(data: TrainingSet, augmentation: Augmentation, workers: int, cache_bytes: int = 0) -> Loader:
    return Loader(data, Drawn(data), augmentation, workers=workers, cache_bytes=cache_bytes)


def rate(batches: Callable[[], Iterator[Batch]], count: int) -> float:
    begin = time.perf_counter()
    images = sum(len(batch.labels) for batch in islice(batches(), count))
    return images / (time.perf_counter() - begin)


def by_processes(data: TrainingSet, augmentation: Augmentation, workers: int, count: int) -> float:
    with ProcessPoolExecutor(workers, get_context("spawn"), prepare, (data, augmentation)) as pool:
        list(pool.map(one_batch, range(2 * workers)))  # all have started
        return rate(lambda: pool.map(one_batch, range(count)), count)


def prepare(data: TrainingSet, augmentation: Augmentation) -> None:
    cv2.setNumThreads(1)
    _loaders.append(of(data, augmentation, 0))


def one_batch(position: int) -> Batch:
    return next(_loaders[0].epoch(1, first=position))


if __name__ == "__main__":
    main()
