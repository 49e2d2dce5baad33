"""The training loop: learn a batch, write it down, look for held-out people now and then, keep what is needed to go on.

Whatever a step draws (its batch, augmentation, dropout) is a pure function of the seed and the step, so a run that is
stopped anywhere and resumed learns exactly what an undisturbed one does.
"""

import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from ingest.stop import Stop
from training.keeper import Progress
from training.run import Run, prepare_run
from training.run_folder import RunLock
from training.train_settings import TrainSettings
from training.training_log import TrainingLog
from training.validation import Validation, validate
from training.watch import Begun, Stepped, Validated, Watch, Watches
from training.world import join_world


@dataclass(frozen=True)
class TrainingResult:
    """What a run gave.

    Attributes:
        run: Its folder.
        best: The network file that found most among the people held out, or the last one if nobody was; None before
            the first validation.
        last: The checkpoint, None if not a step was done.
        steps: Steps done.
        epochs: Epochs begun.
        images: Images that are learned from.
        people: People on them.
        held_out: What ``best`` finds among the people held out; None if nobody was.
        best_step: After how many steps it was made.
        parameters: How many numbers the network is made of.
        seconds: Time that the steps took, over all starts.
        images_per_second: Over this start, 0 if nothing was left to do.
        stopped_by: The signal that ended it early, else None.
    """

    run: Path
    best: Path | None
    last: Path | None
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
        watch: Is told what goes on, in the first of several processes.
        stop: Ends it after the step that runs, with a checkpoint.

    Raises:
        ConfigError: If a setting is wrong, the folder holds another run, or the loss is no number.
        SourceError: If the images cannot be read.
        ModelError: If the weights to start from, or the checkpoint, cannot be used.
        KeyboardInterrupt: If it shall stop while images are read, before the first step.
    """
    world, stop = join_world(settings.device), stop or Stop()
    watch = watch if watch is not None and world.writes else Watch()
    with ExitStack() as stack:
        if world.writes:
            stack.enter_context(RunLock(out))
        run = prepare_run(settings, out, world, watch, stop, resume=resume)
        if world.writes:
            log = stack.enter_context(closing(TrainingLog(out, run.learner.parts, run.start.step)))
            if not log.has_events:
                watch.note(
                    "events for TensorBoard are left out, since tensorboardX is not installed; the tables are written"
                )
            watch = Watches(log, watch)
        watch.begun(_beginning(run))
        progress = learn(run, watch, stop)
    return _result(run, progress, stop)


def learn(run: Run, watch: Watch, stop: Stop) -> Progress:
    """Goes through the steps that are left, to the end or until it shall stop."""
    progress = run.start
    clock = time.monotonic()
    with closing(run.course.batches(run.loader, progress.step)) as batches:
        for batch in batches:
            step, epoch = progress.step, run.course.epoch_of(progress.step)
            rate = run.course.rate(step)
            learned = run.learner.learn(batch.images, batch.labels, rate=rate, step=step, stop=stop.reason is not None)
            seconds = time.monotonic() - clock
            progress = progress.stepped(seconds)
            speed = len(batch.labels) * run.world.size / seconds
            watch.stepped(Stepped(step + 1, epoch + 1, rate, learned.loss, learned.parts, speed))

            validates = run.course.validates_after(progress.step)
            if validates:
                progress = _validated(run, progress, watch)
            if validates or learned.stop or run.keeper.is_due():
                run.keeper.save(progress)
            if learned.stop:
                break
            clock = time.monotonic()
    return progress


def _validated(run: Run, progress: Progress, watch: Watch) -> Progress:
    """Looks for the people held out, with the averaged weights if there are any, and keeps the network if it is the best."""
    if run.sets.held is None:
        return run.keeper.keep_best(progress, None)
    with run.learner.averaged():
        found = validate(run.learner.network, run.sets.held, run.read)
    progress = run.keeper.keep_best(progress, found)
    watch.validated(Validated(progress.step, run.course.epoch_of(progress.step - 1) + 1, found, progress.best or found))
    return progress


def _beginning(run: Run) -> Begun:
    return Begun(
        steps=run.course.total,
        per_epoch=run.course.per_epoch,
        done=run.start.step,
        epochs=run.course.epochs,
        images=len(run.sets.fit.samples),
        people=len(run.sets.fit.people),
        cameras=len(run.sets.fit.cameras),
        held_out=0 if run.sets.held is None else len(run.sets.held.people),
        parameters=run.learner.parameters,
        dimension=run.learner.network.dimension,
        processes=run.world.size,
        best=run.start.best,
    )


def _result(run: Run, progress: Progress, stop: Stop) -> TrainingResult:
    folder, seconds = run.folder, progress.seconds - run.start.seconds
    learned = (progress.step - run.start.step) * run.images_per_step
    return TrainingResult(
        run=folder.path,
        best=folder.best if progress.best_step else None,
        last=folder.last if progress.step else None,
        steps=progress.step,
        epochs=-(-progress.step // run.course.per_epoch),
        images=len(run.sets.fit.samples),
        people=len(run.sets.fit.people),
        held_out=progress.best,
        best_step=progress.best_step,
        parameters=run.learner.parameters,
        seconds=round(progress.seconds, 3),
        images_per_second=round(learned / seconds, 2) if seconds else 0.0,
        stopped_by=stop.reason if progress.step < run.course.total else None,
    )
