"""Evaluation reports over HTTP: a list, each with its curves, and the files of each."""

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi import Path as InPath
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response

from api.problems import problem_responses
from api.report_folder import CROPS, PAGE, RESULT
from api.report_messages import Report, Reports, ReportSummary
from api.report_store import PICTURES, ReportStore
from gallery.errors import ConfigError, QueryError

PAGE_SECURITY = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'; sandbox allow-same-origin"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""Of a report's page, which is a file from somewhere: it may show its own pictures and styles, and run nothing. The same
origin stays, since its pictures need the session's cookie; without scripts and forms that gives it nothing else."""

_IMAGE = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in sorted(set(PICTURES.values()))}
_TEXT: dict[str, Any] = {"schema": {"type": "string"}}

reports = APIRouter()


async def _store(request: Request) -> ReportStore:
    store: ReportStore = request.app.state.reports
    return store


TheStore = Annotated[ReportStore, Depends(_store)]
Name = Annotated[str, InPath(description="Name of the report's folder")]


@reports.get("/reports", responses=problem_responses())
def list_reports(store: TheStore) -> Reports:
    """The evaluations that were made with `--report` into the gallery's folder `reports`, the newest first."""
    found, bad = store.all()
    return Reports(reports=[ReportSummary(**report.model_dump(include=_SUMMARY)) for report in found], unreadable=bad)


@reports.get("/reports/{name}", responses=problem_responses(404, 422))
def report(store: TheStore, name: Name) -> Report:
    """One evaluation with its curves and settings."""
    try:
        return store.read(name)
    except QueryError as error:
        raise HTTPException(404, f"there is no report {name!r}; /api/v1/reports lists all") from error
    except ConfigError as error:
        raise HTTPException(422, str(error)) from error


@reports.get(
    "/reports/{name}/index.html",
    response_class=Response,
    responses={200: {"description": "HTML", "content": {"text/html": _TEXT}}, **problem_responses(404, 422)},
)
def report_page(store: TheStore, name: Name) -> FileResponse:
    """The whole report as a page, which runs no script."""
    return FileResponse(_file(store, name, PAGE), media_type="text/html", headers=PAGE_SECURITY)


@reports.get(
    "/reports/{name}/result.json",
    response_class=Response,
    responses={
        200: {"description": "JSON", "content": {"application/json": {"schema": {"type": "object"}}}},
        **problem_responses(404, 422),
    },
)
def report_result(store: TheStore, name: Name) -> FileResponse:
    """All its figures, as `passerby compare` reads them."""
    return FileResponse(_file(store, name, RESULT), media_type="application/json", headers=_KEPT)


@reports.get(
    "/reports/{name}/crops/{picture}",
    response_class=Response,
    responses={200: {"description": "A picture", "content": _IMAGE}, **problem_responses(404, 422)},
)
def report_picture(store: TheStore, name: Name, picture: str) -> FileResponse:
    """A picture that the report's page shows."""
    path = _file(store, name, f"{CROPS}/{picture}")
    return FileResponse(path, media_type=PICTURES[path.suffix], headers=_KEPT)


_SUMMARY = set(ReportSummary.model_fields)
_KEPT = {"Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff"}


def _file(store: ReportStore, name: str, wanted: str) -> Path:
    try:
        return store.file(name, wanted)
    except QueryError as error:
        raise HTTPException(404, str(error)) from error
