"""Networks exported by PaddlePaddle (.json or .pdmodel beside .pdiparams), by Paddle Inference.

On the CPU its kernels are oneDNN's, which makes convolutions several times faster. Paddle 3.3 has a fault in them that
stops networks with upsampling (https://github.com/PaddlePaddle/Paddle/issues/77340); ``ONEDNN_VARIABLE`` is the way out
for those who can neither use another version nor an ONNX export.
"""

import os
import shutil
import tempfile
import weakref
from contextlib import nullcontext
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gallery.errors import ModelError
from ingest.library_output import printed_to_stderr
from ingest.paddle_library import FAILURES, inference, paddle
from ingest.paddle_program import read_program
from ingest.runtime import Device, Precision, Tensor, check_others, check_shape, damaged, sort_inputs

ONEDNN_VARIABLE = "PASSERBY_ONEDNN"
"""Environment variable; "off" runs Paddle networks on the CPU without oneDNN."""

_PRECISIONS: dict[Device, tuple[Precision, ...]] = {
    "cpu": ("fp32",),
    "cuda": ("fp32",),
    "tensorrt": ("fp32", "fp16", "int8"),
}
_GPU_MEMORY_MB = 256
"""What is set aside at first; it grows."""


class PaddleRuntime:
    """One network of PaddlePaddle (see ``Runtime``)."""

    def __init__(self, path: Path, *, batch: int, threads: int, device: Device, precision: Precision) -> None:
        weights = path.with_suffix(".pdiparams")
        if not weights.is_file():
            raise ModelError(f"{path} needs its weights beside it: {weights} is missing; copy or download it again")
        _check_precision(path, device, precision)
        _check_device(path, device)
        program = read_program(path)
        images, self.others = sort_inputs(path, program.inputs)
        self.batch = batch if images.shape[0] is None else images.shape[0]
        self.input = Tensor(images.name, (self.batch, *images.shape[1:]))
        self.outputs = program.outputs
        self._path, self._device = path, device
        self._onednn = device == "cpu" and onednn_wanted()
        try:
            self._predictor = inference.create_predictor(
                self._tensorrt(precision) if device == "tensorrt" else self._config(threads, device)
            )
            names = self._predictor.get_output_names()
        except FAILURES as error:
            raise self._failed(str(error)) from error
        self._warm = False
        self._inputs = {t.name: self._predictor.get_input_handle(t.name) for t in program.inputs}
        self._outputs = [self._predictor.get_output_handle(name) for name in names]

    def run(self, batch: NDArray[np.float32], **others: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """See ``Runtime.run``."""
        check_shape(str(self._path), batch, self.input.shape)
        check_others(str(self._path), others, self.others)
        try:
            for name, values in {self.input.name: batch, **others}.items():
                self._inputs[name].copy_from_cpu(np.ascontiguousarray(values, np.float32))
            with nullcontext() if self._warm else printed_to_stderr():  # at first oneDNN prints what it checks
                self._predictor.run()
            self._warm = True
            return [np.asarray(handle.copy_to_cpu(), np.float32) for handle in self._outputs]
        except FAILURES as error:
            raise self._failed(str(error)) from error

    def _config(self, threads: int, device: Device) -> "inference.Config":
        config = inference.Config(str(self._path), str(self._path.with_suffix(".pdiparams")))
        config.disable_glog_info()
        if device == "cuda":
            config.enable_use_gpu(_GPU_MEMORY_MB, 0)
            return config
        config.disable_gpu()
        config.set_cpu_math_library_num_threads(threads)
        if self._onednn:
            config.enable_mkldnn()
        else:
            config.disable_mkldnn()
        return config

    def _tensorrt(self, precision: Precision) -> "inference.Config":
        from ingest.paddle_tensorrt import build_engines

        folder = Path(tempfile.mkdtemp(prefix="passerby-tensorrt-"))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        config = build_engines(self._path, folder, (self.input, *self.others), self.batch, precision)
        config.disable_glog_info()
        config.enable_use_gpu(_GPU_MEMORY_MB, 0)
        return config

    def _failed(self, reason: str) -> ModelError:
        if self._device != "cpu":
            return ModelError(
                f"Paddle cannot run {self._path} on {self._device} ({_first_line(reason)}); check the GPU, or use --device cpu"
            )
        if not self._onednn or "onednn" not in reason.lower():
            return damaged(self._path, reason)
        return ModelError(
            f"Paddle {paddle.__version__} cannot run {self._path} in oneDNN ({_first_line(reason)}); networks with "
            "upsampling run in Paddle 3.2 (pip install 'paddlepaddle<3.3') and, exported to ONNX, in onnxruntime; or set "
            f"{ONEDNN_VARIABLE}=off, which is several times slower"
        )


def onednn_wanted() -> bool:
    """Whether Paddle networks are to use oneDNN on the CPU, as ``ONEDNN_VARIABLE`` says.

    Raises:
        ModelError: If the variable is set to anything but on or off.
    """
    choice = os.environ.get(ONEDNN_VARIABLE, "on")
    if choice not in ("on", "off"):
        raise ModelError(f"{ONEDNN_VARIABLE} is '{choice}'; set it to on or off, or unset it")
    return choice == "on"


def _check_precision(path: Path, device: Device, precision: Precision) -> None:
    if precision not in _PRECISIONS[device]:
        raise ModelError(
            f"cannot run {path} in {precision} on {device}: Paddle computes in {' or '.join(_PRECISIONS[device])} there; "
            "leave --precision at fp32, or use --device tensorrt"
        )


def _check_device(path: Path, device: Device) -> None:
    """Paddle itself falls back to the CPU, with a log line only, where there is no GPU."""
    if device == "cpu":
        return
    if not paddle.is_compiled_with_cuda():
        raise ModelError(
            f"cannot run {path} on {device}: this PaddlePaddle has no CUDA; install paddlepaddle-gpu from Paddle's own "
            "package index in place of paddlepaddle, or use --device cpu"
        )
    if paddle.device.cuda.device_count() == 0:
        raise ModelError(f"cannot run {path} on {device}: Paddle finds no GPU; check the driver, or use --device cpu")
    if device == "tensorrt" and (0, 0, 0) in (inference.get_trt_compile_version(), inference.get_trt_runtime_version()):
        raise ModelError(
            f"cannot run {path} in TensorRT: this PaddlePaddle was built without it or does not find its libraries; "
            "install the TensorRT that Paddle's version names, or use --device cuda"
        )


def _first_line(reason: str) -> str:
    return next((line.strip() for line in reason.splitlines() if line.strip()), "no reason given")
