"""How a page is made from its template."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

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


@cache
def templates() -> Environment:
    """The templates, which write no text into a page unescaped."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["moment"] = moment
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
    """A page from its template, for whoever asks."""
    holder = getattr(request.state, "holder", None)
    text = templates().get_template(name).render(holder=holder, **values)
    return HTMLResponse(text, status, {**SECURITY, **(headers or {})})
