"""What a run writes down as it goes: ``log.csv`` (a row a step), ``validation.csv``, and events for TensorBoard."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from training.checkpoint import cannot_write, replace_file
from training.watch import Begun, Stepped, Validated, Watch


class TrainingLog(Watch):
    """The log files of one run. A row is in the file when its call returns.

    A run that is resumed gives the number of the step it goes on from: what was written after that is taken out, so
    that each step stands there once.

    Args:
        folder: Of the run.
        parts: Names of the loss's parts.
        step: Steps that are kept, 0 for a run that begins.
    """

    def __init__(self, folder: Path, parts: Sequence[str], step: int = 0) -> None:
        self._parts = list(parts)
        columns = ["step", "epoch", "lr", "loss", *self._parts, "images_per_second"]
        self._steps = Table(folder / "log.csv", columns, step)
        self._validations = Table(folder / "validation.csv", ["step", "epoch", "mAP", "rank1", "rank5", "mINP"], step)
        self._events = _event_writer(folder / "events", step)

    @property
    def has_events(self) -> bool:
        """Whether events are written, which takes tensorboardX."""
        return self._events is not None

    def begun(self, run: Begun) -> None:
        """Nothing is written of it: the settings stand in ``settings.json``."""

    def stepped(self, step: Stepped) -> None:
        """A row of ``log.csv``, and events."""
        losses = [step.parts[name] for name in self._parts]
        self._steps.add([step.step, step.epoch, step.rate, step.loss, *losses, round(step.images_per_second, 2)])
        values = {"lr": step.rate, "loss": step.loss, "images_per_second": step.images_per_second}
        self._event(step.step, values | {f"loss_parts/{name}": value for name, value in step.parts.items()})

    def validated(self, validation: Validated) -> None:
        """A row of ``validation.csv``, and events."""
        figures = validation.found.figures()
        self._validations.add([validation.step, validation.epoch, *figures.values()])
        self._event(validation.step, {f"held_out/{name}": value for name, value in figures.items()})
        if self._events is not None:
            self._events.flush()

    def close(self) -> None:
        """Ends the files."""
        self._steps.close()
        self._validations.close()
        if self._events is not None:
            self._events.close()

    def _event(self, step: int, values: Mapping[str, float]) -> None:
        if self._events is not None:
            for name, value in values.items():
                self._events.add_scalar(name, value, step)


class Table:
    """A CSV file whose first column is the number of a step, and which grows by whole rows.

    Args:
        path: The file.
        columns: Names of them.
        keep: Rows of later steps, and what a crash left of a row, are taken out first.
    """

    def __init__(self, path: Path, columns: Sequence[str], keep: int) -> None:
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(columns)
        rows.writerows(row for row in _rows_of(path) if len(row) == len(columns) and int(row[0]) <= keep)
        replace_file(path, lambda file: file.write(text.getvalue().encode()))
        self._path = path
        self._file = path.open("ab", buffering=0)  # what a full disk refuses is not tried again when the file is closed

    def add(self, row: Sequence[object]) -> None:
        """Writes one row.

        Raises:
            ConfigError: If the disk is full.
        """
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow(row)
        try:
            self._file.write(line.getvalue().encode())
        except OSError as error:
            raise cannot_write(self._path, error) from error

    def close(self) -> None:
        """Ends the file."""
        self._file.close()


def _rows_of(path: Path) -> list[list[str]]:
    """The whole rows of a file, none if it is not there."""
    try:
        text = path.read_text()
    except FileNotFoundError:
        return []
    whole = text[: text.rfind("\n") + 1]
    return [row for row in csv.reader(io.StringIO(whole)) if row and row[0].isdigit()]


def _event_writer(folder: Path, step: int) -> Any:
    try:
        from tensorboardX import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder), purge_step=step + 1 if step else None)
