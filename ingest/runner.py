"""Many cameras side by side, each in a process of its own, all within one budget of threads."""

import multiprocessing
import signal
import threading
from collections.abc import Callable, Collection, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Protocol

from gallery.errors import PasserbyError, SourceError
from gallery.store import Gallery
from ingest.address import is_live
from ingest.camera import IngestResult, ingest_camera, rate_seen
from ingest.embedder import Embedder
from ingest.follower import pedestrian_tracker
from ingest.live_limits import LIVE_LIMITS, LiveLimits
from ingest.models import load_detector, load_embedder
from ingest.runtime import Device, Precision
from ingest.source import Source
from ingest.source_summary import StartOrigin
from ingest.stopping import stopped_by_signals
from ingest.succession import Succession
from ingest.thread_budget import divided, opencv_threads
from ingest.zoned import zoned_detector, zoned_source
from ingest.zones import NO_ZONES, Zones

INTERRUPTED = "interrupted; what was committed is kept, and the same command goes on from there"

HEAR_SECONDS = 0.2
"""How soon a signal is noticed while no camera tells anything."""

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
    """

    detector: str
    embedder: str
    device: Device = "cpu"
    precision: Precision = "fp32"
    min_confidence: float | None = None
    min_height_px: float | None = None


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
    """

    camera: str
    sources: tuple[tuple[str, datetime | None], ...]
    fps: float | None = None
    zones: Zones = NO_ZONES
    limits: LiveLimits = LIVE_LIMITS
    named: frozenset[str] = frozenset()

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


class Runner(Protocol):
    """Something that ingests cameras."""

    def run(self, jobs: Sequence[CameraJob], on_event: OnEvent) -> list[JobOutcome]:
        """Ingests all cameras; one that fails does not stop the others. Outcomes come in the order of the jobs."""
        ...


class LocalRunner:
    """Ingests on this machine: one camera in this process, several in as many processes as there are threads.

    The networks of all cameras that run at once never have more threads than the budget. A decoder has one thread of
    its own, which is awake for a few hundredths of the time that a network needs for the same frames. Live cameras
    cannot wait: all of them run from the beginning, with one thread each where there are more of them than threads.

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
        """Ingests all cameras. Left by an exception (Ctrl-C, say), no process of it stays.

        With a live camera among them, Ctrl-C or SIGTERM ends them: live ones with all that was seen, others as if
        interrupted. Only a second one raises.
        """
        with stopped_by_signals() if any(job.live for job in jobs) else nullcontext(threading.Event()) as stop:
            return self._run(jobs, on_event, stop)

    def _run(self, jobs: Sequence[CameraJob], on_event: OnEvent, stop: threading.Event) -> list[JobOutcome]:
        at_once, share = divided(self.threads, len(jobs), sum(job.live for job in jobs))
        if at_once == 1:
            return [run_job(job, self.folder, self.networks, share, on_event, stop) for job in jobs]
        waiting = sorted(range(len(jobs)), key=lambda place: not jobs[place].live)
        workers: dict[int, Worker] = {}
        try:
            while not stop.is_set() and (waiting or unfinished(workers.values())):
                while waiting and len(unfinished(workers.values())) < at_once:
                    place = waiting.pop(0)
                    workers[place] = Worker(jobs[place], self.folder, self.networks, share)
                hear(workers.values(), on_event)
            if stop.is_set():
                self._end(workers.values(), on_event)
        finally:
            for worker in workers.values():
                worker.stop()
        outcomes = {place: worker.outcome for place, worker in workers.items()}
        return [outcomes.get(place) or interrupted(job) for place, job in enumerate(jobs)]

    def _end(self, workers: "Collection[Worker]", on_event: OnEvent) -> None:
        """Ends the live cameras and waits for what they have; stops the others."""
        for worker in unfinished(workers):
            if worker.job.live:
                worker.ask_to_end()
            else:
                worker.stop()
        while unfinished(workers):
            hear(workers, on_event)


def unfinished(workers: "Collection[Worker]") -> "list[Worker]":
    """Those that have no outcome yet."""
    return [worker for worker in workers if worker.outcome is None]


def hear(workers: "Collection[Worker]", on_event: OnEvent) -> None:
    """Passes on what the workers tell next; gives up after a moment, so that signals are noticed."""
    running = {worker.events: worker for worker in unfinished(workers)}
    ready = wait(list(running), HEAR_SECONDS)
    for worker in (running[pipe] for pipe in running if pipe in ready):
        worker.forward(on_event)


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
        self._asked = False
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
            # One that was asked so early that it could not hear yet has seen nothing.
            error = None if self._asked else died(self._process.exitcode)
            self.outcome = JobOutcome(self.job.camera, (), error)
            return
        if isinstance(told, JobOutcome):
            self._end()
            self.outcome = told
        else:
            on_event(self.job.camera, *told)

    def ask_to_end(self) -> None:
        """Lets a live camera's process end in its own time, and tell its outcome."""
        self._asked = True
        self._process.terminate()

    def stop(self) -> None:
        """Ends it now, if it has not ended; what it committed stays."""
        if self.outcome is None:
            self._process.terminate()
            self._end()
            self.outcome = interrupted(self.job)

    def _end(self) -> None:
        self.events.close()
        self._process.join(STOP_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def interrupted(job: CameraJob) -> JobOutcome:
    """The outcome of a camera that was stopped before its end."""
    return JobOutcome(job.camera, (), INTERRUPTED)


def died(exit_code: int | None) -> str:
    """Why a process ended without an outcome."""
    if exit_code is not None and exit_code < 0:
        reason = f"its process was killed by signal {-exit_code} (out of memory?)"
    else:
        reason = f"its process failed with exit code {exit_code}"
    return f"{reason}; what it committed is kept, run the same command again to go on"


def work(job: CameraJob, folder: Path, networks: Networks, threads: int, events: Connection) -> None:
    """A worker process: ingests one camera and tells of it. Without a listener any more, it ends at its next event.

    A live camera ends well at SIGTERM. Ctrl-C, which all processes of a terminal hear, is its parent's to handle.
    """
    if job.live:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stopped_by_signals(signal.SIGTERM) if job.live else nullcontext(threading.Event()) as stop:
            outcome = run_job(job, folder, networks, threads, lambda _, done, total: events.send((done, total)), stop)
            events.send(outcome)
    except (BrokenPipeError, KeyboardInterrupt):
        return


def run_job(
    job: CameraJob,
    folder: Path,
    networks: Networks,
    threads: int,
    on_event: OnEvent,
    stop: threading.Event | None = None,
) -> JobOutcome:
    """Ingests one camera's sources in order, in this process; a source that cannot be read is passed over.

    Args:
        job: The camera.
        folder: The gallery.
        networks: What to run.
        threads: For this camera.
        on_event: Is told how far it is.
        stop: Ends live cameras when it is set.
    """
    results: list[IngestResult] = []
    errors: list[str] = []
    row = Succession()
    try:
        with opencv_threads(threads), Gallery.open(folder, create=True) as gallery:
            embedder = load_embedder(
                networks.embedder, threads=threads, device=networks.device, precision=networks.precision
            )
            for path, start in job.sources:
                try:
                    origin: StartOrigin = "name" if path in job.named else "given"
                    source = row.open(path, start, origin, fps=job.fps, limits=job.limits, stop=stop)
                    with closing(zoned_source(source, job.zones)) as seen:
                        result = run_source(job.camera, seen, gallery, networks, embedder, threads, on_event)
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


def run_source(
    camera: str,
    source: Source,
    gallery: Gallery,
    networks: Networks,
    embedder: Embedder,
    threads: int,
    on_event: OnEvent,
) -> IngestResult:
    """Ingests one source with a fresh detector and a fresh tracker."""
    detector = load_detector(
        networks.detector,
        threads=threads,
        device=networks.device,
        precision=networks.precision,
        min_confidence=networks.min_confidence,
        min_height_px=networks.min_height_px,
    )
    tracker = pedestrian_tracker(embedder.thresholds, rate_seen(source))
    return ingest_camera(
        camera,
        source,
        gallery,
        zoned_detector(detector, source),
        embedder,
        tracker,
        lambda done, total: on_event(camera, done, total),
    )
