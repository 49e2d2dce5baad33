"""A network as a list of operations."""

import numpy as np
import pytest

from gallery.errors import ModelError
from ingest.paddle_library import nn, paddle
from tests.training.exported_networks import TINY, embeddings, images, network_of
from training.network import build_network
from training.network_settings import NetworkSettings
from training.program import EMBEDDING, IMAGES, read_trace, traced


@pytest.fixture(scope="module")
def network():
    return network_of()


@pytest.fixture(scope="module")
def program(network):
    return read_trace(network, traced(network))


def test_every_value_is_made_before_it_is_used(program):
    made = {IMAGES, *program.constants}
    for operation in program.operations:
        assert set(operation.takes()) <= made, operation.kind
        made.add(operation.output)
    assert program.output == program.operations[-1].output


def test_the_constants_are_the_parameters(network, program):
    stored = {array.tobytes() for array in program.constants.values()}
    for name, value in network.state_dict().items():
        assert value.numpy().tobytes() in stored, name


def test_images_have_four_axes_and_embeddings_two(program):
    assert program.ranks[IMAGES] == 4
    assert program.ranks[program.output] == 2
    assert IMAGES != EMBEDDING


def test_lists_of_values_stay_together():
    program = read_trace(ghost := network_of(NetworkSettings("GhostNet_x0_5", height=32, width=32)), traced(ghost))
    joined = [operation for operation in program.operations if operation.kind == "concat"]
    assert joined
    assert all(len(operation.inputs["x"]) == 2 for operation in joined)
    assert all(len(operation.takes()) == 3 for operation in joined)  # two parts and the axis


def test_the_network_stays_as_it_is(network):
    before = embeddings(network, images())
    forward = network.forward
    traced(network)
    assert network.forward == forward
    assert np.array_equal(embeddings(network, images()), before)


def test_training_mode_is_left():
    network = network_of()
    network.train()
    traced(network)
    assert not network.training


def test_what_paddle_cannot_trace_is_an_error():
    network = build_network(TINY)
    network.fc = nn.Linear(7, 16)  # of another width than the backbone's
    with pytest.raises(ModelError, match="cannot make a graph of PPLCNet_x0_25"):
        traced(network)


def test_a_network_with_two_outputs_is_refused():
    class Two(nn.Layer):
        settings = TINY

        def forward(self, x):
            return x.mean(axis=[2, 3]), paddle.max(x, axis=[2, 3])

    network = Two()
    with pytest.raises(ModelError, match="gives 2 outputs"):
        read_trace(network, traced(network))
