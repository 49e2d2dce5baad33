"""Where the pictures of people are kept: JPEG files named by their content."""

import errno
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from gallery.errors import GalleryError


def content_name(jpeg: bytes) -> str:
    """The name of a picture: the SHA-256 (hex) of its bytes."""
    return hashlib.sha256(jpeg).hexdigest()


class CropStore(Protocol):
    """Pictures by name, put in two steps so that SQL in between decides whether they exist.

    ``stage`` makes the bytes safe, the SQL transaction refers to them, ``publish`` moves them to their place. Whatever
    a crash leaves in a staging area is published if SQL refers to it, and discarded if not. An area belongs to one
    camera's ingest at a time.
    """

    def stage(self, area: str, pictures: Mapping[str, bytes]) -> None:
        """Write pictures by name into a staging area, durably; all or none.

        Raises:
            GalleryError: If they cannot be written.
        """
        ...

    def publish(self, area: str, names: Iterable[str]) -> None:
        """Move staged pictures to their place; those that are not staged (any more) are left out."""
        ...

    def discard(self, area: str, names: Iterable[str]) -> None:
        """Throw staged pictures away."""
        ...

    def staged(self) -> dict[str, list[str]]:
        """Names of staged pictures by area."""
        ...

    def get(self, name: str, area: str = "") -> bytes:
        """Bytes of a picture, published or still staged in the area.

        Raises:
            GalleryError: If there is none of that name, or it cannot be read.
        """
        ...

    def delete(self, name: str) -> None:
        """Remove a published picture. One that is gone already is no error."""
        ...

    def path(self, name: str) -> Path:
        """Absolute path of a published picture."""
        ...

    def names(self) -> Iterator[str]:
        """Names of all published pictures."""
        ...


class FolderCropStore:
    """Pictures in a folder: ``ab/<name>.jpg`` when published, ``staging/<area>/<name>.jpg`` before."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._staging = self._folder / "staging"

    def stage(self, area: str, pictures: Mapping[str, bytes]) -> None:
        """See ``CropStore``."""
        folder = self._staging / area
        with self._translated("written"):
            try:
                folder.mkdir(parents=True, exist_ok=True)
                for name, jpeg in pictures.items():
                    # Made now, so that publishing, after the commit, needs no room on the disk.
                    self.path(name).parent.mkdir(exist_ok=True)
                    _write_durably(folder / f"{name}.part", jpeg)
                for name in pictures:
                    (folder / f"{name}.part").rename(folder / f"{name}.jpg")
                _sync_folder(folder)
            except OSError:
                # What cannot be removed either is discarded by the next sweep.
                with suppress(OSError):
                    self._remove_staged(area, pictures)
                raise

    def publish(self, area: str, names: Iterable[str]) -> None:
        """See ``CropStore``."""
        with self._translated("moved"):
            for name in names:
                target = self.path(name)
                target.parent.mkdir(exist_ok=True)
                try:
                    (self._staging / area / f"{name}.jpg").rename(target)
                except FileNotFoundError:
                    # Somebody erased it in the meantime, or it is in its place already.
                    continue

    def discard(self, area: str, names: Iterable[str]) -> None:
        """See ``CropStore``."""
        with self._translated("removed"):
            self._remove_staged(area, names)

    def staged(self) -> dict[str, list[str]]:
        """See ``CropStore``."""
        areas: dict[str, set[str]] = {}
        for path in self._staging.glob("*/*"):
            areas.setdefault(path.parent.name, set()).add(path.stem)
        return {area: sorted(names) for area, names in areas.items()}

    def get(self, name: str, area: str = "") -> bytes:
        """See ``CropStore``."""
        published, staged = self.path(name), self._staging / area / f"{name}.jpg"
        with self._translated("read"):
            # Third look: it may have been published between the first and the second.
            for path in (published, staged, published):
                try:
                    return path.read_bytes()
                except FileNotFoundError:
                    continue
        raise GalleryError(f"crop {name[:12]} is missing from {self._folder}: it was erased, or a backup is incomplete")

    def delete(self, name: str) -> None:
        """See ``CropStore``."""
        with self._translated("removed"):
            self.path(name).unlink(missing_ok=True)

    def path(self, name: str) -> Path:
        """See ``CropStore``."""
        return self._folder.joinpath(name[:2], f"{name}.jpg")

    def names(self) -> Iterator[str]:
        """See ``CropStore``."""
        for path in self._folder.glob("??/*.jpg"):
            yield path.stem

    def _remove_staged(self, area: str, names: Iterable[str]) -> None:
        for name in names:
            for suffix in (".part", ".jpg"):
                (self._staging / area / f"{name}{suffix}").unlink(missing_ok=True)

    @contextmanager
    def _translated(self, verb: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise GalleryError(
                    f"no space left for crops in {self._folder}: free some, then run the command again"
                ) from error
            raise GalleryError(f"crops in {self._folder} cannot be {verb}: {error.strerror or error}") from error


def _write_durably(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
