"""How a page is made from its template."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from api.language import HTML_LANGUAGES, LANGUAGES, N_, language_of, script_words, translations

FOLDER = Path(__file__).parent

SECURITY = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob:; media-src 'self' blob:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""Nothing from another host, no script within a page, in no frame; answers about people are kept by nobody."""


ROLE_NAMES = {"viewer": N_("viewer"), "operator": N_("operator"), "admin": N_("admin")}


@cache
def templates(language: str) -> Environment:
    """The templates in a language, which write no text into a page unescaped."""
    environment = Environment(
        extensions=["jinja2.ext.i18n"],
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    environment.globals |= {
        "moment": moment,
        "language": language,
        "html_language": HTML_LANGUAGES[language],
        "languages": LANGUAGES,
        "html_languages": HTML_LANGUAGES,
        "role_names": ROLE_NAMES,
        "script_words": script_words(language),
    }
    return environment


def moment(time: datetime) -> Markup:
    """A time as a page shows it before its script puts it into the viewer's zone.

    >>> str(moment(datetime(2024, 5, 1, 8, tzinfo=UTC)))
    '<time datetime="2024-05-01T08:00:00+00:00">2024-05-01 08:00:00 UTC</time>'
    """
    shown = time.astimezone(UTC)
    return Markup('<time datetime="{}">{:%Y-%m-%d %H:%M:%S} UTC</time>').format(shown.isoformat(), shown)


def page(
    request: Request, name: str, status: int = 200, headers: dict[str, str] | None = None, **values: Any
) -> HTMLResponse:
    """A page from its template, for whoever asks, in their language."""
    language = language_of(request)
    holder = getattr(request.state, "holder", None)
    text = templates(language).get_template(name).render(holder=holder, here=path_of(request), **values)
    return HTMLResponse(text, status, {**SECURITY, "Content-Language": HTML_LANGUAGES[language], **(headers or {})})


def path_of(request: Request) -> str:
    """The page that is asked for, as its address has it, with its query."""
    raw: bytes = request.scope.get("raw_path") or quote(request.scope["path"]).encode()
    path = raw.decode("latin-1")
    return f"{path}?{request.url.query}" if request.url.query else path
