"""A wish to end early, and in good order: Ctrl-C, or a window that was closed."""

import threading
from collections.abc import Callable


class Stop:
    """Can be asked for from any thread; who waits for something is woken.

    Ask from a thread that holds none of the waiting one's locks: a signal handler starts one for it.

    Attributes:
        reason: Why it was asked for, None while it was not.

    Example:
        >>> stop = Stop()
        >>> stop.request("SIGINT")
        >>> stop.reason
        'SIGINT'
    """

    def __init__(self) -> None:
        self.reason: str | None = None
        self._wakers: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    def request(self, reason: str) -> None:
        """Asks for it; the first reason stays."""
        with self._lock:
            self.reason = self.reason or reason
            wakers = list(self._wakers)
        for wake in wakers:
            wake()

    def on_request(self, wake: Callable[[], None]) -> None:
        """Has ``wake`` called when it is asked for; at once if it was."""
        with self._lock:
            self._wakers.append(wake)
            asked = self.reason is not None
        if asked:
            wake()
