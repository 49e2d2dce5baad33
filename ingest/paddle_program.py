"""What a Paddle network takes and gives, read from its file: the predictor itself does not say.

``.json`` holds the new intermediate representation (PIR) of Paddle 3, ``.pdmodel`` the older ProgramDesc.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.runtime import Tensor, damaged


@dataclass(frozen=True)
class Program:
    """What a Paddle network takes and gives, in its own order."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


def read_program(path: Path) -> Program:
    """The inputs and outputs of a ``.json`` or ``.pdmodel`` file.

    Raises:
        ModelError: If it is not such a file.
    """
    try:
        program = _read_json(path) if path.suffix == ".json" else _read_pdmodel(path)
    except (AttributeError, KeyError, IndexError, TypeError, ValueError, RecursionError) as error:
        raise damaged(path, str(error)) from error
    if not program.inputs or not program.outputs:
        raise damaged(path, f"it has {len(program.inputs)} inputs and {len(program.outputs)} outputs")
    return program


def _read_json(path: Path) -> Program:
    operations = json.loads(path.read_bytes())["program"]["regions"][0]["blocks"][0]["ops"]
    inputs, outputs = [], []
    for operation in operations:
        kind = operation["#"].rpartition(".")[2]
        if kind in ("data", "feed"):
            inputs.append(Tensor(_attributes(operation)["name"]["D"], _result_shape(operation)))
        elif kind == "fetch":
            outputs.append(Tensor(_attributes(operation)["name"]["D"], _result_shape(operation)))
    return Program(tuple(inputs), tuple(outputs))


def _attributes(operation: Mapping[str, Any]) -> dict[str, Any]:
    return {attribute["N"]: attribute["AT"] for attribute in operation["A"]}


def _result_shape(operation: Mapping[str, Any]) -> tuple[int | None, ...]:
    """A dense tensor is described by its type, its sizes, its layout, ..."""
    return _shape(operation["O"][0]["TT"]["D"][1])


def _read_pdmodel(path: Path) -> Program:
    from ingest.paddle_library import paddle

    # Neither Paddle's predictor nor this survives a .pdmodel without a block: a bad one must not get that far.
    program = paddle.base.core.ProgramDesc(path.read_bytes())  # it must outlive its block, which points into it
    if program.num_blocks() == 0:
        raise ValueError("it has no operations")
    block = program.block(0)
    inputs, outputs = [], []
    for index in range(block.op_size()):
        operation = block.op(index)
        if operation.type() == "feed":
            inputs += [_variable(block, name) for name in operation.output("Out")]
        elif operation.type() == "fetch":
            outputs += [_variable(block, name) for name in operation.input("X")]
    return Program(tuple(inputs), tuple(outputs))


def _variable(block: Any, name: str) -> Tensor:
    return Tensor(name, _shape(block.find_var(name.encode()).shape()))


def _shape(sizes: Sequence[int]) -> tuple[int | None, ...]:
    return tuple(size if size > 0 else None for size in sizes)
