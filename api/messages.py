"""What goes over HTTP: questions in, answers out, with the names and keys of the command line."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)

from api.output import iso
from api.texts import parse_time
from gallery.errors import ConfigError

TIME = "2024-05-01T08:00:12.000Z"
TRACKLET = "door-44177f81-000012"
QUERY = "3fH0cWb6cQvE1u0mYk8p2A"
_CROP = f"/api/v1/tracklets/{TRACKLET}/crop.jpg"


def read_instant(value: object) -> datetime:
    """A time as the command line reads it: ISO 8601, UTC where no zone is given.

    Raises:
        ValueError: If it is none.
    """
    if isinstance(value, datetime):
        return value
    try:
        return parse_time(value if isinstance(value, str) else repr(value), "time")
    except ConfigError as error:
        raise ValueError(str(error).removeprefix("time: ")) from error


def check_area(box: "Box") -> "Box":
    """Refuses a box without an area.

    Raises:
        ValueError: If its corners are not in order.
    """
    x1, y1, x2, y2 = box
    if not (x1 < x2 and y1 < y2):
        raise ValueError(f"the box {list(box)} has no area; write its left upper corner first: [x1, y1, x2, y2]")
    return box


Instant = Annotated[
    datetime,
    BeforeValidator(read_instant),
    PlainSerializer(iso, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": [TIME]}),
]
_Pixel = Annotated[float, Field(ge=-1e6, le=1e6)]
Box = tuple[_Pixel, _Pixel, _Pixel, _Pixel]
GivenBox = Annotated[Box, AfterValidator(check_area)]


FIVE_NUMBERS = WithJsonSchema({"type": "array", "items": {"type": "number"}, "minItems": 5, "maxItems": 5})
"""How rows of boxes are described: not every program that reads OpenAPI knows tuples (`prefixItems`)."""


class Window(BaseModel):
    """Where and when to look."""

    model_config = ConfigDict(extra="forbid")

    camera: list[str] = Field([], description="Names of cameras; may be given again; all if none is given")
    since: Instant | None = Field(None, description="Leave out what ends before this time")
    until: Instant | None = Field(None, description="Leave out what starts after this time")

    @model_validator(mode="after")
    def check_order(self) -> Self:
        """Refuses a window that holds no time.

        Raises:
            ValueError: If it ends before it begins.
        """
        if self.since is not None and self.until is not None and self.since > self.until:
            raise ValueError(
                f"since {iso(self.since)} is later than until {iso(self.until)}; nothing lies between them"
            )
        return self


class Filters(Window):
    """What a question looks at, and how its answer is ordered."""

    top: int = Field(10, ge=1, le=1000, description="Most sightings to list")
    rerank: bool = Field(False, description="Order by k-reciprocal re-ranking of the candidates")


class Page(Window):
    """A piece of a list."""

    limit: int = Field(100, ge=1, le=1000, description="Most to list")
    offset: int = Field(0, ge=0, le=2**31, description="How many to pass over")


class Health(BaseModel):
    """The server works."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "ok"}]})

    status: Literal["ok"] = "ok"


class CameraFeed(BaseModel):
    """How the server reads a camera."""

    source: str = Field(description="Where from, without any login")
    live: bool = Field(description="Whether it sends now; else it is a recording with an end")
    wanted: bool = Field(description="Whether it is started")
    job: str | None = Field(description="The job that reads it, or did so last")
    state: Literal["queued", "running", "stopping", "done", "failed", "cancelled"] | None = Field(
        description="Of that job"
    )
    done: float | None = Field(description="Frames seen so far")
    total: float | None = Field(description="Of how many; null where it is not known")
    rate: float | None = Field(description="Frames a second, lately")
    error: str | None = Field(description="Why it failed, or is tried again")


class Camera(BaseModel):
    """A camera, over all that was ingested from it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "camera": "door",
                    "source": "/videos/door.mp4",
                    "sources": ["/videos/door.mp4"],
                    "since": "2024-05-01T08:00:00.000Z",
                    "until": "2024-05-01T09:00:00.000Z",
                    "tracklets": 118,
                    "recorded": True,
                    "state": "done",
                    "feed": None,
                }
            ]
        }
    )

    camera: str = Field(description="Its name")
    source: str | None = Field(description="What was ingested last")
    sources: list[str] = Field(description="All that was ingested, oldest first")
    since: Instant | None = Field(description="Time of the first frame seen")
    until: Instant | None = Field(description="Time of the last frame seen")
    tracklets: int = Field(description="How many the gallery holds")
    recorded: bool = Field(description="Whether there is video of it that can be watched; live cameras leave none")
    state: Literal["new", "done", "running", "interrupted", "failed"] = Field(
        description="Of what was ingested; `new` before any of it was"
    )
    feed: CameraFeed | None = Field(description="How this server reads it; null where it does not")


class Cameras(BaseModel):
    """All cameras, by name."""

    cameras: list[Camera]


class Tracklet(BaseModel):
    """One person, once through one camera."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": TRACKLET,
                    "camera": "door",
                    "start": TIME,
                    "end": "2024-05-01T08:00:19.480Z",
                    "frames": 181,
                    "confidence": 0.91,
                    "crop": _CROP,
                }
            ]
        }
    )

    id: str
    camera: str
    start: Instant
    end: Instant
    frames: int = Field(description="In how many frames the person was seen")
    confidence: float = Field(description="Mean confidence of the detector, 0-1")
    crop: str | None = Field(description="URL of the best picture")


class TrackletBoxes(Tracklet):
    """A tracklet with all its boxes."""

    boxes: list[Annotated[tuple[int, float, float, float, float], FIVE_NUMBERS]] = Field(
        description="frame, x1, y1, x2, y2: frames from 0, pixels", examples=[[[4503, 40.5, 60.25, 120, 300]]]
    )


class Tracklets(BaseModel):
    """A page of tracklets, in the order in which they came into the gallery: new ones come last."""

    tracklets: list[Tracklet]
    total: int = Field(description="How many there are on all pages")
    limit: int
    offset: int


class AskedPart(BaseModel):
    """One picture or tracklet of what was looked for."""

    taken: str = Field(description="What was taken of it, in words")
    box: Box | None = Field(description="The person's box in the picture or frame")
    people: list[Box] = Field(description="Everybody found in the picture, the one taken first")
    tracklets: list[str] = Field(description="The tracklet, if it is one")
    picture: str = Field(description="URL of the person's picture")


class Asked(BaseModel):
    """What was looked for."""

    taken: str = Field(description="What was taken of the input, in words")
    box: Box | None = Field(description="The person's box in the (first) picture or frame")
    people: list[Box] = Field(description="Everybody found in the (first) picture, the one taken first")
    tracklets: list[str] = Field(description="Tracklets that the question is made from")
    parts: list[AskedPart] = Field(description="Each picture or tracklet of it, in the order in which they were given")


class Sighting(BaseModel):
    """One visit of the person to one camera, as far as the system can tell."""

    rank: int = Field(description="From 1, best first")
    camera: str
    start: Instant
    end: Instant
    start_seconds: float = Field(description="From the camera's own start")
    end_seconds: float
    similarity: float = Field(description="-1 to 1, up is closer")
    probability: float | None = Field(description="That it is the same person, 0-1; null until there is a calibration")
    tracklets: list[str] = Field(description="Ids, in order of time")
    crop: str | None = Field(description="URL of the best picture")
    feedback: Literal["confirmed", "rejected"] | None = Field(description="What was said of it")


class LookedAt(BaseModel):
    """What of a camera was looked at."""

    camera: str
    since: Instant | None
    until: Instant | None
    gaps: list[tuple[Instant, Instant]] = Field(description="Times in between without any frame")


class Answer(BaseModel):
    """Where the person was seen, or that they were not."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": QUERY,
                    "query": {
                        "taken": f"tracklet {TRACKLET}",
                        "box": None,
                        "people": [],
                        "tracklets": [TRACKLET],
                        "parts": [
                            {
                                "taken": f"tracklet {TRACKLET}",
                                "box": None,
                                "people": [],
                                "tracklets": [TRACKLET],
                                "picture": f"/api/v1/queries/{QUERY}/picture.jpg?part=0",
                            }
                        ],
                    },
                    "answer": "found",
                    "operating_point": 0.86,
                    "sightings": [
                        {
                            "rank": 1,
                            "camera": "yard",
                            "start": "2024-05-01T08:03:40.000Z",
                            "end": "2024-05-01T08:03:52.000Z",
                            "start_seconds": 220.0,
                            "end_seconds": 232.0,
                            "similarity": 0.93,
                            "probability": None,
                            "tracklets": ["yard-9be0c1a2-000031"],
                            "crop": "/api/v1/tracklets/yard-9be0c1a2-000031/crop.jpg",
                            "feedback": None,
                        }
                    ],
                    "coverage": [{"camera": "yard", "since": TIME, "until": "2024-05-01T09:00:00.000Z", "gaps": []}],
                }
            ]
        }
    )

    id: str = Field(description="Of the question: it can be asked again, refined and linked to")
    query: Asked
    answer: Literal["found", "not_found"] = Field(
        description="Whether the best one that was not rejected reaches the operating point"
    )
    operating_point: float = Field(description="Least similarity that counts as found")
    sightings: list[Sighting] = Field(
        description="The most similar ones, whether or not they reach it: confirmed ones first, rejected ones last"
    )
    coverage: list[LookedAt]
