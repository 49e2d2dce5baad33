"""Reads training sets: finds out how a data set lies on the disk, and refuses what cannot be trained on."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from gallery.errors import ConfigError, SourceError
from training.image_check import OnImage, unusable
from training.layouts import read_layout
from training.people_file import read_people
from training.samples import LeftOut, TrainingSet, join_sets

__all__ = ["join_sets", "read_training_set", "read_training_sets"]

_LISTED = 100


def read_training_set(
    path: Path, *, skip_bad: bool = False, threads: int | None = None, on_image: OnImage | None = None
) -> TrainingSet:
    """Reads one data set; ``layouts.read_layout`` says in which forms.

    Every image is decoded once, so that a bad one is known now and not in the middle of a night's training.

    Args:
        path: A folder or a list.
        skip_bad: Leave out images that cannot be trained on; ``left_out`` of the set lists them. Else they are an
            error that names all of them (the first hundred, and the number of the rest).
        threads: How many images are read at a time; all cores if None.
        on_image: Is told how far it is.

    Raises:
        SourceError: If the path is no training set, images are bad, or none is left.
    """
    images = read_layout(path.absolute())
    _refuse_twice(path, [row[0] for row in images.rows])
    bad = images.bad + unusable([row[0] for row in images.rows], threads=threads, on_image=on_image)
    if bad and not skip_bad:
        raise SourceError(complaint(path, bad, len(images.rows) + len(images.bad)))
    excluded = {left.path for left in bad}
    found = TrainingSet.of((row for row in images.rows if row[0] not in excluded), images.nobody + bad)
    if not found.samples:
        raise SourceError(
            f"{path}: none of its {len(found.left_out)} images shows a person to train on; name another set"
        )
    return found


def read_training_sets(
    addresses: Sequence[str],
    *,
    people: Sequence[str] = (),
    skip_bad: bool = False,
    threads: int | None = None,
    on_image: OnImage | None = None,
) -> TrainingSet:
    """Reads data sets and joins them.

    Args:
        addresses: ``PATH`` or ``NAME=PATH``; without a name a set is called as its folder. Several sets keep their
            people and cameras apart as ``NAME:person``.
        people: Whom to keep, ``FILE:PART`` (see ``read_people``), or ``NAME=FILE:PART`` where there are several sets.
        skip_bad: See ``read_training_set``.
        threads: See ``read_training_set``.
        on_image: See ``read_training_set``; begins anew with every set.

    Raises:
        SourceError: See ``read_training_set``.
        ConfigError: If two sets have one name, or ``people`` does not fit the sets.
    """
    paths = [_named(address) for address in addresses]
    twice = [name for name, count in Counter(name for name, _ in paths).items() if count > 1]
    if twice:
        raise ConfigError(f"two training sets are called {twice[0]}; name them apart: a={paths[0][1]} b=…")
    wanted = _people_by_set(people, [name for name, _ in paths])
    sets = {}
    for name, path in paths:
        found = read_training_set(path, skip_bad=skip_bad, threads=threads, on_image=on_image)
        sets[name] = found.only(wanted[name]) if name in wanted else found
    return join_sets(sets)


def _named(address: str) -> tuple[str, Path]:
    name, equals, rest = address.partition("=")
    if equals and name and "/" not in name and not Path(address).exists():
        return name, Path(rest)
    path = Path(address)
    return path.absolute().name, path


def _people_by_set(people: Sequence[str], names: Sequence[str]) -> dict[str, list[str]]:
    wanted: dict[str, list[str]] = {}
    for address in people:
        name, path = _named(address)
        if len(names) == 1 and str(path) == address:
            name = names[0]
        if name not in names:
            raise ConfigError(f"people {address} are of no set that is read ({', '.join(names)}); write NAME=FILE:PART")
        wanted.setdefault(name, []).extend(read_people(str(path)))
    return wanted


def _refuse_twice(path: Path, images: Sequence[Path]) -> None:
    twice = [image for image, count in Counter(images).items() if count > 1]
    if twice:
        raise SourceError(f"{path}: {twice[0]} and {len(twice) - 1} more images are listed twice; list each image once")


def complaint(path: Path, bad: Sequence[LeftOut], total: int) -> str:
    """One line that names the images which cannot be trained on: a hundred of them, and the number of the rest."""
    named = "; ".join(f"{left.path} {left.reason}" for left in bad[:_LISTED])
    more = f"; and {len(bad) - _LISTED} more" if len(bad) > _LISTED else ""
    return (
        f"{path}: {len(bad)} of {total} images cannot be trained on: {named}{more}. "
        "Remove or mend them, or leave them out with --skip-bad"
    )
