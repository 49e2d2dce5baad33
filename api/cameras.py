"""Cameras over HTTP: what there is of them, and those that this server reads itself."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field, field_validator
from starlette.exceptions import HTTPException

from api.access import Holder, holder_of, needs, refuse_less_than
from api.camera_source import checked_source
from api.job_requests import previews
from api.jobs import gallery_of
from api.messages import Camera, CameraFeed, Cameras, Instant
from api.output import iso
from api.problems import problem_responses
from api.texts import CAMERA_NAME
from gallery.audit import AuditLog
from gallery.errors import GalleryError, QueryError
from gallery.feeds import Feed, FeedTable
from gallery.jobs import OPEN, JobRow, JobTable
from gallery.rows import CameraRow
from gallery.store import Gallery
from gallery.uploads import UploadTable
from ingest.address import is_live, shown
from ingest.preview import preview_file
from ingest.zones_file import zones_section

seeing = APIRouter()
running = APIRouter(dependencies=[Depends(needs("operator"))])


class CameraWish(BaseModel):
    """A camera to read."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"camera": "yard", "source": "rtsp://10.0.0.5/main"}]},
    )

    camera: str = Field(description="Its name: 1-64 letters, digits, '_', '.', '-' or spaces")
    source: str | None = Field(
        None,
        min_length=1,
        max_length=4096,
        description="A file, folder or pattern on the server's disk, rtsp:// or http:// address, webcam:0",
    )
    upload: str | None = Field(None, description="Id of an upload, in place of a source")
    start: Instant | None = Field(None, description="When the first frame of a recording was taken")
    zones: dict[str, object] | None = Field(
        None,
        description="What is not looked at: `mask` and `ignore`, lists of polygons of [x, y], fractions of the picture. "
        "Without it a camera that was ingested before keeps its zones",
        examples=[{"mask": [[[0, 0], [0.3, 0], [0.3, 0.4], [0, 0.4]]]}],
    )
    begin: bool = Field(True, description="Begin to read it at once")

    @field_validator("camera")
    @classmethod
    def check_name(cls, name: str) -> str:
        """Refuses a name that is not allowed.

        Raises:
            ValueError: Saying what is.
        """
        if not CAMERA_NAME.fullmatch(name):
            raise ValueError("use 1-64 letters, digits, '_', '.', '-' or spaces, a letter or digit first")
        return name


def camera_json(
    row: CameraRow | None, feed: Feed | None, job: JobRow | None, names: Mapping[str, str] = MappingProxyType({})
) -> Camera:
    """A camera as it is told: what the gallery holds of it, and how it is being read.

    Args:
        row: What the gallery holds, None for nothing.
        feed: Where it is read from, None where this server does not read it.
        job: Which reads it.
        names: What those who sent videos called them, by path.
    """
    read = None
    if feed is not None:
        progress: Mapping[str, object] = {} if job is None else job.progress
        read = CameraFeed.model_validate(
            {
                "source": names.get(feed.source, shown(feed.source)),
                "live": is_live(feed.source),
                "wanted": feed.wanted,
                "job": feed.job,
                "state": None if job is None else job.state,
                "error": None if job is None else job.error,
                **{name: progress.get(name) for name in ("done", "total", "rate")},
            }
        )
    sources = [] if row is None else [names.get(source, source) for source in row.sources]
    return Camera.model_validate(
        {
            "camera": row.name if row is not None else "" if feed is None else feed.camera,
            "source": sources[-1] if sources else None if read is None else read.source,
            "sources": sources,
            "since": None if row is None else row.since,
            "until": None if row is None else row.until,
            "tracklets": 0 if row is None else row.tracklets,
            "recorded": any(not is_live(source) for source in sources),
            "state": "new" if row is None else row.state,
            "feed": read,
        }
    )


def listed_cameras(gallery: Gallery) -> list[Camera]:
    """All cameras, by name: those of the gallery, and those that are to be read."""
    rows = {row.name: row for row in gallery.cameras()}
    feeds = {feed.camera: feed for feed in FeedTable(gallery.database).rows()}
    table = JobTable(gallery.database)
    jobs: dict[str, JobRow] = {}
    for feed in feeds.values():
        if feed.job is not None:
            try:
                jobs[feed.camera] = table.get(feed.job)
            except QueryError:  # it was forgotten
                continue
    names = sorted({*rows, *feeds})
    uploads = UploadTable(gallery.database, gallery.folder).rows() if feeds else []
    sent = {str(upload.path): upload.name for upload in uploads}
    return [camera_json(rows.get(name), feeds.get(name), jobs.get(name), sent) for name in names]


def found_feed(gallery: Gallery, name: str) -> Feed:
    """The feed of a camera.

    Raises:
        HTTPException: 404 if it has none.
    """
    try:
        return FeedTable(gallery.database).get(name)
    except QueryError as error:
        raise HTTPException(404, str(error)) from error


@seeing.get("/cameras", responses=problem_responses())
def cameras(request: Request) -> Cameras:
    """The cameras, what of their time is covered, how many tracklets each has, and how it is being read."""
    return Cameras(cameras=listed_cameras(gallery_of(request)))


@running.post("/cameras", status_code=201, responses=problem_responses(400, 403, 404, 409, 422))
def add_camera(request: Request, wish: CameraWish) -> Camera:
    """Adds a camera, and begins to read it. A login in its address is kept, and told to nobody."""
    gallery, holder = gallery_of(request), holder_of(request)
    source, settings = wanted_source(request, wish, holder)
    if wish.start is not None:
        settings["start"] = iso(wish.start)
    if wish.zones is not None:
        settings["zones"] = zones_section(wish.zones, "zones").text
    feeds = FeedTable(gallery.database)
    try:
        feed = feeds.add(wish.camera, source, settings)
    except QueryError as error:
        raise HTTPException(409, str(error)) from error
    log: AuditLog = request.app.state.audit
    log.note(holder.name, "camera added", camera=wish.camera, source=shown(source))
    if wish.begin:
        feeds.begin(feed.camera, holder.name)
    return told_camera(gallery, wish.camera)


@running.post("/cameras/{name}/start", status_code=202, responses=problem_responses(403, 404, 422))
def start_camera(request: Request, name: str) -> Camera:
    """Begins to read a camera; one that is being read goes on."""
    gallery, holder = gallery_of(request), holder_of(request)
    FeedTable(gallery.database).begin(found_feed(gallery, name).camera, holder.name)
    log: AuditLog = request.app.state.audit
    log.note(holder.name, "camera started", camera=name)
    return told_camera(gallery, name)


@running.post("/cameras/{name}/stop", status_code=202, responses=problem_responses(403, 404, 422))
def stop_camera(request: Request, name: str) -> Camera:
    """Reads a camera no longer; what was seen is kept."""
    gallery = gallery_of(request)
    feed = found_feed(gallery, name)
    FeedTable(gallery.database).end(name)
    if feed.job is not None:
        JobTable(gallery.database).ask_to_stop(feed.job)
    log: AuditLog = request.app.state.audit
    log.note(holder_of(request).name, "camera stopped", camera=name)
    return told_camera(gallery, name)


@running.delete("/cameras/{name}", status_code=204, responses=problem_responses(403, 404, 409, 422))
def remove_camera(
    request: Request,
    name: str,
    erase: Annotated[bool, Query(description="Also erase all that was seen by it; takes an admin")] = False,
) -> None:
    """Removes a camera that is not being read. What was seen by it stays, unless it is to be erased, too."""
    gallery, holder = gallery_of(request), holder_of(request)
    if erase:
        refuse_less_than("admin", holder)
    feeds = {feed.camera: feed for feed in FeedTable(gallery.database).rows()}
    seen = {row.name for row in gallery.cameras()}
    feed = feeds.get(name)
    if feed is None and not (erase and name in seen):
        more = "; ?erase=true erases what was seen by it" if name in seen else ""
        raise HTTPException(404, f"there is no camera {name!r} that this server reads{more}")
    if feed is not None and feed.job in {job.id for job in JobTable(gallery.database).rows(OPEN, limit=10_000)}:
        raise HTTPException(409, f"camera {name!r} is being read; stop it first")
    if erase and name in seen:
        try:
            gallery.erase(cameras=[name])
        except GalleryError as error:
            raise HTTPException(409, str(error)) from error
    preview_file(previews(gallery.folder), name).unlink(missing_ok=True)
    FeedTable(gallery.database).remove(name)
    log: AuditLog = request.app.state.audit
    log.note(holder.name, "camera erased" if erase else "camera removed", camera=name)


def told_camera(gallery: Gallery, name: str) -> Camera:
    """One camera as it is told.

    Raises:
        HTTPException: 404 if somebody removed it meanwhile.
    """
    for one in listed_cameras(gallery):
        if one.camera == name:
            return one
    raise HTTPException(404, f"there is no camera {name!r} any more; add it again")


def wanted_source(request: Request, wish: CameraWish, holder: Holder) -> tuple[str, dict[str, str]]:
    """What is to be read, and what else is known of it.

    Raises:
        HTTPException: 422 if there is none, 404 if the upload is not there; see ``checked_source``.
    """
    if (wish.source is None) == (wish.upload is None):
        raise HTTPException(422, "say where the camera is from: either a source or an upload")
    if wish.upload is not None:
        gallery = gallery_of(request)
        try:
            upload = UploadTable(gallery.database, gallery.folder).get(wish.upload)
        except QueryError as error:
            raise HTTPException(404, f"{error}; /api/v1/uploads lists them") from error
        return str(upload.path), {"upload": upload.id}
    return checked_source(str(wish.source), holder, request.app.state.media), {}
