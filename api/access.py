"""Who may ask over HTTP: whoever has the bearer token."""

import hashlib
import re
import secrets
from dataclasses import dataclass, field

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import problem
from gallery.errors import ConfigError

VARIABLE = "PASSERBY_TOKEN"
"""The environment variable that holds the token: arguments of a command can be read by everybody on the machine."""

OPEN_PATHS = frozenset({"/healthz", "/login", "/static/pages.css", "/static/icon.svg"})
"""All that answers without a token."""

LEAST_PUBLIC_CHARACTERS = 16
"""A shorter token could be guessed by those who can try over a network."""

_SENDABLE = re.compile(r"[A-Za-z0-9\-._~+/]+=*")  # RFC 6750, section 2.1


@dataclass(frozen=True)
class Token:
    """The secret that clients send.

    Attributes:
        value: The secret itself.
        is_new: Whether it was made just now, so that somebody has to be told.
    """

    value: str = field(repr=False)
    is_new: bool


def choose_token(given: str | None, host: str, *, is_public: bool) -> Token:
    """The token of a server: the one that was given, else a random one.

    Args:
        given: What ``PASSERBY_TOKEN`` says, None where it is not set.
        host: The address to listen on, for messages.
        is_public: Whether other machines can reach it.

    Raises:
        ConfigError: If the token cannot be sent in a header, or the address is public and none, or a short one, is set.
    """
    if given is None:
        if is_public:
            raise ConfigError(
                f"--host {host} lets other machines in: set {VARIABLE} first, for example to `openssl rand -hex 32`"
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


class BearerAccess:
    """ASGI middleware: nothing but ``OPEN_PATHS`` answers without ``Authorization: Bearer TOKEN`` (RFC 6750).

    It stands before the routes, so that nobody learns without a token which paths there are.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._wanted = _digest(token.encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "lifespan" or scope["path"] in OPEN_PATHS:
            await self._app(scope, receive, send)
            return
        given = _bearer(Headers(scope=scope).get("authorization"))
        if given is not None and secrets.compare_digest(_digest(given), self._wanted):
            await self._app(scope, receive, send)
            return
        if given is None and _is_browser(scope):
            await RedirectResponse("/login", 303)(scope, receive, send)
            return
        refusal = (
            problem(401, "send the server's token: Authorization: Bearer TOKEN", {"WWW-Authenticate": "Bearer"})
            if given is None
            else problem(401, "this is not the server's token", {"WWW-Authenticate": 'Bearer error="invalid_token"'})
        )
        await refusal(scope, receive, send)


def _is_browser(scope: Scope) -> bool:
    """Whether somebody opened a page, who is better shown where to log in."""
    is_page = scope["path"] == "/" or scope["path"].startswith("/cameras")
    return is_page and scope["method"] == "GET" and "text/html" in Headers(scope=scope).get("accept", "")


def _bearer(header: str | None) -> bytes | None:
    """The token in an ``Authorization`` header, None where there is none."""
    scheme, _, token = (header or "").partition(" ")
    return token.strip().encode("latin-1") if scheme.lower() == "bearer" else None


def _digest(token: bytes) -> bytes:
    """Of the same length for all tokens, so that comparing takes the same time for all."""
    return hashlib.sha256(token).digest()
