"""Progress: bars with frames per second and the time that is left on a terminal, lines for whoever started the command."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

OnEvent = Callable[[str, int, int | None], None]
"""Is told what goes on (a camera, say), how much is done, and of how much (None where that is not known)."""


PIPE = "PASSERBY_PROGRESS_PIPE"
"""The environment variable that holds the number of a pipe, where another program wants to be told."""


@contextmanager
def progress_bars(unit: str = "frames") -> Iterator[OnEvent]:
    """Gives a function that shows how far each camera is: bars on a terminal, JSON lines into ``PIPE``, else nothing."""
    pipe = os.environ.get(PIPE)
    if pipe is not None:
        with os.fdopen(os.dup(int(pipe)), "w", buffering=1) as told:
            yield lambda what, done, total: print(
                json.dumps({"what": what, "done": done, "total": total, "unit": unit}), file=told
            )
        return
    if not sys.stderr.isatty():
        yield lambda camera, done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        tasks: dict[str, TaskID] = {}

        def show(camera: str, done: int, total: int | None) -> None:
            if camera not in tasks:
                tasks[camera] = progress.add_task(camera, total=total, rate="")
            task = progress.tasks[tasks[camera]]
            rate = f"{done / task.elapsed:.0f} {unit}/s" if task.elapsed else ""
            progress.update(tasks[camera], completed=done, total=total, rate=rate)

        yield show
