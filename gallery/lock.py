"""Locks between processes that die with the process that holds them."""

import fcntl
import hashlib
import os
import time
from pathlib import Path
from types import TracebackType

from gallery.errors import GalleryError

_CAMERA_SECONDS = 1.0
"""Somebody who tidies up holds a camera's lock for milliseconds; an ingester for as long as it runs."""

_POLL_SECONDS = 0.02


class FileLock:
    """An exclusive lock on a file, by ``flock``: the kernel drops it when the holder dies, however that happens.

    The file holds the holder's process number, for messages. A child made by ``fork`` keeps its parent's locks.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None

    def acquire(self, wait_seconds: float = 0.0) -> bool:
        """Take the lock; False if another holder kept it for the whole wait.

        Raises:
            OSError: If the file cannot be made.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        deadline = time.monotonic() + wait_seconds
        while not _flock(file):
            if time.monotonic() >= deadline:
                os.close(file)
                return False
            time.sleep(_POLL_SECONDS)
        self._file = file
        self._sign(file)
        return True

    def is_held(self) -> bool:
        """Whether anybody holds the lock just now."""
        try:
            file = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            return not _flock(file)
        finally:
            os.close(file)

    def holder(self) -> int | None:
        """Process number of whoever took the lock last, None if that is not known."""
        try:
            text = self.path.read_text()
        except OSError:
            return None
        return int(text) if text.isdigit() else None

    def release(self) -> None:
        """Give the lock back; does nothing if it is not held."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __enter__(self) -> "FileLock":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    @staticmethod
    def _sign(file: int) -> None:
        try:
            os.ftruncate(file, 0)
            os.pwrite(file, str(os.getpid()).encode(), 0)
        except OSError:
            # A full disk must not stop a lock: only the message about its holder gets poorer.
            return


def _flock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def camera_area(camera: str) -> str:
    """A file name for a camera, whatever its name is made of."""
    return hashlib.sha256(camera.encode()).hexdigest()[:16]


def area_lock(folder: Path, area: str) -> FileLock:
    """The lock of the camera that a staging area belongs to (see ``camera_area``)."""
    return FileLock(folder / "locks" / f"camera-{area}.lock")


def camera_lock(folder: Path, camera: str) -> FileLock:
    """The lock that the one ingester of a camera holds."""
    return area_lock(folder, camera_area(camera))


def hold_camera(folder: Path, camera: str) -> FileLock:
    """Take the lock of a camera.

    Raises:
        GalleryError: If another process ingests the camera, or the lock cannot be made.
    """
    lock = camera_lock(folder, camera)
    try:
        taken = lock.acquire(_CAMERA_SECONDS)
    except OSError as error:
        raise GalleryError(
            f"gallery {folder} cannot be written ({error.strerror}): check the folder and the space on its disk"
        ) from error
    if not taken:
        raise GalleryError(
            f"camera {camera!r} is being ingested by process {lock.holder() or 'unknown'}: wait for it, or stop it"
        )
    return lock
