import numpy as np
import pytest

from gallery.faiss_index import FaissIndex
from gallery.inverted_lists import InvertedLists
from gallery.rows import VectorRows

VECTORS, PER_PERSON, DIMENSION = 50_000, 20, 64


def spread(centres, similarity, rng):
    """Unit vectors about as similar to the centres as that."""
    noise = rng.standard_normal(centres.shape, dtype=np.float32)
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    vectors = similarity * centres + np.sqrt(1 - similarity**2, dtype=np.float32) * noise
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def crowd():
    """Loose clusters: 2,500 people of 20 vectors in 64 dimensions, who differ in few ways; 200 queries of them."""
    rng = np.random.default_rng(0)
    ways = rng.standard_normal((VECTORS // PER_PERSON, 8)) @ rng.standard_normal((8, DIMENSION))
    people = (ways / np.linalg.norm(ways, axis=1, keepdims=True)).astype(np.float32)
    vectors = spread(np.repeat(people, PER_PERSON, axis=0), np.float32(0.8), rng).astype(np.float16)
    rows = VectorRows(np.arange(VECTORS), np.zeros(VECTORS, np.int64), vectors)
    index = FaissIndex(DIMENSION, exact_limit=1000)
    index.rebuild([rows])
    return index, rows.floats(), spread(people[:200], np.float32(0.8), rng)


@pytest.mark.parametrize("share", [1.0, 0.5, 0.1, 0.01])
def test_recall_under_filters(crowd, share):
    index, vectors, queries = crowd
    allowed = np.flatnonzero(np.random.default_rng(1).random(VECTORS) < share)
    truth = allowed[np.argsort(-(queries @ vectors[allowed].T), axis=1)[:, :10]]
    found = index.search(queries, 10, None if share == 1.0 else allowed)[1]
    recall = np.mean([len(np.intersect1d(ours, theirs)) / 10 for ours, theirs in zip(found, truth, strict=True)])
    assert recall >= 0.99


@pytest.mark.parametrize("share", [1.0, 0.3, 0.1, 0.02])
def test_what_the_lists_propose_holds_the_nearest(crowd, share):
    """Even where the index would rather scan."""
    import faiss

    index, vectors, queries = crowd
    mask = np.random.default_rng(2).random(VECTORS) < share
    selector = faiss.IDSelectorBitmap(np.packbits(mask, bitorder="little"))
    proposed = index._lists.search(queries, 10, selector)
    allowed = np.flatnonzero(mask)
    assert np.isin(proposed, [-1, *allowed]).all()
    truth = allowed[np.argsort(-(queries @ vectors[allowed].T), axis=1)[:, :10]]
    recall = np.mean([len(np.intersect1d(ours, theirs)) / 10 for ours, theirs in zip(proposed, truth, strict=True)])
    assert recall >= 0.99


def test_one_by_one_it_finds_what_it_finds_in_a_batch(crowd):
    index, _, queries = crowd
    together = index.search(queries[:30], 10)[1]
    assert [index.search(query[None], 10)[1][0].tolist() for query in queries[:30]] == together.tolist()


def test_similarities_from_lists_are_exact(crowd):
    index, vectors, queries = crowd
    similarities, numbers = index.search(queries, 5)
    np.testing.assert_allclose(similarities, np.einsum("qd,qkd->qk", queries, vectors[numbers]), atol=1e-5)


def test_strangers_and_narrow_filters_are_looked_for_in_more_lists(crowd, monkeypatch):
    import faiss

    index, vectors, _ = crowd
    looked = []

    def counting(self, queries, lists, *others, whole=InvertedLists._scan):
        looked[-1] += int((lists >= 0).sum())
        return whole(self, queries, lists, *others)

    monkeypatch.setattr(InvertedLists, "_scan", counting)
    stranger = np.random.default_rng(3).standard_normal((1, DIMENSION)).astype(np.float32)
    stranger /= np.linalg.norm(stranger)
    few = faiss.IDSelectorBitmap(np.packbits(np.arange(VECTORS) % 50 == 0, bitorder="little"))
    for query, selector in ((vectors[:1], None), (vectors[:1], few), (stranger, None)):
        looked.append(0)
        index._lists.search(query, 10, selector)
    known, narrow, strange = looked
    assert 1 < known < narrow <= index._lists._lists.nlist
    assert known < strange


def test_where_everybody_differs_in_every_way_lists_do_not_pay(crowd):
    assert crowd[0]._lists.pay
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((5000, DIMENSION)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index = FaissIndex(DIMENSION, exact_limit=1000)
    index.rebuild([VectorRows(np.arange(5000), np.zeros(5000, np.int64), vectors.astype(np.float16))])
    queries = rng.standard_normal((50, DIMENSION)).astype(np.float32)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    truth = np.argsort(-(queries @ vectors.T), axis=1)[:, :10]
    hits = [len(np.intersect1d(*pair)) / 10 for pair in zip(index.search(queries, 10)[1], truth, strict=True)]
    assert np.mean(hits) >= 0.99, "by lists that pay, or one by one"
    index._lists._floors[1] = 1.0  # lists that nobody looks into
    assert index._lists._recall(index._table, rng) < 0.99


def test_arrays_bring_the_same_lists_back(crowd):
    index, _, queries = crowd
    back = InvertedLists.from_arrays(index._lists.arrays())
    np.testing.assert_array_equal(back.search(queries[:5], 10, None), index._lists.search(queries[:5], 10, None))


def test_lists_are_trained_again_when_the_gallery_has_outgrown_them(crowd):
    _, vectors, _ = crowd
    index = FaissIndex(DIMENSION, exact_limit=1000)
    halves = vectors.astype(np.float16)
    for first, last in ((0, 900), (900, 1500), (1500, 6000), (6000, 7000)):
        numbers = np.arange(first, last)
        index.upsert(VectorRows(numbers, np.zeros(len(numbers), np.int64), halves[first:last]))
        trained = None if index._lists is None else index._lists._trained_on
        assert trained == {900: None, 1500: 1500, 6000: 1500, 7000: 7000}[last]


def test_of_codes_that_went_nothing_stays_in_the_blocks(crowd):
    import faiss

    _, vectors, _ = crowd
    index = FaissIndex(DIMENSION, exact_limit=1000)
    numbers = np.arange(3000)
    index.rebuild([VectorRows(numbers, np.zeros(3000, np.int64), vectors[:3000].astype(np.float16))])
    index.delete(np.random.default_rng(5).choice(3000, 700, replace=False))
    lists = faiss.downcast_InvertedLists(index._lists._lists.invlists)
    ends = 0
    for place in range(lists.nlist):
        size, blocks = lists.list_size(place), -(-lists.list_size(place) // lists.n_per_block)
        codes = faiss.rev_swig_ptr(lists.get_codes(place), blocks * lists.block_size).reshape(blocks, -1)
        for offset in range(size % lists.n_per_block, lists.n_per_block if size % lists.n_per_block else 0):
            assert not lists.packer.unpack_1(codes[-1:], offset).any()
            ends += 1
        if size:
            assert lists.packer.unpack_1(codes[:1], 0).any()
    assert ends > 100
