"""Which images make a batch. All are pure functions of (seed, epoch): nothing has to be saved to go on.

``epoch(number)`` gives the batches of one rank; ranks 0 … world-1 together give whole steps that share no draw. Images
are used evenly over the epochs, so that after any number of them two images of the set differ by a draw or two.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from gallery.errors import ConfigError
from training.samples import TrainingSet

Batches = list[NDArray[np.int64]]
"""Indices into the set's samples, one array per batch."""

UNIT = 1 << 32
"""Lengths on the line of ``_group_counts`` are whole numbers of 1/UNIT groups: no rounding moves a border."""

GOLDEN = 2654435769
"""UNIT / golden ratio: steps of it fill a circle most evenly, whenever they stop (Knuth, TAOCP 3, 6.4)."""

_ORDER, _PEOPLE, _PERSON = range(3)
"""What a random stream is for; part of its seed."""


class Sampler(Protocol):
    """Which images make a batch."""

    @property
    def rank(self) -> int:
        """Whose batches these are, of ``world`` processes that train together."""
        ...

    def epoch(self, number: int) -> Batches:
        """The batches of an epoch, counted from 0."""
        ...


@dataclass(frozen=True)
class InOrder:
    """Every image once, in the set's order; the last batch may be short. For looking at a set, not for training.

    Attributes:
        data: The set.
        batch: Images in a batch.

    Raises:
        ConfigError: If the batch is smaller than 1.
    """

    data: TrainingSet
    batch: int = 64
    rank: ClassVar[int] = 0

    def __post_init__(self) -> None:
        _at_least(1, [("batch", self.batch)])

    def epoch(self, number: int) -> Batches:
        """See ``Sampler.epoch``; all epochs are alike."""
        return np.split(np.arange(len(self.data)), range(self.batch, len(self.data), self.batch))


@dataclass(frozen=True)
class PlainSampler:
    """All images in random order: permutations one after the other, cut into batches.

    What is left of a permutation begins the next epoch, so no image is dropped and no batch is short.

    Attributes:
        data: The set.
        batch: Images in a batch of one rank.
        seed: Of the order.
        rank: Of this process, 0 … world-1.
        world: Processes that train together; a step takes batch × world images.

    Raises:
        ConfigError: If a number is out of range, or a step takes more images than there are.
    """

    data: TrainingSet
    batch: int = 64
    seed: int = 0
    rank: int = 0
    world: int = 1

    def __post_init__(self) -> None:
        _check(self.seed, self.rank, self.world, batch=self.batch)
        if self.batch * self.world > len(self.data):
            raise ConfigError(
                f"a batch of {self.batch} on {self.world} device(s) takes more than the {len(self.data)} images "
                f"of the set; give a batch of at most {len(self.data) // self.world}"
            )

    def epoch(self, number: int) -> Batches:
        """See ``Sampler.epoch``."""
        total, step = len(self.data), self.batch * self.world
        steps = total // step
        first, last = number * steps * step, (number + 1) * steps * step
        laps = range(first // total, (last - 1) // total + 1)
        stream = np.concatenate([_random(self.seed, _ORDER, lap).permutation(total) for lap in laps])
        drawn = stream[first - laps[0] * total : last - laps[0] * total].reshape(steps, self.world, self.batch)
        return list(drawn[:, self.rank])


@dataclass(frozen=True)
class PKSampler:
    """P people with K images of each in every batch (arXiv 1703.07737), the images of a person side by side.

    A person with fewer than K images is repeated within the K; nobody stands twice in a batch. People come as often as
    they have images, so images are used evenly however they are spread over people.

    Attributes:
        data: The set.
        people: P.
        images: K.
        seed: Of the order.
        rank: Of this process, 0 … world-1.
        world: Processes that train together; a step takes P × K × world images.

    Raises:
        ConfigError: If a number is out of range, or P is more than the set has.
    """

    data: TrainingSet
    people: int = 16
    images: int = 4
    seed: int = 0
    rank: int = 0
    world: int = 1

    def __post_init__(self) -> None:
        _check(self.seed, self.rank, self.world, people=self.people, images=self.images)
        if self.people > len(self.data.people):
            raise ConfigError(
                f"a batch of {self.people} people is more than the {len(self.data.people)} of the set; "
                "lower the people of a batch (ids), or learn from more"
            )

    @property
    def steps(self) -> int:
        """Batches of an epoch and rank: so many that about as many images are drawn as there are."""
        return max(1, round(len(self.data) / (self.people * self.images * self.world)))

    def epoch(self, number: int) -> Batches:
        """See ``Sampler.epoch``."""
        places = self.steps * self.world
        counts, before = self._group_counts(number, places)
        random = _random(self.seed, _PEOPLE, number)
        order = random.permutation(len(counts))
        who = np.repeat(order, counts[order])
        batches = random.permutation(places)[np.arange(len(who)) % places]
        rows: list[list[NDArray[np.int64]]] = [[] for _ in range(places)]
        drawn = dict.fromkeys(range(len(counts)), 0)
        for person, batch in zip(who.tolist(), batches.tolist(), strict=True):
            rows[batch].append(self._group(person, int(before[person]) + drawn[person]))
            drawn[person] += 1
        mine = rows[self.rank :: self.world]
        return [np.concatenate([row[k] for k in random.permutation(len(row))]) for row in mine]

    def _group_counts(self, number: int, places: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """How many groups of K each person gives in an epoch, and gave in all epochs before.

        People lie on a line, each as long as the groups that the person should give; marks at every whole number from
        an offset on say how many each gives. An offset that moves by the golden ratio evens out the fractions.
        """
        sizes = np.bincount(self.data.labels, minlength=len(self.data.people))
        borders = np.concatenate([[0], np.cumsum(_shares(sizes, places * self.people, places))])
        start = int(_random(self.seed, _PERSON).integers(UNIT))

        def counts(epoch: int) -> NDArray[np.int64]:
            offset = (start + epoch * GOLDEN) % UNIT
            return np.asarray(np.diff(-((offset - borders) // UNIT)), np.int64)

        before = np.zeros(len(sizes), np.int64)
        for epoch in range(number):
            before += counts(epoch)
        return counts(number), before

    def _group(self, person: int, number: int) -> NDArray[np.int64]:
        """The K images of a person's group, counted over all epochs.

        The images lie on rings (one, or one per camera), which are gone round in turns. When all rings are back where
        they began, they are shuffled anew. So every ring's images are used evenly, and none twice in a group while the
        ring has others.
        """
        rings = self._rings[person]
        turn = math.lcm(self.images, *(len(rings) * len(ring) for ring in rings)) // self.images
        random = _random(self.seed, _PERSON, person, number // turn)
        shuffled = [random.permutation(rings[k]) for k in random.permutation(len(rings))]
        slots = range(number % turn * self.images, (number % turn + 1) * self.images)
        return np.array([_on_ring(shuffled, slot) for slot in slots], np.int64)

    @cached_property
    def _rings(self) -> list[list[NDArray[np.int64]]]:
        return [[images] for images in _parted(self.data.labels)]


class CameraBalancedPKSampler(PKSampler):
    """As ``PKSampler``, with the K images of a person spread over the cameras that saw the person.

    Each of those cameras gives K/C images, rounded up or down in turns: positives from other cameras, which are what
    retrieval is about, are in every group that can have them. Within a camera images are used evenly; a camera with
    few images of a person gives them more often.
    """

    @cached_property
    def _rings(self) -> list[list[NDArray[np.int64]]]:
        cameras = self.data.camera_numbers
        return [
            [images[part] for part in _parted(cameras[images]) if len(part)] for images in _parted(self.data.labels)
        ]


def _parted(labels: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Where each label stands, by label."""
    return np.split(np.argsort(labels, kind="stable"), np.cumsum(np.bincount(labels))[:-1])


def _on_ring(rings: list[NDArray[np.int64]], slot: int) -> int:
    ring = rings[slot % len(rings)]
    return int(ring[slot // len(rings) % len(ring)])


def _shares(sizes: NDArray[np.int64], total: int, most: int) -> NDArray[np.int64]:
    """Parts a total by sizes, none above ``most``; what is cut off goes to the others.

    Args:
        sizes: (N,) how large each share should be beside the others.
        total: Sum of the shares, at most N × most.
        most: The largest share.

    Returns:
        (N,) shares in units of 1/UNIT; their sum is total × UNIT.
    """
    shares = np.zeros(len(sizes), np.float64)
    free = np.ones(len(sizes), np.bool_)
    while free.any():
        shares[free] = (total - most * (~free).sum()) * (sizes[free] / sizes[free].sum())
        over = free & (shares > most)
        if not over.any():
            break
        shares[over] = most
        free &= ~over
    whole = np.minimum(np.floor(shares * UNIT).astype(np.int64), most * UNIT)
    rest = total * UNIT - int(whole.sum())
    # What rounding left over: the first share below the limit takes it, and what it cannot take the next ones.
    for k in np.flatnonzero(whole < most * UNIT):
        added = min(rest, most * UNIT - int(whole[k]))
        whole[k] += added
        rest -= added
    return whole


def _random(*key: int) -> np.random.Generator:
    return np.random.default_rng(key)


def _check(seed: int, rank: int, world: int, **counts: int) -> None:
    _at_least(0, [("seed", seed)])
    _at_least(1, [("world", world), *counts.items()])
    if not 0 <= rank < world:
        raise ConfigError(f"rank {rank} of {world} processes is out of range; give 0 to {world - 1}")


def _at_least(least: int, values: Iterable[tuple[str, int]]) -> None:
    for name, value in values:
        if value < least:
            raise ConfigError(f"{name} {value} is too small; give {least} or more")
