"""Signals as a wish to end in good order."""

import os
import signal
import time

import pytest

from api.stopping import stopped_by_signals
from ingest.stop import Stop


def send(number, stop):
    os.kill(os.getpid(), number)
    for _ in range(500):
        if stop.reason is not None:
            return
        time.sleep(0.01)
    raise AssertionError(number)


def test_whoever_insists_on_one_wish_is_heard_once():
    stop = Stop()
    with stopped_by_signals(stop, insistent=True):
        for _ in range(3):
            send(signal.SIGTERM, stop)
        assert stop.reason == "SIGTERM"
        with pytest.raises(KeyboardInterrupt):
            send(signal.SIGINT, stop)


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_else_the_second_one_ends_it_at_once(second):
    stop = Stop()
    with stopped_by_signals(stop), pytest.raises(KeyboardInterrupt):
        send(signal.SIGTERM, stop)
        send(second, stop)
