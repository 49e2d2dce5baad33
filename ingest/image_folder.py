"""A folder of images as the frames of one camera."""

import hashlib
import re
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np

from gallery.errors import SourceError
from ingest.frame import Frame, Image
from ingest.frame_clock import DEFAULT_RATE, Sampler
from ingest.image import decode_image
from ingest.source_summary import SourceSummary, StartOrigin
from ingest.zones import NO_ZONES

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")

NAMED_PROBLEMS = 20
"""So many unreadable images are named; the rest are counted."""


class ImageFolder:
    """The images directly in a folder, sorted as a person would (``img2`` before ``img10``).

    A frame's index is the place of its image in that order, and its time is index / rate, so an unreadable image
    leaves a gap. The first readable image gives the size; images of another size are not frames of that camera:
    they count as lost, with their names. ``fitted``, they are frames: scaled to fit, with black borders.
    """

    def __init__(
        self,
        name: str,
        path: Path,
        *,
        start: datetime | None,
        fps: float | None,
        rate: float | None,
        start_origin: StartOrigin = "given",
        fitted: bool = False,
    ) -> None:
        """Lists the folder and reads its first image; see ``open_source``.

        Raises:
            SourceError: If the folder cannot be read, or holds no readable image.
        """
        self.name = name
        self.path = path
        self.start = start or datetime.fromtimestamp(0, UTC)
        self.start_origin: StartOrigin = start_origin if start else "epoch"
        self.fps = fps
        self.zones = NO_ZONES
        self.live = False
        self._fitted = fitted
        self._rate = DEFAULT_RATE if rate is None else Fraction(rate).limit_denominator(100_000)
        self._images = _images_in(path)
        self.height, self.width = self._first_size()
        self._decoded = self.refitted = 0
        self._problems: list[str] = []

    @property
    def rate(self) -> float:
        """Frames per second: as given, else 25."""
        return float(self._rate)

    @property
    def frame_count(self) -> int:
        """About how many frames are given."""
        return _sampled(len(self._images), self._rate, self.fps)

    @property
    def length_seconds(self) -> float:
        """How long all images are shown."""
        return float(len(self._images) / self._rate)

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 over the names and bytes of all images, in order."""
        digest = hashlib.sha256()
        for image in self._images:
            data = _bytes_of(image)
            digest.update(f"{image.name}\0{len(data)}\0".encode())
            digest.update(data)
        return digest.hexdigest()

    def frames(self, first: int = 0) -> Generator[Frame, None, None]:
        """Gives the frames from index ``first`` on; see ``Source.frames``."""
        sampler = Sampler(self.fps)
        self._decoded, self.refitted, self._problems = 0, 0, []
        for index, path in enumerate(self._images):
            seconds = index / self._rate
            if not sampler.takes(seconds):
                continue
            image = self._read(path)
            if image is not None and index >= first:
                yield Frame(index, self.start + timedelta(microseconds=round(seconds * 1_000_000)), image)

    def summary(self) -> SourceSummary:
        """What the latest pass gave. Images that sampling left out are not opened, so they are not counted."""
        lost = len(self._problems)
        problems = self._problems[:NAMED_PROBLEMS]
        if lost > NAMED_PROBLEMS:
            problems = [*problems, f"and {lost - NAMED_PROBLEMS} more images could not be used"]
        return SourceSummary(self._decoded, lost, float(len(self._images) / self._rate), tuple(problems))

    def close(self) -> None:
        """Nothing to let go of between passes."""

    def _read(self, path: Path) -> Image | None:
        try:
            image = decode_image(_bytes_of(path), path.name)
        except SourceError as error:
            self._problems.append(str(error))
            return None
        height, width = image.shape[:2]
        if (height, width) != (self.height, self.width) and self._fitted:
            self.refitted += 1
            image = fitted_into(image, self.width, self.height)
        elif (height, width) != (self.height, self.width):
            self._problems.append(f"{path.name} is {width}x{height}, not {self.width}x{self.height} as the first image")
            return None
        self._decoded += 1
        return image

    def _first_size(self) -> tuple[int, int]:
        problem = ""
        for path in self._images:
            try:
                height, width = decode_image(_bytes_of(path), path.name).shape[:2]
            except SourceError as error:
                problem = problem or str(error)
            else:
                return height, width
        raise SourceError(f"none of the {len(self._images)} images in {self.path} can be read: {problem}")


def natural_order(path: Path) -> tuple[list[tuple[bool, int, str]], str]:
    """Sorts names by the numbers in them, not by their digits.

    Example:
        >>> sorted([Path("img10.png"), Path("img2.png")], key=natural_order)[0].name
        'img2.png'
    """
    parts = re.split(r"([0-9]+)", path.name)
    return [(True, int(part), "") if part.isdecimal() else (False, 0, part.casefold()) for part in parts], path.name


def fitted_into(image: Image, width: int, height: int) -> Image:
    """The picture scaled to fit, in the middle of a black one of that size."""
    scale = min(width / image.shape[1], height / image.shape[0])
    inner_width = min(max(round(image.shape[1] * scale), 1), width)
    inner_height = min(max(round(image.shape[0] * scale), 1), height)
    canvas = np.zeros((height, width, 3), np.uint8)
    left, top = (width - inner_width) // 2, (height - inner_height) // 2
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    canvas[top : top + inner_height, left : left + inner_width] = cv2.resize(
        image, (inner_width, inner_height), interpolation=way
    )
    return canvas


def _sampled(count: int, rate: Fraction, fps: float | None) -> int:
    return count if fps is None else max(1, min(count, round(count / float(rate) * fps)))


def _images_in(folder: Path) -> list[Path]:
    try:
        files = [path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")]
        images = sorted((path for path in files if path.is_file()), key=natural_order)
    except OSError as error:
        raise SourceError(f"{folder} cannot be read ({error.strerror}); check its permissions") from error
    if not images:
        raise SourceError(f"{folder} holds no images ({', '.join(SUFFIXES)}); give a folder of images or a video file")
    return images


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path.name} cannot be read ({error.strerror})") from error
