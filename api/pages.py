"""The pages: what people see in a browser. They ask the same HTTP API that programs do."""

import math
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from api.access import KnownTokens
from api.attempts import Attempts
from api.cameras import listed_cameras
from api.language import N_
from api.language_choice import OWN_PATH
from api.page import FOLDER, SECURITY, page
from api.request_body import within_limit
from api.sessions import COOKIE, LIFE_SECONDS, Sessions, cookie_of, from_this_site
from gallery.errors import QueryError
from gallery.roles import ROLES
from gallery.store import Gallery

STATIC: dict[str, str] = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

MOST_FORM_BYTES = 4000
"""A log-in form is a token."""

AT_ONCE = 120
"""People on a page of a camera."""

pages = APIRouter(include_in_schema=False)


@pages.get("/")
def search(request: Request) -> Response:
    """The page on which people are searched."""
    gallery = request.app.state.service.gallery
    return page(request, "search.html", cameras=[row.name for row in gallery.cameras()], section="search")


@pages.get("/cameras")
def cameras(request: Request) -> Response:
    """All cameras: what they show, and how far they are."""
    found = listed_cameras(request.app.state.service.gallery)
    return page(request, "cameras.html", cameras=found, section="cameras")


@pages.get("/cameras/{name}")
def camera(
    request: Request,
    name: str,
    first: Annotated[int, Query(ge=0, le=2**31)] = 0,
    order: Literal["oldest", "newest"] = "oldest",
) -> Response:
    """Everybody whom one camera saw, in the order of time."""
    gallery: Gallery = request.app.state.service.gallery
    try:
        shown, total = gallery.camera_page(name, first, AT_ONCE, newest=order == "newest")
    except QueryError:
        return missing_camera(request, name)
    return page(
        request,
        "camera.html",
        section="cameras",
        camera=name,
        tracklets=shown,
        first=min(first, total),
        total=total,
        size=AT_ONCE,
        order=order,
    )


def missing_camera(request: Request, name: str) -> Response:
    """The page that says that there is no such camera."""
    return page(request, "missing.html", 404, section="cameras", camera=name)


@pages.get("/track")
def track(request: Request) -> Response:
    """One video: sent, followed, and played beside what was found in it."""
    return page(request, "track.html", section="track")


@pages.get("/settings")
def settings(request: Request) -> Response:
    """Tokens, retention, networks."""
    return page(request, "settings.html", section="settings", roles=ROLES)


@pages.get("/static/{name}")
def static(name: str) -> Response:
    """A style sheet, a script or a picture of the pages."""
    path = FOLDER / "static" / name
    if path.suffix not in STATIC or path.parent != FOLDER / "static" or not path.is_file():
        raise HTTPException(404, f"there is no {name!r}")
    headers = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    return Response(path.read_bytes(), media_type=STATIC[path.suffix], headers=headers)


@pages.get("/login")
def login(request: Request, key: str = "") -> Response:
    """Asks for a token; the link that the server prints needs none, once."""
    if not key:
        return login_page(request)
    token = sessions_of(request).accept(key)
    if token is None:
        return login_page(request, 401, N_("This link was used before. Log in with a token."))
    return logged_in(request, token)


@pages.post("/login")
async def log_in(request: Request) -> Response:
    """Begins a session."""
    if not from_this_site(request.headers):
        return login_page(request, 403, N_("This form was sent by another site."))
    attempts: Attempts = request.app.state.attempts
    client = "" if request.client is None else request.client.host
    wait = math.ceil(attempts.wait_seconds(client))
    if wait:
        return login_page(request, 429, N_("Too many attempts. Try again in %(seconds)s s."), wait)
    attempts.fail(client)
    token = await posted_token(request)
    tokens: KnownTokens = request.app.state.tokens
    if not token or await run_in_threadpool(tokens.holder, token) is None:
        return login_page(request, 401, N_("This is not a token of this server."))
    attempts.succeed(client)
    return logged_in(request, token)


def login_page(request: Request, status: int = 200, error: str = "", wait_seconds: int = 0) -> Response:
    """Asks for a token, and says what was wrong before."""
    headers = {"Retry-After": str(wait_seconds)} if wait_seconds else None
    return page(request, "login.html", status, headers, error=error, seconds=wait_seconds, way=way_on(request))


def way_on(request: Request) -> str:
    """The page that somebody wanted before they were asked to log in; the first one if that is none of this server's."""
    wanted = request.query_params.get("next", "/")
    return wanted if OWN_PATH.fullmatch(wanted) else "/"


@pages.post("/logout")
def log_out(request: Request) -> Response:
    """Ends the session."""
    sessions_of(request).end(cookie_of(request.headers))
    response = RedirectResponse("/login", 303, SECURITY)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return response


def logged_in(request: Request, token: str) -> Response:
    """The answer that gives a browser its session."""
    response = RedirectResponse(way_on(request), 303, SECURITY)
    response.set_cookie(
        COOKIE,
        sessions_of(request).begin(token),
        max_age=LIFE_SECONDS,
        path="/",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return response


def sessions_of(request: Request) -> Sessions:
    """The application's sessions."""
    sessions: Sessions = request.app.state.sessions
    return sessions


async def posted_token(request: Request) -> str:
    """The token in the form; empty if there is none, or the form is not one of ours."""
    bounded = await within_limit(request, MOST_FORM_BYTES, "send the token alone")
    async with bounded.form(max_files=0, max_fields=1) as form:
        token = form.get("token")
    return token.strip() if isinstance(token, str) else ""
