"""What only admins may do over HTTP: tokens, erasure, the audit log."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field, field_validator
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from api.access import OWNER, holder_of, needs
from api.lookups import stored_tracklet
from api.messages import Instant
from api.problems import problem_responses
from api.tokens_command import MOST_DAYS, new_token, token_json, token_name
from gallery.audit import AuditLog
from gallery.errors import ConfigError, GalleryError, QueryError
from gallery.roles import Role
from gallery.store import Gallery
from gallery.tokens import TokenTable

administration = APIRouter(dependencies=[Depends(needs("admin"))])


class GivenToken(BaseModel):
    """Somebody who has a token."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "anna",
                    "role": "operator",
                    "created": "2024-05-01T08:00:00.000Z",
                    "expires": None,
                    "last_used": None,
                }
            ]
        }
    )

    name: str
    role: Role
    created: Instant
    expires: Instant | None = Field(description="null for never")
    last_used: Instant | None = Field(description="To the hour")


class NewToken(GivenToken):
    """A token that was just made."""

    token: str = Field(description="The token itself; it is not shown again")


class GivenTokens(BaseModel):
    """All tokens, by name."""

    tokens: list[GivenToken]


class TokenWish(BaseModel):
    """A token to make."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"name": "anna", "role": "operator", "days": 90}]}
    )

    name: str = Field(min_length=1, max_length=64)
    role: Role = "viewer"
    days: int | None = Field(None, ge=1, le=MOST_DAYS, description="Take it for so many days only")

    @field_validator("name")
    @classmethod
    def check_name(cls, name: str) -> str:
        """Refuses a name that is not allowed.

        Raises:
            ValueError: Saying what is.
        """
        try:
            return token_name(name)
        except ConfigError as error:
            raise ValueError(str(error)) from error


class Erased(BaseModel):
    """What went."""

    tracklets: int
    vectors: int
    crops: int


class AuditEntry(BaseModel):
    """One thing that was done."""

    seq: int = Field(description="From 1, without gaps")
    time: Instant
    who: str
    action: str
    detail: dict[str, object]
    digest: str = Field(description="SHA-256 of the digest before and of this line")


class AuditPage(BaseModel):
    """A piece of the log, the newest first, and whether the whole of it is what was written."""

    lines: list[AuditEntry]
    next: int | None = Field(description="`before` of the next piece; null at the end")


def _gallery(request: Request) -> Gallery:
    gallery: Gallery = request.app.state.service.gallery
    return gallery


def _audit(request: Request) -> AuditLog:
    log: AuditLog = request.app.state.audit
    return log


@administration.get("/tokens", responses=problem_responses(403))
def tokens(request: Request) -> GivenTokens:
    """Who has a token."""
    rows = TokenTable(_gallery(request).database).rows()
    return GivenTokens(tokens=[GivenToken.model_validate(token_json(row)) for row in rows])


@administration.post("/tokens", status_code=201, responses=problem_responses(400, 403, 409, 422))
def add_token(request: Request, wish: TokenWish) -> NewToken:
    """Gives out a token. It is told this once."""
    if wish.name == OWNER:
        raise HTTPException(409, f"{OWNER!r} is the name of whoever started the server; choose another")
    token = new_token()
    expires = None if wish.days is None else datetime.now(UTC) + timedelta(days=wish.days)
    try:
        row = TokenTable(_gallery(request).database).add(wish.name, token, wish.role, expires)
    except QueryError as error:
        raise HTTPException(409, str(error)) from error
    _audit(request).note(holder_of(request).name, "token added", name=wish.name, role=wish.role)
    return NewToken.model_validate({**token_json(row), "token": token})


@administration.delete("/tokens/{name}", status_code=204, responses=problem_responses(403, 404, 422))
def remove_token(request: Request, name: str) -> None:
    """Takes a token no longer, from the next request on."""
    try:
        TokenTable(_gallery(request).database).remove(name)
    except QueryError as error:
        raise HTTPException(404, str(error)) from error
    _audit(request).note(holder_of(request).name, "token removed", name=name)


@administration.delete("/tracklets/{tracklet_id}", responses=problem_responses(403, 404, 409, 422))
async def erase_tracklet(request: Request, tracklet_id: str) -> Erased:
    """Erases a tracklet for good, with its vectors, its crops and the questions that were made from it."""
    gallery = _gallery(request)
    await run_in_threadpool(stored_tracklet, gallery, tracklet_id)
    try:
        erased = await run_in_threadpool(partial(gallery.erase, tracklets=[tracklet_id]))
    except GalleryError as error:  # its camera is being ingested
        raise HTTPException(409, str(error)) from error
    await run_in_threadpool(
        partial(
            _audit(request).note, holder_of(request).name, "erase", tracklets=erased.tracklets, tracklet=tracklet_id
        )
    )
    return Erased(tracklets=erased.tracklets, vectors=erased.vectors, crops=erased.crops)


@administration.get("/audit", responses=problem_responses(403, 422))
def audit(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    before: Annotated[int | None, Query(ge=1, le=2**53, description="Only lines older than this one")] = None,
) -> AuditPage:
    """Who did what, the newest first."""
    lines = _audit(request).lines(limit, before)
    entries = [AuditEntry.model_validate(vars(line)) for line in lines]
    return AuditPage(lines=entries, next=lines[-1].seq if len(lines) == limit and lines[-1].seq > 1 else None)
