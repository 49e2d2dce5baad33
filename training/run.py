"""A run that is ready to go: the parts that its settings name, in the state in which the run stopped or begins."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gallery.errors import ConfigError
from ingest.stop import Stop
from training.augmentation import Augmentation, RandomErasing
from training.course import Course
from training.distillation import Teacher, load_teacher
from training.keeper import Keeper, Progress
from training.learner import Learner, draw_by
from training.learning_sets import LearningSets, learning_sets
from training.loader import Loader
from training.network import ReidNetwork, build_network
from training.network_settings import NetworkSettings
from training.objective import Objective
from training.run_folder import RunFolder, refuse_other_teachers
from training.samplers import CameraBalancedPKSampler, InOrder, PKSampler, PlainSampler, Sampler
from training.samples import TrainingSet
from training.start_weights import start_from
from training.train_settings import TrainSettings
from training.validation import ReadBatches
from training.watch import Watch
from training.world import World

VALIDATION_BATCH = 64
"""Images that are embedded at once."""


@dataclass(frozen=True)
class Run:
    """A run and how far it was before.

    Attributes:
        settings: What is learned, and how.
        folder: Where it is kept.
        world: The processes that train together.
        sets: Who is learned from, and who is held out.
        loader: Gives the batches of this process.
        course: Says which step has which batch and rate.
        learner: Learns them.
        keeper: Keeps what must not be lost.
        read: Gives the images of people held out.
        start: How far the run was before.
    """

    settings: TrainSettings
    folder: RunFolder
    world: World
    sets: LearningSets
    loader: Loader
    course: Course
    learner: Learner
    keeper: Keeper
    read: ReadBatches
    start: Progress

    @property
    def images_per_step(self) -> int:
        """Of all processes together."""
        return self.world.size * len(self.loader.sampler.epoch(0)[0])


def prepare_run(settings: TrainSettings, out: Path, world: World, watch: Watch, stop: Stop, *, resume: bool) -> Run:
    """Reads the images, makes the network and all else, and takes up the checkpoint if there is one.

    Raises:
        PasserbyError: Whatever of it does not work.
        KeyboardInterrupt: If it shall stop while images are read; nothing is lost, since nothing is learned yet.
    """

    def on_image(done: int, total: int) -> None:
        watch.reads(done, total)
        if stop.reason is not None:
            raise KeyboardInterrupt

    folder = RunFolder(out)
    checkpoint = folder.open(settings, resume=resume, world=world)
    # What is quickly refused comes before the images, of which every one is read.
    network, teacher = build_network_and_teacher(settings)
    check_loss(settings, network, teacher)
    teachers = () if teacher is None else teacher.identities
    if checkpoint is not None:
        refuse_other_teachers(checkpoint, teachers)
    sets = learning_sets(settings, on_image=on_image)
    if sets.left_out is not None:
        watch.note(sets.left_out)
    if checkpoint is None and settings.weights is not None:
        mismatch = start_from(Path(settings.weights), network, allow_mismatch=settings.allow_mismatch)
        if mismatch:
            watch.note(f"left out of {settings.weights}: {mismatch}")
    loader = build_loader(settings, sets.fit, world)
    learner = build_learner(settings, network, teacher, len(sets.fit.people), world)
    keeper = Keeper(folder, settings, sets.fingerprint(), learner, world, teachers=teachers)
    start = keeper.begin() if checkpoint is None else keeper.go_on(checkpoint)
    course = Course(settings, per_epoch=len(loader.sampler.epoch(0)))
    return Run(settings, folder, world, sets, loader, course, learner, keeper, image_reader(settings), start)


def build_network_and_teacher(settings: TrainSettings) -> tuple[ReidNetwork, Teacher | None]:
    """The network, with weights that are drawn by the seed, and the teacher if there is one.

    Raises:
        ConfigError: If the network cannot be built so, or half precision is asked of a CPU.
        ModelError: If the teacher cannot be used.
    """
    if settings.amp != "off" and settings.device != "cuda":
        raise ConfigError(f"amp {settings.amp} is for GPUs; set device cuda, or leave it out")
    draw_by(settings.seed)
    network = build_network(network_settings(settings))
    return network, None if settings.teacher is None else load_teacher(settings.teacher, device=settings.device)


def check_loss(settings: TrainSettings, network: ReidNetwork, teacher: Teacher | None) -> None:
    """Refuses a loss that cannot be read, or would learn nothing from the batches.

    Raises:
        ConfigError: Naming it.
    """
    objective = Objective.parse(settings.loss, dimension=network.dimension, classes=2, teacher=teacher)
    if objective.needs_pairs and settings.sampler == "plain":
        raise ConfigError(
            f"loss {settings.loss} learns from several images of a person in a batch, which sampler plain does not give; "
            "use sampler pk or camera"
        )


def build_loader(settings: TrainSettings, fit: TrainingSet, world: World) -> Loader:
    """What gives the batches of this process.

    Raises:
        ConfigError: If the set is too small for a batch, or the augmentation does not fit the size.
    """
    change = Augmentation(
        height=settings.height,
        width=settings.width,
        flip=settings.flip,
        crop=settings.crop,
        padding=settings.padding,
        erase=settings.erase,
        jitter=settings.jitter,
        mix=settings.augmix,
        erasing=RandomErasing(fill=settings.erase_fill),
    )
    sampler = build_sampler(settings, fit, world)
    cache = settings.cache_mb * 2**20
    return Loader(fit, sampler, change, settings.seed, settings.workers, cache_bytes=cache)


def image_reader(settings: TrainSettings) -> ReadBatches:
    """What gives the images of people held out, scaled and nothing else."""

    def read(held: TrainingSet) -> Iterator[NDArray[np.float32]]:
        scaled = Augmentation.none(settings.height, settings.width)
        loader = Loader(held, InOrder(held, VALIDATION_BATCH), scaled, workers=settings.workers)
        return (batch.images for batch in loader.epoch(0))

    return read


def build_learner(
    settings: TrainSettings, network: ReidNetwork, teacher: Teacher | None, people: int, world: World
) -> Learner:
    """What makes the network better; the loss's own weights are drawn by the seed too."""
    draw_by(settings.seed, 1)
    objective = Objective.parse(settings.loss, dimension=network.dimension, classes=people, teacher=teacher)
    optimizer = {
        "name": settings.optimizer,
        "weight_decay": settings.weight_decay,
        "momentum": settings.momentum,
        "clip": settings.clip,
    }
    return Learner(
        network, objective, optimizer=optimizer, ema=settings.ema, amp=settings.amp, seed=settings.seed, world=world
    )


def network_settings(settings: TrainSettings) -> NetworkSettings:
    """The network that is trained.

    Raises:
        ConfigError: If it cannot be built so.
    """
    values: dict[str, Any] = settings.to_json()
    same = ("backbone", "embedding", "pooling", "bnneck", "last_stride", "ibn", "non_local", "relu", "unpadded_pool")
    return NetworkSettings(**{name: values[name] for name in same}, height=settings.height, width=settings.width)


def build_sampler(settings: TrainSettings, fit: TrainingSet, world: World) -> Sampler:
    """What makes the batches of this process.

    Raises:
        ConfigError: If the set is too small for a batch.
    """
    if settings.sampler == "plain":
        return PlainSampler(fit, settings.batch, settings.seed, world.rank, world.size)
    kind = CameraBalancedPKSampler if settings.sampler == "camera" else PKSampler
    return kind(fit, settings.ids, settings.images, settings.seed, world.rank, world.size)
