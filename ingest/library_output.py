"""Keeps what C++ libraries print out of a command's result: they write to the descriptors, past ``sys.stdout``."""

import ctypes
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_OUT, _ERROR = 1, 2
_ALONE = threading.RLock()
"""Two at a time would put back each other's changes."""


@contextmanager
def printed_to_stderr() -> Iterator[None]:
    """What is printed on standard output meanwhile goes to standard error; nothing is lost."""
    with _sent(_OUT, _ERROR):
        yield


@contextmanager
def nothing_printed() -> Iterator[None]:
    """What is printed meanwhile is lost, by other threads too: only for where libraries chatter and errors are raised."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        with _sent(_OUT, nowhere), _sent(_ERROR, nowhere):
            yield
    finally:
        os.close(nowhere)


@contextmanager
def _sent(descriptor: int, target: int) -> Iterator[None]:
    with _ALONE:
        _flush()  # what was written before goes where it was meant to
        kept = os.dup(descriptor)
        try:
            os.dup2(target, descriptor)
            yield
        finally:
            _flush()
            os.dup2(kept, descriptor)
            os.close(kept)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    ctypes.CDLL(None).fflush(None)  # of C, which C++ shares
