"""Decoding ahead: a thread that fills a short queue while the consumer is busy with earlier frames."""

import threading
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from ingest.stop import Stop

T = TypeVar("T")

SIZE = 8
"""Frames decoded ahead: enough to smooth over slow frames, about 50 MB of full-HD pictures."""


@contextmanager
def prefetch(items: Iterator[T], size: int = SIZE, *, stop: Stop | None = None) -> Iterator[Iterator[T]]:
    """Runs an iterator in a thread of its own, at most ``size`` items ahead.

    Leaving the block stops the thread and closes the iterator (a generator's ``finally`` runs), also when not all
    items were taken. What the iterator raises is raised where its next item would have come. When a ``stop`` is asked
    for, the items end there, also for a consumer that is waiting for one.

    Raises:
        ValueError: If ``size`` is below 1.

    Example:
        >>> with prefetch(iter([1, 2, 3])) as numbers:
        ...     sum(numbers)
        6
    """
    if size < 1:
        raise ValueError(f"a queue needs room for at least 1 item, not {size}")
    queue = _Queue(items, size)
    if stop is not None:
        stop.on_request(queue.stop)
    thread = threading.Thread(target=queue.fill, name="prefetch", daemon=True)
    thread.start()
    try:
        yield queue.taken()
    finally:
        queue.stop()
        thread.join()


class _Queue(Generic[T]):
    """Items on their way from the thread to the consumer; all fields are guarded by one condition."""

    def __init__(self, source: Iterator[T], size: int) -> None:
        self._source = source
        self._size = size
        self._items: deque[T] = deque()
        self._error: BaseException | None = None
        self._ended = False
        self._stopped = False
        self._changed = threading.Condition()

    def fill(self) -> None:
        """The thread: takes from the source until it ends, fails, or nobody wants more."""
        error: BaseException | None = None
        try:
            for item in self._source:
                if not self._put(item):
                    break
            if isinstance(self._source, Generator):
                self._source.close()
        except BaseException as raised:  # noqa: BLE001 (whatever it is, it is the consumer's to handle)
            error = raised
        with self._changed:
            self._error = error
            self._ended = True
            self._changed.notify_all()

    def taken(self) -> Iterator[T]:
        """The consumer's side: items in order, then the source's exception if there was one."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._items or self._ended or self._stopped)
                if not self._items or self._stopped:
                    break
                item = self._items.popleft()
                self._changed.notify_all()
            yield item
        if self._error is not None and not self._stopped:
            raise self._error

    def stop(self) -> None:
        """Lets the thread end after the item that it is making."""
        with self._changed:
            self._stopped = True
            self._items.clear()
            self._changed.notify_all()

    def _put(self, item: T) -> bool:
        """Waits for room; returns whether to go on."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._items) < self._size or self._stopped)
            if not self._stopped:
                self._items.append(item)
                self._changed.notify_all()
            return not self._stopped
