import threading

import pytest

from ingest.hand_over import hand_over


def test_everything_is_done_in_order_in_another_thread():
    done, names = [], set()

    def take(number):
        done.append(number)
        names.add(threading.current_thread().name)

    with hand_over(take, size=3) as give:
        for number in range(200):
            give(number)
    assert done == list(range(200))
    assert names == {"hand over"}
    assert not [thread for thread in threading.enumerate() if thread.name == "hand over"]


def test_the_giver_goes_on_while_something_is_done_but_not_too_far():
    go, done = threading.Event(), []

    def take(number):
        assert go.wait(5)
        done.append(number)

    with hand_over(take, size=2) as give:
        for number in range(2):
            give(number)
        assert done == []
        late = threading.Thread(target=lambda: [give(number) for number in range(2, 5)])
        late.start()
        late.join(0.1)
        assert late.is_alive()  # one in hand, two waiting, no room for the last
        go.set()
        late.join(5)
    assert done == [0, 1, 2, 3, 4]


def test_an_error_comes_to_the_giver_and_nothing_is_done_after_it():
    done = []

    def take(number):
        if number == 3:
            raise OSError("the disk is full")
        done.append(number)

    with pytest.raises(OSError, match="the disk is full"), hand_over(take) as give:
        for number in range(1000):
            give(number)
    assert done == [0, 1, 2]


def test_an_error_with_the_last_item_is_not_lost():
    def take(number):
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"), hand_over(take) as give:
        give(1)


def test_after_an_exception_what_waits_is_dropped():
    go, done = threading.Event(), []

    def take(number):
        assert go.wait(5)
        done.append(number)

    def fail():
        with hand_over(take) as give:
            for number in range(5):
                give(number)
            threading.Timer(0.05, go.set).start()
            raise KeyError("somebody had enough")

    with pytest.raises(KeyError, match="had enough"):
        fail()
    assert done in ([], [0])


def test_a_queue_needs_room():
    with pytest.raises(ValueError, match="not 0"), hand_over(print, size=0):
        pass
