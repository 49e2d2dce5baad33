"""How often somebody may try to log in."""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

MOST = 10
WITHIN_SECONDS = 60.0
MOST_CLIENTS = 10_000
"""Addresses that are remembered; the oldest is forgotten when there are more."""


class Attempts:
    """Counts failed attempts of each client. May be used from several threads.

    Args:
        most: So many are allowed.
        within_seconds: In so much time.
        clock: Seconds that only grow.
    """

    def __init__(
        self, most: int = MOST, within_seconds: float = WITHIN_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most, self._within, self._clock = most, within_seconds, clock
        self._guard = threading.Lock()
        self._failed: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_seconds(self, client: str) -> float:
        """How long a client has to wait before it may try again, 0 if it may now."""
        with self._guard:
            failed = self._failed.get(client)
            now = self._clock()
            while failed and failed[0] <= now - self._within:
                failed.popleft()
            if not failed or len(failed) < self._most:
                return 0.0
            return failed[0] + self._within - now

    def succeed(self, client: str) -> None:
        """Takes the latest attempt back: it did not fail."""
        with self._guard:
            failed = self._failed.get(client)
            if failed:
                failed.pop()

    def fail(self, client: str) -> None:
        """Notes a failed attempt; one whose outcome is not known yet counts as one, so that many at once do not help."""
        with self._guard:
            self._failed.setdefault(client, deque(maxlen=self._most)).append(self._clock())
            self._failed.move_to_end(client)
            while len(self._failed) > MOST_CLIENTS:
                self._failed.popitem(last=False)
