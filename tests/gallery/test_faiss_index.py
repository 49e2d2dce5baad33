import numpy as np
import pytest

from gallery.faiss_index import FaissIndex
from gallery.rows import VectorRows

DIMENSION = 16


def make_rows(rng, numbers, most=4):
    """Tracklets with one to ``most`` vectors each."""
    counts = rng.integers(1, most + 1, len(numbers))
    owners = np.repeat(numbers, counts)
    vectors = rng.standard_normal((len(owners), DIMENSION)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ordinals = np.concatenate([np.arange(count) for count in counts]) if len(numbers) else np.empty(0, np.int64)
    return VectorRows(owners, ordinals, vectors.astype(np.float16))


def slow_search(parts, queries, k, allowed=None):
    """Every tracklet's best similarity, sorted."""
    answers = []
    for query in queries:
        best = {}
        for rows in parts:
            for number, vector in zip(rows.numbers.tolist(), rows.floats(), strict=True):
                if allowed is None or number in allowed:
                    best[number] = max(best.get(number, -2.0), float(query @ vector))
        answers.append(sorted(best.items(), key=lambda pair: -pair[1])[:k])
    return answers


def assert_same(found, truth, k):
    similarities, numbers = found
    assert similarities.shape == numbers.shape == (len(truth), k)
    for row, pairs in enumerate(truth):
        assert numbers[row].tolist() == [number for number, _ in pairs] + [-1] * (k - len(pairs))
        expected = [value for _, value in pairs] + [-np.inf] * (k - len(pairs))
        np.testing.assert_allclose(similarities[row], expected, atol=1e-6)


@pytest.mark.parametrize("exact_limit", [10_000, 50], ids=["scan", "lists"])
@pytest.mark.parametrize("k", [1, 5, 300])
def test_it_finds_what_a_slow_search_finds(exact_limit, k):
    rng = np.random.default_rng(k)
    rows = make_rows(rng, np.arange(1, 201))
    index = FaissIndex(DIMENSION, exact_limit=exact_limit)
    index.upsert(rows)
    assert len(index) == len(rows)
    queries = make_rows(rng, np.arange(7), most=1).floats()
    assert_same(index.search(queries, k), slow_search([rows], queries, k), k)
    allowed = rng.choice(220, 40, replace=False)
    assert_same(index.search(queries, k, allowed), slow_search([rows], queries, k, set(allowed.tolist())), k)
    assert_same(index.search(queries[:1], k, allowed), slow_search([rows], queries[:1], k, set(allowed.tolist())), k)


@pytest.mark.parametrize("exact_limit", [10_000, 50], ids=["scan", "lists"])
def test_deleted_tracklets_are_gone_and_their_rows_overwritten(exact_limit):
    rng = np.random.default_rng(3)
    rows = make_rows(rng, np.arange(1, 201))
    index = FaissIndex(DIMENSION, exact_limit=exact_limit)
    index.upsert(rows)
    gone = np.array([5, 17, 200, 999])
    index.delete(gone)
    stays = ~np.isin(rows.numbers, gone)
    left = VectorRows(rows.numbers[stays], rows.ordinals[stays], rows.vectors[stays])
    assert len(index) == len(left)
    queries = rows.floats()[~stays]
    assert_same(index.search(queries, 10), slow_search([left], queries, 10), 10)
    kept = b"".join(array.tobytes() for array in index.arrays().values())
    for vector in rows.vectors[~stays]:
        assert vector.tobytes() not in kept
    assert_same(index.search(queries, 10), slow_search([left], queries, 10), 10)


def test_upsert_replaces_what_was_known_of_a_tracklet():
    rng = np.random.default_rng(4)
    old, new = make_rows(rng, np.arange(1, 11)), make_rows(rng, np.arange(5, 16))
    index = FaissIndex(DIMENSION)
    index.upsert(old)
    index.upsert(new)
    stays = old.numbers < 5
    kept = VectorRows(old.numbers[stays], old.ordinals[stays], old.vectors[stays])
    queries = old.floats()[:5]
    assert len(index) == len(kept) + len(new)
    assert_same(index.search(queries, 20), slow_search([kept, new], queries, 20), 20)


def test_an_empty_index_answers_nothing():
    index = FaissIndex(DIMENSION)
    similarities, numbers = index.search(np.ones((2, DIMENSION), np.float32), 3)
    assert (similarities == -np.inf).all()
    assert (numbers == -1).all()
    index.upsert(make_rows(np.random.default_rng(0), np.arange(3)))
    assert (index.search(np.ones((2, DIMENSION), np.float32), 3, np.empty(0, np.int64))[1] == -1).all()


def test_questions_that_do_not_fit_are_refused():
    index = FaissIndex(DIMENSION)
    for queries, k in ((np.ones((1, 8), np.float32), 3), (np.ones(DIMENSION, np.float32), 3), (np.ones((1, 16)), 0)):
        with pytest.raises(ValueError, match="do not fit"):
            index.search(queries, k)


@pytest.mark.parametrize("exact_limit", [10_000, 50], ids=["scan", "lists"])
def test_arrays_bring_the_same_index_back(exact_limit):
    rng = np.random.default_rng(5)
    rows = make_rows(rng, np.arange(1, 201))
    index = FaissIndex(DIMENSION, exact_limit=exact_limit)
    index.rebuild([rows])
    back = FaissIndex.from_arrays(DIMENSION, index.arrays(), exact_limit=exact_limit)
    more = make_rows(rng, np.arange(201, 240))
    back.upsert(more)
    back.delete(np.array([1, 2]))
    queries = more.floats()[:5]
    truth = slow_search([rows, more], queries, 10, set(range(3, 240)))
    assert_same(back.search(queries, 10), truth, 10)


@pytest.mark.parametrize("exact_limit", [10_000, 60], ids=["scan", "lists"])
@pytest.mark.parametrize("seed", range(5))
def test_any_history_leaves_what_a_slow_search_over_the_rest_finds(exact_limit, seed):
    rng = np.random.default_rng(seed)
    index = FaissIndex(DIMENSION, exact_limit=exact_limit)
    held: dict[int, VectorRows] = {}
    following = 1
    for _ in range(30):
        if rng.random() < 0.6 or not held:
            count = int(rng.integers(1, 20))
            rows = make_rows(rng, np.arange(following, following + count))
            following += count
            index.upsert(rows)
            for number in np.unique(rows.numbers):
                mine = rows.numbers == number
                held[int(number)] = VectorRows(rows.numbers[mine], rows.ordinals[mine], rows.vectors[mine])
        else:
            gone = rng.choice(list(held), min(len(held), int(rng.integers(1, 30))), replace=False)
            index.delete(gone)
            for number in gone.tolist():
                del held[number]
        assert len(index) == sum(len(rows) for rows in held.values())
    queries = make_rows(rng, np.arange(3), most=1).floats()
    assert_same(index.search(queries, 10), slow_search(held.values(), queries, 10), 10)
