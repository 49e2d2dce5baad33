"""Networks in ONNX files, by onnxruntime."""

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as native

from gallery.errors import ModelError
from ingest.runtime import Device, Precision, Tensor, check_others, check_shape, damaged, sort_inputs

_FAILURES = (
    native.EngineError,
    native.EPFail,
    native.Fail,
    native.InvalidArgument,
    native.InvalidGraph,
    native.InvalidProtobuf,
    native.NoModel,
    native.NoSuchFile,
    native.NotImplemented,
    native.RuntimeException,
)
"""onnxruntime's exceptions; they have no base of their own."""

_PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
_SILENT = 4


class OnnxRuntime:
    """One ONNX network (see ``Runtime``)."""

    def __init__(self, path: Path, *, batch: int, threads: int, device: Device, precision: Precision) -> None:
        if precision != "fp32":
            raise ModelError(f"{path}: onnxruntime runs in fp32, not {precision}; leave --precision at fp32")
        _check_provider(path, device)
        self._path = path
        try:
            self._session = onnxruntime.InferenceSession(str(path), _options(threads), providers=[_PROVIDERS[device]])
        except _FAILURES as error:
            raise damaged(path, str(error)) from error
        _check_provider_in_use(path, device, self._session.get_providers())
        inputs = self._session.get_inputs()
        if any(i.type != "tensor(float)" for i in inputs):
            raise ModelError(f"{path} must take floats, not {[(i.name, i.type) for i in inputs]}")
        images, self.others = sort_inputs(path, [Tensor(i.name, _shape(i.shape)) for i in inputs])
        self.batch = batch if images.shape[0] is None else images.shape[0]
        self.input = Tensor(images.name, (self.batch, *images.shape[1:]))
        self.outputs = tuple(Tensor(o.name, _shape(o.shape)) for o in self._session.get_outputs())

    def run(self, batch: NDArray[np.float32], **others: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """See ``Runtime.run``."""
        check_shape(str(self._path), batch, self.input.shape)
        check_others(str(self._path), others, self.others)
        try:
            outputs = self._session.run(None, {self.input.name: batch, **others})
        except _FAILURES as error:
            raise damaged(self._path, str(error)) from error
        return [np.asarray(output, np.float32) for output in outputs]


def _options(threads: int) -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _SILENT
    # Threads that spin while they wait take the cores from the other networks and cameras of the same budget.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def available_providers() -> list[str]:
    """Where onnxruntime can run networks here, in its own words."""
    return [str(name) for name in onnxruntime.get_available_providers()]


def _check_provider(path: Path, device: Device) -> None:
    if device not in _PROVIDERS:
        raise ModelError(
            f"cannot run {path} on {device}: onnxruntime runs on {' or '.join(_PROVIDERS)} here, and only Paddle exports "
            "run in TensorRT; use another --device or the Paddle export of this network"
        )
    if _PROVIDERS[device] not in available_providers():
        raise ModelError(
            f"cannot run {path} on {device}: this onnxruntime has no {_PROVIDERS[device]}; "
            "install onnxruntime-gpu in place of onnxruntime, or use --device cpu"
        )


def _check_provider_in_use(path: Path, device: Device, providers: list[str]) -> None:
    """Onnxruntime itself falls back to the CPU, with a log line only, where CUDA's libraries do not load."""
    if _PROVIDERS[device] not in providers:
        raise ModelError(
            f"cannot run {path} on {device}: onnxruntime could not start {_PROVIDERS[device]}; "
            "check the CUDA and cuDNN libraries, or use --device cpu"
        )


def _shape(sizes: list[int | str | None]) -> tuple[int | None, ...]:
    return tuple(size if isinstance(size, int) and size > 0 else None for size in sizes)
