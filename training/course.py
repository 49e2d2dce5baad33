"""The course of a run: which batch and which learning rate each step has, and after which ones it is validated."""

from collections.abc import Generator
from dataclasses import dataclass
from itertools import islice

from training.loader import Batch, Loader
from training.schedule import learning_rate
from training.train_settings import TrainSettings


@dataclass(frozen=True)
class Course:
    """All steps of a run, from 0. The same for every process.

    Attributes:
        settings: Of the run.
        per_epoch: Steps of an epoch.
    """

    settings: TrainSettings
    per_epoch: int

    @property
    def total(self) -> int:
        """Steps of the run."""
        return self.settings.length * self._unit

    @property
    def epochs(self) -> int:
        """Epochs of the run, the last one perhaps cut short."""
        return -(-self.total // self.per_epoch)

    def epoch_of(self, step: int) -> int:
        """The epoch of a step, both from 0."""
        return step // self.per_epoch

    def rate(self, step: int) -> float:
        """The learning rate of a step."""
        one = self.settings
        return learning_rate(
            step,
            peak=one.lr,
            length=self.total,
            warmup=one.warmup_length * self._unit,
            kind=one.schedule,
            milestones=tuple(milestone * self._unit for milestone in one.milestones),
            factor=one.factor,
        )

    def validates_after(self, done: int) -> bool:
        """Whether the held-out people are looked for when so many steps are done: now and then, and at the end."""
        return done == self.total or done % (self.settings.validation_period * self._unit) == 0

    def batches(self, loader: Loader, done: int) -> Generator[Batch]:
        """The batches of the steps that are left when so many are done."""
        for epoch in range(self.epoch_of(done), self.epochs):
            first = max(done - epoch * self.per_epoch, 0)
            last = min(self.total - epoch * self.per_epoch, self.per_epoch)
            yield from islice(loader.epoch(epoch, first=first), last - first)

    @property
    def _unit(self) -> int:
        """Steps of what the settings count."""
        return 1 if self.settings.iterations else self.per_epoch
