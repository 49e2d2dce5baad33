"""Writes a network's program as an ONNX file.

paddle2onnx 2.1, which does this for all of Paddle, asks for onnx of at most 1.17 and has no wheel for Python 3.13. Our
networks are made of two dozen operations, so they are written directly, by the onnx package of any version.
"""

from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx
from numpy.typing import NDArray

from gallery.errors import ModelError
from training.onnx_operations import OPERATOR_SET, write_operation
from training.program import EMBEDDING, IMAGES, Program

Weights = Literal["fp32", "fp16"]
"""How the weights of convolutions and matrix products are stored; it is always computed in fp32."""

_FILE_FORMAT = 8
"""Of ONNX, that of operator set 17: onnxruntime from 1.12 on reads it."""

_LARGEST_HALF = 65504.0


class _GraphWriter:
    """Nodes and constants (see ``onnx_operations.Graph``)."""

    def __init__(self, program: Program, weights: Weights) -> None:
        self._program, self._half = program, weights == "fp16"
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}

    def node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> None:
        inputs = [self._constant(value) if value in self._program.constants else value for value in inputs]
        name = EMBEDDING if output == self._program.output else output
        self.nodes.append(onnx.helper.make_node(kind, inputs, [name], name=output, **attributes))

    def known(self, value: str) -> NDArray[Any]:
        if value not in self._program.constants:
            raise ModelError(
                f"the network computes {value} from its images, where ONNX needs a number; it cannot be written"
            )
        return self._program.constants[value]

    def constant(self, name: str, values: NDArray[Any]) -> str:
        self.constants[name] = onnx.numpy_helper.from_array(np.ascontiguousarray(values).reshape(values.shape), name)
        return name

    def rank(self, value: str) -> int:
        return self._program.ranks[value]

    def _constant(self, value: str) -> str:
        """A parameter; a stored half is widened by a node, which runtimes do once, when they load the file."""
        if value in self.constants:
            return value
        values = np.asarray(self._program.constants[value], np.float32)
        if not (self._half and values.ndim > 1):
            return self.constant(value, values)
        if float(np.abs(values).max(initial=0.0)) > _LARGEST_HALF:
            raise ModelError(f"the weights of {value} are too large for fp16; export with --weights fp32")
        stored = f"{value}.half"
        if stored not in self.constants:
            self.constant(stored, values.astype(np.float16))
            self.nodes.append(onnx.helper.make_node("Cast", [stored], [value], name=value, to=onnx.TensorProto.FLOAT))
        return value


def onnx_model(program: Program, *, height: int, width: int, dimension: int, weights: Weights = "fp32") -> Any:
    """The ONNX model (an ``onnx.ModelProto``) of a folded program, for batches of any size.

    Args:
        program: See ``folding.fold``.
        height: Of the images, pixels.
        width: The same.
        dimension: Length of the embedding.
        weights: How they are stored. "fp16" halves the file; the runtimes widen them again when they load it.

    Raises:
        ModelError: If an operation is not known here, or a weight does not fit.
    """
    graph = _GraphWriter(program, weights)
    for operation in program.operations:
        write_operation(graph, operation)
    images = onnx.helper.make_tensor_value_info(IMAGES, onnx.TensorProto.FLOAT, ["batch", 3, height, width])
    embedding = onnx.helper.make_tensor_value_info(EMBEDDING, onnx.TensorProto.FLOAT, ["batch", dimension])
    body = onnx.helper.make_graph(graph.nodes, "reid", [images], [embedding], list(graph.constants.values()))
    sets = [onnx.helper.make_opsetid("", OPERATOR_SET)]
    model = onnx.helper.make_model(body, opset_imports=sets, ir_version=_FILE_FORMAT, producer_name="passerby")
    onnx.checker.check_model(model)
    return model


def write_onnx(path: Path, model: Any) -> None:
    """Writes a model to a file.

    Raises:
        OSError: If it cannot be written.
    """
    path.write_bytes(model.SerializeToString())
