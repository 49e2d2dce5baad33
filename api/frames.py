"""Frames that a camera took, over HTTP."""

import hashlib
from functools import partial
from typing import Annotated

import cv2
from anyio import to_thread
from fastapi import APIRouter, Header, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.job_requests import previews
from api.messages import Instant
from api.pictures import PICTURE_RESPONSES, jpeg_answer
from api.problems import problem_responses
from api.query_service import QueryService
from gallery.errors import QueryError
from gallery.store import Gallery
from ingest.preview import preview_file
from retrieval.query import stored_frame
from retrieval.recordings import Recordings

QUALITY = 90

frames = APIRouter()


@frames.get(
    "/cameras/{name}/frame.jpg",
    response_class=Response,
    responses={**PICTURE_RESPONSES, **problem_responses(404, 409, 422)},
)
async def frame(
    request: Request,
    name: str,
    time: Annotated[
        Instant | None, Query(description="When; the last moment that was seen, if it is not given")
    ] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """The frame that a camera's recording shows at a time; what it shows now while it is read. Masked as it is ingested."""
    service: QueryService = request.app.state.service
    if time is None:
        shown = await to_thread.run_sync(partial(newest_preview, service.gallery, name))
        if shown is not None:
            return jpeg_answer(shown, hashlib.sha256(shown).hexdigest(), if_none_match)
    making = partial(frame_jpeg, service.gallery, service.recordings, name, time)
    jpeg = await to_thread.run_sync(making, limiter=request.app.state.clips.limiter)
    return jpeg_answer(jpeg, hashlib.sha256(jpeg).hexdigest(), if_none_match)


def newest_preview(gallery: Gallery, camera: str) -> bytes | None:
    """What a camera that is being read shows now; None if it is not."""
    try:
        return preview_file(previews(gallery.folder), camera).read_bytes()
    except OSError:
        return None


def frame_jpeg(gallery: Gallery, recordings: Recordings, camera: str, time: Instant | None) -> bytes:
    """A stored frame as a JPEG file's bytes.

    Raises:
        HTTPException: 404 if there is no such camera, or nothing was seen at that time; 409 if the video is gone.
    """
    row = next((one for one in gallery.cameras() if one.name == camera), None)
    moment = time or (None if row is None else row.until)
    if row is None or moment is None:
        raise HTTPException(404, f"no camera {camera!r} has been seen; /api/v1/cameras lists those that have")
    try:
        image = stored_frame(recordings, camera, moment)
    except QueryError as error:
        covered = any(i.since and i.until and i.since <= moment <= i.until for i in gallery.ingests(camera))
        raise HTTPException(409 if covered else 404, str(error)) from error
    return bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1])
