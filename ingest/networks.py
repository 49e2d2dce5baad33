"""The networks that cameras are ingested with: which, and who loads them."""

from dataclasses import dataclass
from typing import Protocol

from ingest.detector import Detector
from ingest.effort import EFFORT, Effort
from ingest.embedder import Embedder
from ingest.models import load_detector, load_embedder
from ingest.runtime import Device, Precision
from ingest.tracker_options import LOW_CONFIDENCE


@dataclass(frozen=True)
class Networks:
    """Which networks to run, and how.

    Attributes:
        detector: Name or file.
        embedder: Name or file.
        device: ``cpu``, ``cuda`` or ``tensorrt``.
        precision: ``fp32``, ``bf16``, ``fp16`` or ``int8``.
        min_confidence: Least confidence of a detection; None takes the detector's own default.
        low_confidence: Least confidence of a box that may go on with a track; None asks for no such boxes.
        min_height_px: People lower than this are left out; None takes the detector's own default.
        effort: Which frames are searched, and which crops embedded.
    """

    detector: str
    embedder: str
    device: Device = "cpu"
    precision: Precision = "fp32"
    min_confidence: float | None = None
    low_confidence: float | None = LOW_CONFIDENCE
    min_height_px: float | None = None
    effort: Effort = EFFORT


class Loader(Protocol):
    """Where the cameras of this process get their networks from."""

    def embedder(self) -> Embedder:
        """The embedder."""
        ...

    def detector(self) -> Detector:
        """A detector that has seen no frame yet."""
        ...


class OwnNetworks:
    """Networks for one camera alone (see ``Loader``).

    Args:
        networks: Which.
        threads: For each.
    """

    def __init__(self, networks: Networks, threads: int) -> None:
        self._networks, self._threads = networks, threads

    def embedder(self) -> Embedder:
        """See ``Loader.embedder``."""
        networks = self._networks
        return load_embedder(
            networks.embedder,
            threads=self._threads,
            device=networks.device,
            precision=networks.precision,
            batch=networks.effort.embedder_batch(networks.device),
        )

    def detector(self) -> Detector:
        """See ``Loader.detector``."""
        networks = self._networks
        return load_detector(
            networks.detector,
            threads=self._threads,
            device=networks.device,
            precision=networks.precision,
            min_confidence=networks.min_confidence,
            low_confidence=networks.low_confidence,
            min_height_px=networks.min_height_px,
        )
