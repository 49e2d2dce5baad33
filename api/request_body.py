"""The body of a question over HTTP, read within limits before anything in it is decoded."""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import Discriminator, Tag, TypeAdapter, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

from api.messages import Box, GivenBox
from api.question import (
    MOST_MARKED,
    MOST_PARTS,
    Feedback,
    FrameQuestion,
    Item,
    PartQuestion,
    PhotoQuestion,
    Question,
    SeveralQuestion,
    TrackletQuestion,
    kind_of_item,
)
from api.texts import parse_box
from ingest.image_header import read_header

MOST_BYTES = 20_000_000
"""A larger question is refused. Photos of 100 megapixels are smaller."""

MOST_FEEDBACK_BYTES = 200_000

DRAINED_BYTES = 5 * MOST_BYTES
"""So much of a body that is too large is read away, so that its sender gets to read why it is refused."""

_KNOWN = "JPEG, PNG, WebP, BMP, GIF or TIFF"
_BOX: TypeAdapter[Box] = TypeAdapter(GivenBox)
_FEEDBACK = TypeAdapter(Feedback)
Parsed = TypeVar("Parsed")


_JSON = "application/json"
_MULTIPART = "multipart/form-data"


def _kind(value: object) -> str:
    return "several" if isinstance(value, Mapping) and "all" in value else kind_of_item(value)


_JSON_QUESTION: TypeAdapter[TrackletQuestion | FrameQuestion | PartQuestion | SeveralQuestion] = TypeAdapter(
    Annotated[
        Annotated[TrackletQuestion, Tag("tracklet")]
        | Annotated[FrameQuestion, Tag("frame")]
        | Annotated[PartQuestion, Tag("query")]
        | Annotated[SeveralQuestion, Tag("several")],
        Discriminator(_kind),
    ]
)

_ITEMS = [model.model_json_schema() for model in (TrackletQuestion, FrameQuestion, PartQuestion)]
_MANY: dict[str, Any] = {"type": "array", "maxItems": MOST_PARTS}
_FORM: dict[str, Any] = {
    "image": {**_MANY, "items": {"type": "string", "format": "binary"}, "description": f"Photos: {_KNOWN}"},
    "box": {
        **_MANY,
        "items": {"type": "string", "examples": ["40,60,120,300"]},
        "description": "The person in each photo: X1,Y1,X2,Y2 in pixels; where it is empty, the largest one is taken",
    },
    "tracklet": {**_MANY, "items": {"type": "string"}, "description": "Ids of tracklets"},
    "query": {
        **_MANY,
        "items": {"type": "string"},
        "description": "Ids of earlier questions: ID for the whole of one, ID/0 for its first picture or tracklet",
    },
}
OPENAPI_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        _MULTIPART: {
            "schema": {
                "type": "object",
                "description": f"One person, by 1 to {MOST_PARTS} photos, tracklets and earlier questions in all",
                "additionalProperties": False,
                "properties": _FORM,
            }
        },
        _JSON: {
            "schema": {
                "oneOf": [
                    *_ITEMS,
                    {
                        "type": "object",
                        "title": SeveralQuestion.__name__,
                        "description": SeveralQuestion.__doc__,
                        "required": ["all"],
                        "additionalProperties": False,
                        "properties": {
                            "all": {**_MANY, "minItems": 1, "items": {"oneOf": _ITEMS}},
                        },
                        "examples": SeveralQuestion.model_json_schema()["examples"],
                    },
                ]
            }
        },
    },
}
"""What OpenAPI says of a question's body: its two kinds are more than a signature can tell."""

OPENAPI_FEEDBACK: dict[str, Any] = {"required": True, "content": {_JSON: {"schema": Feedback.model_json_schema()}}}


async def read_question(request: Request) -> Question:
    """Reads what is asked: photos as ``multipart/form-data``, tracklets or boxes on frames as JSON.

    Raises:
        HTTPException: 413 if it is too large, 415 if it is neither kind or an upload is no picture, 400 if it is cut off.
        RequestValidationError: If a field is missing, unknown or wrong.
        ConfigError: If a box is wrong.
    """
    kind = _content_type(request, (_MULTIPART, _JSON))
    bounded = await within_limit(request, MOST_BYTES, "send smaller pictures")
    if kind == _JSON:
        asked = _parsed(_JSON_QUESTION, await bounded.body())
        return tuple(asked.all) if isinstance(asked, SeveralQuestion) else (asked,)
    async with bounded.form(max_files=MOST_PARTS, max_fields=len(_FORM) * MOST_PARTS) as form:
        return await _read_form(form)


async def read_feedback(request: Request) -> Feedback:
    """Reads what is said of an answer.

    Raises:
        HTTPException: 413 if it is too large, 415 if it is no JSON.
        RequestValidationError: If something is unknown or wrong.
    """
    _content_type(request, (_JSON,))
    bounded = await within_limit(request, MOST_FEEDBACK_BYTES, f"name at most {MOST_MARKED} tracklets at once")
    return _parsed(_FEEDBACK, await bounded.body())


def _content_type(request: Request, known: tuple[str, ...]) -> str:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in known:
        raise HTTPException(415, f"content type {kind!r} is not understood; send {' or '.join(known)}")
    return kind


def _parsed(adapter: TypeAdapter[Parsed], body: bytes) -> Parsed:
    try:
        return adapter.validate_json(body)
    except ValidationError as error:
        faults = [{**fault, "loc": ("body", *_place(fault["loc"]))} for fault in error.errors(include_context=False)]
        raise RequestValidationError(faults) from error


def _place(loc: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Where a fault is in what was sent: without the names of the kinds that were tried there."""
    if loc[:1] == ("several",):
        return (*loc[1:3], *loc[4:])
    return loc[1:] if loc[:1] in (("tracklet",), ("frame",), ("query",)) else loc


async def _read_form(form: FormData) -> Question:
    unknown = sorted(set(form) - set(_FORM))
    if unknown:
        raise _fault(unknown[0], "is not known here; filters go into the URL, for example ?camera=door&top=5")
    boxes = [_text("box", value) for value in form.getlist("box")]
    count = len(form.getlist("image"))
    if boxes and len(boxes) != count:
        raise _fault("box", f"is given {len(boxes)} times for {count} images; give one for each, or an empty one")
    items: list[Item] = []
    photos = 0
    for name, value in form.multi_items():
        if name == "image":
            items.append(await _read_photo(value, boxes[photos] if boxes else "", photos + 1))
            photos += 1
        elif name == "tracklet":
            items.append(TrackletQuestion(tracklet=_text(name, value)))
        elif name == "query":
            items.append(_read_part(_text(name, value)))
    if not items:
        raise _fault("image", "is missing; send a picture as a file")
    if len(items) > MOST_PARTS:
        raise _fault("image", f"{len(items)} pictures and tracklets are too many; send at most {MOST_PARTS}")
    return tuple(items)


async def _read_photo(value: UploadFile | str, box: str, number: int) -> PhotoQuestion:
    name = "image" if number == 1 else f"image {number}"
    if not isinstance(value, UploadFile):
        raise _fault("image", "is missing; send a picture as a file")
    data = await value.read()
    if data and read_header(data) is None:
        raise HTTPException(415, f"{name} is not a picture that can be read; send {_KNOWN}")
    return PhotoQuestion(data, _read_box(box) if box else None, name)


def _read_part(text: str) -> PartQuestion:
    query, slash, part = text.partition("/")
    if slash and not (part.isdecimal() and len(part) < 4):
        raise _fault("query", f"{text!r} is no part of a question; send ID, or ID/0 for its first part")
    return PartQuestion(query=query, part=int(part) if slash else None)


def _text(name: str, value: UploadFile | str) -> str:
    if isinstance(value, UploadFile):
        what = "X1,Y1,X2,Y2" if name == "box" else "of an id"
        raise _fault(name, f"is a file; send the text {what}")
    return value


def _read_box(text: str) -> Box:
    try:
        return _BOX.validate_python(parse_box(text))
    except ValidationError as error:
        raise _fault("box", f"{text!r} is too far outside of any picture") from error


async def within_limit(request: Request, most_bytes: int, remedy: str) -> Request:
    """The same request, whose body ends with 413 where it becomes too large; what is told beforehand is refused at once.

    Raises:
        HTTPException: 413.
    """
    refusal = HTTPException(413, f"the body is larger than {shown_size(most_bytes)}; {remedy}")
    told = request.headers.get("content-length", "")
    if told.isdecimal() and int(told) > most_bytes:
        # Who asks first has sent nothing yet; others would not read the answer before they have sent more.
        if request.headers.get("expect", "").lower() != "100-continue":
            await _drain(request.receive)
        raise refusal
    seen = 0

    async def receive() -> Message:
        nonlocal seen
        message = await request.receive()
        seen += len(message.get("body", b""))
        if seen > most_bytes:
            if message.get("more_body", False):
                await _drain(request.receive)
            raise refusal
        return message

    return Request(request.scope, receive)


def shown_size(count: int) -> str:
    """A number of bytes as a message says it.

    >>> shown_size(20_000_000), shown_size(4000)
    ('20 MB', '4 kB')
    """
    return f"{count // 1_000_000} MB" if count >= 1_000_000 else f"{count // 1000} kB"


async def _drain(receive: Receive) -> None:
    """Reads a body away, to its end or up to a limit."""
    seen = 0
    while seen < DRAINED_BYTES:
        message = await receive()
        seen += len(message.get("body", b""))
        if not message.get("more_body", False):
            return


def _fault(name: str, message: str) -> RequestValidationError:
    return RequestValidationError([{"loc": ("body", name), "msg": message, "type": "value_error"}])
