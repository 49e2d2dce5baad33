"""What a training run tells whoever watches it."""

from dataclasses import dataclass

from training.validation import Validation


@dataclass(frozen=True)
class Begun:
    """A run starts, or goes on.

    Attributes:
        steps: Of the whole run.
        per_epoch: Steps of an epoch.
        done: Steps that were done before.
        epochs: Of the whole run, the last one perhaps cut short.
        images: Images that are learned from.
        people: People on them.
        cameras: Cameras that took them.
        held_out: People held out.
        parameters: How many numbers the network is made of.
        dimension: Length of an embedding.
        processes: How many train together.
        best: What the best network so far found among the people held out.
    """

    steps: int
    per_epoch: int
    done: int
    epochs: int
    images: int
    people: int
    cameras: int
    held_out: int
    parameters: int
    dimension: int
    processes: int
    best: Validation | None


@dataclass(frozen=True)
class Stepped:
    """A step is done.

    Attributes:
        step: Its number, from 1.
        epoch: Its epoch, from 1.
        rate: The learning rate that it had.
        loss: The total before it.
        parts: What that is made of.
        images_per_second: Over this step, of all processes together.
    """

    step: int
    epoch: int
    rate: float
    loss: float
    parts: dict[str, float]
    images_per_second: float


@dataclass(frozen=True)
class Validated:
    """Held-out people were looked for.

    Attributes:
        step: After which step.
        epoch: In which epoch.
        found: What was found.
        best: The best so far, this one included.
    """

    step: int
    epoch: int
    found: Validation
    best: Validation


class Watch:
    """Does nothing with what it is told; a subclass may."""

    def reads(self, done: int, total: int) -> None:
        """So many images of a set are read, before the run starts."""

    def begun(self, run: Begun) -> None:
        """A run starts, or goes on."""

    def stepped(self, step: Stepped) -> None:
        """A step is done."""

    def validated(self, validation: Validated) -> None:
        """Held-out people were looked for."""

    def note(self, line: str) -> None:
        """Something that people should know."""


class Watches(Watch):
    """Tells several."""

    def __init__(self, *watches: Watch) -> None:
        self._watches = watches

    def reads(self, done: int, total: int) -> None:
        """See ``Watch``."""
        for watch in self._watches:
            watch.reads(done, total)

    def begun(self, run: Begun) -> None:
        """See ``Watch``."""
        for watch in self._watches:
            watch.begun(run)

    def stepped(self, step: Stepped) -> None:
        """See ``Watch``."""
        for watch in self._watches:
            watch.stepped(step)

    def validated(self, validation: Validated) -> None:
        """See ``Watch``."""
        for watch in self._watches:
            watch.validated(validation)

    def note(self, line: str) -> None:
        """See ``Watch``."""
        for watch in self._watches:
            watch.note(line)
