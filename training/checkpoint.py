"""A checkpoint: one ``.npz`` of arrays and facts that is either whole or not there, and never runs code when read."""

import json
import os
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from gallery.errors import ConfigError, ModelError

FACTS = "facts"
"""Name of the entry that holds the JSON text."""

FORMAT = "passerby-checkpoint-1"


@dataclass(frozen=True)
class Checkpoint:
    """All that a run needs to go on.

    Attributes:
        arrays: By name: weights, the optimiser's state, the moving average, the objective's weights.
        facts: What JSON can hold: settings, the step, the best so far.
    """

    arrays: Mapping[str, NDArray[Any]]
    facts: Mapping[str, Any]


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Writes it beside its place and renames it there, so that a crash leaves the old one or the new one, whole.

    Raises:
        ConfigError: If the disk is full or the folder cannot be written to; the old file is untouched then.
    """
    text = json.dumps({"format": FORMAT, **checkpoint.facts}, allow_nan=False)
    arrays = {**checkpoint.arrays, FACTS: np.asarray(text)}
    replace_file(path, lambda file: np.savez(file, allow_pickle=False, **arrays))


def read_checkpoint(path: Path) -> Checkpoint:
    """Reads one; nothing in it is executed.

    Raises:
        ModelError: If the file is absent, damaged, or no checkpoint.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        facts = json.loads(str(arrays.pop(FACTS)))
    except FileNotFoundError as error:
        raise ModelError(
            f"{path}: there is no checkpoint; give the folder of a run that `passerby train` made"
        ) from error
    except (
        OSError,
        ValueError,
        KeyError,
        EOFError,
        TypeError,
        AttributeError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise ModelError(f"{path}: is damaged or no checkpoint of this program ({error}); start a new run") from error
    if not isinstance(facts, dict) or facts.pop("format", None) != FORMAT:
        raise ModelError(f"{path}: is no checkpoint that this version reads ({FORMAT}); start a new run")
    return Checkpoint(arrays, facts)


def replace_file(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Writes a file so that its name always stands for whole content: temporary file, fsync, rename, fsync of the folder.

    Raises:
        ConfigError: If it cannot be written; whatever stood there is untouched.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with beside.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        beside.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def cannot_write(path: Path, error: OSError) -> ConfigError:
    """What to say where a file of a run cannot be written."""
    return ConfigError(
        f"cannot write {path} ({error.strerror or error}); make room there, or let it be written to; "
        "--resume goes on from what was saved before, which is whole"
    )
