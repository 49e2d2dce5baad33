"""Runs the jobs of a gallery: one at a time, and live cameras beside it, since those cannot wait."""

import logging
import shutil
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from api.job_child import JobChild
from api.job_requests import Commands
from api.retention import apply_retention
from gallery.errors import PasserbyError, QueryError
from gallery.feeds import Feed, FeedTable
from gallery.jobs import JobRow, JobTable, is_due
from gallery.lock import FileLock
from gallery.store import Gallery
from ingest.address import is_live
from ingest.preview import preview_file

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

DAY_SECONDS = 86_400.0
FIRST_FORGETTING_SECONDS = 60.0
"""After the start: what is too old is erased, then once a day."""

MOST_RESTARTS = 3
"""A job during which the server died so often is given up: perhaps it is the reason."""

CLOSING_SECONDS = 4.0
"""How long a process may take to end when the server does: what it committed is kept in any case."""
AFTER_FAULT_SECONDS = 5.0

SERVER_DIED = "the server ended while it ran; it goes on"
SERVER_STOPPED = "the server was stopped while it ran; it goes on"


@dataclass
class _Running:
    """A job that has a process.

    Attributes:
        child: The process.
        camera: That it reads, if it does.
        live: Whether that camera sends now.
        told: When its progress was written down last, on the monotonic clock.
    """

    child: JobChild
    camera: str | None
    live: bool
    told: float = 0.0


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
        self._running: dict[str, _Running] = {}
        self._closing = threading.Event()
        self._forget_next = time.monotonic() + FIRST_FORGETTING_SECONDS
        self._forgetting: threading.Thread | None = None
        self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)

    def start(self) -> None:
        """Begins to run jobs."""
        self._thread.start()

    def begin_to_close(self) -> None:
        """Has all processes end, without waiting for that."""
        self._closing.set()

    def close(self) -> None:
        """Ends all processes in good order; what they do goes on with the next server."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        owns = False
        while not self._closing.wait(TICK_SECONDS):
            try:
                if owns:
                    self._step()
                    self._forget_old()
                elif self._lock.acquire():
                    owns = True
                    shutil.rmtree(self._commands.previews, ignore_errors=True)
            except PasserbyError as error:  # a full disk, a database that is busy: the next round may be better
                LOG.warning("jobs: %s", error)
            except Exception:  # no job would ever run again
                LOG.exception("jobs: this is a fault of the program; it goes on")
                self._closing.wait(AFTER_FAULT_SECONDS)
        self._end_all()
        if owns:
            self._lock.release()

    def _forget_old(self) -> None:
        """Once a day, in a thread of its own: erasing a lot takes long."""
        if time.monotonic() < self._forget_next or (self._forgetting is not None and self._forgetting.is_alive()):
            return
        self._forget_next = time.monotonic() + DAY_SECONDS
        self._forgetting = threading.Thread(target=self._apply_retention, name="retention", daemon=True)
        self._forgetting.start()

    def _apply_retention(self) -> None:
        try:
            apply_retention(self._gallery)
        except PasserbyError as error:
            LOG.warning("retention: %s", error)
        except Exception:
            LOG.exception("retention: this is a fault of the program; it is tried again tomorrow")

    def _step(self) -> None:
        for job_id, one in list(self._running.items()):
            if not one.child.is_running:
                self._reap(job_id, one)
            elif time.monotonic() - one.told >= TELL_SECONDS:
                self._tell(job_id, one)
        self._put_back()
        feeds = {feed.camera: feed for feed in self._feeds.rows()}
        for feed in feeds.values():
            self._supervise(feed)
        self._begin(feeds)

    def _put_back(self) -> None:
        """What is said to run but has no process: the server before died, or this one could not write something down."""
        for job in self._jobs.rows({"running", "stopping"}, limit=10_000):
            restarts = number(job.progress, "restarts") + 1
            if job.id in self._running:
                continue
            if job.state == "stopping":
                self._jobs.finish(job.id, "cancelled")
            elif restarts > MOST_RESTARTS:
                self._jobs.finish(job.id, "failed", error=f"given up: the server died {restarts:g} times while it ran")
            else:
                self._jobs.again(job.id, {"restarts": restarts}, SERVER_DIED, {"running"})

    def _begin(self, feeds: Mapping[str, Feed]) -> None:
        now = datetime.now(UTC)
        for job in reversed(self._jobs.rows({"queued"}, limit=10_000)):
            camera = str(job.request.get("camera")) if job.kind == "ingest" else None
            feed = None if camera is None else feeds.get(camera)
            live = feed is not None and is_live(feed.source)
            busy = sum(not one.live for one in self._running.values()) >= AT_ONCE
            ending = camera is not None and camera in {one.camera for one in self._running.values()}
            if (busy and not live) or ending or not is_due(job, now) or not self._jobs.begin(job.id):
                continue
            try:
                arguments = self._commands.arguments(job, live=live)
                child = JobChild(arguments, self._commands.folder(job.id))
            except PasserbyError as error:
                self._jobs.finish(job.id, "failed", error=str(error))
            except OSError as error:
                self._jobs.finish(job.id, "failed", error=f"its process cannot be started: {error.strerror}")
            else:
                self._running[job.id] = _Running(child, camera, live)

    def _tell(self, job_id: str, one: _Running) -> None:
        """Writes down how far a job is, and has it end if somebody wants that."""
        job = self._jobs.get(job_id)
        if job.state == "stopping":
            one.child.stop()
        kept = {name: job.progress[name] for name in ("tries", "restarts") if name in job.progress}
        told = {**one.child.progress, **kept}
        if told != job.progress:
            self._jobs.tell(job_id, told)
        one.told = time.monotonic()

    def _reap(self, job_id: str, one: _Running) -> None:
        """Writes down what came of a job. May be called again, if that could not be written."""
        child = one.child
        child.close()
        if one.camera is not None:  # a process that was killed leaves it
            preview_file(self._commands.previews, one.camera).unlink(missing_ok=True)
        try:
            self._tell(job_id, one)
        except QueryError:  # somebody forgot it meanwhile
            del self._running[job_id]
            return
        job, result = self._jobs.get(job_id), child.result()
        if child.code == 0:
            self._jobs.finish(job_id, "done", result)
        elif job.state == "stopping":
            self._jobs.finish(job_id, "cancelled", result)
        else:
            lasted = time.monotonic() - child.began > LASTING_SECONDS
            self._jobs.tell(job_id, {**job.progress, "tries": 0 if lasted else number(job.progress, "tries")})
            self._jobs.finish(job_id, "failed", result, child.error())
        del self._running[job_id]

    def _supervise(self, feed: Feed) -> None:
        """Keeps a live camera that is wanted going; what was read to its end is wanted no longer."""
        if not feed.wanted or feed.job is None:
            return
        try:
            job = self._jobs.get(feed.job)
        except QueryError:  # it was forgotten
            self._feeds.end(feed.camera)
            return
        if not job.is_over:
            return
        if not is_live(feed.source) or job.state == "cancelled" or had_an_end(job):
            self._feeds.end(feed.camera)
            return
        tries = number(job.progress, "tries")
        wait = min(FIRST_WAIT_SECONDS * 2**tries, LONGEST_WAIT_SECONDS)
        waiting = {"tries": tries + 1, "not_before": time.time() + wait}
        self._jobs.again(job.id, waiting, job.error or "the camera was lost; it is tried again", {"done", "failed"})

    def _end_all(self) -> None:
        while any(one.child.is_running for one in self._running.values()):
            for one in self._running.values():
                one.child.stop(CLOSING_SECONDS)
            time.sleep(0.05)
        for job_id, one in self._running.items():
            one.child.close()
            try:
                if one.child.code == 0 and not one.live:
                    self._jobs.finish(job_id, "done", one.child.result())
                elif not self._jobs.again(job_id, {}, SERVER_STOPPED, {"running"}):
                    self._jobs.finish(job_id, "cancelled", one.child.result())
            except PasserbyError as error:
                LOG.warning("jobs: %s", error)


def had_an_end(job: JobRow) -> bool:
    """Whether what was read from an address was a recording, and all of it was read."""
    cameras = (job.result or {}).get("cameras")
    return job.state == "done" and isinstance(cameras, list) and [one.get("ended") for one in cameras] == ["end"]


def number(values: Mapping[str, float | str | None], name: str) -> float:
    """A number among values, 0 where it is none."""
    value = values.get(name)
    return float(value) if isinstance(value, int | float) else 0.0
