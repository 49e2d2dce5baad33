"""Keeps what a run must not lose: the checkpoint that it goes on from, and the best network so far."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from gallery.errors import ConfigError, ModelError
from gallery.tracklet import EmbedderIdentity
from training.checkpoint import Checkpoint
from training.learner import Arrays, Learner
from training.run_folder import RunFolder, teachers_json
from training.train_settings import HOW_ONLY, TrainSettings
from training.validation import Validation
from training.weights import save_network
from training.world import World


@dataclass(frozen=True)
class Progress:
    """How far a run is; with the learner's state all that it needs to go on.

    Attributes:
        step: Steps done.
        seconds: Time that they took, over all starts.
        best: What the best network finds among the people held out, None if there is none yet or nobody is held out.
        best_step: After which step the best network was made, 0 if there is none yet.
    """

    step: int = 0
    seconds: float = 0.0
    best: Validation | None = None
    best_step: int = 0

    def stepped(self, seconds: float) -> "Progress":
        """One step later."""
        return replace(self, step=self.step + 1, seconds=self.seconds + seconds)


class Keeper:
    """Writes and reads the files of one run; where several processes train, only the first one writes.

    Args:
        folder: Of the run.
        settings: Of the run.
        data: Fingerprint of the images and people.
        learner: Whose state is kept.
        world: The processes that train.
        teachers: The embedders that are distilled from.
    """

    def __init__(
        self,
        folder: RunFolder,
        settings: TrainSettings,
        data: str,
        learner: Learner,
        world: World,
        *,
        teachers: Sequence[EmbedderIdentity] = (),
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._data = data
        self._learner = learner
        self._world = world
        self._teachers = teachers_json(teachers)
        self._saved = time.monotonic()

    def begin(self) -> Progress:
        """Writes the settings of a new run down."""
        if self._world.writes:
            self._folder.begin(self._settings)
        return Progress()

    def go_on(self, checkpoint: Checkpoint) -> Progress:
        """Puts the learner in the state of a checkpoint.

        Raises:
            ConfigError: If the images or people are others than they were.
            ModelError: If the checkpoint is of another network, or not whole.
        """
        facts = checkpoint.facts
        if facts.get("data") != self._data:
            raise ConfigError(
                f"the images or people in {' '.join(self._settings.data)} are others than those that the run began "
                "with; restore them, or begin a new run (from its best.npz, by --weights)"
            )
        self._learner.restore(checkpoint.arrays)
        try:
            best = None if facts["best"] is None else Validation(**facts["best"])
            return Progress(int(facts["step"]), float(facts["seconds"]), best, int(facts["best_step"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(
                f"{self._folder.last}: lacks what this version keeps ({error}); begin a new run"
            ) from error

    def keep_best(self, progress: Progress, found: Validation | None) -> Progress:
        """Writes the network if it finds more than the best one so far, or nobody is held out to tell.

        Where the weights are averaged, it is the average that was validated and is written.

        Raises:
            ConfigError: If the weights are no finite numbers; the one before stays then.
        """
        if found is not None and progress.best is not None and found.mAP <= progress.best.mAP:
            return progress
        if self._world.writes:
            self._finite_state(progress)
            with self._learner.averaged():
                save_network(self._folder.best, self._learner.network, self._about(progress, found))
        return replace(progress, best=found, best_step=progress.step)

    def is_due(self) -> bool:
        """Whether the last checkpoint is so old that losing what came after it would hurt."""
        return time.monotonic() - self._saved >= self._settings.save_seconds

    def save(self, progress: Progress) -> None:
        """Writes the checkpoint over the one before.

        Raises:
            ConfigError: If the weights are no finite numbers; the one before stays then.
            ConfigError: If the disk is full; the one before is whole then.
        """
        if self._world.writes:
            state = self._finite_state(progress)
            best = None if progress.best is None else asdict(progress.best)
            facts = asdict(progress) | {
                "best": best,
                "settings": self._settings.to_json(),
                "data": self._data,
                "teachers": self._teachers,
                "processes": self._world.size,
            }
            self._folder.save(Checkpoint(state, facts))
        self._saved = time.monotonic()

    def _finite_state(self, progress: Progress) -> Arrays:
        state = self._learner.state()
        if not all(np.isfinite(array).all() for array in state.values()):
            raise ConfigError(
                f"after step {progress.step} the weights are no finite numbers: the run has diverged; lower lr, "
                "lengthen the warm-up or set clip, and begin a new run"
            )
        return state

    def _about(self, progress: Progress, found: Validation | None) -> dict[str, Any]:
        held_out = None if found is None else asdict(found)
        return {"training": {"step": progress.step, "held_out": held_out, "settings": told(self._settings)}}


def told(settings: TrainSettings) -> dict[str, Any]:
    """What a network file says of its making: all that was learned by, files by their names alone.

    A network is given away; the folders of the machine that made it are nobody's business.
    """
    values = {name: value for name, value in settings.to_json().items() if name not in HOW_ONLY}
    for name in ("data", "people"):
        values[name] = [Path(address).name for address in values[name]]
    for name in ("hold_out", "weights", "teacher"):
        values[name] = values[name] and ",".join(Path(part).name for part in values[name].split(","))
    return values
