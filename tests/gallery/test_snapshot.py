import numpy as np
import pytest

from gallery.snapshot import Snapshot, drop_snapshots, read_snapshot, snapshot_lock, snapshot_path, write_snapshot
from gallery.tracklet import EmbedderIdentity


@pytest.fixture
def snapshot():
    arrays = {"numbers": np.array([3, 1, 2]), "codes": np.arange(10, dtype=np.uint8).reshape(5, 2), "none": np.empty(0)}
    return Snapshot("some name", EmbedderIdentity("stripes", "ab" * 32, 16), "all", 42, 7, arrays)


def test_a_snapshot_comes_back_as_it_was(tmp_path, snapshot):
    assert read_snapshot(tmp_path, "all") is None
    assert write_snapshot(tmp_path, snapshot, lambda: True)
    back = read_snapshot(tmp_path, "all")
    assert (back.gallery, back.embedder, back.vectors) == (snapshot.gallery, snapshot.embedder, "all")
    assert (back.position, back.stamp) == (42, 7)
    assert list(back.arrays) == list(snapshot.arrays)
    for name, array in snapshot.arrays.items():
        assert back.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(back.arrays[name], array)
    assert read_snapshot(tmp_path, "mean") is None


def test_any_flipped_byte_is_noticed(tmp_path, snapshot):
    write_snapshot(tmp_path, snapshot, lambda: True)
    path = snapshot_path(tmp_path, "all")
    sound = path.read_bytes()
    for place in range(len(sound)):
        path.write_bytes(sound[:place] + bytes([sound[place] ^ 1]) + sound[place + 1 :])
        assert read_snapshot(tmp_path, "all") is None


def test_a_torn_file_is_noticed(tmp_path, snapshot):
    write_snapshot(tmp_path, snapshot, lambda: True)
    path = snapshot_path(tmp_path, "all")
    sound = path.read_bytes()
    for length in range(len(sound)):
        path.write_bytes(sound[:length])
        assert read_snapshot(tmp_path, "all") is None


def test_a_snapshot_that_is_outdated_at_the_last_moment_is_not_left(tmp_path, snapshot):
    assert not write_snapshot(tmp_path, snapshot, lambda: False)
    assert list((tmp_path / "index").iterdir()) == []


def test_a_full_disk_costs_only_the_snapshot(small_disk, snapshot):
    folder = small_disk(64)
    big = Snapshot(*list(vars(snapshot).values())[:-1], {"codes": np.zeros(100_000, np.uint8)})
    assert not write_snapshot(folder, big, lambda: True)
    assert list((folder / "index").iterdir()) == []


def test_dropping_takes_every_file_and_waits_for_writers(tmp_path, snapshot, monkeypatch):
    monkeypatch.setattr("gallery.snapshot._LOCK_SECONDS", 0.05)
    write_snapshot(tmp_path, snapshot, lambda: True)
    snapshot_path(tmp_path, "mean").with_suffix(".part").write_bytes(b"left by a crash")
    with snapshot_lock(tmp_path) as writer:
        writer.acquire()
        assert not drop_snapshots(tmp_path)
    assert drop_snapshots(tmp_path)
    assert list((tmp_path / "index").iterdir()) == []
    assert drop_snapshots(tmp_path)
