"""Choosing the language of the pages, with or without a session."""

import re

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from api.language import COOKIE, LANGUAGES, LIFE_SECONDS
from api.page import SECURITY
from api.request_body import within_limit
from api.sessions import from_this_site

MOST_FORM_BYTES = 8000
"""A language, and the path of the page on which it was chosen."""

OWN_PATH = re.compile(r"/(?!/)[!-\[\]-~]*")
"""A path of this server: printable ASCII, no backslash (which browsers read as a slash), not ``//elsewhere``."""

language_choice = APIRouter(include_in_schema=False)


@language_choice.post("/language")
async def choose_language(request: Request) -> Response:
    """Keeps the language for a year, and shows the page again on which it was chosen."""
    if not from_this_site(request.headers):
        raise HTTPException(403, "this form was sent by another site; choose the language on a page of this server")
    bounded = await within_limit(request, MOST_FORM_BYTES, "send a language and a path")
    async with bounded.form(max_files=0, max_fields=2) as form:
        language, back = str(form.get("language", "")), str(form.get("back", "/"))
    if language not in LANGUAGES:
        raise HTTPException(422, f"language {language[:20]!r} is none of the pages; choose {' or '.join(LANGUAGES)}")
    if not OWN_PATH.fullmatch(back):
        raise HTTPException(422, f"back {back[:80]!r} is no path of this server; give one that begins with one /")
    response = RedirectResponse(back, 303, SECURITY)
    response.set_cookie(
        COOKIE,
        language,
        max_age=LIFE_SECONDS,
        path="/",
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return response
