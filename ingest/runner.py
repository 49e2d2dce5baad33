"""Many cameras side by side, each in a process of its own, all within one budget of threads."""

import multiprocessing
import signal
import threading
from collections.abc import Collection, Sequence
from contextlib import nullcontext
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Protocol

from ingest.camera_job import INTERRUPTED, CameraJob, JobOutcome, OnEvent, run_job
from ingest.networks import Networks, OwnNetworks
from ingest.stopping import stopped_by_signals
from ingest.thread_budget import divided

HEAR_SECONDS = 0.2
"""How soon a signal is noticed while no camera tells anything."""

STOP_SECONDS = 10.0
"""How long a stopped process may take to end before it is killed."""


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
            own = OwnNetworks(self.networks, share)
            return [run_job(job, self.folder, self.networks.effort, own, share, on_event, stop) for job in jobs]
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
            own = OwnNetworks(networks, threads)
            outcome = run_job(
                job, folder, networks.effort, own, threads, lambda _, done, total: events.send((done, total)), stop
            )
            events.send(outcome)
    except (BrokenPipeError, KeyboardInterrupt):
        return
