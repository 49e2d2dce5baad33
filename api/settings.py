"""Settings over HTTP: how long things are kept, which networks there are, how much room things take."""

import shutil
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from api.access import holder_of, needs
from api.jobs import gallery_of
from api.problems import problem_responses
from api.retention import MOST_DAYS, Retention, choose_retention, retention_of, would_erase
from gallery.audit import AuditLog

Days = Annotated[int | None, Field(ge=1, le=MOST_DAYS)]


class RetentionChoice(BaseModel):
    """For how many days things are kept; null for ever."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"footage_days": 30, "query_days": 30, "upload_days": None}]},
    )

    footage_days: Days = Field(None, description="Tracklets, counted from when they were filmed")
    query_days: Days = Field(30, description="Questions, counted from when they were asked")
    upload_days: Days = Field(None, description="Uploaded videos, counted from when they came")


class RetentionEffect(BaseModel):
    """What a choice does."""

    chosen: RetentionChoice
    would_erase: int = Field(description="Tracklets that are older now; they go within a day")


class InstalledModel(BaseModel):
    """A network that can be used."""

    name: str
    kind: str = Field(description="detector or embedder")
    licence: str
    summary: str
    in_use: bool = Field(description="Whether it finds people for this server, or made the gallery's vectors")


class About(BaseModel):
    """The server, its networks and its room."""

    version: str
    embedder: str | None = Field(description="Whose vectors the gallery holds; null while it is empty")
    detector: str = Field(description="That the server uses")
    models: list[InstalledModel]
    bytes_by_part: dict[str, int] = Field(description="Room on the disk: database, crops, uploads, jobs, reports")
    bytes_free: int


about = APIRouter()
choosing = APIRouter(dependencies=[Depends(needs("admin"))])


@about.get("/about", responses=problem_responses())
def about_server(request: Request) -> About:
    """What this server is made of: its networks, and the room that the gallery takes."""
    from ingest.catalogue import installed, shipped
    from ingest.models import BUILT_IN, resolve_detector

    gallery = gallery_of(request)
    embedder = gallery.embedder
    detector = resolve_detector(request.app.state.service.detector_name)
    in_use = {detector, None if embedder is None else embedder.name}
    built_in = [
        InstalledModel(name=name, kind=kind, licence="Apache-2.0", summary="part of the package", in_use=name in in_use)
        for kind, names in BUILT_IN.items()
        for name in names
    ]
    networks = {**shipped(), **{one.network.name: one for one in installed()}}
    found = [
        InstalledModel(
            name=name,
            kind=one.network.kind,
            licence=one.network.licence,
            summary=one.network.summary,
            in_use=name in in_use,
        )
        for name, one in sorted(networks.items())
    ]
    return About(
        version=metadata.version("passerby"),
        embedder=None if embedder is None else embedder.name,
        detector=detector,
        models=built_in + found,
        bytes_by_part={
            "database": sum(path.stat().st_size for path in gallery.folder.glob("gallery.sqlite*")),
            **{part: size_of(gallery.folder / part) for part in ("crops", "uploads", "jobs", "reports")},
        },
        bytes_free=shutil.disk_usage(gallery.folder).free,
    )


@choosing.get("/settings", responses=problem_responses(403))
def settings(request: Request) -> RetentionChoice:
    """For how long things are kept."""
    return RetentionChoice(**asdict(retention_of(gallery_of(request))))


@choosing.put("/settings", responses=problem_responses(400, 403, 422))
def choose_settings(
    request: Request,
    choice: RetentionChoice,
    trial: Annotated[bool, Query(description="Only say what it would do")] = False,
) -> RetentionEffect:
    """Chooses for how long things are kept. What is older goes within a day, for good."""
    gallery, chosen = gallery_of(request), Retention(**choice.model_dump())
    effect = RetentionEffect(chosen=choice, would_erase=would_erase(gallery, chosen))
    if not trial:
        choose_retention(gallery, chosen)
        log: AuditLog = request.app.state.audit
        log.note(holder_of(request).name, "settings", **choice.model_dump())
    return effect


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder; 0 if there is none."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0
