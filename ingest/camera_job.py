"""One camera with its sources: what there is to ingest, doing it, and what became of it."""

import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gallery.errors import PasserbyError, SourceError
from gallery.store import Gallery
from ingest.address import is_live
from ingest.camera import IngestResult, ingest_camera, rate_seen
from ingest.detector import Detector
from ingest.effort import Effort
from ingest.embedder import Embedder
from ingest.live_limits import LIVE_LIMITS, LiveLimits
from ingest.networks import Loader
from ingest.pedestrian_tracker import pedestrian_tracker
from ingest.preview import PreviewedSource
from ingest.source import Source
from ingest.source_summary import StartOrigin
from ingest.succession import Succession
from ingest.thread_budget import opencv_threads
from ingest.tracker_options import DEFAULT_OPTIONS, TrackerOptions
from ingest.zoned import zoned_detector, zoned_source
from ingest.zones import NO_ZONES, Zones

INTERRUPTED = "interrupted; what was committed is kept, and the same command goes on from there"


@dataclass(frozen=True)
class CameraJob:
    """One camera with its sources, to be ingested in this order.

    Attributes:
        camera: Name.
        sources: Files, folders or live cameras, each with the UTC time of its first frame if that was said.
        fps: Sampling rate, None for every frame.
        zones: What of its pictures is not looked at.
        limits: How long a live camera is waited for and watched.
        named: Those of the sources whose time was read from their names.
        tracking: Settings of its tracker that were chosen.
        moving: Whether the camera itself moves.
        preview: Where its newest picture is written while it is read; None for nowhere.
    """

    camera: str
    sources: tuple[tuple[str, datetime | None], ...]
    fps: float | None = None
    zones: Zones = NO_ZONES
    limits: LiveLimits = LIVE_LIMITS
    named: frozenset[str] = frozenset()
    tracking: TrackerOptions = DEFAULT_OPTIONS
    moving: bool = False
    preview: Path | None = None

    @property
    def live(self) -> bool:
        """Whether it cannot wait: what a live camera sends meanwhile is lost."""
        return any(is_live(source) for source, _ in self.sources)


@dataclass(frozen=True)
class JobOutcome:
    """What became of one camera.

    Attributes:
        camera: Name.
        results: One per source that was ingested.
        error: Why the others could not be, None where all were.
    """

    camera: str
    results: tuple[IngestResult, ...]
    error: str | None


OnEvent = Callable[[str, int, int | None], None]
"""Is told the camera, its frames done and their total, None where that is not known."""


def run_job(
    job: CameraJob,
    folder: Path,
    effort: Effort,
    loader: Loader,
    threads: int,
    on_event: OnEvent,
    stop: threading.Event | None = None,
) -> JobOutcome:
    """Ingests one camera's sources in order, in this process; a source that cannot be read is passed over.

    Args:
        job: The camera.
        folder: The gallery.
        effort: What may be left out.
        loader: Where the networks come from.
        threads: For this camera.
        on_event: Is told how far it is.
        stop: Ends live cameras when it is set.
    """
    results: list[IngestResult] = []
    errors: list[str] = []
    row = Succession()
    try:
        with opencv_threads(threads), Gallery.open(folder, create=True) as gallery:
            embedder = loader.embedder()
            for path, start in job.sources:
                try:
                    origin: StartOrigin = "name" if path in job.named else "given"
                    source = row.open(path, start, origin, fps=job.fps, limits=job.limits, stop=stop)
                    with closing(seen_through(source, job)) as seen:
                        result = run_source(job, seen, gallery, effort, loader.detector, embedder, on_event)
                    row.ended(source, result.video_seconds)
                    results.append(result)
                except SourceError as error:
                    row.failed(path)
                    errors += [] if stop is not None and stop.is_set() else [str(error)]
    except BrokenPipeError:
        raise
    except PasserbyError as error:
        errors.append(str(error))
    except OSError as error:
        errors.append(f"{error.filename or folder}: {error.strerror or error}")
    return JobOutcome(job.camera, tuple(results), "; ".join(errors) or None)


def seen_through(source: Source, job: CameraJob) -> Source:
    """A source as its camera's zones leave it, with its newest picture written down where that is wanted."""
    return zoned_source(source, job.zones) if job.preview is None else PreviewedSource(source, job.zones, job.preview)


def run_source(
    job: CameraJob,
    source: Source,
    gallery: Gallery,
    effort: Effort,
    fresh_detector: Callable[[], Detector],
    embedder: Embedder,
    on_event: OnEvent,
) -> IngestResult:
    """Ingests one source with a fresh detector and a fresh tracker."""
    detector = zoned_detector(fresh_detector(), source)
    rate, sure = effort.searched_rate(rate_seen(source)), detector.identity.sure_confidence
    return ingest_camera(
        job.camera,
        source,
        gallery,
        detector,
        embedder,
        pedestrian_tracker(embedder.thresholds, rate, job.tracking, sure_confidence=sure),
        lambda done, total: on_event(job.camera, done, total),
        effort=effort,
        moving=job.moving,
    )
