"""One budget of threads for all cameras that run at once, and for the libraries that would take more."""

from collections.abc import Iterator
from contextlib import contextmanager

import cv2


def divided(threads: int, jobs: int, live: int = 0) -> tuple[int, int]:
    """How many jobs run at once, and the threads of each.

    Together they never have more threads than there are, unless so many of them are live: those run all at once, and
    one more beside them, so that the others come to their turn.

    >>> divided(8, 3), divided(2, 4), divided(4, 1)
    ((3, 2), (2, 1), (1, 4))
    >>> divided(2, 4, live=4), divided(2, 6, live=4), divided(8, 6, live=2)
    ((4, 1), (5, 1), (6, 1))
    """
    at_once = max(1, min(jobs, threads), min(jobs, live + 1) if live else 0)
    return at_once, max(1, threads // at_once)


@contextmanager
def opencv_threads(count: int) -> Iterator[None]:
    """Gives OpenCV's own pool so many threads, for a while; left to itself it takes all cores, in each process."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(count)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
