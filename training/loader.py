"""Batches for training: images are read and changed by threads while the network computes.

Threads and not processes: OpenCV lets go of Python's lock while it works, so they are no slower
(``python -m benchmarks.loader_speed``), and processes would have to be forked after Paddle has begun its own threads,
which can hang, or be started anew with a copy of everything.
"""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from gallery.errors import ConfigError
from ingest.frame import Image
from training.image_memory import ImageMemory
from training.samplers import Sampler
from training.samples import TrainingSet

MEAN_RGB, STD_RGB = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet, for values 0-1; networks take images less the mean, divided by the standard deviation."""

NORMALISED = tuple(
    ((np.arange(256) / 255 - mean) / std).astype(np.float32) for mean, std in zip(MEAN_RGB, STD_RGB, strict=True)
)
"""What each of the 256 values of a channel becomes."""

AHEAD = 2
"""Batches that are kept ready, beside the one that each worker makes."""

Change = Callable[[Image, np.random.Generator], Image]
"""What is done to each image; ``Augmentation`` is one."""


@dataclass(frozen=True, eq=False)
class Batch:
    """What one step learns from.

    Attributes:
        images: (B, 3, H, W) float32, RGB, normalised with ImageNet's mean and standard deviation.
        labels: (B,) int64, who, as an index into the set's people.
        cameras: (B,) int64, index into the set's cameras.
        indices: (B,) int64, index into the set's samples.
    """

    images: NDArray[np.float32]
    labels: NDArray[np.int64]
    cameras: NDArray[np.int64]
    indices: NDArray[np.int64]


class Loader:
    """Makes the batches of a sampler.

    A batch is a pure function of (seed, epoch, its number, the sampler's rank): neither the number of workers nor what
    was loaded before changes it.
    """

    def __init__(
        self,
        data: TrainingSet,
        sampler: Sampler,
        augmentation: Change,
        seed: int = 0,
        workers: int | None = None,
        *,
        cache_bytes: int = 0,
    ) -> None:
        """Reads nothing yet.

        Args:
            data: The set.
            sampler: Which of its images make a batch.
            augmentation: What is done to an image; all pictures it gives have one size.
            seed: Of the augmentation.
            workers: Threads that make batches; 0 makes them when they are asked for. All cores if None.
            cache_bytes: Keep decoded images up to this size (see ``ImageMemory``).

        Raises:
            ConfigError: If a number is negative.
        """
        self.workers = len(os.sched_getaffinity(0)) if workers is None else workers
        for name, value in (("workers", self.workers), ("seed", seed)):
            if value < 0:
                raise ConfigError(f"{name} {value} is too small; give 0 or more")
        self.data, self.sampler, self.augmentation, self.seed = data, sampler, augmentation, seed
        self.memory = ImageMemory(cache_bytes)

    def epoch(self, number: int, *, first: int = 0) -> Iterator[Batch]:
        """The batches of an epoch, in order.

        Args:
            number: The epoch, counted from 0.
            first: The batch to begin with, for a training that goes on within an epoch.

        Raises:
            SourceError: If an image cannot be read any more.
        """
        batches = list(enumerate(self.sampler.epoch(number)))[first:]
        if self.workers:
            yield from self._by_threads(number, batches)
        else:
            for position, indices in batches:
                yield self._batch(number, position, indices, threading.Event())

    def _by_threads(self, epoch: int, batches: Sequence[tuple[int, NDArray[np.int64]]]) -> Iterator[Batch]:
        """Keeps a few batches ahead. However it ends, by an error, Ctrl-C or a loop that is left, its threads end."""
        stopped = threading.Event()
        pool = ThreadPoolExecutor(self.workers, thread_name_prefix="loader")
        try:
            ahead: deque[Future[Batch]] = deque()
            for position, indices in batches:
                ahead.append(pool.submit(self._batch, epoch, position, indices, stopped))
                if len(ahead) >= self.workers + AHEAD:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            stopped.set()
            pool.shutdown(wait=True, cancel_futures=True)

    def _batch(self, epoch: int, position: int, indices: NDArray[np.int64], stopped: threading.Event) -> Batch:
        pictures = []
        for slot, index in enumerate(indices.tolist()):
            if stopped.is_set():
                raise InterruptedError("the loader was stopped")  # nobody waits for this batch any more
            random = np.random.default_rng((self.seed, epoch, self.sampler.rank, position, slot))
            pictures.append(self.augmentation(self.memory.read(self.data.samples[index].path), random))
        return Batch(to_tensor(pictures), self.data.labels[indices], self.data.camera_numbers[indices], indices)


def to_tensor(pictures: Sequence[Image]) -> NDArray[np.float32]:
    """Pictures as networks take them.

    Args:
        pictures: Each (H, W, 3) uint8 BGR, all of one size, at least one.

    Returns:
        (B, 3, H, W) float32, RGB, normalised.
    """
    tensor = np.empty((len(pictures), 3, *pictures[0].shape[:2]), np.float32)
    for planes, picture in zip(tensor, pictures, strict=True):
        for channel, values in enumerate(NORMALISED):
            cv2.LUT(cv2.extractChannel(picture, 2 - channel), values, dst=planes[channel])
    return tensor
