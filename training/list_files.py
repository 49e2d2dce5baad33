"""Lists of images as text: ``image_id class_id super_class_id path``, a header and one line per image.

This is the form of Stanford Online Products, which metric-learning code for Paddle reads. Here the class is the person
and the super class the camera, both as the numbers that the images' names have.
"""

import os.path
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gallery.errors import SourceError
from training.samples import person_name

HEADER = "image_id class_id super_class_id path"
_BAD_LINES = 10


@dataclass(frozen=True, slots=True)
class ListedImage:
    """A line of a list.

    Attributes:
        path: The image file.
        person: Its class.
        group: Its super class: the camera, in the lists that ``passerby prepare`` writes.
    """

    path: Path
    person: str
    group: str


def is_list_file(path: Path) -> bool:
    """Whether a file begins with the header."""
    return _lines(path)[:1] == [HEADER.split()]


def read_list(path: Path) -> list[ListedImage]:
    """Reads a list. Paths are relative to the folder that the list lies in; they may have spaces.

    Raises:
        SourceError: If it cannot be read, has no header or no image, or lines are wrong: all are named, up to ten.
    """
    first, *lines = _lines(path) or [[]]
    if first != HEADER.split():
        raise SourceError(f"{path} is no list of images: its first line is not {HEADER!r}; write that above the lines")
    folder = path.absolute().parent
    images, bad = [], []
    for number, line in enumerate(lines, start=2):
        if not line:
            continue
        if len(line) == 4 and line[1].isascii() and line[1].isdigit():
            images.append(ListedImage(folder / line[3], person_name(line[1]), person_name(line[2])))
        else:
            bad.append(f"line {number} {' '.join(line)!r}")
    if bad:
        more = f" and {len(bad) - _BAD_LINES} more" if len(bad) > _BAD_LINES else ""
        raise SourceError(
            f"{path}: {', '.join(bad[:_BAD_LINES])}{more} should be an image's number, a person's number (0 or more), "
            "a camera's number and a path; mend the list"
        )
    if not images:
        raise SourceError(f"{path} lists no image; write the list again (`passerby prepare`)")
    return images


def write_list(path: Path, images: Sequence[ListedImage]) -> None:
    """Writes a list; paths are written relative to its folder. What stood there before goes only when all is written.

    Raises:
        SourceError: If an image's path has a line break, which no line can hold.
    """
    folder = path.resolve().parent
    broken = [image.path for image in images if len(str(image.path).splitlines()) != 1]
    if broken:
        raise SourceError(f"{str(broken[0])!r} has a line break in its name, which a list cannot hold; rename it")
    rows = (
        f"{number} {image.person} {image.group} {_relative(image.path, folder)}"
        for number, image in enumerate(images, start=1)
    )
    write_whole(path, [HEADER, *rows])


def write_whole(path: Path, lines: Iterable[str]) -> None:
    """Writes a text file under another name first, so that a half written one never stands there."""
    part = path.with_name(path.name + ".part")
    try:
        part.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", errors="surrogateescape")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _relative(path: Path, folder: Path) -> str:
    return os.path.relpath(path.parent.resolve() / path.name, folder)


def _lines(path: Path) -> list[list[str]]:
    """The lines' columns; a fourth column is all that is left of the line."""
    try:
        text = path.read_text(encoding="utf-8-sig", errors="surrogateescape")
    except OSError as error:
        raise SourceError(f"{path} cannot be read ({error.strerror}); check the path and its permissions") from error
    return [line.split(maxsplit=3) for line in text.split("\n")]
