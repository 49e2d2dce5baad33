"""Images of people with their truth, as Market-1501 keeps them: who and which camera stand in the file's name."""

import re
from dataclasses import dataclass
from pathlib import Path

from gallery.errors import SourceError

JUNK = -1
"""Person of images that show nobody rightly: left out wherever they stand."""

DISTRACTOR = 0
"""Person of gallery images that show nobody who is asked for: they stay, as wrong answers."""

_NAME = re.compile(r"(?P<person>-1|\d+)_c(?P<camera>\d+)(?!\d)")
_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp"})


@dataclass(frozen=True, order=True)
class PersonImage:
    """A picture of one person.

    Attributes:
        path: The image file.
        person: Number of the person; ``JUNK`` and ``DISTRACTOR`` are nobody.
        camera: Number of the camera.
    """

    path: Path
    person: int
    camera: int


def read_person_images(folder: Path) -> tuple[PersonImage, ...]:
    """All images of a folder in Market-1501's naming (``0001_c1s1_001051_00.jpg``), by name.

    Other kinds of files are passed over (Market-1501 itself has a ``Thumbs.db``); images of other names are an error.

    Raises:
        SourceError: If the folder is absent or holds no image, or an image's name does not say who it shows.
    """
    if not folder.is_dir():
        raise SourceError(
            f"{folder}: no such folder; a Market-1501 folder has bounding_box_train, query, bounding_box_test"
        )
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES)
    if not paths:
        raise SourceError(f"{folder}: has no images; name a folder of .jpg or .png files")
    return tuple(PersonImage(path, *person_and_camera(path)) for path in paths)


def person_and_camera(path: Path) -> tuple[int, int]:
    """Who and which camera a file's name says.

    Raises:
        SourceError: If it says neither.

    >>> person_and_camera(Path("0002_c3s1_000151_01.jpg")), person_and_camera(Path("-1_c1s1_000401_03.jpg"))
    ((2, 3), (-1, 1))
    """
    found = _NAME.match(path.name)
    if found is None:
        raise SourceError(
            f"{path}: the name does not say who and which camera; it should be like 0001_c1s1_001051_00.jpg"
        )
    return int(found["person"]), int(found["camera"])
