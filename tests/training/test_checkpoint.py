"""Checkpoints: what is written is what is read, whole or not at all."""

import os
import pickle
import zipfile

import numpy as np
import pytest

from gallery.errors import ConfigError, ModelError
from training.checkpoint import Checkpoint, read_checkpoint, replace_file, write_checkpoint

ARRAYS = {
    "network/fc.weight": np.arange(6, dtype=np.float32).reshape(2, 3) / 7,
    "optimiser/x:count": np.asarray(3),
    "network/empty": np.zeros((0, 4), np.float32),
}
FACTS = {"step": 12, "best": None, "settings": {"loss": "softmax + 2*triplet", "lr": 3.5e-4}}


def test_what_is_written_is_what_is_read(tmp_path):
    write_checkpoint(tmp_path / "last.npz", Checkpoint(ARRAYS, FACTS))
    found = read_checkpoint(tmp_path / "last.npz")
    assert found.facts == FACTS
    assert found.arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert found.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(found.arrays[name], array)
    assert [path.name for path in tmp_path.iterdir()] == ["last.npz"]


def test_a_file_that_is_cut_anywhere_is_refused(tmp_path):
    path = tmp_path / "last.npz"
    write_checkpoint(path, Checkpoint(ARRAYS, FACTS))
    whole = path.read_bytes()
    for length in (0, 10, len(whole) // 3, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ModelError, match=r"last\.npz"):
            read_checkpoint(path)


def test_a_flipped_byte_is_noticed(tmp_path):
    path = tmp_path / "last.npz"
    write_checkpoint(path, Checkpoint(ARRAYS, FACTS))
    whole = bytearray(path.read_bytes())
    whole[whole.index(ARRAYS["network/fc.weight"].tobytes()) + 5] ^= 1
    path.write_bytes(whole)
    with pytest.raises(ModelError, match="damaged"):
        read_checkpoint(path)


def test_what_is_no_checkpoint_is_refused(tmp_path):
    with pytest.raises(ModelError, match="there is no checkpoint"):
        read_checkpoint(tmp_path / "last.npz")
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    np.save(tmp_path / "array.npy", np.zeros(3))
    (tmp_path / "text.npz").write_text("hello")
    np.savez(tmp_path / "list.npz", facts=np.asarray("[1]"))
    for name in ("other.npz", "array.npy", "text.npz", "list.npz"):
        with pytest.raises(ModelError, match=name):
            read_checkpoint(tmp_path / name)


def test_a_pickle_in_it_is_not_run(tmp_path):
    class Harm:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "harm"),))

    np.savez(tmp_path / "evil.npz", facts=np.array([Harm()], dtype=object), allow_pickle=True)
    with zipfile.ZipFile(tmp_path / "raw.npz", "w") as archive:
        archive.writestr("facts.npy", pickle.dumps(Harm()))
    for name in ("evil.npz", "raw.npz"):
        with pytest.raises(ModelError, match=name):
            read_checkpoint(tmp_path / name)
    assert not (tmp_path / "harm").exists()


def test_a_write_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "last.npz"
    path.write_bytes(b"old")

    def fail(file):
        file.write(b"half of the new one")
        raise OSError(28, "No space left on device")

    with pytest.raises(ConfigError, match=r"last\.npz \(No space left on device\).*--resume"):
        replace_file(path, fail)
    assert path.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["last.npz"]
