"""The folder of a run: its settings, its checkpoint, its best network, and the lock of whoever trains in it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from gallery.errors import ConfigError, ModelError
from gallery.lock import FileLock
from gallery.tracklet import EmbedderIdentity
from training.checkpoint import Checkpoint, read_checkpoint, replace_file, write_checkpoint
from training.recipe import checked, flag
from training.train_settings import HOW_ONLY, TrainSettings
from training.world import World


@dataclass(frozen=True)
class RunFolder:
    """Where a run is kept; the files' names are the interface.

    Attributes:
        path: The folder.
    """

    path: Path

    @property
    def settings(self) -> Path:
        """All settings, as JSON."""
        return self.path / "settings.json"

    @property
    def last(self) -> Path:
        """The checkpoint that ``--resume`` goes on from."""
        return self.path / "last.npz"

    @property
    def best(self) -> Path:
        """The network that found most among the held-out people, as ``load_network`` reads it."""
        return self.path / "best.npz"

    def open(self, settings: TrainSettings, *, resume: bool, world: World) -> Checkpoint | None:
        """What the run goes on from: None if it begins.

        Raises:
            ConfigError: If there is a run and it is not to be resumed, or it was made with other settings.
            ModelError: If its checkpoint is damaged.
        """
        if not resume:
            # Asked by the first process alone: it is about to write what the others would find.
            if world.writes and any(path.exists() for path in (self.settings, self.last, self.best)):
                raise ConfigError(
                    f"{self.path} holds a run; go on with it by --resume, or choose another folder for --out"
                )
            return None
        if not self.last.exists():
            return None
        checkpoint = read_checkpoint(self.last)
        refuse_other_settings(stored_settings(checkpoint), settings)
        if checkpoint.facts.get("processes") != world.size:
            raise ConfigError(
                f"the run was begun by {checkpoint.facts.get('processes')} processes, and now there are {world.size}; "
                "start as many as then, or its batches would be others"
            )
        return checkpoint

    def begin(self, settings: TrainSettings) -> None:
        """Writes the settings down.

        Raises:
            ConfigError: If the folder cannot be written to.
        """
        text = json.dumps(settings.to_json(), indent=2) + "\n"
        replace_file(self.settings, lambda file: file.write(text.encode()))

    def save(self, checkpoint: Checkpoint) -> None:
        """Writes the checkpoint over the one before."""
        write_checkpoint(self.last, checkpoint)


class RunLock:
    """Keeps a second training out of a folder, while this one lasts.

    Raises:
        ConfigError: If somebody trains there, or the folder cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = FileLock(folder / ".lock")

    def __enter__(self) -> "RunLock":
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            free = self._lock.acquire()
        except OSError as error:
            raise ConfigError(f"cannot write to {self._folder} ({error.strerror}); choose another folder") from error
        if not free:
            raise ConfigError(
                f"process {self._lock.holder()} trains in {self._folder}; wait for it, or choose another folder for --out"
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()


def stored_settings(checkpoint: Checkpoint) -> TrainSettings:
    """The settings that a checkpoint was made with.

    Raises:
        ModelError: If they are not those of this version.
    """
    try:
        return TrainSettings(**checked(checkpoint.facts["settings"], complete=True))
    except (ConfigError, KeyError, TypeError) as error:
        raise ModelError(f"the checkpoint was made by another version of this program ({error}); begin anew") from error


def refuse_other_settings(stored: TrainSettings, asked: TrainSettings) -> None:
    """Refuses settings that would make another run of this one.

    Raises:
        ConfigError: Naming each setting that differs, as it was and as it is asked for.
    """
    before, now = stored.to_json(), asked.to_json()
    differing = [name for name in now if name not in HOW_ONLY and before[name] != now[name]]
    if differing:
        listed = "; ".join(f"{flag(name)} was {_shown(before, name)}, now {_shown(now, name)}" for name in differing)
        raise ConfigError(f"a run is resumed with its own settings, but {listed}; leave them out, or begin a new run")


def teachers_json(teachers: Sequence[EmbedderIdentity]) -> list[list[str]]:
    """Embedders that are distilled from as a checkpoint keeps them: name and SHA-256 of each, in their order."""
    return [[teacher.name, teacher.sha256] for teacher in teachers]


def refuse_other_teachers(checkpoint: Checkpoint, teachers: Sequence[EmbedderIdentity]) -> None:
    """Refuses teachers that are not those that the run began with, whatever they are called.

    Raises:
        ConfigError: Naming what was and what is.
    """
    before, now = checkpoint.facts.get("teachers", []), teachers_json(teachers)
    if before != now:
        raise ConfigError(
            f"the run began with {_named(before)}, and now there is {_named(now)}; put back what was there, or begin a "
            "new run (from its best.npz, by --weights)"
        )


def _named(teachers: Sequence[Sequence[str]]) -> str:
    listed = ", ".join(f"{name} (SHA-256 {sha256[:16]}...)" for name, sha256 in teachers)
    return f"teacher {listed}" if listed else "a teacher that was not written down"


def _shown(values: Mapping[str, Any], name: str) -> str:
    return json.dumps(values[name])
