"""Videos sent over HTTP."""

import shutil
from pathlib import Path

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from api.access import holder_of, needs
from api.messages import Instant
from api.probe_process import probe
from api.problems import problem_responses
from api.request_body import shown_size, within_limit
from api.upload_body import receive_file
from gallery.audit import AuditLog
from gallery.errors import QueryError, SourceError
from gallery.feeds import FeedTable
from gallery.jobs import OPEN, JobTable
from gallery.store import Gallery
from gallery.uploads import Upload, UploadTable

MOST_BYTES = 2_000_000_000
"""Of a video, unless the server is told otherwise."""

ROOM_BYTES = 500_000_000
"""So much of the disk stays free: the gallery needs it."""

OPENAPI_BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["video"],
                "properties": {"video": {"type": "string", "format": "binary", "description": "A video file"}},
            }
        }
    },
}


class UploadedVideo(BaseModel):
    """A video that was sent."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "5f0c2b9d8e7a6c5b4a392817",
                    "name": "door.mp4",
                    "size": 12_345_678,
                    "width": 1920,
                    "height": 1080,
                    "rate": 25.0,
                    "seconds": 60.0,
                    "created": "2024-05-01T08:00:00.000Z",
                }
            ]
        }
    )

    id: str
    name: str = Field(description="What its sender called it")
    size: int = Field(description="Bytes")
    width: int
    height: int
    rate: float = Field(description="Frames per second")
    seconds: float | None
    created: Instant


class UploadedVideos(BaseModel):
    """All of them, the newest first."""

    uploads: list[UploadedVideo]


uploads = APIRouter(dependencies=[Depends(needs("operator"))])


def table_of(request: Request) -> UploadTable:
    """The uploads of the server's gallery."""
    gallery: Gallery = request.app.state.service.gallery
    return UploadTable(gallery.database, gallery.folder)


def upload_json(upload: Upload) -> UploadedVideo:
    """An upload as it is told."""
    facts = {name: upload.facts.get(name) for name in ("width", "height", "rate", "seconds")}
    return UploadedVideo.model_validate(
        {"id": upload.id, "name": upload.name, "size": upload.size, "created": upload.created, **facts}
    )


@uploads.post(
    "/uploads",
    status_code=201,
    responses=problem_responses(400, 403, 413, 415, 422, 507),
    openapi_extra={"requestBody": OPENAPI_BODY},
)
async def upload(request: Request) -> UploadedVideo:
    """Takes a video: its content must be one, whatever its name says. It is kept under a name of the server's own."""
    table, most = table_of(request), request.app.state.most_upload_bytes
    bounded = await within_limit(request, most, "send a shorter video, or start the server with a larger --max-upload")
    part = await run_in_threadpool(table.new_path)
    try:
        refuse_without_room(part.parent, int(request.headers.get("content-length", "0") or 0))
        name, _ = await receive_file(bounded, part, lambda: refuse_without_room(part.parent, 0))
        facts = await run_in_threadpool(probe, part)
        kept = await run_in_threadpool(table.add, part, name, ".video", facts)
    except SourceError as error:
        raise HTTPException(415, f"{name} {str(error).removeprefix('the file ')}") from error
    except OSError as error:
        raise HTTPException(507, f"the video cannot be kept: {error.strerror}; free space on the server") from error
    finally:
        await run_in_threadpool(part.unlink, missing_ok=True)
    log: AuditLog = request.app.state.audit
    await run_in_threadpool(lambda: log.note(holder_of(request).name, "upload", upload=kept.id, name=kept.name))
    return upload_json(kept)


@uploads.get("/uploads", responses=problem_responses(403))
def list_uploads(request: Request) -> UploadedVideos:
    """The videos that were sent."""
    return UploadedVideos(uploads=[upload_json(one) for one in table_of(request).rows()])


@uploads.delete("/uploads/{upload_id}", status_code=204, responses=problem_responses(403, 404, 409, 422))
def remove_upload(request: Request, upload_id: str) -> None:
    """Removes a video that is not being worked on. What was ingested from it stays, but can be played no longer."""
    gallery: Gallery = request.app.state.service.gallery
    try:
        found = table_of(request).get(upload_id)
    except QueryError as error:
        raise HTTPException(404, str(error)) from error
    for job in JobTable(gallery.database).rows(OPEN, limit=10_000):
        if job.request.get("upload") == upload_id:
            raise HTTPException(409, f"{found.name} is being worked on (job {job.id}); cancel that first")
    for feed in FeedTable(gallery.database).rows():
        if feed.settings.get("upload") == upload_id and feed.wanted:
            raise HTTPException(409, f"{found.name} is being ingested as camera {feed.camera!r}; stop that first")
    table_of(request).remove(upload_id)
    log: AuditLog = request.app.state.audit
    log.note(holder_of(request).name, "upload removed", upload=upload_id, name=found.name)


def refuse_without_room(folder: Path, size: int) -> None:
    """Refuses what would fill the disk.

    Raises:
        HTTPException: 507.
    """
    free = shutil.disk_usage(folder).free - ROOM_BYTES
    if size > free:
        what = shown_size(size) if size else "more of it"
        raise HTTPException(507, f"the server's disk has no room for {what}; free some, or send less")
