"""Loads a network file into the runtime for its suffix."""

import os
from importlib.util import find_spec
from pathlib import Path

from gallery.errors import ModelError
from ingest.runtime import Device, Precision, Runtime

_PACKAGES = {".onnx": "onnxruntime", ".xml": "openvino", ".json": "paddle", ".pdmodel": "paddle"}
_EXTRAS = {
    ".xml": ("OpenVINO", "openvino"),
    ".json": ("PaddlePaddle", "paddle"),
    ".pdmodel": ("PaddlePaddle", "paddle"),
}
_DEVICES: dict[str, tuple[Device, ...]] = {
    ".onnx": ("cpu", "cuda"),
    ".xml": ("cpu",),
    ".json": ("cpu", "cuda", "tensorrt"),
    ".pdmodel": ("cpu", "cuda", "tensorrt"),
}

SUFFIXES = tuple(_PACKAGES)
"""Suffixes of the network files that can be run."""


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
        path: ``.onnx`` runs in onnxruntime, ``.xml`` in OpenVINO, ``.json`` and ``.pdmodel`` in Paddle Inference.
        batch: Rows of every run, where the network can be made to take as many.
        threads: Most threads it may use; all cores by default.
        device: Where it runs. Nothing falls back: what cannot be had is an error.
        precision: "fp32", "bf16" where OpenVINO and the processor can, "fp16" or "int8" in TensorRT.

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
        library, extra = _EXTRAS[path.suffix]
        raise ModelError(f"cannot run {path}: {library} is not installed; pip install 'passerby[{extra}]'")
    if path.suffix in (".json", ".pdmodel"):
        from ingest.runtime_paddle import PaddleRuntime

        return PaddleRuntime(path, batch=batch, threads=threads, device=device, precision=precision)
    from ingest.runtime_openvino import OpenVinoRuntime

    return OpenVinoRuntime(path, batch=batch, threads=threads, device=device, precision=precision)


def check_suffix(path: Path) -> None:
    """Refuses a file whose suffix no runtime is for.

    Raises:
        ModelError: If it is not one of ``SUFFIXES``.
    """
    if path.suffix not in _PACKAGES:
        supported = f"{', '.join(SUFFIXES[:-1])} and {SUFFIXES[-1]}"
        ours = "; export a network file first: passerby export FILE.npz" if path.suffix == ".npz" else ""
        raise ModelError(f"no runtime for '{path.suffix}' files ({path}); supported are {supported}{ours}")


def is_installed(suffix: str) -> bool:
    """Whether the runtime for files of this suffix is installed."""
    return find_spec(_PACKAGES[suffix]) is not None


def runs_on(suffix: str, device: Device) -> bool:
    """Whether the runtime for files of this suffix knows that device, whether or not this machine has it."""
    return device in _DEVICES[suffix]


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
