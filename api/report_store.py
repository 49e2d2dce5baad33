"""The reports in a gallery's folder: read, never written, and each named by its folder."""

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, Field, ValidationError

from api.messages import Instant
from api.report_folder import CROP, CROPS, PAGE, RESULT
from api.report_messages import BadReport, Curve, Report
from api.run_file import FORMAT, Run, Share, first_fault, read_run
from api.scene_report import FORMAT as SCENE_FORMAT
from gallery.errors import ConfigError, QueryError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""Names of folders that are looked at."""
PICTURES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".bmp": "image/bmp"}
MOST_BYTES = 200_000_000
"""Of a result: one of 3,368 queries has 1 MB."""

Points = list[tuple[Share, Share]]


class _Reranked(BaseModel):
    cmc: list[Share] = []


class _Market(BaseModel):
    """What a market result tells beside ``Run``."""

    made: Instant
    cmc: list[Share] = []
    reranked: _Reranked | None = None
    intervals: dict[str, Any] = {}
    roc: Points | None = None


class _Embedder(BaseModel):
    name: str
    sha256: str


class _Scene(BaseModel):
    """A result of ``passerby evaluate scene --report``."""

    format: Literal["passerby-scene-1"]
    made: Instant
    source: str
    detector: str
    embedder: _Embedder
    oracle: str | None
    rerank: bool
    precision: str
    device: str
    queries: Annotated[int, Field(ge=0)]
    absent_queries: int
    rank1: Share | None
    mAP: Share | None  # noqa: N815 - the field's name
    sighting_precision: Share | None
    sighting_recall: Share | None
    sighting_f1: Share | None
    not_found_correct: Share | None
    per_camera: dict[str, dict[str, float | None]]
    versions: dict[str, str] = {}


class ReportStore:
    """Reports by name. What was read is kept until its file changes. May be used from several threads.

    Args:
        folder: Where the folders of reports lie; it need not be there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._guard = threading.Lock()
        self._known: dict[str, tuple[tuple[int, int], Report]] = {}

    def all(self) -> tuple[list[Report], list[BadReport]]:
        """All reports, the newest first, and what lies among them without being one."""
        found, bad = [], []
        for name in self._names():
            try:
                found.append(self.read(name))
            except (ConfigError, QueryError) as error:
                bad.append(BadReport(name=name, reason=str(error)))
        return sorted(found, key=lambda report: (report.made, report.name), reverse=True), bad

    def read(self, name: str) -> Report:
        """One report.

        Raises:
            QueryError: If there is none of that name.
            ConfigError: If it is damaged.
        """
        path = self.file(name, RESULT)
        try:
            state = path.stat()
        except OSError as error:
            raise QueryError(f"report {name!r} was taken away meanwhile") from error
        stamp = (state.st_mtime_ns, state.st_size)
        with self._guard:
            known = self._known.get(name)
        if known is not None and known[0] == stamp:
            return known[1].model_copy(update={"page": self._page(name)})
        report = read_report(name, path, self._page(name))
        with self._guard:
            self._known[name] = stamp, report
        return report

    def run(self, name: str) -> Run:
        """A report on Market-1501's protocol with what each query scores, for comparing.

        Raises:
            QueryError: If there is none of that name.
            ConfigError: If it is damaged, or of another kind.
        """
        return read_run(self.file(name, RESULT))

    def file(self, name: str, wanted: str) -> Path:
        """A file of a report: its page, its result, or ``crops/NAME``.

        Raises:
            QueryError: If there is no such report or file. What leads out of the folder is none.
        """
        folder, _, crop = wanted.rpartition("/")
        is_ours = wanted in (PAGE, RESULT) or (
            folder == CROPS and CROP.fullmatch(crop) is not None and Path(crop).suffix in PICTURES
        )
        path = self.folder / name / wanted
        if not NAME.fullmatch(name) or not is_ours or path.is_symlink() or not path.is_file():
            raise QueryError(f"there is no report {name!r} with {wanted!r}; /api/v1/reports lists all reports")
        return path

    def _names(self) -> Iterator[str]:
        if self.folder.is_dir():
            for path in sorted(self.folder.iterdir()):
                if path.is_dir() and NAME.fullmatch(path.name):
                    yield path.name

    def _page(self, name: str) -> str | None:
        return file_url(name, PAGE) if (self.folder / name / PAGE).is_file() else None


def file_url(name: str, wanted: str) -> str:
    """Where a file of a report is, on this server."""
    return f"/api/v1/reports/{quote(name, safe='')}/{wanted}"


def read_report(name: str, path: Path, page: str | None) -> Report:
    """Reads the result of either kind.

    Raises:
        ConfigError: If it is none.
    """
    if path.stat().st_size > MOST_BYTES:
        raise ConfigError(f"{name}/{RESULT} is larger than {MOST_BYTES // 1_000_000} MB; it is no result of ours")
    try:
        known = json.loads(path.read_bytes())
        form = known.get("format") if isinstance(known, dict) else None
        if form == FORMAT:
            return _market(name, read_run(path), _Market.model_validate(known), page)
        if form == SCENE_FORMAT:
            return _scene(name, _Scene.model_validate(known), page)
    except ValidationError as error:
        raise ConfigError(f"{name}/{RESULT} is damaged ({first_fault(error)}); evaluate again") from error
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{name}/{RESULT} cannot be read ({error}); evaluate again") from error
    raise ConfigError(f"{name}/{RESULT} is no result of `passerby evaluate` with --report; move the folder away")


def _market(name: str, run: Run, more: _Market, page: str | None) -> Report:
    curves = [("cosine", more.cmc), ("re-ranked", more.reranked.cmc if more.reranked else [])]
    return Report(
        name=name,
        kind="market1501",
        made=more.made,
        network=run.embedder.name if run.embedder else None,
        data=Path(run.source).name,
        source=run.source,
        queries=run.queries,
        scores=dict(run.values()),
        page=page,
        result=file_url(name, RESULT),
        reranked=dict(run.reranked.values()) if run.reranked else None,
        intervals={
            measure: (ends[0], ends[1])
            for measure, ends in more.intervals.items()
            if measure in run.values() and isinstance(ends, list) and len(ends) == 2
        },
        cmc=[
            Curve(name=kind, points=[(float(rank), share) for rank, share in enumerate(shares, start=1)])
            for kind, shares in curves
            if shares
        ],
        roc=Curve(name="pairs", points=more.roc) if more.roc else None,
        pairs={measure: rate for measure, rate in run.verification.values().items() if rate is not None},
        cameras=None,
        settings={"gallery": str(run.gallery), **run.settings()},
    )


def _scene(name: str, scene: _Scene, page: str | None) -> Report:
    measures = ("rank1", "mAP", "sighting_precision", "sighting_recall", "sighting_f1", "not_found_correct")
    return Report(
        name=name,
        kind="scene",
        made=scene.made,
        network=scene.embedder.name,
        data=Path(scene.source).name,
        source=scene.source,
        queries=scene.queries,
        scores={measure: getattr(scene, measure) for measure in measures},
        page=page,
        result=file_url(name, RESULT),
        reranked=None,
        intervals={},
        cmc=[],
        roc=None,
        pairs={},
        cameras=scene.per_camera,
        settings={
            "source": scene.source,
            "detector": scene.detector,
            "embedder": scene.embedder.name,
            "embedder_sha256": scene.embedder.sha256,
            "truth in place of": {"boxes": "the detector", "tracks": "detector and tracker"}.get(
                scene.oracle or "", "nothing"
            ),
            "rerank": "on" if scene.rerank else "off",
            "precision": scene.precision,
            "device": scene.device,
            "absent_queries": str(scene.absent_queries),
            **{f"version of {package}": version for package, version in scene.versions.items()},
        },
    )
