"""The INT8 variant: really 8-bit integers, near the network, and quiet."""

import logging

import numpy as np
import onnx
import onnxruntime
import pytest

from gallery.errors import ModelError
from ingest.runtime_openvino import OpenVinoRuntime
from ingest.runtimes import open_runtime
from tests.training.exported_networks import embeddings, images, network_of
from training.export import write_onnx_form
from training.folding import fold
from training.network_settings import NetworkSettings
from training.program import read_trace, traced
from training.quantise import quantise

SETTINGS = NetworkSettings("ResNet18_slim", embedding=16, bnneck=False, height=64, width=32)


@pytest.fixture(scope="module")
def network():
    return network_of(SETTINGS)


@pytest.fixture(scope="module")
def whole(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "n.onnx"
    write_onnx_form(path, network, fold(read_trace(network, traced(network))))
    return path


@pytest.fixture(scope="module")
def int8(whole):
    path = whole.with_name("int8.onnx")
    quantise(whole, path, images(SETTINGS, 16))
    return path


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def weights_of(path):
    return {
        tensor.name: onnx.numpy_helper.to_array(tensor)
        for tensor in onnx.load(path).graph.initializer
        if len(tensor.dims) == 4
    }


def test_all_weights_are_bytes_with_a_scale_for_each_channel(int8, whole):
    weights = weights_of(int8)
    assert len(weights) == len(weights_of(whole))
    assert {array.dtype for array in weights.values()} == {np.dtype(np.int8)}
    assert int8.stat().st_size < 0.3 * whole.stat().st_size
    scales = {t.name: onnx.numpy_helper.to_array(t) for t in onnx.load(int8).graph.initializer}
    for name, array in weights.items():
        assert scales[name.replace("_quantized", "_scale")].shape == (len(array),)


def test_onnxruntime_computes_its_convolutions_in_integers(int8, tmp_path):
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    options.log_severity_level = 4
    onnxruntime.InferenceSession(str(int8), options, providers=["CPUExecutionProvider"])
    kinds = [node.op_type for node in onnx.load(tmp_path / "optimised.onnx").graph.node]
    assert kinds.count("QLinearConv") == len(weights_of(int8))
    assert not set(kinds) & {"Conv", "FusedConv"}


def test_it_is_near_the_network_in_both_runtimes(int8, network):
    batch = images(SETTINGS, 4)
    trained = unit(embeddings(network, batch))
    runtimes = [
        open_runtime(int8, batch=4, threads=1),
        OpenVinoRuntime(int8, batch=4, threads=1, device="cpu", precision="fp32"),
    ]
    for runtime in runtimes:
        cosines = (unit(runtime.run(batch)[0]) * trained).sum(axis=1)
        assert 0.98 < cosines.min() < 0.99999


def test_seven_bits_unless_told_otherwise(int8, whole, tmp_path):
    quantise(whole, tmp_path / "eight.onnx", images(SETTINGS, 16), weight_bits=8)
    assert max(np.abs(array).max() for array in weights_of(int8).values()) <= 64
    assert max(np.abs(array).max() for array in weights_of(tmp_path / "eight.onnx").values()) > 100


def test_methods_give_other_ranges(whole, tmp_path):
    found = set()
    for number, way in enumerate(({"method": "minmax"}, {"method": "entropy"}, {"percentile": 95.0})):
        quantise(whole, tmp_path / f"{number}.onnx", images(SETTINGS, 16), **way)
        found.add((tmp_path / f"{number}.onnx").read_bytes())
    assert len(found) >= 2
    assert (tmp_path / "0.onnx").read_bytes() != (tmp_path / "2.onnx").read_bytes()


def test_nothing_is_printed_and_no_logger_is_changed(whole, tmp_path, capfd):
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    quantise(whole, tmp_path / "n.onnx", images(SETTINGS, 16))
    assert (root.handlers[:], root.level) == before
    assert capfd.readouterr() == ("", "")


def test_a_file_that_is_no_network_is_an_error(tmp_path):
    (tmp_path / "n.onnx").write_bytes(b"no network")
    with pytest.raises(ModelError, match=r"cannot quantise n\.onnx"):
        quantise(tmp_path / "n.onnx", tmp_path / "o.onnx", images(SETTINGS, 16))
