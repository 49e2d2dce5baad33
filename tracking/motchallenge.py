"""MOTChallenge text: detections and truth in, results out. Frames count from 1, as the files do.

Columns are ``frame, id, left, top, width, height, confidence, ...``. What follows differs: a position in the world (2D
MOT 2015), or class and visibility (truth of MOT16 and later).
"""

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from tracking.boxes import xywh_to_xyxy, xyxy_to_xywh

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PERSON = 1
"""The class of a walking person in MOT16 and later."""

COLUMNS = 10


@dataclass(frozen=True, eq=False)
class MotTable:
    """The rows of a file, sorted by frame; rows of one frame stay in the file's order.

    Attributes:
        frames: (N,) int64, from 1.
        ids: (N,) int64; -1 for detections.
        boxes: (N, 4) float64, xyxy, pixels.
        confidences: (N,) float64, as the file has them. In truth, 0 says that the row is not to be scored.
        classes: (N,) int64, MOT16's; all ``PERSON`` where the file has none.
        visibilities: (N,) float64, 0-1; all 1 where the file has none.
        rows: (N,) int64, the place of each row in the file, from 0, empty lines not counted.
    """

    frames: Ints
    ids: Ints
    boxes: Floats
    confidences: Floats
    classes: Ints
    visibilities: Floats
    rows: Ints

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def last_frame(self) -> int:
        """Number of the last frame that has a row, 0 if there is none."""
        return int(self.frames[-1]) if len(self) else 0

    def at(self, frame: int) -> slice:
        """The rows of one frame (from 1)."""
        first, last = np.searchsorted(self.frames, [frame, frame + 1])
        return slice(int(first), int(last))

    def take(self, chosen: NDArray[np.bool_]) -> "MotTable":
        """Only the rows where ``chosen`` (N,) is true."""
        return MotTable(
            self.frames[chosen],
            self.ids[chosen],
            self.boxes[chosen],
            self.confidences[chosen],
            self.classes[chosen],
            self.visibilities[chosen],
            self.rows[chosen],
        )


def read_detections(path: Path) -> MotTable:
    """Reads what a detector found (``det.txt``).

    Raises:
        ValueError: If the file cannot be read or a line is bad; names file and line.
    """
    return read_table(path)


def read_results(path: Path) -> MotTable:
    """Reads what a tracker gave (``frame,id,x,y,w,h,confidence,-1,-1,-1``).

    Raises:
        ValueError: If the file cannot be read, a line is bad, or an id is twice in a frame.
    """
    table = read_table(path)
    check_ids_unique(path, table)
    return table


def read_truth(path: Path) -> MotTable:
    """Reads true boxes (``gt.txt``).

    Nine columns are MOT16's: flag, class, visibility. Ten are 2D MOT 2015's, where the last three are a position in the
    world; but where that is ``-1, -1`` and a number of 0 or more, the number is a visibility (so composed scenes say it).

    Raises:
        ValueError: If the file cannot be read, a line is bad, or an id is twice in a frame.
    """
    table = read_table(path)
    check_ids_unique(path, table)
    return table


def read_table(path: Path) -> MotTable:
    """Reads any of these files."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ValueError(f"{path} cannot be read ({reason}); give a MOTChallenge text file") from error
    rows = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            rows.append(parse_line(f"{path} line {number}", line))
    return table_of(np.array(rows, np.float64).reshape(-1, COLUMNS + 1))


def parse_line(place: str, line: str) -> list[float]:
    """The ten numbers of a line, missing ones -1 (confidence 1), then how many it had."""
    text = line.strip().rstrip(",")
    parts = text.split(",") if "," in text else text.split()
    try:
        numbers = [float(part) for part in parts]
    except ValueError as error:
        raise ValueError(f"{place} is not numbers: {text[:80]!r}; it needs frame,id,x,y,w,h,confidence") from error
    if problem := check_row(numbers):
        raise ValueError(f"{place}: {problem}; it needs frame,id,x,y,w,h,confidence")
    numbers = numbers[:COLUMNS]
    filled = numbers + [1.0 if column == 6 else -1.0 for column in range(len(numbers), COLUMNS)]
    return [*filled, float(len(numbers))]


def check_row(numbers: list[float]) -> str | None:
    """What is wrong with a line's numbers, or None."""
    if len(numbers) < 6:
        return f"{len(numbers)} numbers"
    if not np.isfinite(numbers).all():
        return "a number is not finite"
    frame, track, _, _, width, height = numbers[:6]
    if frame < 1 or frame != int(frame):
        return f"frame is {frame:g}, frames are whole numbers from 1"
    if track != int(track):
        return f"id is {track:g}, ids are whole numbers"
    if width <= 0 or height <= 0:
        return f"the box is {width:g} x {height:g}, it has no area"
    return None


def table_of(numbers: Floats) -> MotTable:
    """A table from rows of ten columns and how many of them the file had, (N, 11)."""
    order = np.argsort(numbers[:, 0], kind="stable")
    sorted_ = numbers[order]
    nine = sorted_[:, 10] == 9
    ten_with_visibility = (sorted_[:, 10] == 10) & (sorted_[:, 7:9] == -1).all(axis=1) & (sorted_[:, 9] >= 0)
    return MotTable(
        frames=sorted_[:, 0].astype(np.int64),
        ids=sorted_[:, 1].astype(np.int64),
        boxes=xywh_to_xyxy(sorted_[:, 2:6]),
        confidences=sorted_[:, 6],
        classes=np.where(nine, sorted_[:, 7], PERSON).astype(np.int64),
        visibilities=np.select([nine, ten_with_visibility], [sorted_[:, 8], sorted_[:, 9]], 1.0),
        rows=order,
    )


def check_ids_unique(path: Path, table: MotTable) -> None:
    """Refuses two boxes of one id in one frame."""
    pairs, counts = np.unique(np.stack([table.frames, table.ids], axis=1), axis=0, return_counts=True)
    if (counts > 1).any():
        frame, track = pairs[np.argmax(counts > 1)]
        raise ValueError(f"{path} has id {track} twice in frame {frame}; give each person one box per frame")


class ResultWriter:
    """Writes a tracker's results as they come; each frame is in the file when ``write`` returns.

    Args:
        path: The file; one that is there is replaced.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8", newline="\n")

    def __enter__(self) -> "ResultWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def write(
        self,
        frame: int,
        ids: Ints,
        boxes: NDArray[np.float32] | Floats,
        confidences: NDArray[np.float32] | Floats,
    ) -> None:
        """Writes the people of one frame.

        Args:
            frame: From 1.
            ids: (K,).
            boxes: (K, 4) xyxy, pixels.
            confidences: (K,), the detector's; -1 for a box that is only believed.

        Raises:
            ValueError: If the frame is below 1 or the lengths differ.
        """
        if frame < 1 or not len(ids) == len(boxes) == len(confidences):
            raise ValueError(
                f"frame {frame} with {len(ids)} ids, {len(boxes)} boxes and {len(confidences)} confidences; "
                "frames count from 1 and each id has one of each"
            )
        for track, (x, y, w, h), confidence in zip(ids, xyxy_to_xywh(boxes), confidences, strict=True):
            self._file.write(f"{frame},{track},{x:.3f},{y:.3f},{w:.3f},{h:.3f},{confidence:.6g},-1,-1,-1\n")
        self._file.flush()

    def close(self) -> None:
        """Closes the file."""
        self._file.close()
