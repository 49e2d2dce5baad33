"""Loads a network file into the runtime for its suffix."""

import os
from importlib.util import find_spec
from pathlib import Path

from gallery.errors import ModelError
from ingest.runtime import Device, Precision, Runtime

_PACKAGES = {".onnx": "onnxruntime", ".xml": "openvino"}


def open_runtime(
    path: Path,
    *,
    batch: int = 1,
    threads: int | None = None,
    device: Device = "cpu",
    precision: Precision = "fp32",
) -> Runtime:
    """Loads a network file into the runtime for its suffix.

    Args:
        path: ``.onnx`` runs in onnxruntime, ``.xml`` in OpenVINO.
        batch: Rows of every run, where the network can be made to take as many.
        threads: Most threads it may use; all cores by default.
        device: Where it runs. Nothing falls back: what cannot be had is an error.
        precision: "fp32", or "bf16" where OpenVINO and the processor can.

    Raises:
        ModelError: If the file is missing, empty, damaged or of an unknown kind, or cannot be run as asked.
    """
    check_suffix(path)
    _check_readable(path)
    threads = threads or usable_cores()
    if path.suffix == ".onnx":
        from ingest.runtime_onnx import OnnxRuntime

        return OnnxRuntime(path, batch=batch, threads=threads, device=device, precision=precision)
    if not is_installed(path.suffix):
        raise ModelError(f"cannot run {path}: OpenVINO is not installed; pip install 'passerby[openvino]'")
    from ingest.runtime_openvino import OpenVinoRuntime

    return OpenVinoRuntime(path, batch=batch, threads=threads, device=device, precision=precision)


def check_suffix(path: Path) -> None:
    """Refuses a file whose suffix no runtime is for.

    Raises:
        ModelError: If it is not ``.onnx`` or ``.xml``.
    """
    if path.suffix not in _PACKAGES:
        raise ModelError(f"no runtime for '{path.suffix}' files ({path}); supported are {' and '.join(_PACKAGES)}")


def is_installed(suffix: str) -> bool:
    """Whether the runtime for files of this suffix is installed."""
    return find_spec(_PACKAGES[suffix]) is not None


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _check_readable(path: Path) -> None:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise ModelError(f"cannot read the network {path}: {error.strerror}") from error
    if not path.is_file() or size == 0:
        raise ModelError(f"the network {path} is {'empty' if path.is_file() else 'not a file'}; download it again")
