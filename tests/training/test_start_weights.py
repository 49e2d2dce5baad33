"""Beginning with weights: ours, and the published ones of a backbone."""

import pickle

import numpy as np
import pytest

from gallery.errors import ModelError
from ingest.paddle_library import paddle
from tests.training import published_weights as published
from tests.training.runs import pictures, settings
from training.loop import train
from training.network import NetworkSettings, build_network
from training.start_weights import start_from
from training.weights import read_network_file, save_network


def network(**values):
    return build_network(
        NetworkSettings(**{"backbone": "MobileNetV3_small_x0_25", "embedding": 4, "height": 32, "width": 32} | values)
    )


def test_a_network_file_is_taken_whole(tmp_path):
    first, second = network(), network()
    save_network(tmp_path / "first.npz", first)
    assert not start_from(tmp_path / "first.npz", second, allow_mismatch=False)
    for name, value in first.state_dict().items():
        np.testing.assert_array_equal(second.state_dict()[name].numpy(), value.numpy())


def test_what_does_not_fit_is_refused_or_left_out(tmp_path):
    first, second = network(), network(embedding=6)
    save_network(tmp_path / "first.npz", first)
    before = second.fc.weight.numpy()
    with pytest.raises(ModelError, match=r"fc\.weight.*--allow-mismatch"):
        start_from(tmp_path / "first.npz", second, allow_mismatch=False)
    with pytest.raises(ModelError, match="a network of --backbone MobileNetV3_small_x0_25 --embedding 4: "):
        start_from(tmp_path / "first.npz", second, allow_mismatch=False)
    mismatch = start_from(tmp_path / "first.npz", second, allow_mismatch=True)
    assert "fc.weight" in mismatch.reshaped
    np.testing.assert_array_equal(second.fc.weight.numpy(), before)
    name = next(iter(first.backbone.state_dict()))
    np.testing.assert_array_equal(second.backbone.state_dict()[name].numpy(), first.backbone.state_dict()[name].numpy())


def test_another_network_is_refused_whatever_is_allowed(tmp_path):
    save_network(tmp_path / "first.npz", network())
    other = build_network(NetworkSettings("OSNet_x0_25", bnneck=False))
    with pytest.raises(ModelError, match="nothing in"):
        start_from(tmp_path / "first.npz", other, allow_mismatch=True)


def test_published_weights_go_into_the_backbone(tmp_path):
    first, second = network(), network()
    paddle.save(first.backbone.state_dict(), str(tmp_path / "published.pdparams"))
    head = second.fc.weight.numpy()
    start_from(tmp_path / "published.pdparams", second, allow_mismatch=False)
    for name, value in first.backbone.state_dict().items():
        np.testing.assert_array_equal(second.backbone.state_dict()[name].numpy(), value.numpy())
    np.testing.assert_array_equal(second.fc.weight.numpy(), head)


GENERATIONS = {"current": "conv.conv.weight", "dygraph": "conv1.conv.weight", "static": "conv1_weights"}
"""How PaddleClas called the first convolution of MobileNetV3, by generation of its names."""


@pytest.mark.parametrize("generation", GENERATIONS)
def test_published_names_of_every_generation_are_known(tmp_path, generation):
    arrays = published.filled(published.mobilenet_v3_small_x0_35(generation))
    path = tmp_path / "MobileNetV3_small_x0_35_ssld_pretrained.pdparams"
    path.write_bytes(pickle.dumps(arrays, protocol=4))
    one = network(backbone="MobileNetV3_small_x0_35")
    assert not start_from(path, one, allow_mismatch=False)
    np.testing.assert_array_equal(one.backbone.conv.conv.weight.numpy(), arrays[GENERATIONS[generation]])
    with pytest.raises(ModelError, match=r"cannot begin MobileNetV3_small_x0_25 with .*of another shape"):
        start_from(path, network(), allow_mismatch=False)


def test_a_run_begins_with_published_weights(tmp_path):
    arrays = published.filled(published.mobilenet_v3_small_x0_35("static"))
    path = tmp_path / "MobileNetV3_small_x0_35_pretrained.pdparams"
    path.write_bytes(pickle.dumps(arrays, protocol=4))
    plain = {"epochs": 1, "warmup": 0, "lr": 1e-12, "ema": 0.0, "hold_out": "0", "validate_every": None}
    values = {"backbone": "MobileNetV3_small_x0_35", "weights": str(path), **plain}
    train(settings(pictures(tmp_path / "data"), **values), tmp_path / "run")
    kept = read_network_file(tmp_path / "run" / "best.npz").arrays
    np.testing.assert_array_equal(kept["backbone.conv.conv.weight"], arrays["conv1_weights"])
