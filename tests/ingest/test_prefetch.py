import threading
import time

import pytest

from ingest.prefetch import prefetch
from ingest.source import open_source
from ingest.stop import Stop
from tests.ingest.videos import grey, write_video


def prefetch_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "prefetch"]


def wait_until(condition) -> None:
    for _ in range(500):
        if condition():
            return
        time.sleep(0.01)
    pytest.fail("it did not happen within 5 s")


def test_all_items_come_in_order():
    with prefetch(iter(range(1000)), size=3) as items:
        assert list(items) == list(range(1000))
    assert not prefetch_threads()


def test_the_source_is_read_in_another_thread_and_ahead_but_not_too_far():
    made = []

    def source():
        for number in range(100):
            made.append(threading.current_thread().name)
            yield number

    with prefetch(source(), size=5) as items:
        assert next(items) == 0
        wait_until(lambda: len(made) == 7)  # 1 taken, 5 waiting, 1 in the thread's hand
        time.sleep(0.05)
        assert len(made) == 7
    assert set(made) == {"prefetch"}


def test_an_exception_comes_after_the_items_before_it():
    def source():
        yield 1
        yield 2
        raise OSError("the camera fell down")

    taken = []
    with pytest.raises(OSError, match="fell down"), prefetch(source()) as items:
        taken.extend(items)
    assert not taken or taken == [1, 2]
    assert not prefetch_threads()


def test_items_before_an_exception_are_not_lost():
    def source():
        yield from range(3)
        raise ValueError("no more")

    with prefetch(source()) as items:
        assert [next(items) for _ in range(3)] == [0, 1, 2]
        with pytest.raises(ValueError, match="no more"):
            next(items)


@pytest.mark.parametrize("taken", [0, 1, 4])
def test_leaving_early_closes_the_source_and_ends_the_thread(taken):
    closed = []

    def source():
        try:
            number = 0
            while True:
                yield number
                number += 1
        finally:
            closed.append(threading.current_thread().name)

    with prefetch(source(), size=2) as items:
        for _ in range(taken):
            next(items)
        wait_until(lambda: prefetch_threads())
    assert closed in (["prefetch"], [])
    assert closed or taken == 0
    assert not prefetch_threads()


def test_the_consumers_own_exception_ends_the_thread_too():
    with pytest.raises(KeyError), prefetch(iter(range(100)), size=2) as items:
        next(items)
        raise KeyError("mine")
    assert not prefetch_threads()


def test_an_exception_while_closing_does_not_hang():
    def source():
        try:
            yield from range(10)
        finally:
            raise OSError("cannot close")

    with prefetch(source(), size=1) as items:
        next(items)
    assert not prefetch_threads()


def test_a_queue_without_room_is_refused():
    with pytest.raises(ValueError, match="at least 1 item, not 0"), prefetch(iter([]), size=0):
        pass


def test_a_video_is_read_ahead_and_its_summary_is_ready_at_the_end(tmp_path):
    source = open_source(str(write_video(tmp_path / "a.mp4", (grey(i) for i in range(30)))))
    with prefetch(source.frames()) as frames:
        assert [frame.index for frame in frames] == list(range(30))
        assert source.summary().frames_decoded == 30
    with prefetch(source.frames(), size=2) as frames:
        next(frames)
    assert source.summary().frames_decoded < 30
    assert not prefetch_threads()


def test_a_stop_ends_the_items_for_a_consumer_that_waits():
    stop, go_on = Stop(), threading.Event()
    stop.on_request(go_on.set)

    def source():
        yield 1
        assert go_on.wait(5)
        yield 2

    with prefetch(source(), stop=stop) as items:
        assert next(items) == 1
        threading.Timer(0.05, stop.request, ["SIGINT"]).start()
        assert list(items) == []
    assert not prefetch_threads()


def test_a_stop_before_the_first_item():
    stop = Stop()
    stop.request("window")
    with prefetch(iter([1, 2, 3]), stop=stop) as items:
        assert list(items) == []
