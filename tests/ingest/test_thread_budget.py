"""One budget of threads for all cameras."""

import cv2
import pytest

from ingest.thread_budget import divided, opencv_threads


@pytest.mark.parametrize(
    ("threads", "jobs", "expected"),
    [
        (1, 1, (1, 1)),
        (1, 5, (1, 1)),
        (2, 1, (1, 2)),
        (2, 2, (2, 1)),
        (2, 9, (2, 1)),
        (8, 3, (3, 2)),
        (16, 4, (4, 4)),
        (4, 0, (1, 4)),
    ],
)
def test_how_threads_are_divided(threads, jobs, expected):
    assert divided(threads, jobs) == expected


@pytest.mark.parametrize(
    ("threads", "jobs", "live", "expected"),
    [
        (2, 1, 1, (1, 2)),
        (1, 2, 1, (2, 1)),  # the live one, and the file beside it
        (2, 4, 4, (4, 1)),
        (2, 6, 4, (5, 1)),  # files take turns beside four live ones
        (8, 6, 2, (6, 1)),
        (8, 2, 2, (2, 4)),
    ],
)
def test_live_ones_run_all_at_once_and_leave_room_for_one_more(threads, jobs, live, expected):
    assert divided(threads, jobs, live) == expected


def test_threads_are_never_more_than_the_budget():
    for threads in range(1, 40):
        for jobs in range(40):
            at_once, share = divided(threads, jobs)
            assert 1 <= at_once * share <= threads
            assert at_once <= max(jobs, 1)


def test_opencv_keeps_to_the_budget_and_gets_its_threads_back():
    before = cv2.getNumThreads()
    with opencv_threads(1):
        assert cv2.getNumThreads() == 1
    assert cv2.getNumThreads() == before
