"""The page "Evaluate": past evaluations, their curves, and two side by side."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.compare_command import compared
from api.curve_svg import cmc_chart, roc_chart
from api.language import N_, gettext_of
from api.page import page
from api.report_messages import Curve, Report
from api.report_store import ReportStore
from api.report_words import NAMES, curve_name, setting_name, setting_value, why_not_paired
from gallery.errors import ConfigError, QueryError
from retrieval.bootstrap import LEVEL

TILES = {"market1501": ("rank1", "rank5", "mAP", "mINP"), "scene": ("rank1", "mAP", "sighting_f1", "not_found_correct")}

evaluate_pages = APIRouter(include_in_schema=False)


@evaluate_pages.get("/evaluate")
def evaluate(request: Request) -> Response:
    """All reports, the newest first."""
    store = _store(request)
    found, bad = store.all()
    return page(request, "evaluate.html", section="evaluate", reports=found, bad=bad, folder=store.folder)


@evaluate_pages.get("/evaluate/reports/{name}")
def one_report(request: Request, name: str) -> Response:
    """One report: scores with their intervals, curves and settings."""
    try:
        report = _store(request).read(name)
    except (ConfigError, QueryError) as error:
        return _refusal(request, error)
    gettext = gettext_of(request)
    rankings, pairs = (
        [Curve(name=curve_name(one.name, gettext), points=one.points) for one in curves]
        for curves in (report.cmc, [report.roc] if report.roc else [])
    )
    return page(
        request,
        "evaluate_report.html",
        section="evaluate",
        report=report,
        names=NAMES,
        tiles=TILES[report.kind],
        level=f"{LEVEL:.0%}",
        cmc=cmc_chart(rankings, gettext) if rankings else None,
        roc=roc_chart(pairs, gettext) if pairs else None,
        rankings=[curve.name for curve in rankings],
        settings=[
            (setting_name(name, gettext), setting_value(value, gettext)) for name, value in report.settings.items()
        ],
    )


@evaluate_pages.get("/evaluate/compare")
def compare(request: Request, report: Annotated[list[str], Query()] = []) -> Response:  # noqa: B006 - FastAPI copies it
    """Two reports side by side: the numbers of ``passerby compare``."""
    if len(report) != 2 or report[0] == report[1]:
        return _refusal(request, QueryError(gettext_of(request)(N_("choose two reports to compare"))), 422)
    store = _store(request)
    try:
        a, b = store.read(report[0]), store.read(report[1])
        found = differences(store, a, b)
    except (ConfigError, QueryError) as error:
        return _refusal(request, error, 404 if isinstance(error, QueryError) else 422)
    gettext = gettext_of(request)
    return page(
        request,
        "evaluate_compare.html",
        section="evaluate",
        a=a,
        b=b,
        found=found,
        settings=[
            (setting_name(name, gettext), [setting_value(value, gettext) for value in values])
            for name, values in found["settings"].items()
        ],
        not_paired_because=why_not_paired(found["not_paired_because"] or "", gettext),
        names=NAMES,
        level=f"{LEVEL:.0%}",
        cmc=cmc_chart(_named(a, b, [one.cmc[0] for one in (a, b) if one.cmc]), gettext) if a.cmc and b.cmc else None,
        roc=roc_chart(_named(a, b, [one.roc for one in (a, b) if one.roc]), gettext) if a.roc and b.roc else None,
    )


def differences(store: ReportStore, a: Report, b: Report) -> dict[str, Any]:
    """What ``passerby compare`` says of two reports.

    Raises:
        ConfigError: If they are not of one kind, or one is damaged.
    """
    if a.kind != b.kind:
        raise ConfigError(f"{a.name} and {b.name} are of two kinds: an embedder alone, and a whole scene")
    return compared(store.run(a.name), store.run(b.name)) if a.kind == "market1501" else side_by_side(a, b)


def side_by_side(a: Report, b: Report) -> dict[str, Any]:
    """Two scenes with the keys of ``compared``; nothing is said of chance, since a scene has too few people."""
    rows = {}
    for name, value in a.scores.items():
        other = b.scores.get(name)
        change = None if value is None or other is None else other - value
        rows[name] = {"a": value, "b": other, "difference": change, "low": None, "high": None, "p_value": None}
    settings = {
        name: [a.settings.get(name), b.settings.get(name)]
        for name in {**a.settings, **b.settings}
        if a.settings.get(name) != b.settings.get(name)
    }
    return {
        "same_data": a.source == b.source,
        "paired": False,
        "not_paired_because": "a scene has too few people",
        "people": None,
        "scores": rows,
        "reranked": None,
        "verification": {},
        "settings": settings,
    }


def _named(a: Report, b: Report, curves: list[Curve]) -> list[Curve]:
    return [Curve(name=one.name, points=curve.points) for one, curve in zip((a, b), curves, strict=True)]


def _refusal(request: Request, error: Exception, status: int | None = None) -> Response:
    code = status or (404 if isinstance(error, QueryError) else 422)
    return page(request, "evaluate_missing.html", code, section="evaluate", reason=str(error))


def _store(request: Request) -> ReportStore:
    store: ReportStore = request.app.state.reports
    return store
