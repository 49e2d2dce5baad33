"""Vectors that are kept: the same when they are found again, and never another's or damaged ones."""

import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from gallery.errors import ConfigError
from gallery.tracklet import EmbedderIdentity
from retrieval.vector_cache import VectorCache

EMBEDDER = EmbedderIdentity("a/strange name", "ab" * 32, 3)
WAY = "fp32 on cpu"
VECTORS = {bytes([k]) * 32: np.array([k, 1 / 3, -k], np.float32) for k in range(5)}


@pytest.fixture
def cache(tmp_path):
    cache = VectorCache(tmp_path / "caches", EMBEDDER, WAY)
    cache.put(VECTORS)
    return cache


def test_what_was_put_is_found_again_to_the_last_bit(cache, tmp_path):
    found, damaged = VectorCache(tmp_path / "caches", EMBEDDER, WAY).get([*VECTORS, *VECTORS, b"unknown"])
    assert damaged == 0
    assert found.keys() == VECTORS.keys()
    assert all(np.array_equal(found[image], vector) for image, vector in VECTORS.items())


def test_more_images_than_a_statement_may_name(cache):
    many = {k.to_bytes(32, "big"): np.array([k, 0, 0], np.float32) for k in range(1, 1801)}
    cache.put(many)
    found, _ = cache.get(list(many))
    assert len(found) == 1800
    assert found[(1700).to_bytes(32, "big")][0] == 1700


@pytest.mark.parametrize(
    ("embedder", "way"),
    [
        (replace(EMBEDDER, sha256="cd" * 32), WAY),
        (replace(EMBEDDER, name="another"), WAY),
        (EMBEDDER, "bf16 on cpu"),
    ],
)
def test_another_embedder_or_way_finds_nothing(cache, tmp_path, embedder, way):
    other = VectorCache(tmp_path / "caches", embedder, way)
    assert other.get(list(VECTORS)) == ({}, 0)
    assert other.path != cache.path


def test_reading_makes_no_file(tmp_path):
    assert VectorCache(tmp_path / "none", EMBEDDER, WAY).get(list(VECTORS)) == ({}, 0)
    assert not (tmp_path / "none").exists()


def test_only_their_user_can_read_vectors(cache):
    assert stat.S_IMODE(cache.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(cache.path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("change", ["vector = zeroblob(12)", "vector = x'00'", "checksum = x'00'"])
def test_a_damaged_vector_is_left_out_and_counted(cache, change):
    with sqlite3.connect(cache.path) as database:
        database.execute(f"UPDATE vectors SET {change} WHERE image = ?", [bytes([2]) * 32])  # noqa: S608
    database.close()
    found, damaged = cache.get(list(VECTORS))
    assert damaged == 1
    assert found.keys() == VECTORS.keys() - {bytes([2]) * 32}


def test_vectors_of_another_cache_under_this_name_are_damaged_ones(cache, tmp_path):
    other = VectorCache(tmp_path / "caches", EMBEDDER, "bf16 on cpu")
    cache.path.rename(other.path)
    assert other.get(list(VECTORS)) == ({}, 5)


def test_a_file_that_is_no_cache_is_an_error_that_names_it(cache):
    cache.path.write_bytes(b"this is no database, but it is long enough to be taken for one" * 100)
    for use in (lambda: cache.get(list(VECTORS)), lambda: cache.put(VECTORS)):
        with pytest.raises(ConfigError, match=r"a_strange_name.*cannot be used.*remove that file"):
            use()


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot be used"):
        VectorCache(tmp_path / "file", EMBEDDER, WAY).put(VECTORS)


@pytest.mark.parametrize("dimension", [256, 512, 2048])
def test_a_file_is_hardly_larger_than_its_vectors(tmp_path, dimension):
    cache = VectorCache(tmp_path, replace(EMBEDDER, dimension=dimension), WAY)
    cache.put({k.to_bytes(32, "big"): np.full(dimension, k, np.float32) for k in range(600)})
    assert cache.path.stat().st_size < 1.5 * 600 * 4 * dimension


def test_several_may_write_at_once(tmp_path):
    def write(part):
        VectorCache(tmp_path, EMBEDDER, WAY).put(
            {bytes([part, k]) * 16: np.full(3, part, np.float32) for k in range(20)}
        )

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(8)))
    wanted = [bytes([part, k]) * 16 for part in range(8) for k in range(20)]
    assert len(VectorCache(tmp_path, EMBEDDER, WAY).get(wanted)[0]) == 160
