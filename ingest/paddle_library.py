"""Imports PaddlePaddle without what its import does to the rest of the process; says how to get it where it is missing."""

import logging
import warnings

from gallery.errors import ConfigError

with warnings.catch_warnings():
    # It warns of compilers and caches that only its own developers need.
    warnings.simplefilter("ignore")
    _handlers = logging.getLogger().handlers[:]
    try:
        import paddle
        from paddle import inference, nn
    except ImportError as error:
        raise ConfigError(
            f"this needs PaddlePaddle, which cannot be used ({error}); pip install 'passerby[train]', or its GPU build "
            "from its own index"
        ) from error

    # It gives the root logger a handler, so that every library's log lines would reach the terminal.
    logging.getLogger().handlers[:] = _handlers

# Its handlers print a stack of C++ frames for SIGTERM, which is an ordinary end, and for SIGSEGV.
paddle.disable_signal_handler()

FAILURES = (RuntimeError, ValueError, TypeError, IndexError, OSError, MemoryError, SystemError)
"""What Paddle's C++ errors become in Python; they have no base of their own."""

__all__ = ["FAILURES", "inference", "nn", "paddle"]
