"""What an ingest is known by, and how far it has come."""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from gallery.rows import Span
from gallery.tracklet import EmbedderIdentity


@dataclass(frozen=True)
class IngestSpec:
    """Everything that decides which tracklets an ingest gives.

    Attributes:
        camera: Name of the camera.
        source: The video, folder or address as given, without a login; for people, it is not part of the key.
        source_hash: SHA-256 of the source's content, or the name of a live session.
        start: UTC time of the source's first frame.
        start_origin: Where the start came from: ``given``, ``container``, ``epoch``, ``previous`` (the end of
            the source before), ``name`` (of the file) or ``clock`` (of this machine). Not part of the key.
        fps: Sampling rate in frames per second, None for every frame.
        detector: The detector and its settings, as one text.
        embedder: The embedder.
        settings: All other settings that change tracklets (tracker, crop choice), as one text.
    """

    camera: str
    source: str
    source_hash: str
    start: datetime
    start_origin: str
    fps: float | None
    detector: str
    embedder: EmbedderIdentity
    settings: str = ""

    @property
    def key(self) -> str:
        """SHA-256 (hex) by which the same ingest is recognised."""
        parts = (
            self.camera,
            self.source_hash,
            self.start.astimezone(UTC).isoformat(),
            self.fps,
            self.detector,
            self.embedder.name,
            self.embedder.sha256,
            self.embedder.dimension,
            self.settings,
        )
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True)
class IngestProgress:
    """How far an ingest has come.

    Attributes:
        next_frame: Index of the frame to go on with.
        frames: Frames seen so far.
        detections: Detections so far.
        tracklets: Tracklets stored so far. The gallery counts them itself; what a caller gives is ignored.
        video_seconds: Seconds of video seen.
        wall_seconds: Seconds that it took.
        since: UTC time of the first frame seen.
        until: UTC time of the last frame seen.
        gaps: Pieces of time whose frames were lost.
        problems: One line each, for people.
    """

    next_frame: int = 0
    frames: int = 0
    detections: int = 0
    tracklets: int = 0
    video_seconds: float = 0.0
    wall_seconds: float = 0.0
    since: datetime | None = None
    until: datetime | None = None
    gaps: tuple[Span, ...] = ()
    problems: tuple[str, ...] = ()
