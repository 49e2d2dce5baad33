"""Whether written networks give what the network gave."""

from importlib.util import find_spec

import numpy as np
import pytest

from gallery.errors import ModelError
from tests.training.exported_networks import TINY, embeddings, network_of
from training.agreement import drawn_crops, largest_difference, runtime_embeddings, runtimes_for, trained_embeddings
from training.description import input_format
from training.export import write_onnx_form, write_paddle
from training.folding import fold
from training.loader import to_tensor
from training.program import read_trace, traced


def test_the_largest_difference_is_a_share_of_each_embedding():
    trained = np.array([[1.0, -4.0], [10.0, 2.0]])
    assert largest_difference(trained, trained) == 0
    assert largest_difference(trained, trained + np.array([[0.2, 0], [0.2, 0]])) == pytest.approx(
        0.05
    )  # of the row's own 4


@pytest.mark.parametrize("bad", [[[0.0, 0.0]], [[np.nan, 1.0]], [[np.inf, 1.0]]])
def test_what_cannot_be_compared_is_an_error(bad):
    with pytest.raises(ModelError, match="zero or not finite"):
        largest_difference(np.array(bad), np.array([[1.0, 1.0]]))
    if not np.any(np.array(bad) == 0):
        with pytest.raises(ModelError, match="zero or not finite"):
            largest_difference(np.array([[1.0, 1.0]]), np.array(bad))


def test_drawn_crops_are_pictures_of_several_sizes():
    crops, again, others = drawn_crops(4), drawn_crops(4), drawn_crops(4, seed=1)
    assert len({crop.shape for crop in crops}) > 1
    assert all(crop.dtype == np.uint8 and crop.std() > 10 for crop in crops)
    assert all(np.array_equal(a, b) for a, b in zip(crops, again, strict=True))
    assert crops[0].shape != others[0].shape or not np.array_equal(crops[0], others[0])


def test_every_runtime_here_gives_the_networks_embeddings(tmp_path):
    network, crops = network_of(), drawn_crops(5)
    static = traced(network)
    write_paddle(tmp_path / "a.b.json", static)  # a dot in the name is no suffix
    write_onnx_form(tmp_path / "a.b.onnx", network, fold(read_trace(network, static)))
    runtimes = {**runtimes_for(tmp_path / "a.b.json", batch=2), **runtimes_for(tmp_path / "a.b.onnx", batch=2)}
    assert set(runtimes) == {"Paddle Inference", "onnxruntime"} | ({"OpenVINO"} if find_spec("openvino") else set())
    trained = trained_embeddings(network, crops)
    assert trained.shape == (5, 16)
    for name, runtime in runtimes.items():
        exported = runtime_embeddings(runtime, input_format(TINY), crops)
        assert largest_difference(trained, exported) < 1e-4, name


def test_crops_are_made_ready_as_in_training():
    network = network_of()
    crop = np.random.default_rng(0).integers(0, 256, (64, 32, 3), np.uint8)  # of the network's own size
    assert np.array_equal(trained_embeddings(network, [crop]), embeddings(network, to_tensor([crop])))
