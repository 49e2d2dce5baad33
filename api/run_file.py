"""Reads the results that ``passerby evaluate market1501 --out FILE`` writes."""

from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, ValidationError, field_validator

from gallery.errors import ConfigError
from retrieval.market_findings import MEASURES

FORMAT: Literal["passerby-market1501-1"] = "passerby-market1501-1"
"""Says what a file is; the number rises when a key changes its meaning."""

TOLERANCE = 1e-6
Share = Annotated[float, Field(ge=0, le=1)]


class Measures(BaseModel):
    """What one ranking scores."""

    mAP: Share  # noqa: N815 - the field's name
    mAP_trapezoid: Share  # noqa: N815
    rank1: Share
    rank5: Share
    rank10: Share
    mINP: Share  # noqa: N815

    def values(self) -> dict[str, float]:
        """By name."""
        return {name: float(getattr(self, name)) for name in MEASURES}


class Reranked(Measures):
    """What re-ranking scores, and with which parameters."""

    k1: int
    k2: int
    lambda_value: float = Field(alias="lambda")


class QueryScores(BaseModel):
    """What one query scores."""

    first_rank: int = Field(ge=1)
    AP: Share
    AP_trapezoid: Share
    INP: Share

    def values(self) -> tuple[float, ...]:
        """In the order of ``MEASURES``."""
        return (self.AP, self.AP_trapezoid, *(float(self.first_rank <= k) for k in (1, 5, 10)), self.INP)


class Query(QueryScores):
    """One query: whom it shows, where, and what it scores."""

    image: str
    person: int
    camera: int
    reranked: QueryScores | None = None


class Rate(BaseModel):
    """A true accept rate."""

    far: Share
    tar: Share | None


class Pairs(BaseModel):
    """Rates over pairs."""

    auc: Share | None = None
    eer: Share | None = None
    tar_at_far: list[Rate] | None = None

    def values(self) -> dict[str, float | None]:
        """By name."""
        return {"auc": self.auc, "eer": self.eer, **{f"TAR at FAR {r.far:g}": r.tar for r in self.tar_at_far or ()}}


class Embedder(BaseModel):
    """Which network made the vectors."""

    name: str
    sha256: str
    dimension: int


class Run(Measures):
    """One evaluation. What ``--json`` prints is one too, though without what each query scores."""

    format: Literal["passerby-market1501-1"] | None = None
    queries: int = Field(ge=1)
    queries_without_match: int = Field(ge=0)
    gallery: int = Field(ge=1)
    reranked: Reranked | None
    verification: Pairs = Pairs()
    source: str
    embedder: Embedder | None
    flip: bool
    precision: str
    device: str
    batch: int | None = None
    data_sha256: str | None = None
    versions: dict[str, str] = {}
    per_query: list[Query] | None = None

    @field_validator("per_query")
    @classmethod
    def each_once(cls, queries: list[Query] | None) -> list[Query] | None:
        """Refuses two queries of one name, and puts them in the order of their names."""
        if queries is None:
            return None
        if len({query.image for query in queries}) != len(queries):
            raise ValueError("two queries have one name")
        return sorted(queries, key=lambda query: query.image)

    def settings(self) -> dict[str, str]:
        """How it was made, by name."""
        known = {
            "source": self.source,
            "embedder": self.embedder.name if self.embedder else "unknown",
            "embedder_sha256": self.embedder.sha256 if self.embedder else "unknown",
            "dimension": str(self.embedder.dimension) if self.embedder else "unknown",
            "flip": "on" if self.flip else "off",
            "precision": self.precision,
            "device": self.device,
            "batch": str(self.batch) if self.batch else "what is fastest",
            "rerank": f"k1 {self.reranked.k1}, k2 {self.reranked.k2}, lambda {self.reranked.lambda_value:g}"
            if self.reranked else "off",
        }  # fmt: skip
        return known | {f"version of {name}": version for name, version in self.versions.items()}

    @cached_property
    def people(self) -> NDArray[np.int64]:
        """(Q,) whom each query shows."""
        return np.array([query.person for query in self.per_query or ()], np.int64)

    def each(self, *, reranked: bool) -> dict[str, NDArray[np.float64]] | None:
        """(Q,) values of each measure; None where the queries have none."""
        if self.per_query is None:
            return None
        scores = [query.reranked if reranked else query for query in self.per_query]
        if None in scores:
            return None
        rows = np.array([one.values() for one in scores if one is not None])
        return dict(zip(MEASURES, rows.T, strict=True))


def read_run(path: Path) -> Run:
    """Reads a result.

    Raises:
        ConfigError: If the file cannot be read, is none, or contradicts itself.
    """
    try:
        run = Run.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}); name a result file") from error
    except ValidationError as error:
        raise ConfigError(
            f"{path} is no result of `passerby evaluate market1501` ({first_fault(error)}); write one with --out FILE"
        ) from error
    for reranked, told in ((False, run), (True, run.reranked)):
        each = run.each(reranked=reranked)
        if each is None or told is None:
            continue
        for name, value in told.values().items():
            if len(each[name]) != run.queries or not abs(each[name].mean() - value) <= TOLERANCE:
                raise ConfigError(f"{path} contradicts itself: its {name} is not that of its queries; evaluate again")
    return run


def first_fault(error: ValidationError) -> str:
    """What is wrong first, and where."""
    fault = error.errors()[0]
    where = ".".join(map(str, fault["loc"]))
    return f"{where}: {fault['msg']}" if where else fault["msg"]
