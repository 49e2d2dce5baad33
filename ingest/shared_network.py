"""One network for the cameras of many threads: what waits while it is busy is answered together."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from ingest.detector import Detections, Detector
from ingest.embedder import Embedder
from ingest.frame import Image

Answers = TypeVar("Answers", bound="list[Detections] | NDArray[np.float32]")


class Desk(Generic[Answers]):
    """Where threads bring pictures and get a network's answers.

    Whoever finds the network free takes everybody's waiting pictures along, so batches fill up across cameras by
    themselves as soon as the network is what they wait for. A network's answer for a picture does not depend on the
    pictures beside it (see ``batches``), so that it makes no difference who came along. If the run fails, everybody's
    pictures are tried alone, and who brought the bad one gets the error.

    Args:
        answer: The network: pictures to one answer each, in order.
        turn: Held while the network runs; networks that share a budget of threads share their turn.
    """

    def __init__(self, answer: Callable[[Sequence[Image]], Answers], turn: threading.Lock) -> None:
        self._answer = answer
        self._turn = turn
        self._waiting: deque[_Ticket[Answers]] = deque()

    def ask(self, images: Sequence[Image]) -> Answers:
        """The network's answers for these pictures.

        Raises:
            PasserbyError: What the network raises for them.
        """
        if not images:
            return self._answer(images)
        ticket: _Ticket[Answers] = _Ticket(images)
        self._waiting.append(ticket)
        with self._turn:
            if not ticket.served:
                self._serve()
        return ticket.taken()

    def _serve(self) -> None:
        tickets = [self._waiting.popleft() for _ in range(len(self._waiting))]
        try:
            answers = self._answer([image for ticket in tickets for image in ticket.images])
        except Exception:  # noqa: BLE001 (whoever brought the cause is found, and gets it)
            for ticket in tickets:
                ticket.serve_alone(self._answer)
            return
        start = 0
        for ticket in tickets:
            ticket.serve(answers[start : start + len(ticket.images)])  # type: ignore[arg-type]
            start += len(ticket.images)


class _Ticket(Generic[Answers]):
    """Pictures of one thread, and what became of them."""

    def __init__(self, images: Sequence[Image]) -> None:
        self.images = images
        self.served = False
        self._answers: Answers | None = None
        self._error: Exception | None = None

    def serve(self, answers: Answers) -> None:
        self._answers, self.served = answers, True

    def serve_alone(self, answer: Callable[[Sequence[Image]], Answers]) -> None:
        try:
            self._answers = answer(self.images)
        except Exception as error:  # noqa: BLE001 (it is raised in the thread whose picture it was)
            self._error = error
        self.served = True

    def taken(self) -> Answers:
        if self._error is not None:
            raise self._error
        if self._answers is None:
            raise RuntimeError("a ticket was taken back before it was served")
        return self._answers


class SharedDetector:
    """A detector for many threads (see ``Detector``).

    Args:
        detector: One that needs no earlier frames.
        turn: As for ``Desk``.

    Raises:
        ValueError: If it learns from the frames of its camera, so that it cannot be shared.
    """

    resumable = True

    def __init__(self, detector: Detector, turn: threading.Lock) -> None:
        if not detector.resumable:
            raise ValueError(f"{detector.identity.name} learns from every frame of one camera; give each its own")
        self.identity, self.batch = detector.identity, detector.batch
        self._desk = Desk(detector.detect, turn)

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        """See ``Detector.detect``."""
        return self._desk.ask(images)


class SharedEmbedder:
    """An embedder for many threads (see ``Embedder``).

    Args:
        embedder: Any.
        turn: As for ``Desk``.
    """

    def __init__(self, embedder: Embedder, turn: threading.Lock) -> None:
        self.identity, self.thresholds = embedder.identity, embedder.thresholds
        self._desk = Desk(embedder.embed, turn)

    def embed(self, crops: Sequence[Image]) -> NDArray[np.float32]:
        """See ``Embedder.embed``."""
        return self._desk.ask(crops)
