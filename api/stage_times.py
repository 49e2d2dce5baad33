"""How long the stages of an answer take, told to the client by ``Server-Timing`` (W3C)."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

HEADER = "Server-Timing"

_times: ContextVar[dict[str, float] | None] = ContextVar("stage_times", default=None)


@contextmanager
def measured() -> Iterator[dict[str, float]]:
    """Collects the stages of what is done meanwhile, here and in threads that take over this context, in seconds."""
    times: dict[str, float] = {}
    token = _times.set(times)
    began = time.perf_counter()
    try:
        yield times
    finally:
        times["total"] = time.perf_counter() - began
        _times.reset(token)


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Counts what is done meanwhile under a name; waiting counts, too. Outside of ``measured`` it does nothing."""
    times, began = _times.get(), time.perf_counter()
    try:
        yield
    finally:
        if times is not None:
            times[name] = times.get(name, 0.0) + time.perf_counter() - began


def server_timing(times: dict[str, float]) -> str:
    """The header's value: each stage with its milliseconds.

    >>> server_timing({"embed": 0.01234, "total": 0.02})
    'embed;dur=12.3, total;dur=20.0'
    """
    return ", ".join(f"{name};dur={1000 * seconds:.1f}" for name, seconds in times.items())
