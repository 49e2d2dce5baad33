"""Browser sessions: a cookie that stands for a bearer token, which itself never leaves the server again.

Who may do what is asked of the token at every request, so a session ends with its token. Sessions live in memory: after
a restart people log in again.
"""

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import problem

COOKIE = "passerby_session"
LIFE_SECONDS = 12 * 3600
MOST_SESSIONS = 1000
"""The oldest goes when there are more."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Session:
    """One browser that has logged in.

    Attributes:
        token: The bearer token that it stands for.
        ends: When it is over, on the monotonic clock.
    """

    token: str
    ends: float


class Sessions:
    """All browsers that are logged in. May be used from several threads.

    Args:
        clock: Seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._guard = threading.Lock()
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._invitations: dict[str, str] = {}

    def begin(self, token: str) -> str:
        """Makes a session; gives what its cookie holds."""
        key = secrets.token_urlsafe(32)
        with self._guard:
            self._sessions[key] = Session(token, self._clock() + LIFE_SECONDS)
            while len(self._sessions) > MOST_SESSIONS:
                self._sessions.popitem(last=False)
        return key

    def token(self, key: str) -> str | None:
        """The token that a session stands for, None if there is none or it is over."""
        with self._guard:
            session = self._sessions.get(key)
            if session is not None and session.ends <= self._clock():
                del self._sessions[key]
                session = None
        return None if session is None else session.token

    def end(self, key: str) -> None:
        """Forgets a session."""
        with self._guard:
            self._sessions.pop(key, None)

    def invite(self, token: str) -> str:
        """A key that lets one browser in, once, without typing the token."""
        key = secrets.token_urlsafe(32)
        with self._guard:
            self._invitations[key] = token
        return key

    def accept(self, key: str) -> str | None:
        """The token that a key of ``invite`` is for; it works once."""
        with self._guard:
            return self._invitations.pop(key, None)


class SessionAccess:
    """ASGI middleware: turns the cookie of a session into the bearer token that it stands for.

    It stands before whoever checks tokens. What changes something and comes with the cookie alone must come from this very
    site (``Sec-Fetch-Site``, else ``Origin``): a page elsewhere cannot use the browser's session. Cookies are SameSite=Strict,
    too.
    """

    def __init__(self, app: ASGIApp, sessions: Sessions) -> None:
        self._app, self._sessions = app, sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        token = None if "authorization" in headers else self._sessions.token(cookie_of(headers))
        if token is None:
            await self._app(scope, receive, send)
            return
        if scope["method"] not in SAFE_METHODS and not from_this_site(headers):
            refusal = problem(
                403, "this request comes from another site; use the pages of this server, or send a token"
            )
            await refusal(scope, receive, send)
            return
        raw = [*scope["headers"], (b"authorization", f"Bearer {token}".encode("latin-1"))]

        async def not_kept(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).add_vary_header("Cookie")
            await send(message)

        await self._app({**scope, "headers": raw}, receive, not_kept)


def cookie_of(headers: Headers) -> str:
    """What the session's cookie holds, empty without one."""
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(headers.get("cookie", ""))
    except CookieError:
        return ""
    return jar[COOKIE].value if COOKIE in jar else ""


def from_this_site(headers: Headers) -> bool:
    """Whether a request was made by a page of this server: browsers say so, and pages cannot change what they say."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = headers.get("origin")
    return origin is not None and origin.partition("://")[2] == headers.get("host")
