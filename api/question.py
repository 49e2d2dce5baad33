"""What is asked over HTTP: a person, by one picture or tracklet or by several, and what is said of an answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from api.messages import QUERY, TIME, TRACKLET, Box, GivenBox, Instant

MOST_PARTS = 8
"""Pictures and tracklets of one question."""

MOST_MARKED = 200
"""Tracklets that may be named at once."""


@dataclass(frozen=True)
class PhotoQuestion:
    """The person in a photo.

    Attributes:
        data: The picture file's bytes.
        box: The person, xyxy pixels; None for the largest one.
        name: What messages call it.
    """

    data: bytes
    box: Box | None
    name: str = "image"


class TrackletQuestion(BaseModel):
    """The person of a tracklet."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"tracklet": TRACKLET}]})

    tracklet: str = Field(description="Id of the tracklet")


class FrameQuestion(BaseModel):
    """The person in a box on a frame that a camera took."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"camera": "door", "time": TIME, "box": [40, 60, 120, 300]}]}
    )

    camera: str = Field(description="Name of the camera")
    time: Instant = Field(description="When the frame was taken")
    box: GivenBox = Field(description="The person: x1, y1, x2, y2 in pixels of the frame")


class PartQuestion(BaseModel):
    """The person of a question that was asked before: of all of it, or of one of its parts."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"query": QUERY, "part": 0}]})

    query: str = Field(description="Id of the question")
    part: int | None = Field(None, ge=0, lt=1000, description="Which of its parts, from 0; all of them without it")


def kind_of_item(value: object) -> str:
    """Which kind a part of a question in JSON means to be: by the name that only it has."""
    given = value if isinstance(value, Mapping) else {}
    return next((name for name in ("tracklet", "query") if name in given), "frame")


_Ids = Annotated[list[str], Field(max_length=MOST_MARKED)]
GivenItem = Annotated[
    Annotated[TrackletQuestion, Tag("tracklet")]
    | Annotated[FrameQuestion, Tag("frame")]
    | Annotated[PartQuestion, Tag("query")],
    Discriminator(kind_of_item),
]


class SeveralQuestion(BaseModel):
    """Several tracklets, boxes or earlier questions, all of one person."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"all": [{"tracklet": TRACKLET}, {"query": QUERY, "part": 0}]}]}
    )

    all: list[GivenItem] = Field(min_length=1, max_length=MOST_PARTS)


Item = PhotoQuestion | TrackletQuestion | FrameQuestion | PartQuestion
Question = tuple[Item, ...]
"""One person, by one picture or tracklet or by several at once."""


class Feedback(BaseModel):
    """What somebody says of an answer's tracklets."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"confirmed": [TRACKLET], "rejected": ["yard-9be0c1a2-000031"]}]},
    )

    confirmed: _Ids = Field([], description="They show the person")
    rejected: _Ids = Field([], description="They show somebody else")
    neither: _Ids = Field([], description="Nothing is said of them any more")
