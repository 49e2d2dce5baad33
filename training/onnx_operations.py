"""Paddle's operations in ONNX (operator set 17): one small function for each that our networks have."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gallery.errors import ModelError
from training.program import Operation

OPERATOR_SET = 17
"""The newest in which reductions still take their axes as attributes, which quantisers and older runtimes want."""


class Graph(Protocol):
    """The ONNX graph that is being written."""

    def node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> None:
        """Adds a node with one output."""
        ...

    def known(self, value: str) -> NDArray[Any]:
        """A constant of the program.

        Raises:
            ModelError: If the value is none.
        """
        ...

    def constant(self, name: str, values: NDArray[Any]) -> str:
        """Adds a constant and gives its name."""
        ...

    def rank(self, value: str) -> int:
        """Number of axes."""
        ...


def write_operation(graph: Graph, operation: Operation) -> None:
    """Adds the nodes of an operation.

    Raises:
        ModelError: If it, or a setting of it, is not known here.
    """
    write = _WRITERS.get(operation.kind)
    if write is None:
        raise ModelError(
            f"cannot write '{operation.kind}' in ONNX: it is not among the operations of this project's networks; "
            "add it to training/onnx_operations.py, or export the Paddle form only (--format paddle)"
        )
    if operation.attributes.get("data_format", "NCHW") not in ("NCHW", "NC"):
        raise _unknown(operation, "data_format")
    write(graph, operation)


def _unknown(operation: Operation, setting: str) -> ModelError:
    value = operation.attributes[setting]
    return ModelError(f"cannot write '{operation.kind}' with {setting} {value!r} in ONNX; export the Paddle form only")


def _of(operation: Operation, *arguments: str) -> list[str]:
    """The values of single arguments; those that are left out at the end are left out."""
    return [str(operation.inputs[name]) for name in arguments if name in operation.inputs]


def _same(kind: str, *arguments: str, **settings: Any) -> Callable[[Graph, Operation], None]:
    """An operation that ONNX has as it is."""
    return lambda graph, operation: graph.node(kind, _of(operation, *arguments), operation.output, **settings)


def _pads(operation: Operation) -> list[int]:
    """ONNX wants top, left, bottom, right; Paddle gives height, width or top, bottom, left, right."""
    if operation.attributes["padding_algorithm"] != "EXPLICIT":
        raise _unknown(operation, "padding_algorithm")
    given = list(operation.attributes["paddings"])
    top, bottom, left, right = given if len(given) == 4 else (given[0], given[0], given[1], given[1])
    return [top, left, bottom, right]


def _convolution(graph: Graph, operation: Operation) -> None:
    settings = operation.attributes
    graph.node(
        "Conv",
        _of(operation, "input", "filter", "bias"),
        operation.output,
        kernel_shape=list(graph.known(str(operation.inputs["filter"])).shape[2:]),
        strides=list(settings["strides"]),
        pads=_pads(operation),
        dilations=list(settings["dilations"]),
        group=settings["groups"],
    )


def _pooling(graph: Graph, operation: Operation) -> None:
    settings = operation.attributes
    for setting in ("adaptive", "global_pooling"):
        if settings[setting]:
            raise _unknown(operation, setting)
    common: dict[str, Any] = {
        "kernel_shape": graph.known(str(operation.inputs["kernel_size"])).tolist(),
        "strides": list(settings["strides"]),
        "pads": _pads(operation),
        "ceil_mode": int(settings["ceil_mode"]),
    }
    if settings["pooling_type"] == "max":
        graph.node("MaxPool", _of(operation, "x"), operation.output, **common)
    else:
        padded = int(not settings["exclusive"])
        graph.node("AveragePool", _of(operation, "x"), operation.output, count_include_pad=padded, **common)


def _batch_norm(graph: Graph, operation: Operation) -> None:
    inputs = _of(operation, "x", "scale", "bias", "mean", "variance")
    graph.node("BatchNormalization", inputs, operation.output, epsilon=operation.attributes["epsilon"])


def _instance_norm(graph: Graph, operation: Operation) -> None:
    inputs = _of(operation, "x", "scale", "bias")
    graph.node("InstanceNormalization", inputs, operation.output, epsilon=operation.attributes["epsilon"])


def _product(graph: Graph, operation: Operation) -> None:
    for setting in ("transpose_x", "transpose_y"):
        if operation.attributes[setting]:
            raise _unknown(operation, setting)
    kind = "Gemm" if "bias" in operation.inputs else "MatMul"
    graph.node(kind, _of(operation, "x", "y", "bias"), operation.output)


def _reduction(kind: str) -> Callable[[Graph, Operation], None]:
    def write(graph: Graph, operation: Operation) -> None:
        axes = graph.known(str(operation.inputs["axis"])).tolist()
        graph.node(
            kind, _of(operation, "x"), operation.output, axes=axes, keepdims=int(operation.attributes["keepdim"])
        )

    return write


def _clip(graph: Graph, operation: Operation) -> None:
    limits = []
    for name in ("min", "max"):
        value = graph.known(str(operation.inputs[name])).reshape(())
        limits.append(graph.constant(f"{operation.output}.{name}", value.astype(np.float32)))
    graph.node("Clip", [*_of(operation, "x"), *limits], operation.output)


def _concat(graph: Graph, operation: Operation) -> None:
    parts = operation.inputs["x"]
    axis = int(graph.known(str(operation.inputs["axis"])).item())
    graph.node("Concat", [parts] if isinstance(parts, str) else list(parts), operation.output, axis=axis)


def _slice(graph: Graph, operation: Operation) -> None:
    if operation.attributes["decrease_axis"]:
        raise _unknown(operation, "decrease_axis")
    name = operation.output
    bounds = [
        graph.constant(f"{name}.{end}", graph.known(str(operation.inputs[end])).astype(np.int64))
        for end in ("starts", "ends")
    ]
    axes = graph.constant(f"{name}.axes", np.array(operation.attributes["axes"], np.int64))
    graph.node("Slice", [*_of(operation, "input"), *bounds, axes], name)


def _flip(graph: Graph, operation: Operation) -> None:
    name, axes = operation.output, np.array(operation.attributes["axis"], np.int64)
    bounds = {
        "starts": np.full_like(axes, -1),
        "ends": np.full_like(axes, -(2**31)),
        "axes": axes,
        "steps": -np.ones_like(axes),
    }
    graph.node(
        "Slice", [*_of(operation, "x"), *(graph.constant(f"{name}.{end}", v) for end, v in bounds.items())], name
    )


def _flatten(graph: Graph, operation: Operation) -> None:
    source = str(operation.inputs["x"])
    start, stop = operation.attributes["start_axis"], operation.attributes["stop_axis"]
    if start != 1 or stop not in (-1, graph.rank(source) - 1):
        raise _unknown(operation, "stop_axis" if start == 1 else "start_axis")
    graph.node("Flatten", [source], operation.output, axis=1)


def _reshape(graph: Graph, operation: Operation) -> None:
    shape = graph.constant(f"{operation.output}.shape", graph.known(str(operation.inputs["shape"])).astype(np.int64))
    graph.node("Reshape", [*_of(operation, "x"), shape], operation.output)


def _unsqueeze(graph: Graph, operation: Operation) -> None:
    axes = graph.constant(f"{operation.output}.axes", graph.known(str(operation.inputs["axis"])).astype(np.int64))
    graph.node("Unsqueeze", [*_of(operation, "x"), axes], operation.output)


def _hard_sigmoid(graph: Graph, operation: Operation) -> None:
    slope, offset = operation.attributes["slope"], operation.attributes["offset"]
    graph.node("HardSigmoid", _of(operation, "x"), operation.output, alpha=slope, beta=offset)


_WRITERS: Mapping[str, Callable[[Graph, Operation], None]] = {
    "add": _same("Add", "x", "y"),
    "batch_norm": _batch_norm,
    "batch_norm_": _batch_norm,
    "clip": _clip,
    "concat": _concat,
    "conv2d": _convolution,
    "depthwise_conv2d": _convolution,
    "divide": _same("Div", "x", "y"),
    "elementwise_pow": _same("Pow", "x", "y"),
    "flatten": _flatten,
    "flip": _flip,
    "hardsigmoid": _hard_sigmoid,
    "hardswish": _same("HardSwish", "x"),
    "instance_norm": _instance_norm,
    "matmul": _product,
    "max": _reduction("ReduceMax"),
    "mean": _reduction("ReduceMean"),
    "multiply": _same("Mul", "x", "y"),
    "pool2d": _pooling,
    "relu": _same("Relu", "x"),
    "reshape": _reshape,
    "sigmoid": _same("Sigmoid", "x"),
    "slice": _slice,
    "subtract": _same("Sub", "x", "y"),
    "unsqueeze": _unsqueeze,
}
