"""What a job asks for, and the command that does it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from api.report_store import NAME
from gallery.feeds import Feed, FeedTable
from gallery.jobs import JobRow
from gallery.roles import Role
from gallery.store import Gallery
from gallery.uploads import UploadTable
from ingest.runtime import Device, Precision
from ingest.zones import NO_ZONES, Zones
from retrieval.recordings import zones_in


class TrackWish(BaseModel):
    """Follow the people of one video that was uploaded."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"kind": "track", "upload": "5f0c2b9d8e7a6c5b4a392817"}]}
    )

    kind: Literal["track"]
    upload: str = Field(description="Id of the upload")
    confidence: float | None = Field(None, ge=0, le=1, description="Least confidence of a detection; the detector's")
    max_cosine_distance: float | None = Field(
        None, gt=0, le=2, description="Looks that differ more are not one person; the embedder's"
    )
    join: bool = Field(False, description="Join tracks of one person when it is over")


class ReembedWish(BaseModel):
    """Embed the whole gallery anew with another network."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"kind": "reembed", "embedder": "passerby-small"}]}
    )

    kind: Literal["reembed"]
    embedder: str = Field(min_length=1, max_length=200, description="A name of the installed models, or auto")


class EvaluateWish(BaseModel):
    """Measure a network on a data set that lies on the server's disk."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"kind": "evaluate", "folder": "/data/market1501", "name": "small-market"}]},
    )

    kind: Literal["evaluate"]
    folder: str = Field(min_length=1, max_length=4096, description="In Market-1501's layout")
    name: str = Field(description="Of the report")
    embedder: str = Field("auto", min_length=1, max_length=200, description="Name of an installed model")
    rerank: bool = Field(False, description="Measure k-reciprocal re-ranking, too")

    @field_validator("name")
    @classmethod
    def check_name(cls, name: str) -> str:
        """Refuses a name that could not be a folder's.

        Raises:
            ValueError: Saying what is allowed.
        """
        if not NAME.fullmatch(name):
            raise ValueError("use 1-100 letters, digits, '_', '.' or '-', a letter or digit first")
        return name

    @field_validator("folder")
    @classmethod
    def check_folder(cls, folder: str) -> str:
        """Refuses what is no whole path: it would be taken for an option, or count from where the server was started.

        Raises:
            ValueError: Saying what is wrong.
        """
        if not folder.startswith("/") or not folder.isprintable():
            raise ValueError(f"{folder!r} does not begin with /; give the whole path on the server's disk")
        return folder


JobWish = Annotated[TrackWish | ReembedWish | EvaluateWish, Field(discriminator="kind")]

LEAST_ROLE: Mapping[str, Role] = {"track": "operator", "reembed": "admin", "evaluate": "admin"}
"""Who may ask for it. An evaluation reads what folders of the server the asker names."""


def job_folder(folder: Path, job_id: str) -> Path:
    """Where a job of the gallery in a folder keeps what it makes."""
    return folder / "jobs" / job_id


def previews(folder: Path) -> Path:
    """Where the newest picture of each camera is while it is read, of the gallery in a folder."""
    return folder / "previews"


class Commands:
    """Makes the commands of jobs.

    Args:
        gallery: What they work on.
        detector: The server's.
        threads: For a job that runs alone; live cameras have one each.
        device: Where networks run.
        precision: What they compute in.
    """

    def __init__(self, gallery: Gallery, detector: str, threads: int, device: Device, precision: Precision) -> None:
        self._gallery = gallery
        self._folder = gallery.folder
        self._feeds = FeedTable(gallery.database)
        self._uploads = UploadTable(gallery.database, gallery.folder)
        self._networks = ["--device", device, "--precision", precision]
        self._detector = ["--detector", detector]
        self._threads = threads

    def folder(self, job_id: str) -> Path:
        """Where a job keeps what it makes."""
        return job_folder(self._folder, job_id)

    @property
    def previews(self) -> Path:
        """Where the newest picture of each camera is while it is read."""
        return previews(self._folder)

    def arguments(self, job: JobRow, *, live: bool = False) -> list[str]:
        """The command line of a job, without ``passerby``.

        Raises:
            QueryError: If the camera or the upload that it speaks of is gone.
        """
        asked = job.request
        threads = ["--threads", str(1 if live else self._threads)]
        if job.kind == "ingest":
            feed = self._feeds.get(str(asked["camera"]))
            start = feed.settings.get("start")
            source = f"{feed.camera}={feed.source}" + (f"@{start}" if start else "")
            shown = ["--preview", str(self.previews)]
            seen = self._zones(feed, job.id)
            return ["ingest", source, *self._data, *shown, *seen, *self._detector, *self._networks, *threads]
        if job.kind == "track":
            path = self._uploads.get(str(asked["upload"])).path
            out = ["--out", str(self.folder(job.id)), "--original", "--json"]
            chosen = [
                part
                for name in ("confidence", "max_cosine_distance")
                if asked.get(name) is not None
                for part in (f"--{name.replace('_', '-')}", str(asked[name]))
            ]
            joined = ["--join"] if asked.get("join") else []
            return ["track", str(path), *out, *chosen, *joined, *self._detector, *self._networks, *threads]
        if job.kind == "reembed":
            device = self._networks[:2]
            return ["reembed", "--embedder", str(asked["embedder"]), *self._data, *device, *threads]
        report = ["--report", str(self._folder / "reports" / str(asked["name"])), "--json"]
        again = ["--rerank"] if asked.get("rerank") else []
        chosen = ["--embedder", str(asked["embedder"])]
        return ["evaluate", "market1501", str(asked["folder"]), *report, *chosen, *again, *self._networks, *threads]

    def _zones(self, feed: Feed, job_id: str) -> list[str]:
        """The option that says what of a camera is not looked at: as was chosen, else as it was ingested last."""
        known = feed.camera in {row.name for row in self._gallery.cameras()}
        before = self._gallery.ingests(feed.camera) if known else []
        chosen = feed.settings.get("zones")
        zones = Zones.from_text(chosen) if chosen else zones_in(before[-1].settings) if before else NO_ZONES
        if not zones:
            return []
        folder = self.folder(job_id)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = folder / "zones.toml"
        parts = {name: [list(map(list, polygon)) for polygon in getattr(zones, name)] for name in ("ignore", "mask")}
        lines = [f"{name} = {json.dumps(polygons)}" for name, polygons in parts.items()]
        file.write_text("\n".join([f"[{json.dumps(feed.camera, ensure_ascii=False)}]", *lines, ""]), encoding="utf-8")
        return ["--zones", str(file)]

    @property
    def _data(self) -> list[str]:
        return ["--data", str(self._folder), "--json"]
