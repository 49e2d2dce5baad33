"""Networks in OpenVINO's intermediate representation (.xml beside .bin), by OpenVINO; it can read ONNX files, too."""

from pathlib import Path

import numpy as np
import openvino
from numpy.typing import NDArray

from gallery.errors import ModelError
from ingest.runtime import Device, Precision, Tensor, check_others, check_shape, damaged

_HINTS: dict[Precision, str] = {"fp32": "f32", "bf16": "bf16"}


class OpenVinoRuntime:
    """One OpenVINO network (see ``Runtime``); it has no input beside its images."""

    others: tuple[Tensor, ...] = ()

    def __init__(self, path: Path, *, batch: int, threads: int, device: Device, precision: Precision) -> None:
        if device != "cpu":
            raise ModelError(f"cannot run {path} on {device}: OpenVINO runs on the CPU here; use --device cpu")
        weights = path.with_suffix(".bin")
        if path.suffix == ".xml" and not weights.is_file():
            raise ModelError(f"{path} needs its weights beside it: {weights} is missing; copy or download it again")
        core = openvino.Core()
        _check_precision(core, path, precision)
        self._path = path
        try:
            stored = core.read_model(path, weights) if path.suffix == ".xml" else core.read_model(path)
            model, self.batch = _rebatch(stored, batch)
            self._compiled = core.compile_model(model, "CPU", _properties(threads, precision))
        except (RuntimeError, UnicodeDecodeError) as error:
            raise damaged(path, str(error)) from error
        self._request = self._compiled.create_infer_request()
        self.input = _tensor(self._compiled.input(0))
        self.outputs = tuple(_tensor(output) for output in self._compiled.outputs)

    def run(self, batch: NDArray[np.float32], **others: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """See ``Runtime.run``."""
        check_shape(str(self._path), batch, self.input.shape)
        check_others(str(self._path), others, self.others)
        try:
            results = self._request.infer([batch], share_inputs=True)
        except RuntimeError as error:
            raise damaged(self._path, str(error)) from error
        return [np.array(results[index], np.float32) for index in range(len(self.outputs))]


def _properties(threads: int, precision: Precision) -> dict[str, str | int | bool]:
    return {
        # Left to itself OpenVINO runs bf16 where the processor has it, and embeddings differ between machines.
        "INFERENCE_PRECISION_HINT": _HINTS[precision],
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        # Two processes that pin their threads pin them to the same cores.
        "ENABLE_CPU_PINNING": False,
    }


def _check_precision(core: openvino.Core, path: Path, precision: Precision) -> None:
    if precision not in _HINTS:
        raise ModelError(
            f"cannot run {path} in {precision}: OpenVINO computes in {' or '.join(_HINTS)} here; use one of them"
        )
    if precision == "bf16" and "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        raise ModelError(f"cannot run {path} in bf16: this processor has none; use --precision fp32")


def _rebatch(model: openvino.Model, batch: int) -> tuple[openvino.Model, int]:
    """The model for batches of that size, or as it was made if it cannot be reshaped."""
    if len(model.inputs) != 1 or model.input(0).partial_shape.rank.get_length() != 4:
        raise RuntimeError(f"{len(model.inputs)} inputs, where one of rank 4 is needed")
    made_for = model.input(0).partial_shape
    wanted = openvino.PartialShape(made_for)
    wanted[0] = batch
    try:
        model.reshape(wanted)
    except RuntimeError:
        model.reshape(made_for)
        return model, made_for[0].get_length()
    return model, batch


def _tensor(port: openvino.ConstOutput) -> Tensor:
    return Tensor(port.any_name, tuple(None if d.is_dynamic else d.get_length() for d in port.partial_shape))
