"""Serving until Ctrl-C or SIGTERM, and ending in good order and in little time."""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from fastapi import FastAPI

STOP_SECONDS = 4
"""How long requests that are being answered may take to end."""

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class _Server(uvicorn.Server):
    """Tells of the wish to end as soon as it is there: what would go on for ever has to hear of it."""

    def __init__(self, config: uvicorn.Config, on_end: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_end = on_end

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """See ``uvicorn.Server``."""
        self._on_end()
        super().handle_exit(sig, frame)


def run(app: FastAPI, listener: socket.socket, on_end: Callable[[], None]) -> None:
    """Serves until Ctrl-C or SIGTERM; returns then, whichever it was.

    Args:
        app: The application.
        listener: Where to.
        on_end: Is called when the end begins, by a signal's handler: it must not wait for anything.
    """
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_level="warning",
        access_log=False,  # it would tell who was looked for
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    with _passed_over():
        _Server(config, on_end).run(sockets=[listener])


@contextmanager
def _passed_over() -> Iterator[None]:
    """Lets signals pass that uvicorn, when it has ended, raises once more: there is to be tidied up after that."""
    before = {number: signal.signal(number, lambda number, frame: None) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
