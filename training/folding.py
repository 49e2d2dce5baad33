"""Does beforehand what does not depend on the images: arithmetic on parameters, and normalisations after convolutions."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.program import Operation, Program

Array = NDArray[Any]

_BATCH_NORM = ("batch_norm_", "batch_norm")
_CONVOLUTIONS = ("conv2d", "depthwise_conv2d")


def fold(program: Program) -> Program:
    """A program that computes the same, up to rounding, with fewer operations.

    What is computed from parameters alone becomes a constant. A batch normalisation, which scales and shifts each
    channel by fixed numbers when nothing is learned, becomes part of the convolution or the matrix product before it,
    where nothing else looks at what that gives; so does a bias. They then have a further input, ``bias`` (C,).
    """
    return _without_normalisations(_without_arithmetic(program))


def _without_arithmetic(program: Program) -> Program:
    constants: dict[str, Array] = dict(program.constants)
    left = []
    for operation in program.operations:
        compute = _ARITHMETIC.get(operation.kind)
        if compute is not None and all(value in constants for value in operation.takes()):
            given = {name: constants[value] for name, value in operation.inputs.items() if isinstance(value, str)}
            constants[operation.output] = compute(given, operation.attributes)
        else:
            left.append(operation)
    return replace(program, operations=tuple(left), constants=constants)


def _full_int_array(_: Mapping[str, Array], attributes: Mapping[str, Any]) -> Array:
    return np.array(attributes["value"], np.int64)


def _full(_: Mapping[str, Array], attributes: Mapping[str, Any]) -> Array:
    kind = np.int64 if "INT" in str(attributes["dtype"]) else np.float32
    return np.full(attributes["shape"], attributes["value"], kind)


_ARITHMETIC: dict[str, Callable[[Mapping[str, Array], Mapping[str, Any]], Array]] = {
    "full": _full,
    "full_int_array": _full_int_array,
    "add": lambda given, _: given["x"] + given["y"],
    "multiply": lambda given, _: given["x"] * given["y"],
    "divide": lambda given, _: given["x"] / given["y"],
    "clip": lambda given, _: np.clip(given["x"], given["min"].item(), given["max"].item()),
    "reshape": lambda given, _: given["x"].reshape(given["shape"].tolist()),
}


def _without_normalisations(program: Program) -> Program:
    users = Counter(value for operation in program.operations for value in operation.takes())
    users[program.output] += 1
    constants: dict[str, Array] = dict(program.constants)
    made: dict[str, Operation] = {}
    renamed: dict[str, str] = {}
    for operation in program.operations:
        current = _with_inputs(operation, renamed)
        before = made.get(str(current.inputs.get("x", "")))
        channels = _channels(before, constants) if before is not None and users[before.output] == 1 else 0
        affine = _affine(current, channels, program.ranks[operation.output], constants) if channels else None
        if before is not None and affine is not None:
            made[before.output] = _taken_in(before, *affine, constants)
            renamed[current.output] = before.output
            users[before.output] = users[current.output]
        else:
            made[current.output] = current
    output = renamed.get(program.output, program.output)
    return replace(program, operations=tuple(made.values()), constants=constants, output=output)


def _with_inputs(operation: Operation, renamed: Mapping[str, str]) -> Operation:
    inputs = {
        name: renamed.get(value, value) if isinstance(value, str) else tuple(renamed.get(v, v) for v in value)
        for name, value in operation.inputs.items()
    }
    return replace(operation, inputs=inputs)


def _channels(operation: Operation, constants: Mapping[str, Array]) -> int:
    """How many output channels an operation has that can take a factor and an addend for each; 0 if it cannot."""
    if operation.kind in _CONVOLUTIONS and operation.inputs["filter"] in constants:
        return int(constants[str(operation.inputs["filter"])].shape[0])
    turned = operation.attributes.get("transpose_x") or operation.attributes.get("transpose_y")
    if operation.kind == "matmul" and not turned and operation.inputs["y"] in constants:
        return int(constants[str(operation.inputs["y"])].shape[1])
    return 0


def _affine(
    operation: Operation, channels: int, rank: int, constants: Mapping[str, Array]
) -> tuple[Array, Array] | None:
    """(C,) factor and (C,) addend of an operation that does no more than this to each channel; else None."""
    if operation.kind in _BATCH_NORM:
        mean, variance, scale, bias = (
            constants[str(operation.inputs[name])].astype(np.float64) for name in ("mean", "variance", "scale", "bias")
        )
        factor = scale / np.sqrt(variance + operation.attributes["epsilon"])
        return factor, bias - mean * factor
    addend = constants.get(str(operation.inputs.get("y", "")))
    per_channel = (1, channels, 1, 1) if rank == 4 else (channels,)
    if operation.kind != "add" or addend is None or addend.shape != per_channel:
        return None
    return np.ones(channels), addend.reshape(-1).astype(np.float64)


def _taken_in(operation: Operation, factor: Array, addend: Array, constants: dict[str, Array]) -> Operation:
    """The operation with its result times ``factor`` plus ``addend``; its new constants join the others."""
    weights = "y" if operation.kind == "matmul" else "filter"
    old = constants[str(operation.inputs[weights])]
    across = factor if operation.kind == "matmul" else factor.reshape(-1, 1, 1, 1)  # output channels: last, or first
    bias = constants.get(str(operation.inputs.get("bias", "")), np.zeros(len(factor)))
    names = {"bias": f"{operation.output}.bias"}
    constants[names["bias"]] = bias * factor + addend  # both stay float64 until they are written
    if np.any(factor != 1.0):  # weights that several operations share stay shared where they can
        names[weights] = f"{operation.output}.weight"
        constants[names[weights]] = old * across
    return replace(operation, inputs={**operation.inputs, **names})
