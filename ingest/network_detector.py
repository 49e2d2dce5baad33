"""What detectors by a network have in common: pictures in, the network's own output, boxes in pixels out."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gallery.errors import ModelError
from ingest.detector import Detections, DetectorIdentity, select
from ingest.frame import Image
from ingest.runtime import Runtime
from ingest.sidecar import InputFormat, Network
from ingest.tensor import Batch, batches

Candidates = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]
"""Boxes (N, 4) xyxy in pixels of the network's input, confidences (N,), and (N,) the row of the batch each is in."""


MIN_HEIGHT_PX = 32.0
"""Lower people are not looked for: so few pixels cannot tell one from another."""


class NetworkDetector(ABC):
    """A network as a detector (see ``Detector``); how it is run and read is left to the kinds of network."""

    resumable = True

    def __init__(
        self,
        network: Network,
        runtime: Runtime,
        *,
        sha256: str,
        min_confidence: float | None = None,
        low_confidence: float | None = None,
        min_height_px: float = MIN_HEIGHT_PX,
        precision: str = "fp32",
    ) -> None:
        """Takes a loaded network.

        Args:
            network: What it is.
            runtime: The network, loaded.
            sha256: Fingerprint of its files and description, for the identity.
            min_confidence: Boxes below it are nobody by themselves; by default what the description says.
            low_confidence: Boxes from it on are given all the same, for trackers; None gives none.
            min_height_px: Boxes lower than this in the picture are left out.
            precision: What the runtime computes in, for the identity.
        """
        self._network, self._runtime = network, runtime
        sure = network.confidence if min_confidence is None else min_confidence
        low = sure if low_confidence is None else min(low_confidence, sure)
        self._min_confidence = low
        self._min_height_px = min_height_px
        settings = f"min_confidence={sure:g} min_height_px={min_height_px:g} precision={precision}"
        if low < sure:
            settings += f" low_confidence={low:g}"
        self.identity = DetectorIdentity(network.name, sha256, settings, sure if low < sure else 0.0)
        self.batch = runtime.batch

    @abstractmethod
    def detect(self, images: Sequence[Image]) -> list[Detections]:
        """See ``Detector.detect``.

        Raises:
            ModelError: If the network's output is not what its description says.
        """

    def _select(
        self, boxes: NDArray[np.float32], confidences: NDArray[np.float32], shape: tuple[int, ...]
    ) -> Detections:
        return select(boxes, confidences, shape, min_confidence=self._min_confidence, min_height_px=self._min_height_px)

    def _finite(self, numbers: NDArray[np.float32]) -> NDArray[np.float32]:
        if not np.isfinite(numbers).all():
            raise self._unreadable("it has numbers that are not finite; the file is damaged")
        return numbers

    def _unreadable(self, reason: str) -> ModelError:
        return ModelError(f"cannot read the output of {self._network.name} as '{self._network.decoding}': {reason}")


class BatchDetector(NetworkDetector):
    """A network that takes pictures of one size in batches and gives boxes in pixels of its input."""

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        """See ``NetworkDetector.detect``."""
        found: list[Detections] = []
        for batch in batches(images, self._form, self._runtime.batch):
            found += self._read(batch, self._runtime.run(batch.tensor)[0])
        return found

    @abstractmethod
    def candidates(self, output: NDArray[np.float32]) -> Candidates:
        """The people in the network's output that are confident enough, each once."""

    @property
    def _form(self) -> InputFormat:
        if self._network.input is None:
            raise ModelError(f"{self._network.name} has no [input]; mend its description")
        return self._network.input

    def _read(self, batch: Batch, output: NDArray[np.float32]) -> list[Detections]:
        boxes, confidences, rows = self.candidates(output)
        return [
            self._select(batch.fits[row].undo(boxes[rows == row]), confidences[rows == row], batch.shapes[row])
            for row in range(len(batch))
        ]
