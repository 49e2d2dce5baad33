"""TensorRT engines from Paddle networks: the parts that TensorRT can do are built for this GPU when the network loads.

Paddle 3 builds them ahead of the predictor (``paddle.tensorrt``), for the sizes that are given.
"""

from collections.abc import Sequence
from pathlib import Path

from gallery.errors import ModelError
from ingest.paddle_library import FAILURES, inference
from ingest.runtime import Precision, Tensor

_MIN_OPERATIONS = 3
"""Shorter runs of operations stay with Paddle; what PaddleDetection exports for most of its families."""

_WORKSPACE_BYTES = 1 << 30


def build_engines(
    path: Path, folder: Path, inputs: Sequence[Tensor], batch: int, precision: Precision
) -> "inference.Config":
    """Builds a network's engines and gives the configuration that runs them.

    Args:
        path: The network, ``.json`` or ``.pdmodel``.
        folder: Where the built network is put; it must stay as long as the network is used.
        inputs: What it takes; every size but that of the batch must be known.
        batch: Rows of every run.
        precision: "fp32", "fp16", or "int8" for networks that were exported quantised.

    Raises:
        ModelError: If an input has no fixed size, this Paddle has no converter, or the network cannot be converted.
    """
    shapes = {tensor.name: fixed_shape(path, tensor, batch) for tensor in inputs}
    try:
        from paddle.tensorrt.export import Input, PrecisionMode, TensorRTConfig, convert
    except ImportError as error:
        raise ModelError(
            f"cannot run {path} in TensorRT: this PaddlePaddle has no converter for it ({error}); use --device cuda"
        ) from error
    wanted = [
        Input(min_input_shape=shape, optim_input_shape=shape, max_input_shape=shape, name=name)
        for name, shape in shapes.items()
    ]
    built = folder / "engine"
    config = TensorRTConfig(
        wanted,
        min_subgraph_size=_MIN_OPERATIONS,
        save_model_dir=str(built),
        precision_mode=PrecisionMode[precision.upper()],
        workspace_size=_WORKSPACE_BYTES,
    )
    try:
        convert(str(path), config)
    except FAILURES as error:
        raise ModelError(
            f"TensorRT cannot build {path} in {precision} ({' '.join(str(error).split())}); use --device cuda"
        ) from error
    return inference.Config(str(built.with_suffix(".json")), str(built.with_suffix(".pdiparams")))


def fixed_shape(path: Path, tensor: Tensor, batch: int) -> tuple[int, ...]:
    """The shape of an input for batches of that size.

    Raises:
        ModelError: If more than the number of rows is open.
    """
    sizes = [size for size in tensor.shape[1:] if size is not None]
    if len(sizes) < len(tensor.shape) - 1:
        raise ModelError(
            f"cannot run {path} in TensorRT: the size of its input {tensor.name} {tensor.shape} is open; export it with a "
            "fixed one (PaddleDetection: -o TestReader.inputs_def.image_shape=[3,H,W]), or use --device cuda"
        )
    return (tensor.shape[0] or batch, *sizes)
