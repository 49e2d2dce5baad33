"""Many cameras side by side, each in a process of its own, all within one budget of threads."""

import multiprocessing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Protocol

from gallery.errors import PasserbyError, SourceError
from gallery.store import Gallery
from ingest.camera import IngestResult, ingest_camera, rate_seen
from ingest.detector import Detector
from ingest.effort import EFFORT, Effort
from ingest.embedder import Embedder
from ingest.follower import pedestrian_tracker
from ingest.models import load_detector, load_embedder
from ingest.runtime import Device, Precision
from ingest.source import open_source
from ingest.thread_budget import divided, opencv_threads

STOP_SECONDS = 10.0
"""How long a stopped process may take to end before it is killed."""


@dataclass(frozen=True)
class Networks:
    """Which networks to run, and how.

    Attributes:
        detector: Name or file.
        embedder: Name or file.
        device: ``cpu`` or ``cuda``.
        precision: ``fp32`` or ``bf16``.
        min_confidence: Least confidence of a detection; None takes the detector's own default.
        min_height_px: People lower than this are left out; None takes the detector's own default.
        effort: Which frames are searched, and which crops embedded.
    """

    detector: str
    embedder: str
    device: Device = "cpu"
    precision: Precision = "fp32"
    min_confidence: float | None = None
    min_height_px: float | None = None
    effort: Effort = EFFORT


@dataclass(frozen=True)
class CameraJob:
    """One camera with its sources, to be ingested in this order.

    Attributes:
        camera: Name.
        sources: Files or folders, each with the UTC time of its first frame if that was said.
        fps: Sampling rate, None for every frame.
    """

    camera: str
    sources: tuple[tuple[str, datetime | None], ...]
    fps: float | None = None


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


class Runner(Protocol):
    """Something that ingests cameras."""

    def run(self, jobs: Sequence[CameraJob], on_event: OnEvent) -> list[JobOutcome]:
        """Ingests all cameras; one that fails does not stop the others. Outcomes come in the order of the jobs."""
        ...


class LocalRunner:
    """Ingests on this machine: one camera in this process, several in as many processes as there are threads.

    The networks of all cameras that run at once never have more threads than the budget. A decoder has one thread of
    its own, which is awake for a few hundredths of the time that a network needs for the same frames.

    Args:
        folder: The gallery.
        networks: What to run.
        threads: For all cameras together, at least 1.
    """

    def __init__(self, folder: Path, networks: Networks, threads: int) -> None:
        self.folder = folder
        self.networks = networks
        self.threads = threads

    def run(self, jobs: Sequence[CameraJob], on_event: OnEvent) -> list[JobOutcome]:
        """Ingests all cameras. Left by an exception (Ctrl-C, say), no process of it stays."""
        at_once, share = divided(self.threads, len(jobs))
        if at_once == 1:
            own = OwnNetworks(self.networks, share)
            return [run_job(job, self.folder, self.networks.effort, own, share, on_event) for job in jobs]
        started: list[Worker] = []
        try:
            while running := self._kept_busy(jobs, started, at_once, share):
                ready = wait(list(running))
                for worker in (running[pipe] for pipe in running if pipe in ready):
                    worker.forward(on_event)
        finally:
            for worker in started:
                worker.stop()
        return [worker.outcome for worker in started if worker.outcome is not None]

    def _kept_busy(
        self, jobs: Sequence[CameraJob], started: "list[Worker]", at_once: int, share: int
    ) -> "dict[Connection, Worker]":
        """Starts the next jobs as far as there is room; gives the workers that have no outcome yet, by their pipes."""
        busy = sum(worker.outcome is None for worker in started)
        for job in jobs[len(started) : len(started) + at_once - busy]:
            started.append(Worker(job, self.folder, self.networks, share))
        return {worker.events: worker for worker in started if worker.outcome is None}


class Worker:
    """One camera in a process of its own, which tells of itself through a pipe.

    Args:
        job: The camera.
        folder: The gallery.
        networks: What to run.
        threads: For this camera.
    """

    def __init__(self, job: CameraJob, folder: Path, networks: Networks, threads: int) -> None:
        self.job = job
        self.outcome: JobOutcome | None = None
        context = multiprocessing.get_context("spawn")
        self.events, theirs = context.Pipe(duplex=False)
        self._process: SpawnProcess = context.Process(
            target=work, args=(job, folder, networks, threads, theirs), name=f"camera {job.camera}", daemon=True
        )
        self._process.start()
        theirs.close()  # else the pipe would stay open when the process dies

    def forward(self, on_event: OnEvent) -> None:
        """Passes on the next thing that it told; its outcome, or its death, ends it."""
        try:
            told: JobOutcome | tuple[int, int | None] = self.events.recv()
        except (EOFError, OSError):
            self._end()
            self.outcome = JobOutcome(self.job.camera, (), died(self._process.exitcode))
            return
        if isinstance(told, JobOutcome):
            self._end()
            self.outcome = told
        else:
            on_event(self.job.camera, *told)

    def stop(self) -> None:
        """Ends it now, if it has not ended; what it committed stays."""
        if self.outcome is None:
            self._process.terminate()
            self._end()

    def _end(self) -> None:
        self.events.close()
        self._process.join(STOP_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def died(exit_code: int | None) -> str:
    """Why a process ended without an outcome."""
    if exit_code is not None and exit_code < 0:
        reason = f"its process was killed by signal {-exit_code} (out of memory?)"
    else:
        reason = f"its process failed with exit code {exit_code}"
    return f"{reason}; what it committed is kept, run the same command again to go on"


def work(job: CameraJob, folder: Path, networks: Networks, threads: int, events: Connection) -> None:
    """A worker process: ingests one camera and tells of it. Without a listener any more, it ends at its next event."""
    try:
        own = OwnNetworks(networks, threads)
        events.send(
            run_job(job, folder, networks.effort, own, threads, lambda _, done, total: events.send((done, total)))
        )
    except (BrokenPipeError, KeyboardInterrupt):
        return


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
            min_height_px=networks.min_height_px,
        )


def run_job(
    job: CameraJob, folder: Path, effort: Effort, loader: Loader, threads: int, on_event: OnEvent
) -> JobOutcome:
    """Ingests one camera's sources in order, in this process; a source that cannot be read is passed over."""
    results: list[IngestResult] = []
    errors: list[str] = []
    try:
        with opencv_threads(threads), Gallery.open(folder, create=True) as gallery:
            embedder = loader.embedder()
            for path, start in job.sources:
                try:
                    results.append(run_source(job, path, start, gallery, effort, loader.detector, embedder, on_event))
                except SourceError as error:
                    errors.append(str(error))
    except BrokenPipeError:
        raise
    except PasserbyError as error:
        errors.append(str(error))
    except OSError as error:
        errors.append(f"{error.filename or folder}: {error.strerror or error}")
    return JobOutcome(job.camera, tuple(results), "; ".join(errors) or None)


def run_source(
    job: CameraJob,
    path: str,
    start: datetime | None,
    gallery: Gallery,
    effort: Effort,
    fresh_detector: Callable[[], Detector],
    embedder: Embedder,
    on_event: OnEvent,
) -> IngestResult:
    """Ingests one source with a fresh detector and a fresh tracker."""
    source = open_source(path, start=start, fps=job.fps)
    return ingest_camera(
        job.camera,
        source,
        gallery,
        fresh_detector(),
        embedder,
        pedestrian_tracker(embedder.thresholds, effort.searched_rate(rate_seen(source))),
        lambda done, total: on_event(job.camera, done, total),
        effort=effort,
    )
