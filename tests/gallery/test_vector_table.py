import numpy as np
import pytest

from gallery.rows import VectorRows
from gallery.vector_table import VectorTable

DIMENSION = 8


def make_rows(numbers, seed=0):
    rng = np.random.default_rng(seed)
    counts = 1 + np.asarray(numbers) % 4
    vectors = rng.standard_normal((counts.sum(), DIMENSION)).astype(np.float16)
    return VectorRows(np.repeat(numbers, counts), np.concatenate([np.arange(n) for n in counts]), vectors)


def taken(rows, numbers):
    """The rows of some tracklets, by number."""
    order = [k for number in sorted(set(numbers)) for k in np.flatnonzero(rows.numbers == number)]
    return VectorRows(rows.numbers[order], rows.ordinals[order], rows.vectors[order])


def assert_equal(found, expected):
    np.testing.assert_array_equal(found.numbers, expected.numbers)
    np.testing.assert_array_equal(found.ordinals, expected.ordinals)
    np.testing.assert_array_equal(found.vectors, expected.vectors)


@pytest.mark.parametrize("cut", [1, 3, 7, 1000])
def test_vectors_come_back_as_they_went_in_whatever_the_batches(cut):
    rows = make_rows(np.arange(3, 40))
    table = VectorTable(DIMENSION)
    table.append(
        VectorRows(rows.numbers[a : a + cut], rows.ordinals[a : a + cut], rows.vectors[a : a + cut])
        for a in range(0, len(rows), cut)
    )
    assert_equal(table.vectors(np.array([30, 3, 3, 17, 2, 999, -1])), taken(rows, [3, 17, 30]))
    assert table.count(np.array([3, 4, 999, -1])) == 4 + 1
    assert table.most == 4


def test_after_deleting_and_compacting_the_others_are_where_they_should_be():
    rows = make_rows(np.arange(3, 40))
    table = VectorTable(DIMENSION)
    table.append([rows])
    assert table.delete(np.array([5, 6, 7, 7, 100])).tolist() == [5, 6, 7]
    held, gone = [*range(3, 5), *range(8, 40)], len(taken(rows, [5, 6, 7]))
    assert (table.dead, len(table)) == (gone, len(rows) - gone)
    assert_equal(table.vectors(np.arange(50)), taken(rows, held))
    table.compact()
    assert table.rows == len(table) == len(rows) - gone
    assert_equal(table.vectors(np.arange(50)), taken(rows, held))
    back = VectorTable.from_arrays(DIMENSION, table.arrays())
    more = make_rows(np.arange(60, 65), seed=1)
    back.append([more])
    assert_equal(back.vectors(np.array([4, 39])), taken(rows, [4, 39]))
    assert_equal(back.vectors(np.array([62])), taken(more, [62]))


def test_a_small_selection_is_searched_as_everything_is():
    rows = make_rows(np.arange(200))
    table = VectorTable(DIMENSION)
    table.append([rows])
    table.delete(np.arange(20))
    queries = make_rows(np.arange(9), seed=2).floats()
    everything = table.nearest(queries, 300)
    few = table.nearest(queries, 300, np.arange(-1, 300))
    np.testing.assert_allclose(few[0], everything[0], atol=1e-6)
    np.testing.assert_array_equal(few[1], everything[1])
    assert (table.nearest(queries, 2, np.arange(20))[1] == -1).all()
