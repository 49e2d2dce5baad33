"""What is computed beforehand changes nothing but the number of operations."""

import numpy as np
import pytest

from tests.training.exported_networks import network_of
from training.folding import fold
from training.network_settings import NetworkSettings
from training.program import IMAGES, Operation, Program, read_trace, traced


def conv(x, output, weight="w", **inputs):
    return Operation("conv2d", {"input": x, "filter": weight, **inputs}, output, {})


def norm(x, output):
    return Operation(
        "batch_norm_", {"x": x, "mean": "m", "variance": "v", "scale": "s", "bias": "b"}, output, {"epsilon": 0.0}
    )


def program(*operations, **more):
    constants = {
        "w": np.array([[[[2.0]]], [[[3.0]]]], np.float32),  # two channels from one
        "m": np.array([1.0, 2.0]),
        "v": np.array([4.0, 0.25]),
        "s": np.array([1.0, 2.0]),
        "b": np.array([0.5, -1.0]),
    } | more
    names = [operation.output for operation in operations]
    return Program(operations, constants, dict.fromkeys(names, 4), names[-1])


def test_a_normalisation_becomes_part_of_the_convolution():
    folded = fold(program(conv(IMAGES, "c"), norm("c", "n")))
    (only,) = folded.operations
    assert folded.output == "c"
    # factor = s / sqrt(v) = 1/2, 4; addend = b - m factor = 0, -9
    assert folded.constants[only.inputs["filter"]].reshape(-1).tolist() == [1.0, 12.0]
    assert folded.constants[only.inputs["bias"]].tolist() == [0.0, -9.0]


def test_two_in_a_row_are_both_taken_in():
    (only,) = (folded := fold(program(conv(IMAGES, "c"), norm("c", "n"), norm("n", "o")))).operations
    # factor again, on (1, 12) and (0, -9): addends 0 / 2 + 0 and -9 · 4 - 9
    assert folded.constants[only.inputs["filter"]].reshape(-1).tolist() == [0.5, 48.0]
    assert folded.constants[only.inputs["bias"]].tolist() == [0.0, -45.0]


def test_a_bias_becomes_part_of_the_convolution_and_shared_weights_stay_shared():
    add = Operation("add", {"x": "c", "y": "plus"}, "a", {})
    plus = np.array([5.0, 6.0]).reshape(1, 2, 1, 1)
    (only,) = (folded := fold(program(conv(IMAGES, "c"), add, plus=plus))).operations
    assert folded.constants[only.inputs["bias"]].tolist() == [5.0, 6.0]
    assert only.inputs["filter"] == "w"


def test_a_bias_and_a_normalisation_of_a_matrix_product():
    product = Operation("matmul", {"x": IMAGES, "y": "y"}, "p", {"transpose_x": False, "transpose_y": False})
    given = program(product, norm("p", "n"), y=np.array([[1.0, 1.0], [2.0, 0.0]]))
    (only,) = (folded := fold(given)).operations
    assert folded.constants[only.inputs["y"]].tolist() == [[0.5, 4.0], [1.0, 0.0]]
    assert folded.constants[only.inputs["bias"]].tolist() == [0.0, -9.0]


@pytest.mark.parametrize(
    "after",
    [
        (norm("c", "n"), Operation("relu", {"x": "c"}, "r", {}), Operation("add", {"x": "n", "y": "r"}, "o", {})),
        (Operation("relu", {"x": "c"}, "r", {}), norm("r", "o")),
        (Operation("add", {"x": "c", "y": "whole"}, "o", {}),),
    ],
    ids=["others look at the convolution's result", "something is between", "an addend for each place"],
)
def test_what_would_change_the_result_is_left(after):
    given = program(conv(IMAGES, "c"), *after, whole=np.ones((1, 2, 4, 4)))
    assert len(fold(given).operations) == len(given.operations)


def test_arithmetic_on_parameters_is_done_at_once():
    one = Operation("full", {}, "one", {"shape": [1], "value": 1.0, "dtype": "FLOAT32"})
    inverse = Operation("divide", {"x": "one", "y": "p"}, "q", {})
    use = Operation("elementwise_pow", {"x": IMAGES, "y": "q"}, "o", {})
    folded = fold(program(one, inverse, use, p=np.array([4.0], np.float32)))
    assert [operation.kind for operation in folded.operations] == ["elementwise_pow"]
    assert folded.constants["q"].tolist() == [0.25]


def test_no_normalisation_is_left_in_a_network():
    network = network_of(NetworkSettings("ResNet18_slim", embedding=8, height=32, width=32))
    given = read_trace(network, traced(network))
    kinds = {operation.kind for operation in fold(given).operations}
    assert any(operation.kind.startswith("batch_norm") for operation in given.operations)
    assert not any(kind.startswith("batch_norm") for kind in kinds)
