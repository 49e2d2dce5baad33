"""Matrices that are too large to be had at once, some rows at a time."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Part = TypeVar("Part")

ROWS = 256
"""Rows of a block. Against a gallery of 16,000 a block of float32 takes 16 MB."""

_COLUMNS = 512
"""Gallery vectors that are widened to float64 at once: 8 MB of 2,048-d ones."""


def each_block(work: Callable[[slice], Part], count: int, *, rows: int = ROWS, threads: int = 1) -> Iterator[Part]:
    """What ``work`` makes of each block of rows, in order; at most ``threads`` blocks are worked on or wait at a time.

    >>> list(each_block(lambda block: (block.start, block.stop), 5, rows=2))
    [(0, 2), (2, 4), (4, 5)]
    """
    blocks = [slice(start, min(start + rows, count)) for start in range(0, count, rows)]
    if threads <= 1:
        yield from map(work, blocks)
        return
    with ThreadPoolExecutor(threads) as pool:
        running: deque[Future[Part]] = deque()
        try:
            for block in blocks:
                if len(running) == threads:
                    yield running.popleft().result()
                running.append(pool.submit(work, block))
            while running:
                yield running.popleft().result()
        finally:
            for future in running:
                future.cancel()


def products(left: NDArray[np.float32], right: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scalar products of all pairs, (L, R) float32: the cosines, where all vectors have unit length.

    They are summed in float64 and rounded once. So they do not depend on how many rows are asked for together, on the
    number of threads or on the library behind NumPy, and equal vectors are equally similar to a third.

    Args:
        left: (L, D) float32: few enough rows that L × R fits into memory.
        right: (R, D) float32: any number of rows.
    """
    wide = left.astype(np.float64)
    result = np.empty((len(left), len(right)), np.float32)
    for start in range(0, len(right), _COLUMNS):
        stop = start + _COLUMNS
        result[:, start:stop] = wide @ right[start:stop].astype(np.float64).T
    return result
