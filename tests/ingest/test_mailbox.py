"""What one thread leaves for another."""

import threading
import time

from ingest.mailbox import Mailbox


def test_the_newest_take_the_place_of_the_oldest_and_are_counted():
    box = Mailbox(3, keeps_all=False)
    assert all(box.put(number) for number in range(10))
    assert box.dropped == 7
    assert [box.take(0) for _ in range(4)] == [7, 8, 9, None]


def test_one_that_keeps_all_makes_the_other_wait():
    box, taken = Mailbox(2, keeps_all=True), []
    writer = threading.Thread(target=lambda: [box.put(number) for number in range(20)])
    writer.start()
    while len(taken) < 20:
        taken.append(box.take(5))
    writer.join()
    assert (taken, box.dropped) == (list(range(20)), 0)


def test_closing_wakes_both_sides_and_leaves_what_is_in_it():
    box = Mailbox(1, keeps_all=True)
    box.put(1)
    refused = []
    writer = threading.Thread(target=lambda: refused.append(box.put(2)))
    writer.start()
    box.close()
    writer.join(5)
    assert refused == [False]
    assert not box.is_over
    assert (box.take(5), box.take(5), box.is_over) == (1, None, True)


def test_waiting_ends_when_something_comes():
    box = Mailbox(1, keeps_all=False)
    threading.Timer(0.05, box.put, [7]).start()
    began = time.monotonic()
    assert box.take(30) == 7
    assert time.monotonic() - began < 20
