"""Makes the INT8 variant of an ONNX network: weights and activations of 8 bits, calibrated on images of people.

Static quantisation by onnxruntime in its QDQ form, which onnxruntime and OpenVINO both compute in 8-bit integers:
unsigned activations with one scale for each tensor, signed weights with one for each output channel. Ranges of the
activations leave out what is beyond the 99.999th percentile of the calibration images. Weights use 7 bits of their 8
unless told otherwise: processors without VNNI add pairs of products in 16 bits, which overflow with 8-bit weights.
``benchmarks/exports_int8.py`` prints what other methods and 8-bit weights give.
"""

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx
from numpy.typing import NDArray

from gallery.errors import ModelError
from training.calibration import BATCH
from training.program import IMAGES

Method = Literal["percentile", "minmax", "entropy"]

_FAILURES = (
    onnx.checker.ValidationError,
    onnx.shape_inference.InferenceError,
    RuntimeError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AssertionError,
)
"""What the quantiser gives for what it cannot do."""


def quantise(
    source: Path,
    target: Path,
    images: NDArray[np.float32],
    *,
    method: Method = "percentile",
    percentile: float = 99.999,
    weight_bits: Literal[7, 8] = 7,
) -> None:
    """Writes the INT8 variant of an ONNX network.

    Args:
        source: An ONNX file with weights in fp32.
        target: Where to.
        images: (N, 3, H, W) to calibrate on (``calibration.calibration_images``).
        method: How the range of an activation follows from its values: all but the outliers, all, or the range that
            keeps most of their distribution (Kullback-Leibler).
        percentile: Where outliers begin.
        weight_bits: 8 is right only where every processor has VNNI or its like.

    Raises:
        ModelError: If onnxruntime cannot quantise it.
    """
    with _quiet():
        from onnxruntime import quantization

        methods = {
            "percentile": quantization.CalibrationMethod.Percentile,
            "minmax": quantization.CalibrationMethod.MinMax,
            "entropy": quantization.CalibrationMethod.Entropy,
        }
        options: dict[str, Any] = {
            "CalibStridedMinMax": 1
        }  # of every method: a batch at a time, so that memory is bounded
        if method == "percentile":
            options["CalibPercentile"] = percentile
        try:
            quantization.quantize_static(
                str(source),
                str(target),
                _Batches(images),
                quant_format=quantization.QuantFormat.QDQ,
                per_channel=True,
                reduce_range=weight_bits == 7,
                activation_type=quantization.QuantType.QUInt8,
                weight_type=quantization.QuantType.QInt8,
                calibrate_method=methods[method],
                extra_options=options,
            )
        except _FAILURES as error:
            raise ModelError(f"onnxruntime cannot quantise {source.name} ({error}); leave --int8 out") from error


class _Batches:
    """Gives the calibration images (see ``onnxruntime.quantization.CalibrationDataReader``)."""

    def __init__(self, images: NDArray[np.float32]) -> None:
        self._images = images
        self._positions = iter(range(len(self)))

    def __len__(self) -> int:
        return len(self._images) // BATCH

    def set_range(self, start_index: int, end_index: int) -> None:
        """Gives these batches next."""
        self._positions = iter(range(start_index, end_index))

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """One batch, None after the last."""
        position = next(self._positions, None)
        return None if position is None else {IMAGES: self._images[position * BATCH : (position + 1) * BATCH]}


@contextmanager
def _quiet() -> Iterator[None]:
    """Onnxruntime's quantiser prints, and gives the root logger a handler and messages, at its import and later."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers[:] = [logging.NullHandler()]
    try:
        with redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
