"""The process of a job, as the server sees it."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from api.progress import PIPE

PATIENCE_SECONDS = 30.0
"""How long a process may take to end in good order."""

RATE_SECONDS = 5.0
"""Over so long the rate is measured."""

_START = "from api.job_process import main; main()"
_PYTHON = (sys.executable, "-P", "-c")  # -P: the working folder may hold an ``api`` of somebody else


class JobChild:
    """Runs one command of ours.

    Args:
        arguments: Of the command, without ``passerby``.
        folder: For what it writes to standard output and standard error.
    """

    def __init__(self, arguments: Sequence[str], folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._said, self._log = folder / "result.json", folder / "log.txt"
        for path in (self._said, self._log):
            path.unlink(missing_ok=True)  # a process before, whose server died, may still write into them
        self.began = time.monotonic()
        self._told: dict[str, float | str | None] = {}
        self._marks: list[tuple[float, float]] = []
        self._asked: float | None = None
        ours, theirs = os.pipe()
        try:
            with self._said.open("wb") as said, self._log.open("wb") as log:
                self._process = subprocess.Popen(
                    [*_PYTHON, _START],
                    stdin=subprocess.PIPE,
                    stdout=said,
                    stderr=log,
                    pass_fds=(theirs,),
                    env={**os.environ, PIPE: str(theirs)},
                    start_new_session=True,  # Ctrl-C in the server's terminal is the server's alone
                )
        finally:
            os.close(theirs)
        self._listener = threading.Thread(target=self._listen, args=(ours,), name="progress", daemon=True)
        self._listener.start()
        if self._process.stdin is not None:
            asked = {"arguments": list(arguments), "lock": str(folder / "lock")}
            with suppress(BrokenPipeError):  # it is dead already; its exit code tells
                self._process.stdin.write(json.dumps(asked).encode() + b"\n")
                self._process.stdin.flush()  # and stays open: when it closes, the process ends

    @property
    def progress(self) -> dict[str, float | str | None]:
        """How far it is: ``what``, ``done``, ``total``, ``unit``, and ``rate`` in units a second."""
        return dict(self._told)

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    @property
    def code(self) -> int | None:
        """Its exit code, None while it runs."""
        return self._process.poll()

    def stop(self, patience_seconds: float = PATIENCE_SECONDS) -> None:
        """Asks it to end; insists when it does not for so long. May be called again and again."""
        if self._asked is None:
            self._asked = time.monotonic()
            self._signal(signal.SIGTERM)
        elif time.monotonic() - self._asked > patience_seconds:
            self._signal(signal.SIGKILL)

    def close(self) -> None:
        """Lets go of a process that has ended."""
        self._process.wait()
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        self._listener.join(1.0)

    def result(self) -> Mapping[str, object] | None:
        """What it printed as JSON, None if that is none."""
        try:
            found = json.loads(self._said.read_bytes())
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def error(self) -> str:
        """The line that says why it failed."""
        try:
            lines = self._log.read_text(errors="replace").splitlines()
        except OSError:
            lines = []
        said = [line.removeprefix("passerby: ") for line in lines if line.startswith("passerby: ")]
        if said:
            return said[-1]
        if self.code is not None and self.code < 0:
            return f"its process was killed by signal {-self.code} (out of memory?)"
        return lines[-1] if lines else f"its process ended with exit code {self.code}"

    def _signal(self, number: signal.Signals) -> None:
        if self.is_running:
            os.killpg(self._process.pid, number)

    def _listen(self, pipe: int) -> None:
        with os.fdopen(pipe, "rb") as lines:
            for line in lines:
                try:
                    told = json.loads(line)
                except ValueError:
                    continue  # cut off by a kill
                self._told = {**told, "rate": self._rate(told["what"], float(told["done"]))}

    def _rate(self, what: str, done: float) -> float | None:
        """Units a second, lately; None until that can be said."""
        now = time.monotonic()
        if what != self._told.get("what") or (self._marks and done < self._marks[-1][1]):
            self._marks = []
        self._marks = [mark for mark in self._marks if now - mark[0] < RATE_SECONDS] + [(now, done)]
        first = self._marks[0]
        return None if now - first[0] < 0.5 else round((done - first[1]) / (now - first[0]), 2)
