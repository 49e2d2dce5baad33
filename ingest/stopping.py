"""Ending live cameras on Ctrl-C or SIGTERM, so that what was seen is kept."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def stopped_by_signals(*signals: signal.Signals) -> Iterator[threading.Event]:
    """Gives an event that is set by the first such signal; the second one interrupts at once.

    Outside the main thread, which alone hears signals, the event is nobody's but the caller's.

    Args:
        signals: Which ones; SIGINT and SIGTERM if none are named.

    Raises:
        KeyboardInterrupt: At the second signal.
    """
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def hear(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, hear) for number in signals or (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
