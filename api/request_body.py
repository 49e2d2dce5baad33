"""The body of a question over HTTP, read within limits before anything in it is decoded."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import Discriminator, Tag, TypeAdapter, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

from api.messages import Box, FrameQuestion, GivenBox, PhotoQuestion, Question, TrackletQuestion
from api.texts import parse_box
from ingest.image_header import read_header

MOST_BYTES = 20_000_000
"""A larger body is refused. Photos of 100 megapixels are smaller."""

DRAINED_BYTES = 5 * MOST_BYTES
"""So much of a body that is too large is read away, so that its sender gets to read why it is refused."""

_KNOWN = "JPEG, PNG, WebP, BMP, GIF or TIFF"
_BOX: TypeAdapter[Box] = TypeAdapter(GivenBox)


def _kind(value: object) -> str:
    return "tracklet" if isinstance(value, Mapping) and "tracklet" in value else "frame"


_JSON_QUESTION: TypeAdapter[TrackletQuestion | FrameQuestion] = TypeAdapter(
    Annotated[
        Annotated[TrackletQuestion, Tag("tracklet")] | Annotated[FrameQuestion, Tag("frame")], Discriminator(_kind)
    ]
)

OPENAPI_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["image"],
                "additionalProperties": False,
                "properties": {
                    "image": {"type": "string", "format": "binary", "description": f"A photo: {_KNOWN}"},
                    "box": {
                        "type": "string",
                        "description": "The person in it: X1,Y1,X2,Y2 in pixels; else the largest one is taken",
                        "examples": ["40,60,120,300"],
                    },
                },
            }
        },
        "application/json": {
            "schema": {"oneOf": [TrackletQuestion.model_json_schema(), FrameQuestion.model_json_schema()]}
        },
    },
}
"""What OpenAPI says of the body: its two kinds are more than a signature can tell."""


async def read_question(request: Request) -> Question:
    """Reads what is asked: a photo as ``multipart/form-data``, a tracklet or a box on a frame as JSON.

    Raises:
        HTTPException: 413 if it is too large, 415 if it is neither kind or the upload is no picture, 400 if it is cut off.
        RequestValidationError: If a field is missing, unknown or wrong.
        ConfigError: If the box is wrong.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in OPENAPI_BODY["content"]:
        raise HTTPException(
            415, f"content type {kind!r} is not understood; send {' or '.join(OPENAPI_BODY['content'])}"
        )
    bounded = await within_limit(request, MOST_BYTES, "send a smaller picture")
    if kind == "application/json":
        return _read_json(await bounded.body())
    async with bounded.form(max_files=1, max_fields=1) as form:
        return await _read_form(form)


def _read_json(body: bytes) -> Question:
    try:
        return _JSON_QUESTION.validate_json(body)
    except ValidationError as error:
        faults = [{**fault, "loc": ("body", *fault["loc"][1:])} for fault in error.errors(include_context=False)]
        raise RequestValidationError(faults) from error


async def _read_form(form: FormData) -> PhotoQuestion:
    image, box = form.get("image"), form.get("box")
    unknown = sorted(set(form) - {"image", "box"})
    if unknown:
        raise _fault(unknown[0], "is not known here; filters go into the URL, for example ?camera=door&top=5")
    if not isinstance(image, UploadFile):
        raise _fault("image", "is missing; send a picture as a file")
    if isinstance(box, UploadFile):
        raise _fault("box", "is a file; send the text X1,Y1,X2,Y2")
    data = await image.read()
    if data and read_header(data) is None:
        raise HTTPException(415, f"image is not a picture that can be read; send {_KNOWN}")
    return PhotoQuestion(data, None if box is None else _read_box(box))


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
