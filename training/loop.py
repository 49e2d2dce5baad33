"""The training loop: learn a batch, write it down, look for held-out people now and then, keep what is needed to go on.

Everything that a step draws (its batch, its augmentation, its dropout) is a pure function of the seed and the step, so a
run that is stopped anywhere and resumed learns exactly what an undisturbed one does.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ingest.stop import Stop
from training.batches import Course
from training.checkpoint import Checkpoint
from training.learner import Learner
from training.learning_sets import LearningSets, learning_sets
from training.run_folder import RunFolder, RunLock
from training.run_parts import build_learner, load_weights
from training.schedule import learning_rate
from training.train_settings import TrainSettings
from training.training_log import TrainingLog
from training.validation import Validation, validate
from training.watch import Begun, Stepped, Validated, Watch
from training.weights import save_network
from training.world import World, join_world

SAVE_SECONDS = 300.0
"""A crash costs at most so much work, and what a step takes."""


@dataclass(frozen=True)
class Progress:
    """How far a run is; with the learner's state all that it needs to go on.

    Attributes:
        step: Steps done.
        seconds: Time spent on them, over all starts.
        best: What the best network found, None before the first validation.
        best_step: After which step that was.
    """

    step: int = 0
    seconds: float = 0.0
    best: Validation | None = None
    best_step: int = 0


@dataclass(frozen=True)
class TrainingResult:
    """What a run gave.

    Attributes:
        run: Its folder.
        best: The network file that found most among the held-out people; the last one if nobody was held out.
        last: The checkpoint.
        steps: Steps done.
        epochs: Epochs begun.
        images: Images learned from.
        people: People on them.
        held_out: What ``best`` finds among the people held out; None if nobody was.
        best_step: After how many steps it was made.
        parameters: How many numbers the network is made of.
        seconds: Time spent, over all starts.
        images_per_second: Over this start; 0 if nothing was left to do.
        stopped_by: The signal that ended it early, else None.
    """

    run: Path
    best: Path
    last: Path
    steps: int
    epochs: int
    images: int
    people: int
    held_out: Validation | None
    best_step: int
    parameters: int
    seconds: float
    images_per_second: float
    stopped_by: str | None


def train(
    settings: TrainSettings, out: Path, *, resume: bool = False, watch: Watch | None = None, stop: Stop | None = None
) -> TrainingResult:
    """Trains a network, from the beginning or from where the run in ``out`` stopped.

    Args:
        settings: What is learned, and how.
        out: Folder of the run.
        resume: Whether to go on with the run that is there; it begins if there is none.
        watch: Is told what goes on.
        stop: Ends it after the step that runs, with a checkpoint.

    Raises:
        ConfigError: If a setting is wrong, the folder holds another run, or the loss is no number.
        SourceError: If the images cannot be read.
        ModelError: If the weights to start from, or the checkpoint, cannot be used.
    """
    watch, stop = watch or Watch(), stop or Stop()
    world = join_world(settings.device)
    folder = RunFolder(out)
    if not world.writes:
        return _run(settings, folder, world, resume, Watch(), stop)
    with RunLock(out):
        return _run(settings, folder, world, resume, watch, stop)


def _run(
    settings: TrainSettings, folder: RunFolder, world: World, resume: bool, watch: Watch, stop: Stop
) -> TrainingResult:
    checkpoint = folder.open(settings, resume=resume, processes=world.size)
    sets = learning_sets(settings)
    course = Course.of(settings, sets.fit, world)
    learner = build_learner(settings, sets.fit, world)
    if checkpoint is None:
        progress = Progress()
        load_weights(settings, learner.network, watch)
        if world.writes:
            folder.begin(settings)
    else:
        progress = restore(checkpoint, sets, learner)
    world.meet()
    start = progress
    keeper = Keeper(settings, folder, sets, learner, world)
    watch.begun(Begun(sets, course.total, course.per_epoch, progress.step, learner.network, world))
    with TrainingLog(folder.path, learner.parts, progress.step) if world.writes else nullcontext() as log:
        ...
