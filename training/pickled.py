"""Weights out of the pickled files of PyTorch and Paddle, without running a line of what is in them.

``.pth``, ``.pt`` and ``.pth.tar`` of PyTorch (zip and legacy format) and ``.pdparams`` of Paddle are pickles: loading
one in the usual way runs whatever functions it names. Here a machine of our own (``training/pickle_machine.py``)
reads them: it knows how arrays are described, passes foreign objects over, and refuses what could do harm.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gallery.errors import ModelError
from training.pickle_machine import PickleMachine
from training.pickled_values import Array, ArrayShell, Opaque, Tensor
from training.torch_files import LEGACY_MAGIC, TorchFile, open_zip, read_legacy, widen_bfloat16

MAX_BYTES = 4 * 2**30
"""Of a file. The largest Re-ID networks have about 0.5 GB, their training checkpoints three times as much."""

MAX_GROWTH = 4
"""How many times the file's size its arrays may have: bfloat16 becomes float32, and tensors may share numbers."""

MAX_NAME = 300
"""Characters of a parameter's name."""

ENTRIES = ("state_dict", "model", "model_state_dict", "network", "net")
"""Where checkpoints keep the weights, in the order in which they are looked for."""

PADDLE_NAMES = "StructuredToParameterName@@"
"""Entry of Paddle's files that gives each parameter's name in the graph: no array."""


@dataclass(frozen=True)
class PickledArrays:
    """The weights in a file.

    Attributes:
        arrays: By name, in the file's order, in C order and the machine's byte order.
        entry: Name of the checkpoint's entry that they were in; "" where they were the whole file.
        passed_over: Classes of foreign objects elsewhere in the file, which were not made.
        other_entries: What else the checkpoint has: names of entries.
    """

    arrays: dict[str, Array]
    entry: str
    passed_over: tuple[str, ...]
    other_entries: tuple[str, ...]


def read_pickle(path: Path) -> dict[str, Array]:
    """The weights of a PyTorch or Paddle file by name; see :func:`read_pickled_arrays`."""
    return read_pickled_arrays(path).arrays


def read_pickled_arrays(path: Path, entry: str | None = None) -> PickledArrays:
    """The weights of a PyTorch or Paddle file, and where in it they were.

    Args:
        path: ``.pth``, ``.pt``, ``.pth.tar`` or ``.pdparams``; the content decides, not the suffix.
        entry: Entry of the checkpoint to take; by default the first of :data:`ENTRIES` with arrays.

    Raises:
        ModelError: Missing, damaged, not weights, or made to do harm.
    """
    try:
        return _read(path, path.stat().st_size, entry)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror or error}); check the name") from error


def _read(path: Path, size: int, entry: str | None) -> PickledArrays:
    if not size:
        raise ModelError("it is empty; copy or download it again")
    if size > MAX_BYTES:
        raise ModelError(f"it has {size} bytes; weights have up to {MAX_BYTES}")
    with path.open("rb") as start:
        zipped = start.read(4) == b"PK\x03\x04"
    if zipped:
        with open_zip(path) as file:
            return _pick(file.content, file.passed_over, _of_torch(file), size, entry)
    data = path.read_bytes()
    machine = PickleMachine(data)
    content = _first_pickle(machine, data)
    if type(content) is int and content == LEGACY_MAGIC:
        file = read_legacy(data)
        return _pick(file.content, file.passed_over, _of_torch(file), size, entry)
    return _pick(content, machine.passed_over, _of_paddle, size, entry)


def _pick(
    content: object, passed_over: set[str], array: Callable[[object], Array | None], size: int, entry: str | None
) -> PickledArrays:
    """The arrays of the entry with the weights."""
    name, weights = choose_entry(content, entry)
    arrays: dict[str, Array] = {}
    total = 0
    for key, value in weights.items():
        if key == PADDLE_NAMES:
            continue
        if not key.isprintable() or len(key) > MAX_NAME:
            raise ModelError("a parameter has a name that no network gives: it is damaged, or made to do harm")
        found = array(value)
        if found is None:
            raise ModelError(f"entry {key!r:.80} of its weights is no array but {type(value).__name__}")
        total += found.nbytes
        if total > MAX_GROWTH * size + 2**20:
            raise ModelError("its tensors share their numbers over and over: it is made to fill the memory")
        arrays[key] = found
    others = (
        [key for key in content if key != name and isinstance(key, str)] if name and isinstance(content, dict) else []
    )
    return PickledArrays(arrays, name, tuple(sorted(passed_over)), tuple(others))


def choose_entry(content: object, entry: str | None = None) -> tuple[str, dict[str, object]]:
    """The dictionary of arrays in a checkpoint, and the name of the entry that it was in.

    Raises:
        ModelError: There is none, or several and none of the usual names.
    """
    if not isinstance(content, dict):
        kind = content.name if isinstance(content, Opaque) else type(content).__name__
        raise ModelError(
            f"it holds one {kind}, not weights by name: a whole pickled network cannot be read without running its code; "
            "save its state_dict() in its own project, and import that"
        )
    there = {key: value for key, value in content.items() if isinstance(key, str) and _is_weights(value)}
    if entry is not None:
        if entry not in there:
            raise ModelError(f"it has no weights under {entry!r}; it has them under: {', '.join(there) or 'nothing'}")
        return entry, there[entry]
    if _is_weights(content):
        return "", content
    for name in ENTRIES:
        if name in there:
            return name, there[name]
    if len(there) == 1:
        return next(iter(there.items()))
    if there:
        raise ModelError(f"it has weights under several names ({', '.join(there)}): say which to take")
    keys = ", ".join(str(key)[:40] for key in list(content)[:10])
    raise ModelError(f"it holds no weights; its entries are: {keys or 'none'}")


def _is_weights(value: object) -> bool:
    """Whether it is a dictionary by name, most of whose values are arrays and none of whose values are dictionaries."""
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        return False
    items = [item for key, item in value.items() if key != PADDLE_NAMES]
    arrays = sum(isinstance(_bare(item), Tensor | ArrayShell) for item in items)
    return 2 * arrays > len(items) and not any(isinstance(item, dict) for item in items)


def _bare(value: object) -> object:
    """The array of Paddle's pair of a name and an array (``paddle.save`` of a single tensor)."""
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str):
        return value[1]
    return value


def _of_torch(file: TorchFile) -> Callable[[object], Array | None]:
    def array(value: object) -> Array | None:
        if isinstance(value, ArrayShell):
            return _of_paddle(value)
        return file.array(value) if isinstance(value, Tensor) else None

    return array


def _of_paddle(value: object) -> Array | None:
    """A copy of a NumPy array. Paddle keeps bfloat16 as uint16, a type that it has no other use for."""
    shell = _bare(value)
    if not isinstance(shell, ArrayShell) or shell.array is None:
        return None
    array = np.array(shell.array, dtype=shell.array.dtype.newbyteorder("="), order="C")
    return widen_bfloat16(array) if array.dtype == np.uint16 else array


def _first_pickle(machine: PickleMachine, data: bytes) -> object:
    try:
        return machine.read()
    except ModelError:
        if data[257:262] == b"ustar":
            raise ModelError(
                "it is a tar archive (of PyTorch before 0.1.10, or of files): unpack it, or save it anew with torch.save"
            ) from None
        if data.lstrip()[:1] == b"<":
            raise ModelError(
                "it is a web page, not weights: download it again, in a browser if need be (Google Drive asks before it "
                "gives large files)"
            ) from None
        if data[:1] != b"\x80":
            raise ModelError("it is no weights file of PyTorch or Paddle; only those are read") from None
        raise
