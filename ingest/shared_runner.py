"""Many cameras in one process that share their networks: little memory, and more cameras than cores at once."""

import queue
import threading
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from ingest.camera_job import INTERRUPTED, CameraJob, JobOutcome, OnEvent, run_job
from ingest.detector import Detector
from ingest.embedder import Embedder
from ingest.networks import Networks, OwnNetworks
from ingest.shared_network import SharedDetector, SharedEmbedder
from ingest.stopping import stopped_by_signals
from ingest.thread_budget import opencv_threads

Told = tuple[str, int, int | None] | tuple[int, JobOutcome]
"""What a camera's thread tells: camera, frames done and their total, or the number of its job and the outcome."""


class StoppedError(Exception):
    """The run was left; nobody waits for this camera any more."""


class SharedNetworks:
    """The networks of all cameras, loaded once each (see ``Loader``). May be asked from many threads.

    A detector that learns from its camera's frames cannot be shared; each camera gets its own then.

    Args:
        networks: Which.
        threads: For both together: only one of them runs at a time.
    """

    def __init__(self, networks: Networks, threads: int) -> None:
        self._own = OwnNetworks(networks, threads)
        self._turn = threading.Lock()
        self._loading = threading.Lock()
        self._detector: SharedDetector | None = None
        self._embedder: SharedEmbedder | None = None

    def embedder(self) -> Embedder:
        """See ``Loader.embedder``."""
        with self._loading:
            if self._embedder is None:
                self._embedder = SharedEmbedder(self._own.embedder(), self._turn)
            return self._embedder

    def detector(self) -> Detector:
        """See ``Loader.detector``."""
        with self._loading:
            if self._detector is None:
                detector = self._own.detector()
                if not detector.resumable:
                    return detector
                self._detector = SharedDetector(detector, self._turn)
            return self._detector


class SharedRunner:
    """Ingests all cameras at once, each in a thread of its own, through shared networks (see ``Runner``).

    Each camera gets the very tracklets that it gets in a process of its own whose networks have as many threads; with
    another number of threads a network's answers differ in their last bits.

    Args:
        folder: The gallery.
        networks: What to run.
        threads: For the networks, at least 1. A decoder has one thread of its own.
    """

    def __init__(self, folder: Path, networks: Networks, threads: int) -> None:
        self.folder = folder
        self.networks = networks
        self.threads = threads

    def run(self, jobs: Sequence[CameraJob], on_event: OnEvent) -> list[JobOutcome]:
        """Ingests all cameras. Left by an exception (Ctrl-C, say), all threads end after the frames in hand.

        With a live camera among them, Ctrl-C or SIGTERM ends them: live ones with all that was seen, others as if
        interrupted. Only a second one raises.
        """
        with stopped_by_signals() if any(job.live for job in jobs) else nullcontext(threading.Event()) as ended:
            return self._run(jobs, on_event, ended)

    def _run(self, jobs: Sequence[CameraJob], on_event: OnEvent, ended: threading.Event) -> list[JobOutcome]:
        shared, told = SharedNetworks(self.networks, self.threads), queue.SimpleQueue[Told]()
        stopped = threading.Event()
        outcomes: dict[int, JobOutcome] = {}
        threads = [
            threading.Thread(
                target=self._ingest, args=(k, job, shared, told, stopped, ended), name=f"camera {job.camera}"
            )
            for k, job in enumerate(jobs)
        ]
        with opencv_threads(self.threads):
            try:
                for thread in threads:
                    thread.start()
                while len(outcomes) < len(jobs):
                    match told.get():
                        case (int(number), JobOutcome() as outcome):
                            outcomes[number] = outcome
                        case (str(camera), int(done), total):
                            on_event(camera, done, total)
            finally:
                stopped.set()
                for thread in threads:
                    if thread.ident is not None:
                        thread.join()
        return [outcomes[number] for number in range(len(jobs))]

    def _ingest(
        self,
        number: int,
        job: CameraJob,
        shared: SharedNetworks,
        told: "queue.SimpleQueue[Told]",
        stopped: threading.Event,
        ended: threading.Event,
    ) -> None:
        """The thread of one camera: always tells an outcome."""

        def tell(camera: str, done: int, total: int | None) -> None:
            if stopped.is_set() or (ended.is_set() and not job.live):
                raise StoppedError
            told.put((camera, done, total))

        outcome = JobOutcome(job.camera, (), INTERRUPTED)
        try:
            outcome = run_job(job, self.folder, self.networks.effort, shared, self.threads, tell, ended)
        except StoppedError:
            return
        except Exception as error:  # noqa: BLE001 (one camera's failure must not stop the others)
            reason = f"{type(error).__name__}: {error}"
            outcome = JobOutcome(
                job.camera, (), f"{reason}; what it committed is kept, run the same command again to go on"
            )
        finally:
            told.put((number, outcome))
