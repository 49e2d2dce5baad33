"""A place where one thread puts things down and another takes them: all of them, or only the newest ones."""

import threading
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """Holds what has come and was not taken yet.

    Args:
        size: How many things it holds.
        keeps_all: Whether everything is kept: then putting waits while it is full. Else a new thing takes the place of
            the oldest one, and that is counted.
    """

    def __init__(self, size: int, *, keeps_all: bool) -> None:
        self.dropped = 0
        self._size = size
        self._keeps_all = keeps_all
        self._items: deque[T] = deque()
        self._closed = False
        self._changed = threading.Condition()

    def put(self, item: T) -> bool:
        """Puts something in; returns whether anybody may still want it."""
        with self._changed:
            if self._keeps_all:
                self._changed.wait_for(lambda: len(self._items) < self._size or self._closed)
            if self._closed:
                return False
            if len(self._items) == self._size:
                self._items.popleft()
                self.dropped += 1
            self._items.append(item)
            self._changed.notify_all()
            return True

    def take(self, seconds: float) -> T | None:
        """The oldest thing in it, None if nothing comes in so many seconds, or it is closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._closed, seconds)
            item = self._items.popleft() if self._items else None
            self._changed.notify_all()
            return item

    def close(self) -> None:
        """Nothing more comes, or nobody wants more. What is in it can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def is_over(self) -> bool:
        """Whether it is closed and empty."""
        with self._changed:
            return self._closed and not self._items
