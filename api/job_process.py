"""A command of ours in a process of its own, which ends when the server that started it does."""

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

PATIENCE_SECONDS = 15.0
"""How long a command may take to end in good order when its server is gone."""

NICENESS = 5
"""Questions are answered first."""


def main() -> None:
    """Reads what to do from standard input, JSON in one line, and does it: ``arguments`` of a command, and ``lock``.

    The lock is that of the job: if the server died, and the next one was quick, the process before may still be ending.
    Arguments do not stand in this process's own arguments, which everybody on the machine can read: an address may hold a login.
    """
    with os.fdopen(0, "rb", buffering=0, closefd=False) as told:
        asked = json.loads(told.readline())
    os.nice(NICENESS)
    threading.Thread(target=_end_with_the_server, name="server", daemon=True).start()
    from gallery.lock import FileLock

    lock = FileLock(Path(asked["lock"]))
    if not lock.acquire(2 * PATIENCE_SECONDS):
        sys.exit(
            f"passerby: process {lock.holder() or 'unknown'} is still at this job; end it, and start the job again"
        )
    sys.argv = ["passerby", *asked["arguments"]]
    from api.main import main as run

    run()


def _end_with_the_server() -> None:
    """Waits until nobody holds the other end of standard input any more, then asks for the end, and insists."""
    while os.read(0, 4096):  # not by sys.stdin, whose lock would be held when the interpreter ends
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(PATIENCE_SECONDS)
    os.killpg(0, signal.SIGKILL)  # what it started, too
