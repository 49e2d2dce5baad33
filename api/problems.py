"""Errors over HTTP: problem details as RFC 9457 has them, one line that says what is wrong and how to mend it."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from gallery.errors import GalleryError, ModelError, PasserbyError

MEDIA_TYPE = "application/problem+json"

LOG = logging.getLogger("passerby.http")


class Fault(BaseModel):
    """One thing that is wrong with a request."""

    location: str = Field(description="Where: `query.top`, `body.box`", examples=["query.top"])
    message: str = Field(description="What", examples=["Input should be greater than or equal to 1"])


class Problem(BaseModel):
    """A problem detail (RFC 9457)."""

    type: str = Field(default="about:blank", description="The status says it all")
    title: str = Field(description="The status in words", examples=["Not Found"])
    status: int = Field(description="The status again", examples=[404])
    detail: str = Field(description="What is wrong, the value and the remedy", examples=["no tracklet 'door-1'"])
    errors: list[Fault] | None = Field(default=None, description="One by one, where a request breaks its schema")


class ProblemResponse(JSONResponse):
    """A problem detail as a response."""

    media_type = MEDIA_TYPE


def problem(
    status: int, detail: str, headers: Mapping[str, str] | None = None, errors: Sequence[Fault] = ()
) -> ProblemResponse:
    """A problem detail as a response."""
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=list(errors) or None)
    kept = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **(headers or {})}
    return ProblemResponse(body.model_dump(exclude_none=True), status, kept)


def problem_for(error: Exception) -> ProblemResponse:
    """What a client learns of an error; never a traceback.

    What the client can mend is 4xx. What only the server's owner can mend, a gallery or a network, is 503 and stands
    in the server's log too.
    """
    if isinstance(error, HTTPException):
        return problem(error.status_code, error.detail, error.headers)
    if isinstance(error, ClientDisconnect):
        return problem(400, "the request is cut off")
    if isinstance(error, RequestValidationError):
        faults = [Fault(location=_location(e["loc"]), message=_message(e["msg"])) for e in error.errors()]
        return problem(422, "; ".join(f"{fault.location}: {fault.message}" for fault in faults), errors=faults)
    if isinstance(error, GalleryError | ModelError):
        LOG.error("%s", error)
        return problem(503, str(error))
    if isinstance(error, PasserbyError):
        return problem(422, str(error))
    return problem(500, "the server failed; its log says why")


def install(app: FastAPI) -> None:
    """Makes every error of an application a problem detail."""

    async def handle(_request: Request, error: Exception) -> ProblemResponse:
        return problem_for(error)

    for kind in (PasserbyError, HTTPException, ClientDisconnect, RequestValidationError, Exception):
        app.add_exception_handler(kind, handle)


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says of a route's errors: these, and those that every request may meet."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {s: {"description": HTTPStatus(s).phrase, "content": content} for s in sorted({401, 500, 503, *statuses})}


def problem_schemas() -> dict[str, Any]:
    """What those refer to, for the components of the OpenAPI document."""
    _, schemas = models_json_schema([(Problem, "serialization")], ref_template="#/components/schemas/{model}")
    found: dict[str, Any] = schemas["$defs"]
    return found


def _location(path: Sequence[int | str]) -> str:
    return ".".join(str(step) for step in path)


def _message(text: str) -> str:
    return text.removeprefix("Value error, ")
