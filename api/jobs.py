"""Long work over HTTP: asked for, watched, cancelled, and what came of it."""

import asyncio
import shutil
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response, StreamingResponse

from api.access import holder_of, needs, refuse_less_than
from api.clips import check_range
from api.job_requests import LEAST_ROLE, EvaluateWish, JobWish, ReembedWish, TrackWish, job_folder
from api.messages import Instant
from api.output import plain
from api.problems import problem_responses
from gallery.audit import AuditLog
from gallery.errors import QueryError
from gallery.jobs import OPEN, JobRow, JobState, JobTable
from gallery.store import Gallery
from gallery.uploads import UploadTable

LOOK_SECONDS = 0.4
"""How soon somebody who watches is told of a change."""

BREATH_SECONDS = 15.0
"""So often a line is sent that says nothing, so that nobody on the way gives the connection up."""

FILES = {
    "annotated.mp4": "video/mp4",
    "original.mp4": "video/mp4",
    "tracks.txt": "text/plain; charset=utf-8",
    "log.csv": "text/csv; charset=utf-8",
}
"""What a job may have made."""


EVENT: dict[str, Any] = {
    "type": "object",
    "properties": {"event": {"const": "job"}, "data": {"type": "string", "description": "A `Job` as JSON"}},
    "required": ["event", "data"],
}
"""What OpenAPI says of one event."""


class Progress(BaseModel):
    """How far a job is."""

    what: str | None = Field(None, description="What it does now: a camera, a file")
    done: float | None = None
    total: float | None = Field(None, description="null where it is not known")
    unit: str | None = None
    rate: float | None = Field(None, description="Units a second, lately")


class Job(BaseModel):
    """A piece of long work."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "9f3b2c1d0e4a5b67",
                    "kind": "track",
                    "title": "Track door.mp4",
                    "request": {"kind": "track", "upload": "5f0c2b9d8e7a6c5b4a392817", "join": False},
                    "state": "running",
                    "progress": {"what": "door.mp4", "done": 120, "total": 750, "unit": "frames", "rate": 31.5},
                    "result": None,
                    "error": None,
                    "files": [],
                    "asked_by": "anna",
                    "created": "2024-05-01T08:00:00.000Z",
                    "started": "2024-05-01T08:00:01.000Z",
                    "ended": None,
                }
            ]
        }
    )

    id: str
    kind: str
    title: str
    request: dict[str, Any] = Field(description="What was asked for")
    state: JobState
    progress: Progress
    result: dict[str, Any] | None = Field(description="What the command printed as JSON")
    error: str | None = Field(description="Why it failed, or is tried again")
    files: list[str] = Field(description="URLs of what it made")
    asked_by: str
    created: Instant
    started: Instant | None
    ended: Instant | None


class Jobs(BaseModel):
    """A piece of the list of jobs, the newest first."""

    jobs: list[Job]
    total: int
    limit: int
    offset: int


viewing = APIRouter()
working = APIRouter(dependencies=[Depends(needs("operator"))])


def gallery_of(request: Request) -> Gallery:
    """The server's gallery."""
    gallery: Gallery = request.app.state.service.gallery
    return gallery


def found_job(request: Request, job_id: str) -> JobRow:
    """A job by its id.

    Raises:
        HTTPException: 404 if there is none.
    """
    try:
        return JobTable(gallery_of(request).database).get(job_id)
    except QueryError as error:
        raise HTTPException(404, f"{error}; /api/v1/jobs lists them") from error


def job_json(gallery: Gallery, job: JobRow) -> Job:
    """A job as it is told."""
    folder = job_folder(gallery.folder, job.id)
    made = [name for name in FILES if job.kind == "track" and (folder / name).is_file()]
    shown = {**vars(job), "files": [f"/api/v1/jobs/{job.id}/files/{name}" for name in made]}
    return Job.model_validate({**shown, "result": plain(job.result)})


@viewing.get("/jobs", responses=problem_responses(422))
def jobs(
    request: Request,
    state: Annotated[list[JobState] | None, Query(description="In these states; all if none is given")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=2**31)] = 0,
) -> Jobs:
    """The jobs, the newest first."""
    gallery = gallery_of(request)
    table = JobTable(gallery.database)
    rows = table.rows(state, limit, offset)
    listed = [job_json(gallery, row) for row in rows]
    return Jobs(jobs=listed, total=table.count(state), limit=limit, offset=offset)


@working.post("/jobs", status_code=202, responses=problem_responses(400, 403, 404, 422))
def add_job(request: Request, wish: JobWish) -> Job:
    """Asks for long work; it is done when its turn comes."""
    gallery, holder = gallery_of(request), holder_of(request)
    refuse_less_than(LEAST_ROLE[wish.kind], holder)
    title = title_of(gallery, wish)
    row = JobTable(gallery.database).add(wish.kind, title, wish.model_dump(exclude_none=True), holder.name)
    log: AuditLog = request.app.state.audit
    log.note(holder.name, "job", job=row.id, title=title)
    return job_json(gallery, row)


def title_of(gallery: Gallery, wish: TrackWish | ReembedWish | EvaluateWish) -> str:
    """What a job is called.

    Raises:
        HTTPException: 404 if it speaks of an upload that is not there.
    """
    match wish:
        case TrackWish():
            try:
                return f"Track {UploadTable(gallery.database, gallery.folder).get(wish.upload).name}"
            except QueryError as error:
                raise HTTPException(404, f"{error}; /api/v1/uploads lists them") from error
        case ReembedWish():
            return f"Embed anew with {wish.embedder}"
        case EvaluateWish():
            return f"Evaluate {wish.embedder} on {Path(wish.folder).name}"


@viewing.get("/jobs/{job_id}", responses=problem_responses(404, 422))
def job(request: Request, job_id: str) -> Job:
    """One job."""
    return job_json(gallery_of(request), found_job(request, job_id))


@working.delete("/jobs/{job_id}", status_code=202, responses=problem_responses(403, 404, 409, 422))
def cancel_job(request: Request, job_id: str) -> Job:
    """Cancels a job; one that runs ends in good order, and keeps what it has made."""
    found = found_job(request, job_id)
    if found.is_over:
        raise HTTPException(409, f"job {job_id} is over ({found.state}); DELETE {found.id}/files removes what it made")
    stopped = JobTable(gallery_of(request).database).ask_to_stop(job_id)
    log: AuditLog = request.app.state.audit
    log.note(holder_of(request).name, "job cancelled", job=job_id, title=found.title)
    return job_json(gallery_of(request), stopped)


@working.delete("/jobs/{job_id}/files", status_code=204, responses=problem_responses(403, 404, 409, 422))
def forget_job(request: Request, job_id: str) -> None:
    """Forgets a job that is over, with all that it made."""
    gallery = gallery_of(request)
    found = found_job(request, job_id)
    if not JobTable(gallery.database).remove(job_id):
        raise HTTPException(409, f"job {job_id} is {found.state}; cancel it first")
    shutil.rmtree(job_folder(gallery.folder, found.id), ignore_errors=True)
    log: AuditLog = request.app.state.audit
    log.note(holder_of(request).name, "job removed", job=job_id, title=found.title)


@viewing.get(
    "/jobs/{job_id}/events",
    response_class=Response,
    responses={
        200: {
            "description": "Server-sent events: a `Job` at each change, until it is over",
            "content": {"text/event-stream": {"schema": EVENT}},
        },
        **problem_responses(404, 422),
    },
)
async def events(request: Request, job_id: str) -> StreamingResponse:
    """Tells how far a job is, as it goes on (server-sent events)."""
    await run_in_threadpool(found_job, request, job_id)
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "X-Accel-Buffering": "no"}
    return StreamingResponse(_events(request, job_id), media_type="text/event-stream", headers=headers)


async def _events(request: Request, job_id: str) -> AsyncIterator[str]:
    last, spoke = "", time.monotonic()
    ending: threading.Event = request.app.state.ending
    while not (ending.is_set() or await request.is_disconnected()):
        try:
            row = await run_in_threadpool(found_job, request, job_id)
        except HTTPException:
            return  # forgotten meanwhile
        text = (await run_in_threadpool(job_json, gallery_of(request), row)).model_dump_json()
        if text != last:
            last, spoke = text, time.monotonic()
            yield f"event: job\ndata: {text}\n\n"
        elif time.monotonic() - spoke > BREATH_SECONDS:
            spoke = time.monotonic()
            yield ": still here\n\n"
        if row.state not in OPEN:
            return
        await asyncio.sleep(LOOK_SECONDS)


@viewing.get(
    "/jobs/{job_id}/files/{name}",
    response_class=Response,
    responses={
        200: {"description": "The file"},
        206: {"description": "The part that `Range` asked for"},
        **problem_responses(404, 416, 422),
    },
)
def job_file(request: Request, job_id: str, name: str) -> FileResponse:
    """Something that a job made. Parts of it can be asked for."""
    found = found_job(request, job_id)
    path = job_folder(gallery_of(request).folder, found.id) / name
    if name not in FILES or not path.is_file():
        raise HTTPException(404, f"job {job_id} has no {name!r}; it may make {', '.join(FILES)}")
    check_range(request, path.stat().st_size)
    stem = found.title.removeprefix("Track ").rpartition(".")[0] or found.id
    shown = "inline" if request.query_params.get("download") is None else "attachment"
    headers = {"Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff"}
    return FileResponse(
        path,
        media_type=FILES[name],
        headers=headers,
        filename=f"{stem}-{name}" if shown == "attachment" else None,
        content_disposition_type=shown,
    )
