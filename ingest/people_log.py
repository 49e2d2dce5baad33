"""``log.csv``: how many people were there in each frame, who, and how fast the frames were done."""

import errno
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from gallery.errors import ConfigError

COLUMNS = "frame,seconds,time,people,ids,fps"


class PeopleLog:
    """Writes one line per frame; each is in the file when ``write`` returns.

    Columns: ``frame`` (from 1, as in ``tracks.txt``), ``seconds`` since the source's start, ``time`` (ISO 8601, UTC;
    empty where the source does not know it), ``people``, ``ids`` (with spaces between them), and ``fps``: how many
    frames a second were done lately.

    Args:
        path: The file; one that is there is replaced. Its folder is there.

    Raises:
        ConfigError: If it cannot be written.

    Attributes:
        mean_people: People in a frame, over all frames so far; 0 before the first.
        most_people: People in the fullest frame.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.most_people = 0
        self._frames = self._people = 0
        try:
            self._file = path.open("w", encoding="utf-8", newline="\n")
        except OSError as error:
            raise self._cannot(error) from error
        try:
            self._put(COLUMNS)
        except OSError as error:
            with suppress(OSError):  # closing writes the rest again
                self._file.close()
            raise self._cannot(error) from error

    @property
    def mean_people(self) -> float:
        """People in a frame, on average."""
        return self._people / max(self._frames, 1)

    def __enter__(self) -> "PeopleLog":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._file.close()
        except OSError as failure:
            if kind is None:  # of two errors the first says what happened
                raise self._cannot(failure) from failure

    def write(
        self,
        frame: int,
        ids: NDArray[np.int64],
        fps: float,
        *,
        seconds: float | None = None,
        time: datetime | None = None,
    ) -> None:
        """Adds a frame.

        Args:
            frame: From 1.
            ids: (K,) the tracks that are shown in it.
            fps: Frames a second that are being done.
            seconds: Since the source's start; None where frames have no time.
            time: UTC, None where it is not known.

        Raises:
            ConfigError: If there is no room for it.
        """
        since = "" if seconds is None else f"{seconds:.3f}"
        moment = "" if time is None else time.isoformat(timespec="milliseconds")
        try:
            self._put(f"{frame},{since},{moment},{len(ids)},{' '.join(map(str, ids.tolist()))},{fps:.1f}")
        except OSError as error:
            raise self._cannot(error) from error
        self._frames += 1
        self._people += len(ids)
        self.most_people = max(self.most_people, len(ids))

    def _put(self, line: str) -> None:
        self._file.write(line + "\n")
        self._file.flush()

    def _cannot(self, error: OSError) -> ConfigError:
        reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror
        return ConfigError(f"{self.path} cannot be written: {reason}; free space, or name another folder with --out")
