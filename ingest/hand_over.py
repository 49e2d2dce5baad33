"""Working off: a thread that does the last step (draw, encode, show) while the networks see the next frames."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Queue
from typing import Generic, TypeVar

T = TypeVar("T")

SIZE = 8
"""Items that may wait: as many frames as come out of the networks at once."""


@contextmanager
def hand_over(take: Callable[[T], None], size: int = SIZE) -> Iterator[Callable[[T], None]]:
    """Runs ``take`` in a thread of its own, in order, at most ``size`` items behind. The counterpart of ``prefetch``.

    Leaving the block waits until everything is done. Left by an exception, what still waits is dropped. What ``take``
    raises is raised where the next item is handed over, or at leaving; nothing is taken after it.

    Raises:
        ValueError: If ``size`` is below 1.

    Example:
        >>> done = []
        >>> with hand_over(done.append) as give:
        ...     give("a frame")
        >>> done
        ['a frame']
    """
    if size < 1:
        raise ValueError(f"a queue needs room for at least 1 item, not {size}")
    worker = _Worker(take, size)
    worker.thread.start()
    try:
        yield worker.give
    except BaseException:
        worker.dropping = True
        raise
    finally:
        worker.waiting.put(None)
        worker.thread.join()
    worker.check()


class _Worker(Generic[T]):
    """The thread and what waits for it; None ends it."""

    def __init__(self, take: Callable[[T], None], size: int) -> None:
        self.waiting: Queue[T | None] = Queue(size)
        self.dropping = False
        self.thread = threading.Thread(target=self._run, name="hand over", daemon=True)
        self._take = take
        self._error: BaseException | None = None

    def give(self, item: T) -> None:
        self.check()
        self.waiting.put(item)

    def check(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        while (item := self.waiting.get()) is not None:
            if self.dropping:
                continue
            try:
                self._take(item)
            except BaseException as error:  # noqa: BLE001 (whatever it is, it is the giver's to handle)
                self._error = error
                self.dropping = True
