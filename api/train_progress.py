"""How a training run is shown: a live table on a terminal, a line now and then elsewhere."""

import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from api.output import say
from training.watch import Begun, Stepped, Validated, Watch

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

WINDOW = 20
"""Steps over which losses and speed are averaged, so that they can be read."""

LINE_SECONDS = 30.0
"""Where there is no terminal, least time between two lines within an epoch."""

READ_AT_ONCE = 100
"""Images that are read between two looks of the table."""

SHOWN_VALIDATIONS = 5
"""So many of the latest stand in the table."""


@contextmanager
def training_progress() -> Iterator[Watch]:
    """Gives what shows a run on standard error."""
    if not sys.stderr.isatty():
        yield ProgressLines()
        return
    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(stderr=True), refresh_per_second=4, transient=False) as live:
        yield ProgressTable(live)


class Pace(Watch):
    """Keeps the latest of what a run tells: means over the last steps, and the time that is left."""

    def __init__(self) -> None:
        self.run: Begun | None = None
        self.latest: deque[Stepped] = deque(maxlen=WINDOW)
        self.validations: deque[Validated] = deque(maxlen=SHOWN_VALIDATIONS)
        self._began = time.monotonic()

    def begun(self, run: Begun) -> None:
        """See ``Watch``."""
        self.run = run
        self._began = time.monotonic()

    def stepped(self, step: Stepped) -> None:
        """See ``Watch``."""
        self.latest.append(step)

    def validated(self, validation: Validated) -> None:
        """See ``Watch``."""
        self.validations.append(validation)

    @property
    def speed(self) -> float:
        """Images a second over the last steps: of equal batches the harmonic mean."""
        return len(self.latest) / sum(1 / step.images_per_second for step in self.latest)

    def losses(self) -> dict[str, float]:
        """The total and its parts, each the mean over the last steps."""
        rows = [{"loss": step.loss, **step.parts} for step in self.latest]
        return {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}

    def seconds_left(self) -> float:
        """At the pace of this start, validations and all."""
        if self.run is None or not self.latest:
            return 0.0
        step = self.latest[-1].step
        return (time.monotonic() - self._began) / max(step - self.run.done, 1) * (self.run.steps - step)


class ProgressLines(Pace):
    """Writes a line when a run begins, at the end of each epoch, now and then within long ones, and when it is validated."""

    def __init__(self) -> None:
        super().__init__()
        self._said = time.monotonic()

    def reads(self, done: int, total: int) -> None:
        """See ``Watch``."""
        if time.monotonic() - self._said >= LINE_SECONDS:
            self._said = time.monotonic()
            say(reading(done, total))

    def begun(self, run: Begun) -> None:
        """See ``Watch``."""
        super().begun(run)
        say(beginning(run))

    def stepped(self, step: Stepped) -> None:
        """See ``Watch``."""
        super().stepped(step)
        if self.run is None:
            return
        ends = step.step % self.run.per_epoch == 0 or step.step == self.run.steps
        if ends or time.monotonic() - self._said >= LINE_SECONDS:
            self._said = time.monotonic()
            losses = ", ".join(f"{name} {value:.4g}" for name, value in self.losses().items())
            say(
                f"epoch {step.epoch}/{self.run.epochs}, step {step.step}/{self.run.steps}: {losses}, lr {step.rate:.3g}, "
                f"{self.speed:.0f} images/s, {duration(self.seconds_left())} left"
            )

    def validated(self, validation: Validated) -> None:
        """See ``Watch``."""
        super().validated(validation)
        found = validation.found
        say(
            f"step {validation.step}: held-out people mAP {found.mAP:.4f}, rank-1 {found.rank1:.4f} "
            f"(best mAP {validation.best.mAP:.4f})"
        )

    def note(self, line: str) -> None:
        """See ``Watch``."""
        say(line)


class ProgressTable(Pace):
    """Keeps a table up to date on a terminal."""

    def __init__(self, live: "Live") -> None:
        super().__init__()
        self._live = live

    def reads(self, done: int, total: int) -> None:
        """See ``Watch``."""
        if done % READ_AT_ONCE == 0 or done == total:
            self._live.update(reading(done, total))

    def begun(self, run: Begun) -> None:
        """See ``Watch``."""
        super().begun(run)
        self._live.console.print(beginning(run))

    def stepped(self, step: Stepped) -> None:
        """See ``Watch``."""
        super().stepped(step)
        self._live.update(self.table())

    def validated(self, validation: Validated) -> None:
        """See ``Watch``."""
        super().validated(validation)
        self._live.update(self.table())

    def note(self, line: str) -> None:
        """See ``Watch``."""
        self._live.console.print(line)

    def table(self) -> "RenderableType":
        """What is shown: where the run is, its losses and pace, and the latest validations."""
        from rich.progress_bar import ProgressBar
        from rich.table import Table

        table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
        if self.run is None or not self.latest:
            return table
        step = self.latest[-1]
        table.add_row("epoch", f"{step.epoch}/{self.run.epochs}")
        table.add_row("step", f"{step.step}/{self.run.steps}")
        table.add_row("", ProgressBar(total=self.run.steps, completed=step.step, width=40))
        for name, value in self.losses().items():
            table.add_row(name, f"{value:.4f}")
        table.add_row("lr", f"{step.rate:.3g}")
        table.add_row("images/s", f"{self.speed:.0f}")
        table.add_row("left", duration(self.seconds_left()))
        best = self.validations[-1].best if self.validations else self.run.best
        if best is not None:
            table.add_row("best mAP", f"{best.mAP:.4f} (rank-1 {best.rank1:.4f})")
        for one in self.validations:
            table.add_row(f"held out, step {one.step}", f"mAP {one.found.mAP:.4f}, rank-1 {one.found.rank1:.4f}")
        return table


def reading(done: int, total: int) -> str:
    """How far the reading of a set is, before anything is learned."""
    return f"reading images: {done} of {total}"


def beginning(run: Begun) -> str:
    """What is trained on what, in one line."""
    others = f", {run.held_out} people held out" if run.held_out else ", nobody held out"
    several = f" on {run.processes} processes" if run.processes > 1 else ""
    start = f"going on after step {run.done} of {run.steps}" if run.done else f"{run.steps} steps"
    return (
        f"{run.images} images of {run.people} people in {run.cameras} cameras{others}; a network of "
        f"{run.parameters / 1e6:.2f} M parameters for {run.dimension}-d embeddings; {start}{several}"
    )


def duration(seconds: float) -> str:
    """A span of time for people.

    >>> duration(59.6), duration(3725), duration(200_000)
    ('1m00s', '1h02m', '2d07h')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02}s"
    if whole < 86_400:
        return f"{whole // 3600}h{whole % 3600 // 60:02}m"
    return f"{whole // 86_400}d{whole % 86_400 // 3600:02}h"
