"""A camera's time over HTTP: pieces of its video, who is where in them, and what there is to see in all."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated
from urllib.parse import quote, urlencode

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response

from api.clips import MP4_RESPONSES, Clips, video_answer
from api.lookups import camera_stretches
from api.messages import Instant
from api.problems import problem_responses
from api.timeline import PAUSE, Moment, exact
from gallery.store import Gallery
from retrieval.clip import Cut
from retrieval.piece import MOST_SECONDS, Person, Span, people_in, span_at
from retrieval.stretches import Stretch

Since = Annotated[Instant | None, Query(description="From when on; what the camera saw first, if it is not given")]
Seconds = Annotated[float, Query(gt=0, le=MOST_SECONDS, description="Most to show")]

watch = APIRouter()


class SeenPerson(BaseModel):
    """Somebody in a piece."""

    id: str = Field(description="Of the tracklet")
    crop: str | None = Field(description="URL of the best picture")
    boxes: list[tuple[float, float, float, float, float]] = Field(
        description="Seconds from the start of the piece, x1, y1, x2, y2 in its pixels; in the order of time"
    )


class PieceFacts(BaseModel):
    """A piece of a camera's time."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "camera": "door",
                    "video": "/api/v1/cameras/door/video.mp4?since=2024-05-01T08%3A00%3A10.000000Z&seconds=15.000000",
                    "start": "2024-05-01T08:00:10.000000Z",
                    "end": "2024-05-01T08:00:24.960000Z",
                    "seconds": 15.0,
                    "rate": 25.0,
                    "width": 960,
                    "height": 540,
                    "previous": "2024-05-01T07:59:55.000000Z",
                    "next": "2024-05-01T08:00:25.000000Z",
                    "gaps": [],
                    "people": [
                        {
                            "id": "door-44177f81-000012",
                            "crop": "/api/v1/tracklets/door-44177f81-000012/crop.jpg",
                            "boxes": [[2.0, 40.5, 60.2, 120.0, 300.0]],
                        }
                    ],
                }
            ]
        }
    )

    camera: str
    video: str = Field(description="URL of the piece")
    start: Moment = Field(description="Time of its first frame; it may be earlier than asked for: a key frame")
    end: Moment = Field(description="Time of its last frame")
    seconds: float = Field(description="How long it is")
    rate: float = Field(description="Nominal frames a second")
    width: int
    height: int
    previous: Moment | None = Field(description="`since` of the piece before it")
    next: Moment | None = Field(description="`since` of the piece after it, which shows no frame twice")
    gaps: list[tuple[Moment, Moment]] = Field(
        description="Times without video: between what was asked for and this piece, and between this and the next"
    )
    people: list[SeenPerson] = Field(description="By their first moment in it")


@dataclass(frozen=True)
class Piece:
    """A piece that was made.

    Attributes:
        path: Its file.
        cut: What it shows.
        span: What it was cut out of.
        row: All stretches of the camera that have video, and the one of the piece.
    """

    path: Path
    cut: Cut
    span: Span
    row: list[Stretch]


@watch.get(
    "/cameras/{name}/video.mp4",
    response_class=Response,
    responses={**MP4_RESPONSES, **problem_responses(404, 409, 416, 422)},
)
async def piece_video(request: Request, name: str, since: Since = None, seconds: Seconds = 15.0) -> FileResponse:
    """A piece of a camera's time: H.264, masked as it was ingested. Parts of it can be asked for.

    It ends where a recording ends, and may begin with the key frame before; `boxes.json` tells.
    """
    made = await _made(request, name, since, seconds)
    return video_answer(request, made.path)


@watch.get(
    "/cameras/{name}/boxes.json",
    response_model=PieceFacts,
    responses=problem_responses(404, 409, 422),
)
async def piece_facts(request: Request, name: str, since: Since = None, seconds: Seconds = 15.0) -> Response:
    """What a piece of a camera's time shows, who is where in it, and where it goes on."""
    made = await _made(request, name, since, seconds)
    text = await to_thread.run_sync(partial(facts_json, request.app.state.service.gallery, name, made, since, seconds))
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return Response(text, media_type="application/json", headers=headers)


async def _made(request: Request, name: str, since: datetime | None, seconds: float) -> Piece:
    kept: Clips = request.app.state.clips
    gallery: Gallery = request.app.state.service.gallery
    return await to_thread.run_sync(partial(made_piece, gallery, kept, name, since, seconds), limiter=kept.limiter)


def made_piece(gallery: Gallery, kept: Clips, camera: str, since: datetime | None, seconds: float) -> Piece:
    """Makes the piece of a camera's time that comes first from a moment on, if it is not there.

    Raises:
        HTTPException: 404 if there is no such camera, or nothing was seen within that time; 409 if its video is gone,
            was not kept, or cannot be read.
    """
    row = camera_stretches(gallery, camera)
    begin = since or next((one.since for one in row if one.has_video), row[0].since)
    span = span_at(row, begin, seconds)
    if span is None:
        raise HTTPException(
            404,
            f"{camera} has no frame within {seconds:g} s from {exact(begin)}; "
            f"/api/v1/cameras/{quote(camera, safe='')}/timeline.json shows what it covers",
        )
    path, cut = kept.piece(camera, span)
    return Piece(path, cut, span, [one for one in row if one.has_video or one == span.stretch])


def facts_json(gallery: Gallery, camera: str, made: Piece, asked: datetime | None, seconds: float) -> str:
    """The answer as JSON: it may hold ten thousands of boxes, so each goes through as few hands as possible."""
    cut, span = made.cut, made.span
    place = made.row.index(span.stretch)
    before = made.row[place - 1] if place else None
    after = made.row[place + 1] if place + 1 < len(made.row) else None
    following = cut.until if cut.until < span.stretch.until else (None if after is None else after.since)
    gaps = [(asked or span.since, span.since), (cut.until, following or cut.until)]
    where = {"since": exact(span.since), "seconds": f"{(span.until - span.since).total_seconds():.6f}"}
    earlier = _previous(cut.start, span.stretch, before, seconds)
    return json.dumps(
        {
            "camera": camera,
            "video": f"/api/v1/cameras/{quote(camera, safe='')}/video.mp4?{urlencode(where)}",
            "start": exact(cut.start),
            "end": exact(cut.last),
            "seconds": round(cut.seconds, 6),
            "rate": round(cut.rate, 6),
            "width": cut.width,
            "height": cut.height,
            "previous": None if earlier is None else exact(earlier),
            "next": None if following is None else exact(following),
            "gaps": [[exact(a), exact(b)] for a, b in gaps if b - a > PAUSE],
            "people": [_person(one) for one in people_in(gallery, camera, span.stretch, cut)],
        },
        separators=(",", ":"),
    )


def _previous(start: datetime, stretch: Stretch, before: Stretch | None, seconds: float) -> datetime | None:
    length = timedelta(seconds=seconds)
    if start > stretch.since:
        return max(stretch.since, start - length)
    return None if before is None else max(before.since, before.until - length)


def _person(one: Person) -> dict[str, object]:
    crop = f"/api/v1/tracklets/{quote(one.id, safe='')}/crop.jpg" if one.has_crop else None
    return {"id": one.id, "crop": crop, "boxes": one.boxes}
