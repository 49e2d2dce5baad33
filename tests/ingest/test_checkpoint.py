"""A follower's state as bytes."""

import numpy as np
import pytest

from gallery.errors import GalleryError
from ingest.checkpoint import FORMAT, pack, unpack

STATE = {
    "tracker/ids": np.array([3, 5], np.int64),
    "tracker/settings": np.array("deepsort ü"),
    "3/boxes": np.arange(8, dtype=np.float32).reshape(2, 4),
    "empty": np.zeros((0, 4), np.float32),
    "confirmed": np.array([True, False]),
}


def test_what_comes_out_is_what_went_in():
    state = unpack(pack(STATE))
    assert list(state) == list(STATE)
    for name, array in STATE.items():
        assert state[name].dtype == array.dtype
        np.testing.assert_array_equal(state[name], array)


def test_the_same_state_gives_the_same_bytes():
    assert pack(STATE) == pack(dict(STATE))


def test_nothing_can_be_packed():
    assert unpack(pack({})) == {}


def test_objects_are_not_packed():
    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        pack({"object": np.array([print], object)})


def test_every_damaged_byte_is_noticed():
    data = pack(STATE)
    for position in range(len(data)):
        damaged = bytearray(data)
        damaged[position] ^= 0x41
        with pytest.raises(GalleryError, match="checkpoint of an interrupted ingest is"):
            unpack(bytes(damaged))


@pytest.mark.parametrize("length", [0, 1, len(FORMAT), len(FORMAT) + 10, len(FORMAT) + 32, 200])
def test_a_cut_off_checkpoint_is_noticed(length):
    with pytest.raises(GalleryError, match="begin that ingest again"):
        unpack(pack(STATE)[:length])


def test_bytes_after_its_end_are_noticed():
    with pytest.raises(GalleryError, match="damaged"):
        unpack(pack(STATE) + b"x")


def test_another_version_is_named():
    with pytest.raises(GalleryError, match="of another version"):
        unpack(b"passerby checkpoint 0\n" + pack(STATE)[len(FORMAT) :])
