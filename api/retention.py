"""How long things are kept, and forgetting what is older."""

import logging
import shutil
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from api.job_requests import job_folder
from gallery.audit import AuditLog
from gallery.errors import PasserbyError
from gallery.jobs import JobTable
from gallery.questions import Questions
from gallery.settings import SettingTable
from gallery.store import Gallery
from gallery.uploads import UploadTable

LOG = logging.getLogger("passerby.retention")

NAME = "retention"
MOST_DAYS = 36_500
BY_SERVER = "server"


@dataclass(frozen=True)
class Retention:
    """For how many days things are kept; None for ever.

    Attributes:
        footage_days: Tracklets, counted from when they were filmed.
        query_days: Questions, with their pictures, counted from when they were asked.
        upload_days: Uploaded videos, counted from when they came, and what was tracked in them, from when that was done.
    """

    footage_days: int | None = None
    query_days: int | None = 30
    upload_days: int | None = None


def retention_of(gallery: Gallery) -> Retention:
    """What was chosen for a gallery, else the default."""
    found = SettingTable(gallery.database).get(NAME)
    return Retention(**found) if isinstance(found, dict) else Retention()


def choose_retention(gallery: Gallery, chosen: Retention) -> None:
    """Keeps a choice."""
    SettingTable(gallery.database).put(NAME, asdict(chosen))


def would_erase(gallery: Gallery, chosen: Retention) -> int:
    """How many tracklets a choice would erase now."""
    if chosen.footage_days is None:
        return 0
    return gallery.erase(until=_ago(chosen.footage_days), trial=True).tracklets


def apply_retention(gallery: Gallery) -> None:
    """Erases what is older than was chosen. What cannot be erased now is tried the next time; the log says why."""
    chosen, log = retention_of(gallery), AuditLog(gallery.database)
    if chosen.query_days is not None:
        forgotten = Questions(gallery.database).remove_older_than(_ago(chosen.query_days))
        if forgotten:
            log.note(BY_SERVER, "retention", queries=forgotten)
    uploads = UploadTable(gallery.database, gallery.folder)
    if chosen.upload_days is not None:
        for upload in uploads.rows():
            if upload.created < _ago(chosen.upload_days):
                uploads.remove(upload.id)
                log.note(BY_SERVER, "retention", upload=upload.id)
        forget_tracked(gallery, log, chosen.upload_days)
    uploads.sweep()
    for job_id in JobTable(gallery.database).forget_old():
        shutil.rmtree(job_folder(gallery.folder, job_id), ignore_errors=True)
    if chosen.footage_days is None:
        return
    for camera in gallery.cameras():
        try:
            erased = gallery.erase(cameras=[camera.name], until=_ago(chosen.footage_days), routine=True)
        except PasserbyError as error:
            LOG.warning("retention: %s", error)
            continue
        if erased.tracklets:
            log.note(BY_SERVER, "retention", camera=camera.name, tracklets=erased.tracklets)


def forget_tracked(gallery: Gallery, log: AuditLog, days: int) -> None:
    """Forgets what was made of uploads that are too old: these films show the same people."""
    jobs = JobTable(gallery.database)
    for job_id in jobs.ended_before("track", _ago(days)):
        if jobs.remove(job_id):
            shutil.rmtree(job_folder(gallery.folder, job_id), ignore_errors=True)
            log.note(BY_SERVER, "retention", job=job_id)


def _ago(days: int) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)
