"""Who a run learns from and who is held out: the sets of its settings, read, joined and parted."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from gallery.errors import ConfigError, SourceError
from training.image_check import OnImage
from training.readers import read_training_set, read_training_sets
from training.recipe import kept_settings
from training.samples import TrainingSet, listed
from training.train_settings import TrainSettings
from training.validation import query_indices

LEFT_OUT_SHOWN = 10
"""So many images that were left out are named, the others counted."""


@dataclass(frozen=True)
class LearningSets:
    """Two sets without a common person.

    Attributes:
        fit: To learn from.
        held: To validate on, None if nobody is held out.
    """

    fit: TrainingSet
    held: TrainingSet | None

    @property
    def left_out(self) -> str | None:
        """What is not among the images, and why, in one line; None if nothing was left out."""
        both = (*self.fit.left_out, *(() if self.held is None else self.held.left_out))
        left_out = tuple(dict.fromkeys(both))  # parts of one set both have all that was left out of it
        if not left_out:
            return None
        named = "; ".join(f"{left.path} {left.reason}" for left in left_out[:LEFT_OUT_SHOWN])
        more = f"; and {len(left_out) - LEFT_OUT_SHOWN} more" if len(left_out) > LEFT_OUT_SHOWN else ""
        return f"left out {len(left_out)} image{'s' if len(left_out) > 1 else ''}: {named}{more}"

    def fingerprint(self) -> str:
        """Hash of who is on which image file, in their order, wherever the folder is."""
        digest = hashlib.sha256()
        for part in filter(None, (self.fit, self.held)):
            digest.update(json.dumps([part.people, part.cameras]).encode())
            for sample in part.samples:
                digest.update(f"{sample.path.name} {sample.label} {sample.camera}\n".encode())
        return digest.hexdigest()


def learning_sets(settings: TrainSettings, *, on_image: OnImage | None = None) -> LearningSets:
    """Reads the sets that the settings name.

    Args:
        settings: Of the run.
        on_image: Is told how far it is; begins anew with every set.

    Raises:
        SourceError: If a set cannot be read.
        ConfigError: If the people that are named are not there, stand on both sides, or cannot be validated on.
    """
    chosen = read_training_sets(settings.data, people=settings.people, skip_bad=settings.skip_bad, on_image=on_image)
    share = settings.hold_out_share
    if share == 0:
        return LearningSets(chosen, None)
    if share is not None:
        fit, held = chosen.hold_out(share, settings.seed)
    elif Path(settings.hold_out).exists():
        fit, held = chosen, read_training_set(Path(settings.hold_out), skip_bad=settings.skip_bad, on_image=on_image)
        _refuse_common_images(fit, held, settings.hold_out)
    else:
        held = read_training_sets(
            settings.data, people=[settings.hold_out], skip_bad=settings.skip_bad, on_image=on_image
        )
        fit = _without(chosen, held, settings)
    query_indices(held)  # says so if nothing could be found
    return LearningSets(fit, held)


def sets_of_run(run: Path) -> LearningSets:
    """The sets of a run that is over, as its settings name them.

    Args:
        run: Its folder.

    Raises:
        ConfigError: If its settings are not there.
        SourceError: If its images are not.
    """
    settings = kept_settings(run)
    if not settings:
        raise ConfigError(f"{run} has no settings.json, so whom it held out is not known; name people by --data")
    try:
        return learning_sets(TrainSettings(**settings))
    except SourceError as error:
        raise SourceError(f"whom {run} held out cannot be read again ({error}); or name people by --data") from error


def _without(chosen: TrainingSet, held: TrainingSet, settings: TrainSettings) -> TrainingSet:
    both = [person for person in chosen.people if person in set(held.people)]
    if both and settings.people:
        raise ConfigError(
            f"{listed('person', 'people', both)} in both {' '.join(settings.people)} and {settings.hold_out}; "
            "hold out people who are not trained on"
        )
    rest = [person for person in chosen.people if person not in set(held.people)]
    if not rest:
        raise ConfigError(f"{settings.hold_out} holds out everybody; leave somebody to train on")
    return chosen.only(rest)


def _refuse_common_images(fit: TrainingSet, held: TrainingSet, hold_out: str) -> None:
    # By their files: what two sets call person 7 may be two people.
    learned = {sample.path.resolve() for sample in fit.samples}
    both = [sample.path for sample in held.samples if sample.path.resolve() in learned]
    if both:
        raise ConfigError(
            f"{both[0]} and {len(both) - 1} more images of {hold_out} are learned from; hold out a set of other people"
        )
