"""Ingests, their cameras and the embedder, as rows of SQL."""

import json
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from gallery import schema
from gallery.errors import GalleryError
from gallery.ingest_spec import IngestProgress, IngestSpec
from gallery.instants import from_microseconds, optional_instant, optional_microseconds, to_microseconds
from gallery.rows import LIVE, Span
from gallery.tracklet import EmbedderIdentity
from gallery.tracklet_rows import now

IngestRow = Row[Any]


def claim_embedder(connection: Connection, place: str, wanted: EmbedderIdentity) -> int:
    """Row of the gallery's embedder, which becomes ``wanted`` if the gallery holds no vectors yet.

    Raises:
        GalleryError: If the gallery holds vectors of another embedder.
    """
    row = connection.execute(sa.select(schema.embedders)).one_or_none()
    if row is not None:
        known = EmbedderIdentity(row.name, row.sha256, row.dimension)
        if known == wanted:
            return int(row.id)
        if connection.scalar(sa.select(schema.vectors.c.tracklet).limit(1)) is not None:
            raise GalleryError(embedder_conflict(place, known, wanted))
        connection.execute(sa.delete(schema.embedders))
    return _insert(connection, schema.embedders, name=wanted.name, sha256=wanted.sha256, dimension=wanted.dimension)


def embedder_conflict(place: str, known: EmbedderIdentity, wanted: EmbedderIdentity) -> str:
    """One line that says why vectors of one embedder cannot go among those of another."""
    return (
        f"gallery {place} holds vectors of embedder {_describe(known)}, which cannot be compared with those of "
        f"{_describe(wanted)}: ingest with --embedder {known.name}, or into another folder by --data"
    )


def claim_camera(connection: Connection, name: str) -> int:
    """Row of a camera, made if there is none."""
    found = connection.scalar(sa.select(schema.cameras.c.id).where(schema.cameras.c.name == name))
    return int(found) if found is not None else _insert(connection, schema.cameras, name=name)


def find_ingest(connection: Connection, key: str) -> IngestRow | None:
    """The ingest of that key, if it was ever begun."""
    return connection.execute(sa.select(schema.ingests).where(schema.ingests.c.key == key)).one_or_none()


def add_ingest(connection: Connection, camera: int, spec: IngestSpec) -> int:
    """Note a new ingest as running; gives its row."""
    return _insert(
        connection,
        schema.ingests,
        key=spec.key,
        camera=camera,
        source=spec.source,
        source_hash=spec.source_hash,
        start=to_microseconds(spec.start),
        start_origin=spec.start_origin,
        fps=spec.fps,
        detector=spec.detector,
        settings=spec.settings,
        state="running",
        updated=now(),
    )


def end_live_sessions(connection: Connection, camera: int) -> None:
    """Count a camera's live sessions that died as done, as far as they came: the past cannot be watched again."""
    ingests = schema.ingests.c
    dead = (ingests.camera == camera, ingests.state != "done", ingests.source_hash.startswith(f"{LIVE} "))
    for row in connection.execute(sa.select(ingests.id, ingests.problems).where(*dead)).all():
        problems = [*json.loads(row.problems), "its process was killed; what it had committed is kept"]
        update_ingest(connection, row.id, {"state": "done", "checkpoint": None, "problems": json.dumps(problems)})


def update_ingest(connection: Connection, ingest: int, values: dict[str, object]) -> None:
    """Change columns of an ingest.

    Raises:
        GalleryError: If it was erased in the meantime.
    """
    changed = connection.execute(
        sa.update(schema.ingests).where(schema.ingests.c.id == ingest).values(**values, updated=now())
    )
    if changed.rowcount != 1:
        raise GalleryError(f"ingest {ingest} was erased while it ran: begin it again")


def progress_values(progress: IngestProgress) -> dict[str, object]:
    """Columns of an ingest that say how far it is."""
    gaps = [(to_microseconds(since), to_microseconds(until)) for since, until in progress.gaps]
    return {
        "next_frame": progress.next_frame,
        "frames": progress.frames,
        "detections": progress.detections,
        "tracklets": progress.tracklets,
        "video_seconds": progress.video_seconds,
        "wall_seconds": progress.wall_seconds,
        "since": optional_microseconds(progress.since),
        "until": optional_microseconds(progress.until),
        "gaps": json.dumps(gaps),
        "problems": json.dumps(list(progress.problems)),
    }


def progress_of(row: IngestRow) -> IngestProgress:
    """The inverse of ``progress_values``."""
    return IngestProgress(
        next_frame=row.next_frame,
        frames=row.frames,
        detections=row.detections,
        tracklets=row.tracklets,
        video_seconds=row.video_seconds,
        wall_seconds=row.wall_seconds,
        since=optional_instant(row.since),
        until=optional_instant(row.until),
        gaps=spans_of(row.gaps),
        problems=tuple(json.loads(row.problems)),
    )


def spans_of(text: str) -> tuple[Span, ...]:
    """Pieces of time out of the JSON that a column keeps."""
    return tuple((from_microseconds(since), from_microseconds(until)) for since, until in json.loads(text))


def _insert(connection: Connection, table: sa.Table, **values: object) -> int:
    key = connection.execute(sa.insert(table).values(**values)).inserted_primary_key
    if key is None:
        raise GalleryError(f"table {table.name} gave no row number: the SQL driver is not supported")
    return int(key[0])


def _describe(embedder: EmbedderIdentity) -> str:
    return f"{embedder.name} ({embedder.dimension} numbers, SHA-256 {embedder.sha256[:12]})"
