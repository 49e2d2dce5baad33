"""How data sets lie on the disk: where the images of the training people are, and who and which camera they show.

What is read is what the authors' archives, and the tools that unpack them, leave behind; test people are never read.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gallery.errors import SourceError
from retrieval.person_images import DISTRACTOR, JUNK, person_and_camera
from training.list_files import is_list_file, read_list
from training.samples import LeftOut, listed, natural, person_name

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})

TRAIN, TESTS = "bounding_box_train", ("query", "bounding_box_test")
"""Folders of Market-1501."""

TEST_NAMES = frozenset({*TESTS, "gt_bbox", "gt_query", "gallery", "test", "mask_test_v2", "list_query", "list_gallery"})
"""Folders and lists that hold the people whom a network is tested on."""

_CAMERA = re.compile(r"(?:^|_)c(\d+)(?!\d)")
_MSMT17 = re.compile(r"\d+_\d+_(\d+)_")
_CUHK03 = re.compile(r"(\d+)_(\d+)_([12])_\d+\.")


@dataclass(frozen=True, slots=True)
class Images:
    """What a layout gives.

    Attributes:
        rows: (path, person, camera) of each image.
        nobody: Images that show nobody by their name (Market-1501's junk and distractors): left out always.
        bad: Images whose name does not say what it has to.
    """

    rows: list[tuple[Path, str, str]]
    nobody: list[LeftOut]
    bad: list[LeftOut]


def read_layout(path: Path) -> Images:
    """The images of the training people of a data set.

    Args:
        path: A folder or a list, in one of these forms, tried in this order:

            - Market-1501: a folder with ``bounding_box_train`` (also DukeMTMC-reID, CUHK03-NP's ``detected`` and
              ``labeled``, and any set renamed so).
            - MSMT17: ``list_train.txt`` and ``list_val.txt`` (both are the training part) beside
              ``train`` or ``mask_train_v2``; the folder around ``MSMT17_V1`` or ``MSMT17_V2`` will do.
            - CUHK03 as torchreid unpacks it: ``splits_new_detected.json`` beside ``images_detected``.
            - ``train``, and in it one of the following.
            - Images side by side with names of Market-1501 or CUHK03.
            - One folder per person, and in it images whose names say the camera (Market-1501's ``_c2``, MSMT17's third
              number), or one folder per camera.
            - A file: a list with the header of ``passerby prepare``, a list of MSMT17, or a split of CUHK03.

    Raises:
        SourceError: If there is no such path, its form is none of these, or it holds test people.
    """
    if _holds_test_people(path):
        raise SourceError(f"{path} holds test people, whom a network must not be trained on; name the training part")
    if path.is_file():
        return _from_file(path)
    if not path.is_dir():
        raise SourceError(f"{path} does not exist; name the folder of a training set, or a list of its images")
    if (path / TRAIN).is_dir():
        check_no_test_people(path)
        return _side_by_side(path / TRAIN)
    for version in ("MSMT17_V2", "MSMT17_V1"):
        if (path / version / "list_train.txt").is_file():
            return _msmt17(path / version)
    if (path / "list_train.txt").is_file():
        return _msmt17(path)
    if (path / "splits_new_detected.json").is_file():
        return _cuhk03(path / "splits_new_detected.json")
    if (path / "train").is_dir():
        return read_layout(path / "train")
    if any(images_of(path)):
        return _side_by_side(path)
    return _folder_per_person(path)


def _holds_test_people(path: Path) -> bool:
    """By the name; a whole data set may be called as it likes."""
    if path.is_dir():
        return path.name in TEST_NAMES and not any(
            (path / name).exists() for name in (TRAIN, "train", "list_train.txt")
        )
    return path.stem in TEST_NAMES


def images_of(folder: Path) -> list[Path]:
    """The image files of a folder, by name."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES and not path.is_dir())


def check_no_test_people(folder: Path) -> None:
    """Makes sure that nobody of Market-1501's test folders is in its training folder.

    Raises:
        SourceError: Naming those who are.
    """
    train, tests = _people(folder / TRAIN), {name: _people(folder / name) for name in TESTS}
    both = sorted(train & set().union(*tests.values()), key=natural)
    if both:
        where = " and ".join(name for name in TESTS if tests[name] & set(both))
        raise SourceError(
            f"{folder / TRAIN}: {listed('person', 'people', both)} also in {where}; "
            "training on test people makes every score a lie: remove their images from one of them"
        )


def _people(folder: Path) -> set[str]:
    found = set()
    for path in images_of(folder) if folder.is_dir() else []:
        try:
            person, _ = person_and_camera(path)
        except SourceError:
            continue  # said where the folder is read
        found.add(person)
    return {str(person) for person in found - {JUNK, DISTRACTOR}}


def _side_by_side(folder: Path) -> Images:
    """Images with names of Market-1501 (``0001_c1s1_001051_00.jpg``) or CUHK03 (pair, person, view, image)."""
    images = Images([], [], [])
    for path in images_of(folder):
        try:
            person, camera = person_and_camera(path)
        except SourceError:
            if found := _CUHK03.fullmatch(path.stem + "."):
                images.rows.append((path, *_pair(found)))
            else:
                images.bad.append(
                    LeftOut(path, "has a name that does not say who and which camera (like 0001_c1s1_001051_00.jpg)")
                )
            continue
        if person in (JUNK, DISTRACTOR):
            kind = "junk" if person == JUNK else "a distractor"
            images.nobody.append(LeftOut(path, f"is {kind} (person {person}), who is nobody"))
        else:
            images.rows.append((path, str(person), str(camera)))
    return images


def _pair(found: re.Match[str]) -> tuple[str, str]:
    """Person and camera of CUHK03, whose five pairs of cameras count their people and views each from 1."""
    pair, person, view = found.groups()
    return f"{int(pair)}-{int(person)}", f"{int(pair)}-{view}"


def _folder_per_person(folder: Path) -> Images:
    images = Images([], [], [])
    for person in sorted(path for path in folder.iterdir() if path.is_dir()):
        _refuse_data_sets(folder, [person, *person.iterdir()])
        for path in images_of(person):
            found = _CAMERA.search(path.stem) or _MSMT17.match(path.name)
            if found:
                images.rows.append((path, person_name(person.name), str(int(found[1]))))
            else:
                images.bad.append(
                    LeftOut(path, "has a name that does not say which camera (like a_c2.jpg, or PERSON/CAMERA/a.jpg)")
                )
        for camera in sorted(path for path in person.iterdir() if path.is_dir()):
            rows = ((path, person_name(person.name), person_name(camera.name)) for path in images_of(camera))
            images.rows.extend(rows)
    if not images.rows and not images.bad:
        raise SourceError(
            f"{folder} is no training set of a known form: it has no {TRAIN}, no list_train.txt, no images, and no "
            "folders of people with images; docs/train.md shows the forms"
        )
    return images


def _refuse_data_sets(folder: Path, inside: list[Path]) -> None:
    """Makes sure that no data set is taken for a person, whose folders would be cameras then."""
    for path in inside:
        if path.is_dir() and path.name in TEST_NAMES | {TRAIN, "train"}:
            raise SourceError(
                f"{folder} holds {path.relative_to(folder)}, which is neither a person nor a camera; name one data set"
            )


def _msmt17(folder: Path) -> Images:
    lists = [folder / name for name in ("list_train.txt", "list_val.txt") if (folder / name).is_file()]
    rows = [row for path in lists for row in _msmt17_rows(path)]
    return Images([row for row in rows if row[2]], [], _no_camera(rows))


def _msmt17_rows(path: Path) -> Iterator[tuple[Path, str, str]]:
    """The images of a list of MSMT17, ``0000/0000_000_01_0303morning_0015_0.jpg 0``; camera "" where none is said."""
    folder = next((path.parent / name for name in ("train", "mask_train_v2") if (path.parent / name).is_dir()), None)
    if folder is None:
        raise SourceError(f"{path} lists images of {path.parent / 'train'}, which does not exist; unpack it there")
    for number, line in enumerate(_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        name, _, person = line.strip().rpartition(" ")
        if not name or not person.isdigit():
            raise SourceError(f"{path}: line {number} {line!r} should be a path and a person's number; mend the list")
        found = _MSMT17.match(Path(name).name) or _CAMERA.search(Path(name).stem)
        yield folder / name, person_name(person), str(int(found[1])) if found else ""


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise SourceError(f"{path} cannot be read ({error.strerror}); check the path and its permissions") from error


def _no_camera(rows: list[tuple[Path, str, str]]) -> list[LeftOut]:
    return [LeftOut(path, "has a name that does not say which camera") for path, _, camera in rows if not camera]


def _cuhk03(path: Path) -> Images:
    """The training images of a split of CUHK03 (a list of splits: the first counts), beside their folder."""
    folder = path.parent / ("images_labeled" if path.stem.endswith("labeled") else "images_detected")
    try:
        names = [Path(str(image[0]).replace("\\", "/")).name for image in json.loads(_text(path))[0]["train"]]
    except (ValueError, LookupError, TypeError) as error:
        raise SourceError(
            f"{path} is no split of CUHK03 (a list of splits with 'train'); unpack the set anew"
        ) from error
    images = Images([], [], [])
    for name in names:
        found = _CUHK03.match(name)
        if found:
            images.rows.append((folder / name, *_pair(found)))
        else:
            images.bad.append(LeftOut(folder / name, "has a name unlike CUHK03's 1_001_1_01.png"))
    return images


def _from_file(path: Path) -> Images:
    if path.suffix == ".json":
        return _cuhk03(path)
    if is_list_file(path):
        return _listed(path)
    if path.suffix == ".txt":
        rows = list(_msmt17_rows(path))
        return Images([row for row in rows if row[2]], [], _no_camera(rows))
    raise SourceError(f"{path} is no list of images; name a folder, or a list as `passerby prepare` writes one")


def _listed(path: Path) -> Images:
    """The images of a list. Names that all say a camera count; else the super classes do."""
    images = read_list(path)
    found = [_CAMERA.search(image.path.stem) or _MSMT17.match(image.path.name) for image in images]
    cameras = [str(int(f[1])) if f else "" for f in found] if all(found) else [image.group for image in images]
    return Images([(i.path, i.person, camera) for i, camera in zip(images, cameras, strict=True)], [], [])
