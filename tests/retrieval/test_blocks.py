"""Rows in blocks: the same numbers as all at once."""

import numpy as np
import pytest

from retrieval import blocks
from retrieval.blocks import each_block, products


@pytest.mark.parametrize("threads", [1, 3])
def test_blocks_come_in_order_and_cover_everything(threads):
    parts = list(each_block(lambda block: list(range(block.start, block.stop)), 10, rows=3, threads=threads))
    assert parts == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9]]
    assert list(each_block(lambda block: block, 0, threads=threads)) == []


@pytest.mark.parametrize("threads", [1, 3])
def test_an_error_in_a_block_is_the_callers(threads):
    def work(block: slice) -> int:
        if block.start == 6:
            raise ValueError("block 6")
        return block.start

    with pytest.raises(ValueError, match="block 6"):
        list(each_block(work, 30, rows=3, threads=threads))


def test_products_are_exact_sums_rounded_once(monkeypatch):
    monkeypatch.setattr(blocks, "_COLUMNS", 4)
    rng = np.random.default_rng(1)
    left, right = (rng.normal(size=(n, 37)).astype(np.float32) for n in (5, 11))
    exact = left.astype(np.longdouble) @ right.astype(np.longdouble).T
    found = products(left, right)
    assert found.dtype == np.float32
    assert np.array_equal(found, exact.astype(np.float32))
    assert np.array_equal(found[2:3], products(left[2:3], right))


def test_equal_vectors_are_equally_similar_wherever_they_stand():
    rng = np.random.default_rng(2)
    left, right = (rng.normal(size=(n, 515)).astype(np.float32) for n in (7, 900))
    right[[3, 511, 512, 899]] = right[0]
    found = products(left, right)
    assert np.array_equal(found[:, [3, 511, 512, 899]], np.repeat(found[:, :1], 4, axis=1))
