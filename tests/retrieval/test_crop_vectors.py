"""Image files to vectors: in order, each once, bad ones told."""

import shutil
import sqlite3

import cv2
import numpy as np
import pytest

from gallery.errors import SourceError
from retrieval import crop_vectors
from retrieval.crop_vectors import CropVectors
from tests.retrieval.crops import MeanColour, write_crop

NAMES = [f"000{person}_c{camera}_0.png" for camera in (1, 2) for person in (1, 2, 3)]


@pytest.fixture
def paths(tmp_path):
    return [write_crop(tmp_path / "crops", name) for name in NAMES]


def test_vectors_come_in_order_whatever_is_done_together(paths, monkeypatch):
    plain = CropVectors(MeanColour()).of(paths)
    monkeypatch.setattr(crop_vectors, "TOGETHER", 2)
    told = []
    parts = CropVectors(MeanColour()).of(paths, on_progress=lambda done, total: told.append((done, total)))
    assert np.array_equal(plain.vectors, parts.vectors)
    assert plain.vectors == pytest.approx(MeanColour().embed([cv2.imread(str(path)) for path in paths]))
    assert told == [(2, 6), (4, 6), (6, 6)]
    assert plain.kept.all()
    assert (plain.bad, plain.cached, plain.damaged) == ((), 0, 0)


def test_the_flip_test_adds_the_mirror_image(paths):
    plain, flipped = (CropVectors(MeanColour(), flip=flip).of(paths).vectors for flip in (False, True))
    both = plain + plain[:, [3, 4, 5, 0, 1, 2]]  # the halves change places
    assert flipped == pytest.approx(both / np.linalg.norm(both, axis=1, keepdims=True), abs=1e-6)
    assert not np.allclose(flipped, plain, atol=0.01)


def test_a_second_run_embeds_nothing_and_is_the_same(paths, tmp_path):
    first = CropVectors(MeanColour(), cache_folder=tmp_path / "cache").of(paths)
    embedder = MeanColour()
    again = CropVectors(embedder, cache_folder=tmp_path / "cache").of(paths[::-1])
    assert embedder.asked == 0
    assert again.cached == 6
    assert np.array_equal(again.vectors, first.vectors[::-1])


@pytest.mark.parametrize(
    ("way", "apart"),
    [
        ({"flip": True}, True),
        ({"precision": "bf16"}, True),
        ({"device": "cuda"}, True),
        ({"batch": 1, "threads": 2}, False),  # in fp32 they change nothing that matters
    ],
)
def test_vectors_made_in_another_way_are_kept_apart(paths, tmp_path, way, apart):
    CropVectors(MeanColour(), cache_folder=tmp_path / "cache").of(paths)
    assert CropVectors(MeanColour(), cache_folder=tmp_path / "cache", **way).of(paths).cached == (0 if apart else 6)


@pytest.mark.parametrize("way", [{"batch": 4}, {"threads": 2}])
def test_where_digits_are_few_batch_and_threads_matter(paths, tmp_path, way):
    usual = {"precision": "bf16", "batch": 1, "threads": 1, "cache_folder": tmp_path / "cache"}
    CropVectors(MeanColour(), **usual).of(paths)
    assert CropVectors(MeanColour(), **usual).of(paths).cached == 6
    assert CropVectors(MeanColour(), **usual | way).of(paths).cached == 0


def test_images_are_known_by_what_is_in_them(paths, tmp_path):
    keeper = CropVectors(MeanColour(), cache_folder=tmp_path / "cache")
    keeper.of(paths)
    moved = shutil.copy(paths[0], tmp_path / "0009_c9_9.png")
    write_crop(paths[1].parent, paths[1].name, (9, 99, 199))
    embedder = MeanColour()
    found = CropVectors(embedder, cache_folder=tmp_path / "cache").of([moved, paths[1]])
    assert (embedder.asked, found.cached) == (1, 1)
    assert np.array_equal(found.vectors, CropVectors(MeanColour()).of([paths[0], paths[1]]).vectors)


def test_equal_files_are_embedded_once(paths, tmp_path):
    copies = [shutil.copy(paths[0], tmp_path / f"{k}.png") for k in range(3)]
    embedder = MeanColour()
    found = CropVectors(embedder).of([*copies, paths[1]])
    assert embedder.asked == 2
    assert np.array_equal(found.vectors[0], found.vectors[2])


def test_a_run_that_ends_early_keeps_what_it_had(paths, tmp_path, monkeypatch):
    monkeypatch.setattr(crop_vectors, "TOGETHER", 2)
    with pytest.raises(KeyboardInterrupt):
        CropVectors(MeanColour(breaks_after=4), cache_folder=tmp_path / "cache").of(paths)
    embedder = MeanColour()
    found = CropVectors(embedder, cache_folder=tmp_path / "cache").of(paths)
    assert (embedder.asked, found.cached) == (2, 4)
    assert np.array_equal(found.vectors, CropVectors(MeanColour()).of(paths).vectors)


def test_damaged_vectors_are_computed_again_and_told(paths, tmp_path):
    vectors = CropVectors(MeanColour(), cache_folder=tmp_path / "cache")
    first = vectors.of(paths)
    with sqlite3.connect(vectors.cache.path) as database:
        database.execute("UPDATE vectors SET vector = zeroblob(24)")
    database.close()
    again = vectors.of(paths)
    assert (again.damaged, again.cached) == (6, 0)
    assert np.array_equal(again.vectors, first.vectors)
    assert vectors.of(paths).damaged == 0


def spoil(paths):
    paths[1].write_bytes(b"")
    paths[3].write_bytes(paths[3].read_bytes()[:-40])
    paths[4].unlink()


def test_bad_images_are_all_named_before_any_work(paths):
    spoil(paths)
    embedder = MeanColour()
    with pytest.raises(SourceError) as error:
        CropVectors(embedder).of(paths)
    text = str(error.value)
    assert text.startswith("3 of 6 images cannot be used: ")
    assert all(f"{paths[k]} " in text for k in (1, 3, 4))
    assert "--skip-bad" in text
    assert embedder.asked == 0


def test_only_some_of_many_bad_images_are_named(paths):
    with pytest.raises(SourceError, match=r"13 of 13 images .*; and 3 more\. Mend"):
        CropVectors(MeanColour()).of([paths[0].with_name(f"{k}.png") for k in range(13)])


def test_bad_images_are_left_out_on_request(paths):
    good = CropVectors(MeanColour()).of([paths[k] for k in (0, 2, 5)])
    spoil(paths)
    found = CropVectors(MeanColour()).of(paths, skip_bad=True)
    assert found.kept.tolist() == [True, False, True, False, False, True]
    assert [image.path for image in found.bad] == [paths[1], paths[3], paths[4]]
    assert np.array_equal(found.vectors, good.vectors)
    assert CropVectors(MeanColour()).of([paths[1]], skip_bad=True).vectors.shape == (0, 6)


def test_an_image_that_changes_meanwhile_does_not_get_anothers_vector(paths, monkeypatch):
    class Meddler(MeanColour):
        def embed(self, crops):
            write_crop(paths[5].parent, paths[5].name, (1, 2, 3))
            return super().embed(crops)

    monkeypatch.setattr(crop_vectors, "TOGETHER", 2)
    with pytest.raises(SourceError, match="changed while it was read"):
        CropVectors(Meddler()).of(paths)
