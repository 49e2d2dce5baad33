"""A command of ours in a process of its own, which ends when the server that started it does."""

import json
import os
import signal
import sys
import threading
import time

PATIENCE_SECONDS = 15.0
"""How long a command may take to end in good order when its server is gone."""

NICENESS = 5
"""Questions are answered first."""


def main() -> None:
    """Reads the command's arguments from standard input, one JSON list in a line, and runs it.

    They do not stand in this process's own arguments, which everybody on the machine can read: an address may hold a login.
    """
    with os.fdopen(0, "rb", buffering=0, closefd=False) as told:
        arguments = json.loads(told.readline())
    os.nice(NICENESS)
    threading.Thread(target=_end_with_the_server, name="server", daemon=True).start()
    sys.argv = ["passerby", *arguments]
    from api.main import main as run

    run()


def _end_with_the_server() -> None:
    """Waits until nobody holds the other end of standard input any more, then asks for the end, and insists."""
    while os.read(0, 4096):  # not by sys.stdin, whose lock would be held when the interpreter ends
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(PATIENCE_SECONDS)
    os._exit(1)
