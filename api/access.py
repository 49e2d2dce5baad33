"""Who may ask over HTTP, and for what: whoever has a token, as far as its role goes."""

import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import quote

from anyio import CapacityLimiter, to_thread
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import problem, problem_for
from gallery.errors import ConfigError, PasserbyError
from gallery.roles import ROLES, Role
from gallery.tokens import TokenTable, digest

VARIABLE = "PASSERBY_TOKEN"
"""The environment variable that holds the token: arguments of a command can be read by everybody on the machine."""

OPEN_PATHS = frozenset({"/healthz", "/login", "/language", "/static/pages.css", "/static/icon.svg"})
"""All that answers without a token."""

OWNER = "owner"
"""Who has the token of ``PASSERBY_TOKEN``, or the one that is printed."""

LOOKED_UP_AT_ONCE = 8
"""Tokens; further ones wait a moment."""

LEAST_PUBLIC_CHARACTERS = 16
"""A shorter token could be guessed by those who can try over a network."""

_SENDABLE = re.compile(r"[A-Za-z0-9\-._~+/]+=*")  # RFC 6750, section 2.1


@dataclass(frozen=True)
class Token:
    """The secret of a server's owner.

    Attributes:
        value: The secret itself.
        is_new: Whether it was made just now, so that somebody has to be told.
    """

    value: str = field(repr=False)
    is_new: bool


@dataclass(frozen=True)
class Holder:
    """Who asks.

    Attributes:
        name: Of their token.
        role: What they may do.
    """

    name: str
    role: Role


def choose_token(given: str | None, host: str, *, is_public: bool, others: bool = False) -> Token | None:
    """The token of a server's owner: the one that was given, else a random one; none where others are enough.

    Args:
        given: What ``PASSERBY_TOKEN`` says, None where it is not set.
        host: The address to listen on, for messages.
        is_public: Whether other machines can reach it.
        others: Whether tokens were given out by ``passerby tokens``.

    Raises:
        ConfigError: If the token cannot be sent in a header, or the address is public and there is none, or a short one.
    """
    if given is None:
        if is_public and others:
            return None
        if is_public:
            raise ConfigError(
                f"--host {host} lets other machines in: give out a token first (`passerby tokens add NAME --role admin`), "
                f"or set {VARIABLE}, for example to `openssl rand -hex 32`"
            )
        return Token(secrets.token_urlsafe(32), is_new=True)
    if not _SENDABLE.fullmatch(given):
        raise ConfigError(
            f"{VARIABLE} is empty or has characters that no header can carry: use letters, digits and - . _ ~ + /"
        )
    if is_public and len(given) < LEAST_PUBLIC_CHARACTERS:
        raise ConfigError(
            f"{VARIABLE} has {len(given)} characters, too few for --host {host}: "
            f"use at least {LEAST_PUBLIC_CHARACTERS}, for example `openssl rand -hex 32`"
        )
    return Token(given, is_new=False)


class KnownTokens:
    """All tokens that a server takes. What is removed or has expired is refused from the next request on.

    Args:
        table: Those that were given out.
        own: That of the server's owner, who is an admin; None for none.
    """

    def __init__(self, table: TokenTable, own: str | None) -> None:
        self._table = table
        self._own = None if own is None else digest(own)

    def holder(self, token: str) -> Holder | None:
        """Whose token it is, None if it is nobody's."""
        if self._own is not None and secrets.compare_digest(digest(token), self._own):
            return Holder(OWNER, "admin")
        row = self._table.find(token)
        return None if row is None else Holder(row.name, row.role)


class BearerAccess:
    """ASGI middleware: nothing but ``OPEN_PATHS`` answers without ``Authorization: Bearer TOKEN`` (RFC 6750).

    It stands before the routes, so that nobody learns without a token which paths there are. Who asks is
    ``request.state.holder`` behind it.
    """

    def __init__(self, app: ASGIApp, tokens: KnownTokens) -> None:
        self._app, self._tokens = app, tokens
        self._looking = CapacityLimiter(LOOKED_UP_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "lifespan" or scope["path"] in OPEN_PATHS:
            await self._app(scope, receive, send)
            return
        given = _bearer(Headers(scope=scope).get("authorization"))
        if given is None and _is_browser(scope):
            asked = _asked(scope)
            way = "/login" if asked == "/" else f"/login?next={quote(asked, safe='')}"
            await RedirectResponse(way, 303)(scope, receive, send)
            return
        if given is None:
            refusal = problem(401, "send a token: Authorization: Bearer TOKEN", {"WWW-Authenticate": "Bearer"})
            await refusal(scope, receive, send)
            return
        try:
            holder = await to_thread.run_sync(self._tokens.holder, given, limiter=self._looking)
        except PasserbyError as error:
            await problem_for(error)(scope, receive, send)
            return
        if holder is None:
            wrong = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
            await problem(401, "this is no token of this server", wrong)(scope, receive, send)
            return
        scope.setdefault("state", {})["holder"] = holder
        await self._app(scope, receive, send)


def holder_of(request: Request) -> Holder:
    """Who asks."""
    holder: Holder = request.state.holder
    return holder


def needs(role: Role) -> Callable[[Request], Awaitable[None]]:
    """A dependency of routes that not everybody may use: 403 for those whose role is less."""

    async def check(request: Request) -> None:
        refuse_less_than(role, holder_of(request))

    return check


def refuse_less_than(role: Role, holder: Holder) -> None:
    """Refuses who may do less than a role.

    Raises:
        HTTPException: 403.
    """
    if ROLES.index(holder.role) < ROLES.index(role):
        raise HTTPException(403, f"this takes the role {role}; the token {holder.name!r} is of a {holder.role}")


def _is_browser(scope: Scope) -> bool:
    """Whether somebody opened a page, or logs out of a session that is over, who is better shown where to log in."""
    is_page = scope["method"] == "GET" and not scope["path"].startswith(("/api/", "/static/", "/openapi"))
    is_page = is_page or (scope["method"], scope["path"]) == ("POST", "/logout")
    return is_page and "text/html" in Headers(scope=scope).get("accept", "")


def _asked(scope: Scope) -> str:
    """The page that was asked for, with what is behind its question mark; the first page for whoever logs out."""
    if scope["method"] != "GET":
        return "/"
    question = scope["query_string"].decode("latin-1")
    return f"{quote(scope['path'])}?{question}" if question else quote(scope["path"])


def _bearer(header: str | None) -> str | None:
    """The token in an ``Authorization`` header, None where there is none."""
    scheme, _, token = (header or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None
