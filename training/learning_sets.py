"""Who a run learns from and who is held out: the sets of its settings, read, joined and parted."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from gallery.errors import ConfigError
from training.readers import read_training_set
from training.samples import TrainingSet, join_sets
from training.train_settings import TrainSettings
from training.validation import query_indices


@dataclass(frozen=True)
class LearningSets:
    """Two sets without a common person.

    Attributes:
        fit: To learn from.
        held: To validate on, None if nobody is held out.
    """

    fit: TrainingSet
    held: TrainingSet | None

    def fingerprint(self) -> str:
        """Hash of who is on which image file, in their order, wherever the folder is."""
        digest = hashlib.sha256()
        for part in filter(None, (self.fit, self.held)):
            digest.update(json.dumps([part.people, part.cameras]).encode())
            for sample in part.samples:
                digest.update(f"{sample.path.name} {sample.label} {sample.camera}\n".encode())
        return digest.hexdigest()


def learning_sets(settings: TrainSettings) -> LearningSets:
    """Reads the sets that the settings name.

    Raises:
        SourceError: If a set cannot be read.
        ConfigError: If the people that are named are not there, stand on both sides, or cannot be validated on.
    """
    whole = _joined(settings)
    share = settings.hold_out_share
    if share is None:
        held_people = read_people(settings.hold_out)
        held = whole.only(held_people)
        named = set(held.people)
        rest = [name for name in whole.people if name not in named]
        fit = whole.only(read_people(settings.people)) if settings.people else whole.only(rest)
        if both := sorted(named & set(fit.people)):
            raise ConfigError(
                f"{len(both)} people are in both {settings.people} and {settings.hold_out} ({', '.join(both[:5])}); "
                "hold out people who are not trained on"
            )
    else:
        chosen = whole.only(read_people(settings.people)) if settings.people else whole
        if share == 0:
            return LearningSets(chosen, None)
        fit, held = chosen.hold_out(share, settings.seed)
    query_indices(held)  # says so if nothing can be found
    return LearningSets(fit, held)


def read_people(reference: str) -> tuple[str, ...]:
    """The people of ``FILE:NAME``, a list of numbers or names in a JSON file.

    Raises:
        ConfigError: If there is no such file or list.
    """
    file, colon, name = reference.rpartition(":")
    if not (file and colon and name):
        raise ConfigError(f"{reference!r} names no list of people; write FILE:NAME, for example splits.json:fit")
    try:
        lists = json.loads(Path(file).read_text())
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file}: cannot be read as JSON ({error}); give a file like {{\"fit\": [1, 2]}}") from error
    if not isinstance(lists, dict) or not isinstance(lists.get(name), list):
        there = ", ".join(lists) if isinstance(lists, dict) else "none"
        raise ConfigError(f"{file}: has no list {name!r} of people; its lists are: {there}")
    wrong = [one for one in lists[name] if isinstance(one, bool) or not isinstance(one, int | str)]
    if wrong or not lists[name]:
        raise ConfigError(f"{file}: the list {name!r} must hold numbers or names of people, and at least one")
    return tuple(map(str, lists[name]))


def _joined(settings: TrainSettings) -> TrainingSet:
    paths = [Path(path) for path in settings.data]
    sets = {}
    for path, name in zip(paths, _short_names(paths), strict=True):
        sets[name] = read_training_set(path, skip_bad=settings.skip_bad)
    return join_sets(sets)


def _short_names(paths: list[Path]) -> list[str]:
    """What parts the people of several sets: the folders' names, with as many parents as tell them apart."""
    for length in range(1, max(len(path.parts) for path in paths) + 1):
        names = ["/".join(path.parts[-length:]).replace(":", "_") for path in paths]
        if len(set(names)) == len(names):
            return names
    raise ConfigError(f"{paths[0]} is named twice; name each set once")
