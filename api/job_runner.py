"""Runs the jobs of a gallery: one at a time, and live cameras beside it, since those cannot wait."""

import logging
import shutil
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime

from api.job_child import JobChild
from api.job_requests import Commands
from gallery.errors import PasserbyError, QueryError
from gallery.feeds import Feed, FeedTable
from gallery.jobs import JobRow, JobTable, is_due
from gallery.lock import FileLock
from gallery.store import Gallery
from ingest.address import is_live

LOG = logging.getLogger("passerby.jobs")

TICK_SECONDS = 0.25
TELL_SECONDS = 1.0
"""How often progress is written down: each time waits for the disk."""

AT_ONCE = 1
"""Jobs beside live cameras. Each uses all threads that it is given."""

FIRST_WAIT_SECONDS = 5.0
LONGEST_WAIT_SECONDS = 300.0
"""A lost camera is tried again after the first wait, then after twice as long, and so on up to the longest."""
LASTING_SECONDS = 60.0
"""A camera that was read for so long was not hopeless: the next wait is the first one again."""

MOST_RESTARTS = 3
"""A job during which the server died so often is given up: perhaps it is the reason."""

SERVER_DIED = "the server ended while it ran; it goes on"
SERVER_STOPPED = "the server was stopped while it ran; it goes on"


class JobRunner:
    """Runs what ``JobTable`` holds, in processes of their own, in a thread.

    Of several servers on one gallery, one runs the jobs of all. Jobs that a server left running, by a crash or a stop, go
    on with the next one: commands of ours go on where they were, or begin anew.

    Args:
        gallery: Whose jobs.
        commands: How they are done.
    """

    def __init__(self, gallery: Gallery, commands: Commands) -> None:
        self._gallery, self._commands = gallery, commands
        self._jobs, self._feeds = JobTable(gallery.database), FeedTable(gallery.database)
        self._lock = FileLock(gallery.folder / "locks" / "jobs.lock")
        self._children: dict[str, JobChild] = {}
        self._live: set[str] = set()
        self._told: dict[str, float] = {}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)

    def start(self) -> None:
        """Begins to run jobs."""
        self._thread.start()

    def close(self) -> None:
        """Ends all processes in good order; what they do goes on with the next server."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        owns = False
        while not self._closing.wait(TICK_SECONDS):
            try:
                if not owns:
                    owns = self._lock.acquire()
                    if owns:
                        self._take_over()
                else:
                    self._step()
            except PasserbyError as error:  # a full disk, a database that is busy: the next round may be better
                LOG.warning("jobs: %s", error)
        self._end_all()
        if owns:
            self._lock.release()

    def _take_over(self) -> None:
        """Puts back what the server before left running."""
        shutil.rmtree(self._commands.previews, ignore_errors=True)
        for job in self._jobs.rows({"running"}, limit=10_000):
            restarts = number(job.progress, "restarts") + 1
            if restarts > MOST_RESTARTS:
                self._jobs.finish(job.id, "failed", error=f"given up: the server died {restarts:g} times while it ran")
            else:
                self._jobs.again(job.id, {"restarts": restarts}, SERVER_DIED, {"running"})
        for job in self._jobs.rows({"stopping"}, limit=10_000):
            self._jobs.finish(job.id, "cancelled")
        for job_id in self._jobs.forget_old():
            shutil.rmtree(self._commands.folder(job_id), ignore_errors=True)

    def _step(self) -> None:
        for job_id, child in list(self._children.items()):
            if not child.is_running:
                self._reap(job_id, child)
            elif time.monotonic() - self._told.get(job_id, 0.0) >= TELL_SECONDS:
                self._tell(job_id, child)
        feeds = {feed.camera: feed for feed in self._feeds.rows()}
        for feed in feeds.values():
            self._supervise(feed)
        self._begin(feeds)

    def _begin(self, feeds: Mapping[str, Feed]) -> None:
        now = datetime.now(UTC)
        for job in reversed(self._jobs.rows({"queued"}, limit=10_000)):
            feed = feeds.get(str(job.request.get("camera"))) if job.kind == "ingest" else None
            live = feed is not None and is_live(feed.source)
            busy = len(self._children) - len(self._live) >= AT_ONCE
            if (busy and not live) or not is_due(job, now) or not self._jobs.begin(job.id):
                continue
            try:
                arguments = self._commands.arguments(job, live=live)
                self._children[job.id] = JobChild(arguments, self._commands.folder(job.id))
            except PasserbyError as error:
                self._jobs.finish(job.id, "failed", error=str(error))
            except OSError as error:
                self._jobs.finish(job.id, "failed", error=f"its process cannot be started: {error.strerror}")
            else:
                self._live |= {job.id} if live else set()

    def _tell(self, job_id: str, child: JobChild) -> None:
        """Writes down how far a job is, and has it end if somebody wants that."""
        job = self._jobs.get(job_id)
        if job.state == "stopping":
            child.stop()
        kept = {name: job.progress[name] for name in ("tries", "restarts") if name in job.progress}
        told = {**child.progress, **kept}
        if told != job.progress:
            self._jobs.tell(job_id, told)
        self._told[job_id] = time.monotonic()

    def _reap(self, job_id: str, child: JobChild) -> None:
        """Writes down what came of a job."""
        child.close()
        self._tell(job_id, child)
        del self._children[job_id]
        self._live.discard(job_id)
        self._told.pop(job_id, None)
        job, result = self._jobs.get(job_id), child.result()
        if child.code == 0:
            self._jobs.finish(job_id, "done", result)
        elif job.state == "stopping":
            self._jobs.finish(job_id, "cancelled", result)
        else:
            lasted = time.monotonic() - child.began > LASTING_SECONDS
            self._jobs.tell(job_id, {**job.progress, "tries": 0 if lasted else number(job.progress, "tries")})
            self._jobs.finish(job_id, "failed", result, child.error())

    def _supervise(self, feed: Feed) -> None:
        """Keeps a live camera that is wanted going; a file that was read is wanted no longer."""
        if not feed.wanted or feed.job is None:
            return
        try:
            job = self._jobs.get(feed.job)
        except QueryError:  # it was forgotten
            self._feeds.want(feed.camera, wanted=False)
            return
        if not job.is_over:
            return
        if not is_live(feed.source) or job.state == "cancelled":
            self._feeds.want(feed.camera, wanted=False)
            return
        tries = number(job.progress, "tries")
        wait = min(FIRST_WAIT_SECONDS * 2**tries, LONGEST_WAIT_SECONDS)
        waiting = {"tries": tries + 1, "not_before": time.time() + wait}
        self._jobs.again(job.id, waiting, job.error or "the camera was lost; it is tried again", {"done", "failed"})

    def _end_all(self) -> None:
        for child in self._children.values():
            child.stop()
        while any(child.is_running for child in self._children.values()):
            time.sleep(0.05)
            for child in self._children.values():
                child.stop()
        for job_id, child in self._children.items():
            child.close()
            try:
                if child.code == 0 and job_id not in self._live:
                    self._jobs.finish(job_id, "done", child.result())
                elif not self._jobs.again(job_id, {}, SERVER_STOPPED, {"running"}):
                    self._jobs.finish(job_id, "cancelled", child.result())
            except PasserbyError as error:
                LOG.warning("jobs: %s", error)


def number(values: Mapping[str, float | str | None], name: str) -> float:
    """A number among values, 0 where it is none."""
    value = values.get(name)
    return float(value) if isinstance(value, int | float) else 0.0


def add_ingest(gallery: Gallery, feed: Feed, asked_by: str) -> JobRow:
    """Has a camera read, unless it is being read already."""
    jobs, feeds = JobTable(gallery.database), FeedTable(gallery.database)
    if feed.job is not None:
        known = {job.id: job for job in jobs.rows({"queued", "running", "stopping"}, limit=10_000)}
        job = known.get(feed.job)
        if job is not None and job.state != "stopping":
            feeds.want(feed.camera, wanted=True)
            return job
    job = jobs.add("ingest", f"Ingest {feed.camera}", {"camera": feed.camera}, asked_by)
    feeds.want(feed.camera, wanted=True, job=job.id)
    return job
