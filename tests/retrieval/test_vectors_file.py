"""Vectors in a file: what is written is read again, and what does not fit is refused."""

from pathlib import Path

import numpy as np
import pytest

from gallery.errors import SourceError
from retrieval.market1501 import PersonVectors
from retrieval.person_images import PersonImage
from retrieval.vectors_file import read_vectors, write_vectors


def arrays(**changes):
    whole = {
        "query": np.eye(2, 3), "query_people": np.array([1, 2]), "query_cameras": np.array([1, 1]),
        "gallery": 2 * np.eye(3), "gallery_people": np.array([2, -1, 1]), "gallery_cameras": np.array([2, 2, 3]),
    } | changes  # fmt: skip
    return {name: array for name, array in whole.items() if array is not None}


def write(path, **changes):
    np.savez(path, **arrays(**changes))
    return path


def test_vectors_are_brought_to_unit_length_and_junk_is_left_out(tmp_path):
    query, gallery, junk = read_vectors(write(tmp_path / "v.npz"))
    assert (junk, gallery.people.tolist(), gallery.cameras.tolist()) == (1, [2, 1], [2, 3])
    assert gallery.vectors.tolist() == [[1, 0, 0], [0, 0, 1]]
    assert gallery.vectors.dtype == np.float32
    assert [str(image.path) for image in query.images] == ["query[0]", "query[1]"]


def test_what_is_written_is_read_again(tmp_path):
    vectors = np.array([[0.6, 0.8], [1, 0]], np.float32)
    part = PersonVectors((PersonImage(Path("/a/0001_c1.png"), 1, 1), PersonImage(Path("/a/é_c2.png"), 7, 2)), vectors)
    write_vectors(tmp_path / "v.npz", part, part)
    assert [path.name for path in tmp_path.iterdir()] == ["v.npz"]
    for found in read_vectors(tmp_path / "v.npz")[:2]:
        assert found.vectors == pytest.approx(vectors, abs=1e-7)
        assert [(str(i.path), i.person, i.camera) for i in found.images] == [("0001_c1.png", 1, 1), ("é_c2.png", 7, 2)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"query_people": None}, "lacks query_people; it needs query,"),
        ({"query": np.eye(2)}, "queries have 2 numbers, the gallery 3"),
        ({"query": np.eye(2, 3)[0]}, r"query must be \(N, D\) numbers, not float64 of shape \(3,\)"),
        ({"query": np.empty((0, 3))}, "query must be"),
        ({"query": np.array([["a", "b", "c"]] * 2)}, "query must be"),
        ({"query": np.zeros((2, 3))}, r"query\[0\] has no direction"),
        ({"gallery": np.array([[1, 0, 0], [1, 0, np.nan], [1, 0, 0]])}, r"gallery\[1\] has no direction"),
        ({"gallery_cameras": np.array([1, 2])}, "gallery_cameras must be 3 integers, not int64 of shape"),
        ({"gallery_people": np.array([1.0, 2.0, 3.0])}, "gallery_people must be 3 integers, not float64"),
        ({"query_names": np.array(["one"])}, "query_names must be 2 texts"),
        ({"query": np.array([[{}] * 3] * 2)}, "is no readable .npz file"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, changes, message):
    with pytest.raises(SourceError, match=message):
        read_vectors(write(tmp_path / "v.npz", **changes))


def test_other_files_are_refused(tmp_path):
    with pytest.raises(SourceError, match="no readable"):
        read_vectors(tmp_path / "absent.npz")
    for content in (b"", b"no archive", write(tmp_path / "v.npz").read_bytes()[:-200]):
        (tmp_path / "bad.npz").write_bytes(content)
        with pytest.raises(SourceError, match="no readable"):
            read_vectors(tmp_path / "bad.npz")
    (tmp_path / "bad.npz").write_text("{}")
    with pytest.raises(SourceError, match=r"\(it holds something else than arrays of numbers\)"):
        read_vectors(tmp_path / "bad.npz")
    np.save(tmp_path / "one.npy", np.eye(3))
    with pytest.raises(SourceError, match="holds one array"):
        read_vectors(tmp_path / "one.npy")
