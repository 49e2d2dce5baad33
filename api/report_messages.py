"""Evaluation reports as they go over HTTP."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.messages import Instant

Kind = Literal["market1501", "scene"]

_SUMMARY: dict[str, Any] = {
    "name": "small-2024-05",
    "kind": "market1501",
    "made": "2024-05-01T08:00:12.000Z",
    "network": "passerby-small",
    "data": "Market-1501-v15.09.15",
    "source": "/data/Market-1501-v15.09.15",
    "queries": 3368,
    "scores": {"mAP": 0.512, "rank1": 0.731, "rank5": 0.861, "rank10": 0.902, "mINP": 0.201},
    "page": "/api/v1/reports/small-2024-05/index.html",
    "result": "/api/v1/reports/small-2024-05/result.json",
}


class ReportSummary(BaseModel):
    """One evaluation that was made with ``--report``."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SUMMARY]})

    name: str = Field(description="Of its folder")
    kind: Kind = Field(description="What was evaluated: an embedder on Market-1501's protocol, or the path on a scene")
    made: Instant
    network: str | None = Field(description="The embedder; null where the vectors came from a file")
    data: str = Field(description="Name of the data's folder or file")
    source: str = Field(description="Where that was")
    queries: int = Field(description="How many were scored")
    scores: dict[str, float | None] = Field(description="By measure, fractions 0-1")
    page: str | None = Field(description="URL of the whole report as a page, null where it has none")
    result: str = Field(description="URL of all its figures as JSON")


class Curve(BaseModel):
    """A curve with its name."""

    name: str
    points: list[tuple[float, float]] = Field(description="x and y, in order of x")


class Report(ReportSummary):
    """One evaluation with its curves and settings."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_SUMMARY,
                    "reranked": None,
                    "intervals": {"mAP": [0.487, 0.537]},
                    "cmc": [{"name": "cosine", "points": [[1, 0.731], [2, 0.79]]}],
                    "roc": {"name": "pairs", "points": [[0.001, 0.61], [1.0, 1.0]]},
                    "pairs": {"auc": 0.981, "eer": 0.062, "TAR at FAR 0.001": 0.61},
                    "cameras": None,
                    "settings": {"embedder": "passerby-small", "flip": "off"},
                }
            ]
        }
    )

    reranked: dict[str, float | None] | None = Field(description="The same scores after re-ranking")
    intervals: dict[str, tuple[float | None, float | None]] = Field(description="95 % intervals, by measure")
    cmc: list[Curve] = Field(description="Rank, and the share of queries with a right answer so far")
    roc: Curve | None = Field(description="Pairs of two people accepted, and of one; null in older reports")
    pairs: dict[str, float | None] = Field(description="Rates over pairs")
    cameras: dict[str, dict[str, float | None]] | None = Field(description="Of a scene: tracking scores by camera")
    settings: dict[str, str] = Field(description="All that the figures depend on")


class BadReport(BaseModel):
    """A folder that is no report."""

    name: str
    reason: str


class Reports(BaseModel):
    """All reports, the newest first."""

    reports: list[ReportSummary]
    unreadable: list[BadReport] = Field(description="Folders among them that are no report, and why")
