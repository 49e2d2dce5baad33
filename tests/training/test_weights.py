import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from gallery.errors import ModelError
from ingest.paddle_library import paddle
from training.checkpoint import Checkpoint, write_checkpoint
from training.network import NetworkSettings, build_network
from training.weights import MAX_BYTES, Mismatch, apply_weights, load_network, read_network_file, save_network

SETTINGS = NetworkSettings("PPLCNet_x0_25", embedding=8, pooling="gem", height=64, width=32)


@pytest.fixture
def network():
    paddle.seed(0)
    network = build_network(SETTINGS)
    network(images(4))  # statistics of its own
    network.eval()
    return network


def images(batch: int = 2):
    return paddle.to_tensor(np.random.default_rng(0).normal(size=(batch, 3, 64, 32)).astype(np.float32))


def test_a_network_comes_back_as_it_was(network, tmp_path):
    save_network(tmp_path / "a.npz", network, {"epoch": 3, "people": ["0001"]})
    found = load_network(tmp_path / "a.npz")
    assert found.settings == SETTINGS
    assert not found.training
    assert np.array_equal(found(images()).numpy(), network(images()).numpy())
    assert read_network_file(tmp_path / "a.npz").extra == {"epoch": 3, "people": ["0001"]}


def test_half_precision_is_half_the_file_and_nearly_the_same(network, tmp_path):
    save_network(tmp_path / "whole.npz", network)
    save_network(tmp_path / "half.npz", network, precision="fp16")
    arrays = read_network_file(tmp_path / "half.npz").arrays
    assert {array.dtype for array in arrays.values()} == {np.dtype(np.float16)}
    found = load_network(tmp_path / "half.npz")(images()).numpy()
    expected = network(images()).numpy()
    assert not np.array_equal(found, expected)
    np.testing.assert_allclose(found, expected, rtol=0.05, atol=0.05)


def test_the_same_network_is_the_same_file(network, tmp_path):
    for name in ("a.npz", "b.npz"):
        save_network(tmp_path / name, network)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_no_pickle_is_in_it(network, tmp_path):
    save_network(tmp_path / "a.npz", network, {"note": "x"})
    with np.load(tmp_path / "a.npz", allow_pickle=False) as file:
        assert all(file[name].dtype.kind in "fU" for name in file.files)


def test_a_failed_save_leaves_the_old_file(network, tmp_path):
    path = tmp_path / "a.npz"
    save_network(path, network)
    before = path.read_bytes()
    network.fc.weight.set_value(np.full(network.fc.weight.shape, 1e6, np.float32))
    with pytest.raises(ModelError, match=r"fc\.weight has values .* in fp16: store it as fp32"):
        save_network(path, network, precision="fp16")
    network.fc.weight.set_value(np.full(network.fc.weight.shape, np.nan, np.float32))
    with pytest.raises(ModelError, match="its training went wrong"):
        save_network(path, network)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.npz"]


def test_a_bad_place_is_one_clear_error(network, tmp_path):
    with pytest.raises(ModelError, match=r"let its name end in \.npz"):
        save_network(tmp_path / "a.pdparams", network)
    with pytest.raises(ModelError, match=r"cannot write .* choose another folder"):
        save_network(tmp_path / "absent" / "a.npz", network)


def test_damaged_files_are_refused(network, tmp_path):
    path = tmp_path / "a.npz"
    with pytest.raises(ModelError, match="there is no network file"):
        load_network(path)
    save_network(path, network)
    whole = path.read_bytes()
    for damaged in (
        b"",
        b"PK",
        b"\x80\x04N.",
        whole[:-1],
        whole[: len(whole) // 2],
        whole[:5000] + b"x" * 99 + whole[5099:],
    ):
        path.write_bytes(damaged)
        with pytest.raises(ModelError, match=r"a\.npz"):
            load_network(path)


def test_no_damaged_file_is_left_open(network, tmp_path):
    path = tmp_path / "a.npz"
    save_network(path, network)
    whole = path.read_bytes()
    directory = whole.rindex(b"PK\x01\x02")
    broken = whole[:directory] + b"XX" + whole[directory + 2 :]
    damages = (whole[:-1], b"x" + whole, whole[: len(whole) // 2], broken)
    np.save(tmp_path / "one.npy", np.zeros(3))
    before = open_files()
    for damaged in (*damages, (tmp_path / "one.npy").read_bytes()):
        path.write_bytes(damaged)
        with pytest.raises(ModelError) as error:
            read_network_file(path)
        assert open_files() == before, error.value  # the error itself holds what its frames held


def open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def test_files_of_others_are_refused(network, tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, weights=np.zeros(3))
    with pytest.raises(ModelError, match="no network file of ours; import others by `passerby models import`"):
        load_network(path)
    write_checkpoint(path, Checkpoint({}, {"step": 3}))
    with pytest.raises(ModelError, match=r"a\.npz is the checkpoint of a run, .* is its best\.npz"):
        load_network(path)
    np.savez(path, network=np.array([{"settings": {}}], dtype=object))
    with pytest.raises(ModelError, match="is damaged, or no network file"):
        load_network(path)
    for line in ("{}", "[]", "3", '{"settings": {"backbone": "no"}, "extra": {}}', '{"settings": 3, "extra": {}}'):
        np.savez(path, network=np.array(line))
        with pytest.raises(ModelError, match=r"a\.npz"):
            load_network(path)
    line = json.dumps({"settings": json.loads(SETTINGS.to_json()), "extra": {}})
    np.savez(path, network=np.array(line))
    with pytest.raises(ModelError, match=r"a\.npz is damaged: .* missing \(backbone\.conv1"):
        load_network(path)


def test_a_file_that_would_fill_the_memory_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("network.npy", b"")
    # The directory at the end states the sizes; a lie there is enough.
    data = bytearray(path.read_bytes())
    place = data.index(b"PK\x01\x02")
    data[place + 24 : place + 28] = (MAX_BYTES + 1).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(ModelError, match="would unpack to 2147483649 bytes"):
        read_network_file(path)


def arrays_of(network) -> dict[str, np.ndarray]:
    return {name: value.numpy() for name, value in network.state_dict().items()}


def test_what_does_not_fit_is_named_and_nothing_is_changed(network):
    arrays = arrays_of(network)
    before = arrays_of(network)
    del arrays["fc.weight"]
    arrays["fc.bias"] = np.zeros(8, np.float32)
    arrays["neck.weight"] = np.zeros(9, np.float32)
    arrays["neck._mean"] = np.full(8, 7, np.float32)
    with pytest.raises(ModelError) as raised:
        apply_weights(network, arrays)
    assert "1 missing (fc.weight); 1 unexpected (fc.bias); 1 of another shape (neck.weight)" in str(raised.value)
    assert all(np.array_equal(before[name], value) for name, value in arrays_of(network).items())


def test_what_does_not_fit_may_be_left_out_and_is_still_told(network):
    arrays = {
        "fc.bias": np.zeros(8, np.float32),
        "neck._mean": np.full(8, 7, np.float32),
        "fc.weight": np.zeros((2, 2)),
    }
    mismatch = apply_weights(network, arrays, allow_mismatch=True)
    assert mismatch.unexpected == ("fc.bias",)
    assert mismatch.reshaped == ("fc.weight",)
    assert len(mismatch.missing) == len(network.state_dict()) - 2
    assert network.neck._mean.numpy().tolist() == [7] * 8


def test_weights_that_are_no_numbers_are_refused(network):
    arrays = arrays_of(network)
    for bad in (np.full(8, np.inf, np.float32), np.zeros(8, np.int64), np.full(8, np.nan)):
        with pytest.raises(ModelError, match=r"neck\.weight are not all finite"):
            apply_weights(network, arrays | {"neck.weight": bad})


def test_other_kinds_of_numbers_are_taken(network):
    arrays = arrays_of(network)
    for kind in (np.float16, np.float64, ">f4"):
        assert not apply_weights(network, arrays | {"neck._mean": np.full(8, 0.5).astype(kind)})
        assert network.neck._mean.numpy().tolist() == [0.5] * 8


def test_long_lists_of_names_are_cut():
    names = tuple(f"layer{number}" for number in range(20))
    assert str(Mismatch(names, (), ())).endswith("layer6, layer7 and 12 more)")
    assert not Mismatch((), (), ())
