"""A camera's whole time over HTTP: what of it there is to see, and when how many people came."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema
from starlette.exceptions import HTTPException

from api.lookups import camera_stretches
from api.messages import Instant, read_instant
from api.problems import problem_responses
from gallery.store import Gallery
from retrieval.stretches import MOMENT, Stretch

PAUSE = timedelta(seconds=1)
"""Less without a frame is no gap: recorders need it between two files."""


def exact(time: datetime) -> str:
    """ISO 8601 UTC with microseconds, as the gallery counts: what follows a piece is not to miss a frame.

    >>> exact(datetime(2024, 5, 1, 8, 0, 0, 40_123, tzinfo=UTC))
    '2024-05-01T08:00:00.040123Z'
    """
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


Moment = Annotated[
    datetime,
    BeforeValidator(read_instant),
    PlainSerializer(exact, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2024-05-01T08:00:12.040123Z"]}),
]

timeline = APIRouter()


class Part(BaseModel):
    """A part of a camera's time without a gap."""

    since: Moment
    until: Moment
    video: bool = Field(description="Whether it can be played; a live camera's frames were not kept")


class CameraTimeline(BaseModel):
    """What a camera covers, and how many tracklets begin when."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "camera": "door",
                    "since": "2024-05-01T08:00:00.000000Z",
                    "until": "2024-05-01T09:00:00.000000Z",
                    "parts": [
                        {
                            "since": "2024-05-01T08:00:00.000000Z",
                            "until": "2024-05-01T09:00:00.000000Z",
                            "video": True,
                        }
                    ],
                    "starts": [3, 0, 7, 1],
                }
            ]
        }
    )

    camera: str
    since: Moment = Field(description="Where the timeline begins: what was asked for, or the first frame seen")
    until: Moment = Field(description="Where it ends")
    parts: list[Part] = Field(description="What is covered, in order; between two parts lies a gap")
    starts: list[int] = Field(description="How many tracklets begin in each of so many equal parts of it")


@timeline.get("/cameras/{name}/timeline.json", responses=problem_responses(404, 422))
def camera_timeline(
    request: Request,
    name: str,
    since: Annotated[Instant | None, Query(description="Where to begin; the first frame seen without it")] = None,
    until: Annotated[Instant | None, Query(description="Where to end; the last frame seen without it")] = None,
    bins: Annotated[int, Query(ge=1, le=1000, description="Into how many parts to divide it")] = 240,
) -> CameraTimeline:
    """What a camera covers, where the gaps are, and how many people came when."""
    gallery: Gallery = request.app.state.service.gallery
    row = camera_stretches(gallery, name)
    first, last = since or row[0].since, until or row[-1].until
    if first >= last:
        raise HTTPException(422, f"since {exact(first)} is not earlier than until {exact(last)}; nothing lies between")
    return CameraTimeline(
        camera=name,
        since=first,
        until=last,
        parts=parts_of(row, first, last),
        starts=gallery.starts(name, first, last, bins),
    )


def parts_of(row: Sequence[Stretch], since: datetime, until: datetime) -> list[Part]:
    """Stretches inside a window, joined where nothing but a recorder's pause lies between them."""
    parts: list[Part] = []
    for stretch in row:
        first, last = max(stretch.since, since), min(stretch.until - MOMENT, until)
        if first > last:
            continue
        if parts and parts[-1].video == stretch.has_video and first - parts[-1].until <= PAUSE:
            parts[-1].until = last
        else:
            parts.append(Part(since=first, until=last, video=stretch.has_video))
    return parts
