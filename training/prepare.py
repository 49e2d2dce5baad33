"""Writes lists of images from a Market-1501 folder: to train on, to validate on, and to test with.

Nobody stands in two of train, held-out and test: test people among the training people are refused, validation is done
on people who are taken out of training, and ``gt_bbox``, which mixes them, is never read.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from gallery.errors import ConfigError, SourceError
from retrieval.person_images import DISTRACTOR, JUNK, PersonImage, read_person_images
from training.identical import identical_files
from training.image_check import OnImage, unusable
from training.layouts import TESTS, TRAIN
from training.list_files import ListedImage, write_list, write_whole
from training.readers import complaint, read_training_set
from training.samples import LeftOut, TrainingSet

LISTS = ("train", "held_out", "query", "gallery")
PEOPLE_FILE = "people.json"


@dataclass(frozen=True)
class WrittenList:
    """One list.

    Attributes:
        list: The file.
        images: In the list.
        people: In the list, without the distractors.
    """

    list: Path
    images: int
    people: int


@dataclass(frozen=True)
class SameBytes:
    """Files with the same bytes that should not have them.

    Attributes:
        images: The files.
        people: Whom they are said to show, each once. Two are a wrong label; one is a training image among the test's.
    """

    images: tuple[Path, ...]
    people: tuple[str, ...]


@dataclass(frozen=True)
class Prepared:
    """What was written.

    Attributes:
        train: To fit on.
        held_out: To validate on; None if nobody was held out.
        query: What is asked for in a test.
        gallery: What is searched in a test.
        people_file: JSON with the people of ``train`` and ``held_out``, for ``--people FILE:train``.
        junk: Images of person -1, in no list.
        distractors: Images of person 0 in the gallery.
        left_out: All images of the folder that are in no list, and why: junk, and bad ones that were skipped.
        same_bytes: Wrong labels and leaks that the files' bytes betray.
        repeated: Further images that are byte for byte another one of the same person and the same side.
    """

    train: WrittenList
    held_out: WrittenList | None
    query: WrittenList
    gallery: WrittenList
    people_file: Path
    junk: int
    distractors: int
    left_out: tuple[LeftOut, ...]
    same_bytes: tuple[SameBytes, ...]
    repeated: int


def prepare(
    folder: Path,
    out: Path,
    *,
    hold_out: float = 0.1,
    seed: int = 0,
    skip_bad: bool = False,
    overwrite: bool = False,
    on_image: OnImage | None = None,
) -> Prepared:
    """Writes ``train.txt``, ``held_out.txt``, ``query.txt``, ``gallery.txt`` and ``people.json``.

    Args:
        folder: In Market-1501's layout: ``bounding_box_train``, ``query``, ``bounding_box_test``.
        out: Folder for the lists; made if it is not there.
        hold_out: Share of the training people to validate on; 0 for none.
        seed: Which people those are.
        skip_bad: Leave out images that cannot be read, which are an error else.
        overwrite: Write over lists that are there.
        on_image: Is told how many images are read, of the training part and then of the test's.

    Raises:
        SourceError: If the folder is no such data set, images are bad, or test people are among the training people.
        ConfigError: If the share is not from 0 to below 1, or lists are there already.
    """
    missing = [name for name in (TRAIN, *TESTS) if not (folder / name).is_dir()]
    if missing:
        raise SourceError(f"{folder} is no Market-1501 folder: it has no {' and no '.join(missing)}; name one that has")
    if hold_out and not 0 < hold_out < 1:
        raise ConfigError(f"share {hold_out:g} of people to hold out is out of range; give 0 to below 1")
    files = {name: out / f"{name}.txt" for name in LISTS}
    there = [path for path in (*files.values(), out / PEOPLE_FILE) if path.exists()]
    if there and not overwrite:
        raise ConfigError(f"{there[0]} exists; name another folder, or replace its lists with --overwrite")
    whole = read_training_set(folder, skip_bad=skip_bad, on_image=on_image)
    tests, left_out = _test_images(folder, skip_bad=skip_bad, on_image=on_image)
    fit, held = whole.hold_out(hold_out, seed) if hold_out else (whole, None)
    sides = {"train": _training(fit), "held_out": _training(held) if held else []}
    sides |= {name: _testing(tests[name]) for name in TESTS}
    out.mkdir(parents=True, exist_ok=True)
    for path in there:  # all before any is written: a crash must not leave lists of two partings side by side
        path.unlink()
    written = {
        name: _written(files[name], images) for name, images in zip(LISTS, sides.values(), strict=True) if images
    }
    people = {name: [int(p) for p in part.people] for name, part in (("train", fit), ("held_out", held)) if part}
    write_whole(out / PEOPLE_FILE, [json.dumps(people)])
    same_bytes, repeated = _same_bytes(sides.values())
    return Prepared(
        written["train"],
        written.get("held_out"),
        written["query"],
        written["gallery"],
        (out / PEOPLE_FILE).absolute(),
        sum(image.person == JUNK for images in tests.values() for image in images)
        + sum(left.reason.startswith("is junk") for left in whole.left_out),
        sum(image.person == DISTRACTOR for images in tests.values() for image in images),
        (*whole.left_out, *left_out),
        same_bytes,
        repeated,
    )


def _test_images(
    folder: Path, *, skip_bad: bool, on_image: OnImage | None
) -> tuple[dict[str, list[PersonImage]], list[LeftOut]]:
    images = {name: read_person_images(folder.absolute() / name) for name in TESTS}
    junk = [image.path for part in images.values() for image in part if image.person == JUNK]
    asked = [image.path for part in images.values() for image in part if image.person != JUNK]
    bad = unusable(asked, on_image=on_image)
    if bad and not skip_bad:
        raise SourceError(complaint(folder, bad, len(asked)))
    excluded = {left.path for left in bad}
    good = {name: [image for image in part if image.path not in excluded] for name, part in images.items()}
    for name, part in good.items():
        if all(image.person in (JUNK, DISTRACTOR) for image in part):
            raise SourceError(f"{folder / name} shows nobody to test with; name a folder with its test images")
    return good, [*(LeftOut(path, f"is junk (person {JUNK}), who is nobody") for path in junk), *bad]


def _training(part: TrainingSet) -> list[ListedImage]:
    return [ListedImage(s.path, part.people[s.label], part.cameras[s.camera]) for s in part.samples]


def _testing(images: Iterable[PersonImage]) -> list[ListedImage]:
    return [ListedImage(i.path, str(i.person), str(i.camera)) for i in images if i.person != JUNK]


def _written(path: Path, images: list[ListedImage]) -> WrittenList:
    write_list(path, images)
    return WrittenList(path.absolute(), len(images), len({image.person for image in images} - {str(DISTRACTOR)}))


def _same_bytes(sides: Iterable[list[ListedImage]]) -> tuple[tuple[SameBytes, ...], int]:
    """Groups of equal files that show different people, or the same one on different sides; and how many others."""
    train, held_out, query, gallery = sides
    places = {image.path: (image.person, "train") for image in (*train, *held_out)}
    places |= {image.path: (image.person, "test") for image in (*query, *gallery)}
    found, repeated = [], 0
    for images in identical_files(places):
        if len({places[image] for image in images}) > 1:
            found.append(SameBytes(images, tuple(sorted({places[image][0] for image in images}, key=int))))
        else:
            repeated += len(images) - 1
    return tuple(found), repeated
