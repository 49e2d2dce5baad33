"""A network's program as an ONNX file, run by onnxruntime beside Paddle."""

from dataclasses import replace

import numpy as np
import onnx
import pytest

from gallery.errors import ModelError
from ingest.runtimes import open_runtime
from tests.training.exported_networks import embeddings, images, network_of
from training.folding import fold
from training.network_settings import NetworkSettings
from training.onnx_file import onnx_model, write_onnx
from training.program import IMAGES, Operation, Program, read_trace, traced

SIZE = {"height": 32, "width": 32, "dimension": 8}


def program_of(network):
    return fold(read_trace(network, traced(network)))


@pytest.fixture(scope="module")
def network():
    return network_of(NetworkSettings("ResNet18_slim", embedding=8, height=32, width=32))


@pytest.fixture(scope="module")
def program(network):
    return program_of(network)


@pytest.mark.parametrize("rows", [1, 3])
def test_batches_of_any_size_give_the_networks_embeddings(network, program, tmp_path, rows):
    write_onnx(tmp_path / "n.onnx", onnx_model(program, **SIZE))
    batch = images(network.settings, rows)
    ours = open_runtime(tmp_path / "n.onnx", batch=rows, threads=1).run(batch)[0]
    assert np.abs(ours - embeddings(network, batch)).max() < 1e-5


def test_half_precision_is_half_the_file_and_rounds_each_weight(program, tmp_path):
    for weights in ("fp32", "fp16"):
        write_onnx(tmp_path / f"{weights}.onnx", onnx_model(program, **SIZE, weights=weights))
    whole, half = (onnx.load(tmp_path / f"{weights}.onnx").graph for weights in ("fp32", "fp16"))
    assert (tmp_path / "fp16.onnx").stat().st_size < 0.52 * (tmp_path / "fp32.onnx").stat().st_size
    rounded = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in half.initializer}
    for tensor in whole.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        if values.ndim > 1:
            assert np.array_equal(rounded[f"{tensor.name}.half"], values.astype(np.float16))
        else:
            assert np.array_equal(rounded[tensor.name], values)


def test_weights_beyond_half_precision_are_refused(program):
    name = next(name for name, values in program.constants.items() if values.ndim == 4)
    used = next(operation.inputs["filter"] for operation in program.operations if operation.kind == "conv2d")
    large = replace(program, constants={**program.constants, used: program.constants[used] + 1e5})
    assert name
    with pytest.raises(ModelError, match="too large for fp16; export with --weights fp32"):
        onnx_model(large, **SIZE, weights="fp16")


def test_an_unknown_operation_is_named_with_a_remedy():
    strange = Program((Operation("fft", {"x": IMAGES}, "o"),), {}, {IMAGES: 4, "o": 4}, "o")
    with pytest.raises(ModelError, match=r"cannot write 'fft' in ONNX.*--format paddle"):
        onnx_model(strange, **SIZE)


@pytest.mark.parametrize(
    ("kind", "attributes", "setting"),
    [
        ("conv2d", {"data_format": "NHWC"}, "data_format 'NHWC'"),
        ("conv2d", {"padding_algorithm": "SAME", "strides": [1, 1]}, "padding_algorithm 'SAME'"),
        ("pool2d", {"adaptive": True, "global_pooling": False}, "adaptive True"),
        ("pool2d", {"adaptive": False, "global_pooling": True}, "global_pooling True"),
        ("matmul", {"transpose_x": True}, "transpose_x True"),
        ("slice", {"decrease_axis": [0]}, r"decrease_axis \[0\]"),
        ("flatten", {"start_axis": 2, "stop_axis": -1}, "start_axis 2"),
        ("flatten", {"start_axis": 1, "stop_axis": 2}, "stop_axis 2"),
    ],
)
def test_a_setting_that_is_not_written_is_refused(kind, attributes, setting):
    inputs = {"x": IMAGES, "input": IMAGES, "y": "w", "filter": "w"}
    constants = {"w": np.zeros((1, 3, 1, 1), np.float32)}
    given = Program((Operation(kind, inputs, "o", attributes),), constants, {IMAGES: 4, "o": 4, "w": 4}, "o")
    with pytest.raises(ModelError, match=setting):
        onnx_model(given, **SIZE)


def test_what_onnx_needs_as_a_number_must_be_one():
    reduced = Operation("mean", {"x": IMAGES, "axis": "made"}, "o", {"keepdim": False})
    with pytest.raises(ModelError, match="computes made from its images"):
        onnx_model(Program((reduced,), {}, {IMAGES: 4, "o": 2}, "o"), **SIZE)


@pytest.mark.parametrize(
    ("operation", "constants", "expected"),
    [
        (
            Operation("mean", {"x": IMAGES, "axis": "a"}, "o", {"keepdim": False}),
            {"a": np.array([2, 3])},
            lambda x: x.mean((2, 3)),
        ),
        (
            Operation("max", {"x": IMAGES, "axis": "a"}, "o", {"keepdim": True}),
            {"a": np.array([2, 3])},
            lambda x: x.max((2, 3), keepdims=True),
        ),
        (
            Operation("clip", {"x": IMAGES, "min": "low", "max": "high"}, "o"),
            {"low": np.array([-0.5], np.float32), "high": np.array([0.25], np.float32)},
            lambda x: x.clip(-0.5, 0.25),
        ),
        (
            Operation("concat", {"x": (IMAGES, IMAGES), "axis": "a"}, "o"),
            {"a": np.array(1)},
            lambda x: np.concatenate([x, x], 1),
        ),
        (
            Operation(
                "slice", {"input": IMAGES, "starts": "s", "ends": "e"}, "o", {"axes": [1], "decrease_axis": []}
            ),
            {"s": np.array([1]), "e": np.array([3])},
            lambda x: x[:, 1:3],
        ),
        (Operation("flatten", {"x": IMAGES}, "o", {"start_axis": 1, "stop_axis": 3}), {}, lambda x: x.reshape(2, -1)),
        (Operation("hardsigmoid", {"x": IMAGES}, "o", {"slope": 0.2, "offset": 0.5}), {}, lambda x: (0.2 * x + 0.5).clip(0, 1)),
        (Operation("hardswish", {"x": IMAGES}, "o"), {}, lambda x: x * (x / 6 + 0.5).clip(0, 1)),
        (
            Operation("pool2d", {"x": IMAGES, "kernel_size": "k"}, "o", {
                "adaptive": False, "global_pooling": False, "strides": [2, 2], "ceil_mode": False, "exclusive": False,
                "pooling_type": "avg", "padding_algorithm": "EXPLICIT", "paddings": [1, 0, 0, 0],
            }),
            {"k": np.array([2, 2])},
            lambda x: np.pad(x, ((0, 0), (0, 0), (1, 0), (0, 0)))[:, :, :4].reshape(2, 3, 2, 2, 2, 2).mean((3, 5)),
        ),
    ],
    ids=lambda value: value.kind if isinstance(value, Operation) else "",
)  # fmt: skip
def test_operations_by_hand(operation, constants, expected, tmp_path):
    given = Program((operation,), constants, {IMAGES: 4, "o": 4}, "o")
    model = onnx_model(given, height=4, width=4, dimension=1)
    del model.graph.output[0].type.tensor_type.shape.dim[:]
    model.graph.output[0].type.tensor_type.ClearField("shape")
    write_onnx(tmp_path / "n.onnx", model)
    batch = np.random.default_rng(0).normal(size=(2, 3, 4, 4)).astype(np.float32)
    ours = open_runtime(tmp_path / "n.onnx", batch=2, threads=1).run(batch)[0]
    assert np.allclose(ours, expected(batch), atol=1e-6)
