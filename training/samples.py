"""What a network is trained on: images with who they show and which camera took them."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gallery.errors import ConfigError

_NAMED = 10
"""So many names stand in an error; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One image of a person.

    Attributes:
        path: The image file.
        label: Who, as an index into the set's ``people``.
        camera: Which camera, as an index into the set's ``cameras``.
    """

    path: Path
    label: int
    camera: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An image that was named and is not in the set.

    Attributes:
        path: The image file.
        reason: Why not, as it can stand after the path: "is empty".
    """

    path: Path
    reason: str


@dataclass(frozen=True)
class TrainingSet:
    """Images, people and cameras.

    Attributes:
        samples: The images, in the order of the source.
        people: Names of the people, each with at least one image. A number is written without leading zeros.
        cameras: Names of the cameras, each with at least one image.
        left_out: Images of the source that are not among the samples, and why.
    """

    samples: tuple[Sample, ...]
    people: tuple[str, ...]
    cameras: tuple[str, ...]
    left_out: tuple[LeftOut, ...] = ()

    @classmethod
    def of(cls, images: Iterable[tuple[Path, str, str]], left_out: Iterable[LeftOut] = ()) -> "TrainingSet":
        """Gives numbers to (path, person, camera); people and cameras are in natural order: 2 before 10.

        >>> TrainingSet.of([(Path("b"), "10", "c1"), (Path("a"), "2", "c1")]).people
        ('2', '10')
        """
        rows = list(images)
        people = sorted({person for _, person, _ in rows}, key=natural)
        cameras = sorted({camera for _, _, camera in rows}, key=natural)
        label = {person: k for k, person in enumerate(people)}
        index = {camera: k for k, camera in enumerate(cameras)}
        samples = tuple(Sample(path, label[person], index[camera]) for path, person, camera in rows)
        return cls(samples, tuple(people), tuple(cameras), tuple(left_out))

    def __len__(self) -> int:
        return len(self.samples)

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """(N,) who is on each image."""
        return np.array([sample.label for sample in self.samples], np.int64)

    @cached_property
    def camera_numbers(self) -> NDArray[np.int64]:
        """(N,) which camera took each image."""
        return np.array([sample.camera for sample in self.samples], np.int64)

    def only(self, people: Iterable[str | int]) -> "TrainingSet":
        """The part of the set that shows these people, with labels and cameras of its own.

        Args:
            people: Names; numbers match however many zeros lead them.

        Raises:
            ConfigError: If none is named, or somebody is not in the set.
        """
        wanted = {person_name(person) for person in people}
        if not wanted:
            raise ConfigError("no people are named to train on; name at least one")
        unknown = sorted(wanted - set(self.people), key=natural)
        if unknown:
            raise ConfigError(
                f"{listed('person', 'people', unknown)} not in the set of {len(self.people)} people; "
                "name people that it has"
            )
        return self._part(wanted)

    def hold_out(self, share: float, seed: int) -> "tuple[TrainingSet, TrainingSet]":
        """Parts the people into those to fit on and those to validate on.

        Who is held out depends on the seed, the people's names and the cameras that saw them, not on any order. Every
        combination of cameras gives its share, rounded up or down by lot.

        Args:
            share: Of the people to hold out, between 0 and 1; at least one is held out and one stays.
            seed: Another one holds out others.

        Returns:
            The set to fit on and the set held out.

        Raises:
            ConfigError: If the share is not between 0 and 1, or there are fewer than two people.
        """
        if not 0 < share < 1:
            raise ConfigError(
                f"share {share:g} of people to hold out is out of range; give more than 0 and less than 1"
            )
        if len(self.people) < 2:
            raise ConfigError(
                f"the set has {len(self.people)} person, and holding somebody out takes two; use a larger set"
            )
        held = self._drawn(share, seed)
        return self._part(set(self.people) - held), self._part(held)

    def _drawn(self, share: float, seed: int) -> set[str]:
        """The people to hold out: of each combination of cameras its share, and within one those with the least lots.

        The combinations lie in a row as long as their people; marks at equal distances say how many each gives.
        """
        seen: dict[int, set[int]] = defaultdict(set)
        for sample in self.samples:
            seen[sample.label].add(sample.camera)
        strata: dict[str, list[str]] = defaultdict(list)
        for label, cameras in seen.items():
            strata[" ".join(sorted(self.cameras[camera] for camera in cameras))].append(self.people[label])
        everybody = len(self.people)
        total = min(max(round(share * everybody), 1), everybody - 1)
        mark = int.from_bytes(_lot(seed, "")[:4], "big") * everybody >> 32
        held: set[str] = set()
        for stratum in sorted(strata, key=lambda stratum: _lot(seed, stratum)):
            people = sorted(strata[stratum], key=lambda person: _lot(seed, person))
            before, mark = mark, mark + total * len(people)
            held |= set(people[: mark // everybody - before // everybody])
        return held

    def _part(self, people: set[str]) -> "TrainingSet":
        rows = ((s.path, self.people[s.label], self.cameras[s.camera]) for s in self.samples)
        return TrainingSet.of((row for row in rows if row[1] in people), self.left_out)


def join_sets(sets: Mapping[str, TrainingSet]) -> TrainingSet:
    """Several sets as one, with people and cameras kept apart: person 1 of ``market`` becomes ``market:1``.

    Args:
        sets: By the name that goes before the colon. One set alone stays as it is.

    Raises:
        ConfigError: If there is no set, a name is empty or has a colon, or two sets share an image file.
    """
    if not sets:
        raise ConfigError("no training set is named; name at least one")
    if len(sets) == 1:
        return next(iter(sets.values()))
    for name in sets:
        if not name or ":" in name:
            raise ConfigError(f"a set cannot be called {name!r}: its name goes before a colon; call it otherwise")
    paths = Counter(sample.path.resolve() for part in sets.values() for sample in part.samples)
    twice = [path for path, count in paths.items() if count > 1]
    if twice:
        raise ConfigError(f"{twice[0]} and {len(twice) - 1} more images are in two of the sets; name each set once")
    return TrainingSet.of(
        (
            (sample.path, f"{name}:{part.people[sample.label]}", f"{name}:{part.cameras[sample.camera]}")
            for name, part in sets.items()
            for sample in part.samples
        ),
        (left for part in sets.values() for left in part.left_out),
    )


def person_name(person: str | int) -> str:
    """A person's name as sets have it: numbers without leading zeros.

    >>> person_name("0007"), person_name(7), person_name("market:0007"), person_name("anna")
    ('7', '7', 'market:7', 'anna')
    """
    before, colon, last = str(person).strip().rpartition(":")
    return before + colon + (str(int(last)) if last.isascii() and last.isdigit() else last)


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """A key that sorts numbers in names by their value."""
    parts: list[str] = []
    for character in name:
        digit = character.isascii() and character.isdigit()
        if parts and digit == (parts[-1][-1].isascii() and parts[-1][-1].isdigit()):
            parts[-1] += character
        else:
            parts.append(character)
    return tuple((0, int(part), part) if part.isascii() and part.isdigit() else (1, 0, part) for part in parts)


def listed(one: str, many: str, names: list[str]) -> str:
    """A few of the names and the number of the rest, with the verb.

    >>> listed("person", "people", ["1", "2"])
    'people 1, 2 are'
    """
    shown = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
    return f"{one} {shown} is" if len(names) == 1 else f"{many} {shown} are"


def _lot(seed: int, person: str) -> bytes:
    return hashlib.sha256(f"{seed}:{person}".encode()).digest()
