"""Weights of networks: our own file, and what others publish.

A network file of ours is one ``.npz``: an array for each parameter, by its name, and under ``network`` one line of JSON
with the settings and whatever its maker adds. Nothing in it is executed when it is read.
"""

import json
import os
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gallery.errors import ConfigError, ModelError
from ingest.paddle_library import nn
from training.checkpoint import FACTS
from training.network import ReidNetwork, build_network
from training.network_settings import NetworkSettings
from training.pickled import read_pickle

Arrays = Mapping[str, NDArray[Any]]

MAX_BYTES = 2 * 2**30
"""Of the arrays in a network file; the largest network here has 0.3 GB."""

_ENTRY = "network"
_NAMES_SHOWN = 8
_DAMAGES = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    EOFError,
    MemoryError,
    NotImplementedError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What NumPy and zipfile make of a damaged file."""


@dataclass(frozen=True)
class NetworkFile:
    """What a network file holds.

    Attributes:
        settings: Of the network.
        arrays: Parameters by name, as stored (float16 or float32).
        extra: What its maker added.
    """

    settings: NetworkSettings
    arrays: dict[str, NDArray[Any]]
    extra: dict[str, Any]


@dataclass(frozen=True)
class Mismatch:
    """Names that two sets of parameters do not share; all empty where everything fits.

    Attributes:
        missing: The network has them, the file does not: left as they were.
        unexpected: The file has them, the network does not: left out.
        reshaped: Both have them, in different shapes: left as they were.
    """

    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    reshaped: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.missing or self.unexpected or self.reshaped)

    def __str__(self) -> str:
        parts = (("missing", self.missing), ("unexpected", self.unexpected), ("of another shape", self.reshaped))
        return "; ".join(f"{len(names)} {what} ({_some(names)})" for what, names in parts if names)


def save_network(
    path: Path,
    network: ReidNetwork,
    extra: Mapping[str, Any] | None = None,
    *,
    precision: Literal["fp32", "fp16"] = "fp32",
) -> None:
    """Write a network file, whole or not at all.

    Args:
        path: Where to; it must end in .npz.
        network: Whose weights and settings.
        extra: Anything that JSON can hold, kept beside the settings.
        precision: How the weights are stored.

    Raises:
        ModelError: If the name is another, a weight is not finite in that precision, or the disk does not take it.
    """
    if path.suffix != ".npz":
        raise ModelError(f"cannot write a network to {path}; let its name end in .npz")
    arrays = {name: _stored(name, value.numpy(), precision) for name, value in network.state_dict().items()}
    line = json.dumps({"settings": json.loads(network.settings.to_json()), "extra": dict(extra or {})})
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with beside.open("wb") as file:
            np.savez(file, allow_pickle=False, **{_ENTRY: np.array(line)}, **arrays)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise ModelError(
            f"cannot write {path} ({error.strerror}); choose another folder, or free some space"
        ) from error
    finally:
        beside.unlink(missing_ok=True)


def read_network_file(path: Path) -> NetworkFile:
    """What is in a file of ``save_network``.

    Raises:
        ModelError: If it is missing, damaged or something else.
    """
    if not path.is_file():
        raise ModelError(f"there is no network file {path}; check the name")
    try:
        _check_size(path)
        # NumPy itself leaves a damaged archive open.
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            if isinstance(file, np.lib.npyio.NpzFile) and FACTS in file.files:
                raise ModelError(
                    f"{path} is the checkpoint of a run, for --resume; the network of a run is its best.npz"
                )
            if not isinstance(file, np.lib.npyio.NpzFile) or _ENTRY not in file.files:
                raise ModelError(f"{path} is no network file of ours; import others by `passerby models import`")
            line = json.loads(str(file[_ENTRY]))
            arrays = {name: file[name] for name in file.files if name != _ENTRY}
        return NetworkFile(NetworkSettings.from_json(json.dumps(line["settings"])), arrays, dict(line["extra"]))
    except ConfigError as error:
        raise ModelError(f"{path} cannot be used: {error}") from error
    except _DAMAGES as error:
        raise ModelError(f"{path} is damaged, or no network file of ours ({error}); make or copy it again") from error


def load_network(path: Path) -> ReidNetwork:
    """The network in a file of ``save_network``, in evaluation mode.

    Raises:
        ModelError: If the file is missing or damaged, or its arrays do not fit its settings.
    """
    file = read_network_file(path)
    network = build_network(file.settings)
    try:
        apply_weights(network, file.arrays)
    except ModelError as error:
        raise ModelError(f"{path} is damaged: {error}") from error
    network.eval()
    return network


def read_pretrained(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays in a published ``.pdparams`` file, by the names of its publisher; nothing in it is executed.

    Raises:
        ModelError: If it is missing, damaged, or holds anything but arrays.
    """
    return read_pickle(path)


def apply_weights(layer: nn.Layer, arrays: Arrays, *, allow_mismatch: bool = False) -> Mismatch:
    """Put ``arrays`` in the place of the parameters of the same names.

    Args:
        layer: A network, or its backbone.
        arrays: Parameters by name.
        allow_mismatch: Put in those that fit and say what did not, instead of refusing.

    Returns:
        What did not fit.

    Raises:
        ModelError: If anything is missing, unexpected, of another shape or not finite; the layer is unchanged then.
    """
    state = layer.state_dict()
    fitting = {name for name in arrays if name in state and tuple(state[name].shape) == arrays[name].shape}
    mismatch = Mismatch(
        missing=tuple(name for name in state if name not in arrays),
        unexpected=tuple(name for name in arrays if name not in state),
        reshaped=tuple(name for name in arrays if name in state and name not in fitting),
    )
    if mismatch and not allow_mismatch:
        raise ModelError(f"these weights are not of this network: {mismatch}; check the network's settings")
    for name in fitting:
        if arrays[name].dtype.kind != "f" or not np.isfinite(arrays[name]).all():
            raise ModelError(f"the weights of {name} are not all finite numbers; make or copy the file again")
    for name in fitting:
        state[name].set_value(arrays[name].astype(np.float32))
    return mismatch


def _stored(name: str, values: NDArray[Any], precision: str) -> NDArray[Any]:
    with np.errstate(over="ignore"):
        stored = values.astype(np.float16 if precision == "fp16" else np.float32)
    if not np.isfinite(stored).all():
        remedy = "its training went wrong" if not np.isfinite(values).all() else "store it as fp32"
        raise ModelError(f"{name} has values that are no finite numbers in {precision}: {remedy}")
    return stored


def _check_size(path: Path) -> None:
    with zipfile.ZipFile(path) as file:
        size = sum(entry.file_size for entry in file.infolist())
    if size > MAX_BYTES:
        raise ModelError(f"{path} would unpack to {size} bytes; a network has up to {MAX_BYTES}")


def _some(names: tuple[str, ...]) -> str:
    more = len(names) - _NAMES_SHOWN
    return ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
