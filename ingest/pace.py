"""How fast the work goes: frames a second, lately and all in all."""

import time
from collections import deque
from collections.abc import Callable

WINDOW_SECONDS = 2.0


class Pace:
    """Counts from its making on.

    Args:
        clock: Tells the time, seconds.
        window_seconds: What "lately" means.

    Example:
        >>> times = iter([0.0, 0.5, 1.0])
        >>> pace = Pace(clock=lambda: next(times))
        >>> pace.after(8), pace.after(24)
        (16.0, 24.0)
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, window_seconds: float = WINDOW_SECONDS) -> None:
        self._clock = clock
        self._window = window_seconds
        self._began = clock()
        self._marks = deque([(self._began, 0)])

    def after(self, frames: int) -> float:
        """Frames a second over the last seconds.

        Args:
            frames: How many are done by now, all in all.
        """
        now = self._clock()
        self._marks.append((now, frames))
        while self._marks[1][0] <= now - self._window:
            self._marks.popleft()
        then, done = self._marks[0]
        return (frames - done) / max(now - then, 1e-6)

    def seconds(self) -> float:
        """Time since the beginning."""
        return self._clock() - self._began

    def overall(self, frames: int) -> float:
        """Frames a second since the beginning."""
        return frames / max(self.seconds(), 1e-6)
