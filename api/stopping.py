"""Ctrl-C and SIGTERM as a wish to end in good order."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from ingest.stop import Stop

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(Exception):  # noqa: N818 (it is no error)
    """A command was ended by a signal; the message says what is there."""


@contextmanager
def stopped_by_signals(stop: Stop, *, insistent: bool = False) -> Iterator[None]:
    """For a while SIGINT and SIGTERM ask for a stop; the second of them is a KeyboardInterrupt at once.

    One that is ignored (a shell starts its background jobs so) stays ignored.

    Args:
        stop: Is asked for.
        insistent: Whether whoever started this says SIGTERM several times for one wish, and SIGKILL if it was not heard,
            as ``paddle.distributed.launch`` does; further ones change nothing then.
    """

    def ask(number: int, frame: FrameType | None) -> None:
        if stop.reason is not None:
            if insistent and number == signal.SIGTERM:
                return
            raise KeyboardInterrupt
        # A thread, since this one may hold what has to be taken for it.
        threading.Thread(target=stop.request, args=(signal.Signals(number).name,), name="stop", daemon=True).start()

    heard = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, ask) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
