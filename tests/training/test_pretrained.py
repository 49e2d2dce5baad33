import pickle

import numpy as np
import pytest

from gallery.errors import ModelError
from ingest.paddle_library import paddle
from tests.training import published_weights as published
from training.network import NetworkSettings, build_network
from training.pretrained import load_pretrained
from training.weights import read_pretrained


def write(path, arrays):
    """As ``paddle.save`` does: a pickle of arrays by name, with a table of names beside them."""
    names = {name: f"{name}.w_0" for name in arrays}
    path.write_bytes(pickle.dumps({**arrays, "StructuredToParameterName@@": names}, protocol=4))
    return path


@pytest.mark.parametrize("generation", ["current", "dygraph", "static"])
def test_a_published_resnet_vd_is_loaded_by_name(tmp_path, generation):
    """ResNet101_vd is the same code with longer stages; its names are in test_published_names."""
    arrays = published.filled(published.resnet_vd(18, generation))
    path = write(tmp_path / "ResNet18_vd_ssld_pretrained.pdparams", arrays)
    network = build_network(NetworkSettings("ResNet18_vd", embedding=16, last_stride=1))
    head = network.fc.weight.numpy()
    assert not load_pretrained(network, path)
    stem = {"current": "stem.0.conv.weight", "dygraph": "conv1_1._conv.weight", "static": "conv1_1_weights"}
    last = {"current": "blocks.7.conv1.bn", "dygraph": "bb_3_1.conv1._batch_norm", "static": "bn5b_branch2b"}
    means = {"current": "._mean", "dygraph": "._mean", "static": "_mean"}
    assert np.array_equal(network.backbone.stem[0].conv.weight.numpy(), arrays[stem[generation]])
    found = network.backbone.blocks[7].conv1.bn._mean.numpy()
    assert np.array_equal(found, arrays[last[generation] + means[generation]])
    assert np.array_equal(network.fc.weight.numpy(), head)


def test_what_paddle_itself_saves_is_read(tmp_path):
    network = build_network(NetworkSettings("PPLCNet_x0_25"))
    paddle.save(network.backbone.state_dict(), str(tmp_path / "a.pdparams"))
    other = build_network(NetworkSettings("PPLCNet_x0_25"))
    load_pretrained(other, tmp_path / "a.pdparams")
    for name, value in network.backbone.state_dict().items():
        assert np.array_equal(other.backbone.state_dict()[name].numpy(), value.numpy())
    assert list(read_pretrained(tmp_path / "a.pdparams")) == list(network.backbone.state_dict())


def test_the_file_of_another_network_is_refused_with_its_names(tmp_path):
    path = write(tmp_path / "a.pdparams", published.filled(published.pplcnet_x0_25()))
    network = build_network(NetworkSettings("PPLCNet_x0_35"))
    with pytest.raises(ModelError, match=r"cannot begin PPLCNet_x0_35 with .*of another shape \(blocks2\.0\.pw_conv"):
        load_pretrained(network, path)
    mismatch = load_pretrained(network, path, allow_mismatch=True)
    assert not mismatch.missing
    assert "blocks3.0.pw_conv.conv.weight" in mismatch.reshaped
    with pytest.raises(ModelError, match=r"nothing in .* fits OSNet_x0_25"):
        load_pretrained(build_network(NetworkSettings("OSNet_x0_25")), path, allow_mismatch=True)


def test_one_missing_and_one_strange_name_are_told(tmp_path):
    arrays = published.filled(published.pplcnet_x0_25())
    arrays["blocks9.0.conv.weight"] = arrays.pop("conv1.conv.weight")
    network = build_network(NetworkSettings("PPLCNet_x0_25"))
    expected = r"1 missing \(conv1\.conv\.weight\); 1 unexpected \(blocks9\.0\.conv\.weight\)"
    with pytest.raises(ModelError, match=expected):
        load_pretrained(network, write(tmp_path / "a.pdparams", arrays))


def test_a_file_with_code_in_it_is_not_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "made"), "w"))

    path = tmp_path / "a.pdparams"
    path.write_bytes(pickle.dumps({"conv1.conv.weight": Evil()}))
    with pytest.raises(ModelError, match=r"a\.pdparams"):
        load_pretrained(build_network(NetworkSettings("PPLCNet_x0_25")), path)
    assert not (tmp_path / "made").exists()
