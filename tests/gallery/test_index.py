import threading
from dataclasses import replace

import numpy as np
import pytest

from gallery.errors import QueryError
from gallery.index import GalleryIndex
from gallery.snapshot import snapshot_path
from gallery.store import Gallery


def slow_search(gallery, query, k, allowed=None):
    """The k best tracklets by a loop over everything in SQL."""
    best = {}
    rows = gallery.vectors(gallery.filter_numbers())
    for number, vector in zip(rows.numbers.tolist(), rows.floats(), strict=True):
        if allowed is None or number in allowed:
            best[number] = max(best.get(number, -1), float(vector @ query))
    return sorted(best.items(), key=lambda pair: -pair[1])[:k]


def assert_equals_sql(index, gallery, queries, k=5, allowed=None):
    similarities, numbers = index.search(queries, k, allowed=allowed)
    for query, values, found in zip(queries, similarities, numbers, strict=True):
        truth = slow_search(gallery, query, k, allowed if allowed is None else set(allowed.tolist()))
        assert found.tolist() == [number for number, _ in truth] + [-1] * (k - len(truth))
        np.testing.assert_allclose(values[: len(truth)], [value for _, value in truth], atol=1e-5)


def add(gallery, people, first, count, camera="door"):
    tracklets = [
        people.tracklet(camera, n, second=n, crops=int(people.rng.integers(0, 4))) for n in range(first, first + count)
    ]
    people.fill(gallery, camera, tracklets, source_hash=str(first))


def test_an_empty_gallery_answers_nothing(gallery, people):
    index = GalleryIndex(gallery)
    similarities, numbers = index.search(people.directions(2), 3)
    assert (similarities == -np.inf).all()
    assert (numbers == -1).all()
    assert len(index) == 0


def test_it_follows_what_others_store_and_erase(gallery, people):
    index = GalleryIndex(gallery)
    queries = people.directions(3)
    add(gallery, people, 1, 8)
    assert_equals_sql(index, gallery, queries)
    add(gallery, people, 20, 8, "gate")
    gallery.erase(tracklets=["door-000003"])
    assert_equals_sql(index, gallery, queries)
    assert_equals_sql(index, gallery, queries, allowed=gallery.filter_numbers(["gate"]))
    assert_equals_sql(
        index, gallery, queries, allowed=gallery.filter_numbers(since=people.after(6), until=people.after(21))
    )
    gallery.erase(cameras=["door", "gate"])
    assert_equals_sql(index, gallery, queries)


@pytest.mark.parametrize("exact_limit", [1000, 30], ids=["scan", "lists"])
@pytest.mark.parametrize("seed", range(2))
def test_after_any_history_it_equals_a_slow_search_over_sql(tmp_path, people, exact_limit, seed):
    rng = np.random.default_rng(seed)
    options = {"exact_limit": exact_limit, "snapshot_limit": 20}
    with Gallery.open(tmp_path / "gallery", create=True) as gallery:
        index = GalleryIndex(gallery, **options)
        for step in range(8):
            ids = [row.id for row in gallery.tracklets()]
            if rng.random() < 0.6 or not ids:
                add(gallery, people, 100 * step, int(rng.integers(1, 25)))
            else:
                gallery.erase(tracklets=rng.choice(ids, int(rng.integers(1, 1 + len(ids))), replace=False).tolist())
            if rng.random() < 0.3:
                index = GalleryIndex(gallery, **options)
            if rng.random() < 0.3:
                index.save()
            assert_equals_sql(index, gallery, people.directions(2))
        assert_equals_sql(GalleryIndex(gallery, **options), gallery, people.directions(2))


def test_an_index_of_means_looks_at_nothing_else(gallery, people):
    add(gallery, people, 1, 8)
    index = GalleryIndex(gallery, vectors="mean")
    assert len(index) == 8
    add(gallery, people, 11, 2)
    query = people.directions(1)
    best = index.search(query, 1)[1][0, 0]
    means = {row.number: gallery.tracklet(row.id).vectors[0] @ query[0] for row in gallery.tracklets()}
    assert best == max(means, key=means.__getitem__)
    assert len(index) == 10


def test_the_same_vector_has_similarity_one_and_never_more(gallery, people):
    add(gallery, people, 1, 20)
    vectors = np.concatenate([gallery.tracklet(row.id).vectors for row in gallery.tracklets()])
    similarities = GalleryIndex(gallery).search(vectors, 1)[0]
    np.testing.assert_allclose(similarities, 1, atol=2e-3)
    assert similarities.max() <= 1


def test_questions_that_do_not_fit_are_refused(gallery, people):
    add(gallery, people, 1, 2)
    index = GalleryIndex(gallery)
    with pytest.raises(QueryError, match=r"shape \(1, 8\) do not fit the gallery, whose embedder stripes gives 16"):
        index.search(people.directions(1, 8), 3)
    with pytest.raises(QueryError, match="0 answers were asked for"):
        index.search(people.directions(1), 0)


def test_a_small_gallery_keeps_no_snapshot(gallery, people):
    add(gallery, people, 1, 8)
    index = GalleryIndex(gallery)
    assert not index.save()
    assert not snapshot_path(gallery.folder, "all").exists()


def test_a_snapshot_is_read_and_the_log_replayed_from_it(gallery, people, monkeypatch):
    add(gallery, people, 1, 20)
    GalleryIndex(gallery, snapshot_limit=10)
    assert snapshot_path(gallery.folder, "all").exists()
    add(gallery, people, 50, 1)
    monkeypatch.setattr(GalleryIndex, "_rebuild", lambda self: pytest.fail("rebuilt"))
    index = GalleryIndex(gallery, snapshot_limit=10)
    assert_equals_sql(index, gallery, people.directions(3))


def test_a_snapshot_is_renewed_when_enough_is_new(gallery, people):
    add(gallery, people, 1, 40)
    index = GalleryIndex(gallery, snapshot_limit=10)
    assert not index.save()
    add(gallery, people, 50, 1)
    index.refresh()
    assert not index.save()
    add(gallery, people, 60, 20)
    index.refresh()
    assert index.save()
    assert gallery.changes.position("index all") == gallery.changes.head()
    assert gallery.changes.read(0) is None


def test_a_reader_behind_the_trimmed_log_begins_anew(gallery, people):
    add(gallery, people, 1, 8)
    sleeper = GalleryIndex(gallery)
    add(gallery, people, 20, 8)
    gallery.erase(tracklets=["door-000002"])
    gallery.changes.move("another", gallery.changes.head())
    gallery.changes.trim()
    assert_equals_sql(sleeper, gallery, people.directions(3))


def test_a_damaged_or_foreign_snapshot_is_not_used(gallery, people, tmp_path):
    add(gallery, people, 1, 20)
    GalleryIndex(gallery, snapshot_limit=10)
    path = snapshot_path(gallery.folder, "all")
    sound = path.read_bytes()
    with Gallery.open(tmp_path / "other", create=True) as other:
        add(other, people, 1, 20)
        snapshot_path(other.folder, "all").parent.mkdir()
        snapshot_path(other.folder, "all").write_bytes(sound)
        assert_equals_sql(GalleryIndex(other), other, people.directions(3))
    path.write_bytes(sound[:-1] + b"?")
    assert_equals_sql(GalleryIndex(gallery), gallery, people.directions(3))


def test_a_snapshot_from_before_a_restored_backup_is_not_used(tmp_path, people):
    import shutil

    with Gallery.open(tmp_path / "gallery", create=True) as gallery:
        add(gallery, people, 1, 20)
    shutil.copytree(tmp_path / "gallery", tmp_path / "backup")
    with Gallery.open(tmp_path / "gallery") as gallery:
        add(gallery, people, 50, 20)
        GalleryIndex(gallery, snapshot_limit=10)
        snapshot = snapshot_path(gallery.folder, "all").read_bytes()
    with Gallery.open(tmp_path / "backup") as gallery:
        add(gallery, people, 100, 30)
        snapshot_path(gallery.folder, "all").parent.mkdir()
        snapshot_path(gallery.folder, "all").write_bytes(snapshot)
        assert_equals_sql(GalleryIndex(gallery), gallery, people.directions(3))


def test_an_erasure_during_a_save_leaves_no_snapshot(gallery, people, monkeypatch):
    add(gallery, people, 1, 20)
    index = GalleryIndex(gallery, snapshot_limit=1000)
    index._snapshot_limit = 10

    def snapshot_then_erase(self, whole=GalleryIndex._snapshot):
        taken = whole(self)
        monkeypatch.setattr("gallery.snapshot._LOCK_SECONDS", 0.05)
        assert not gallery.erase(tracklets=["door-000003"]).complete
        return taken

    monkeypatch.setattr(GalleryIndex, "_snapshot", snapshot_then_erase)
    assert not index.save()
    assert not snapshot_path(gallery.folder, "all").exists()


def test_a_gallery_that_was_emptied_may_change_its_embedder_under_a_reader(gallery, people):
    add(gallery, people, 1, 4)
    index = GalleryIndex(gallery)
    gallery.erase(cameras=["door"])
    other = replace(people.embedder, name="other", dimension=8)
    tracklet = replace(people.tracklet("gate"), vectors=people.directions(3, 8))
    people.fill(gallery, "gate", [tracklet], embedder=other)
    assert index.search(tracklet.vectors[:1], 1)[1].tolist() == [gallery.filter_numbers().tolist()]


def test_threads_may_search_while_another_stores(gallery, people):
    add(gallery, people, 1, 10)
    index = GalleryIndex(gallery)
    queries = people.directions(4)
    finished = []

    def search():
        for _ in range(20):
            index.search(queries, 3)
        finished.append(True)

    threads = [threading.Thread(target=search) for _ in range(4)]
    for thread in threads:
        thread.start()
    for first in range(20, 120, 20):
        add(gallery, people, first, 10)
    for thread in threads:
        thread.join()
    assert len(finished) == 4
    assert_equals_sql(index, gallery, queries)
