import pytest

from gallery.crops import FolderCropStore, content_name
from gallery.errors import GalleryError


@pytest.fixture
def store(tmp_path):
    return FolderCropStore(tmp_path / "crops")


def test_names_are_the_hash_of_the_content():
    assert content_name(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_staged_picture_is_readable_from_its_area_but_not_published(store):
    store.stage("a", {"ab12": b"jpeg"})
    assert store.get("ab12", "a") == b"jpeg"
    assert store.staged() == {"a": ["ab12"]}
    assert list(store.names()) == []
    with pytest.raises(GalleryError, match="crop ab12 is missing"):
        store.get("ab12", "b")


def test_publishing_moves_a_picture_to_its_place(store):
    store.stage("a", {"ab12": b"jpeg"})
    store.publish("a", ["ab12"])
    assert store.staged() == {}
    assert list(store.names()) == ["ab12"]
    assert store.path("ab12").read_bytes() == store.get("ab12") == b"jpeg"
    assert store.path("ab12").is_absolute()


def test_publishing_twice_or_what_is_not_staged_does_nothing(store):
    store.stage("a", {"ab12": b"jpeg"})
    store.publish("a", ["ab12"])
    store.publish("a", ["ab12", "cd34"])
    assert list(store.names()) == ["ab12"]


def test_discarding_removes_whole_and_half_written_pictures(store, tmp_path):
    store.stage("a", {"ab12": b"jpeg"})
    (tmp_path / "crops/staging/a/cd34.part").write_bytes(b"jp")
    assert store.staged() == {"a": ["ab12", "cd34"]}
    store.discard("a", ["ab12", "cd34"])
    assert store.staged() == {}


def test_a_half_written_picture_is_never_published(store, tmp_path):
    store.stage("a", {})
    (tmp_path / "crops/staging/a/cd34.part").write_bytes(b"jp")
    store.publish("a", ["cd34"])
    assert list(store.names()) == []


def test_deleting_what_is_gone_is_no_error(store):
    store.stage("a", {"ab12": b"jpeg"})
    store.publish("a", ["ab12"])
    store.delete("ab12")
    store.delete("ab12")
    assert list(store.names()) == []


def test_a_folder_that_is_in_the_way_is_named(tmp_path):
    (tmp_path / "crops").write_text("a file")
    with pytest.raises(GalleryError, match=r"crops in .* cannot be written: "):
        FolderCropStore(tmp_path / "crops").stage("a", {"ab12": b"jpeg"})


def test_a_full_disk_leaves_nothing_half_written(small_disk):
    store = FolderCropStore(small_disk(256))
    store.stage("a", {"ab12": b"first"})
    with pytest.raises(GalleryError, match=r"no space left for crops in .*: free some"):
        store.stage("a", {f"cd{number:02}": b"x" * 32_768 for number in range(20)})
    assert store.staged() == {"a": ["ab12"]}
    assert store.get("ab12", "a") == b"first"
