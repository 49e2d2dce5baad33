"""The list of cameras, with what became of their ingests."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from gallery import schema
from gallery.ingest_rows import spans_of
from gallery.instants import from_microseconds, optional_instant
from gallery.lock import camera_lock
from gallery.reading import camera_ids
from gallery.rows import CameraRow, IngestRow

_ingests = schema.ingests.c
_STARTS = (
    sa.select(_ingests.camera, sa.func.min(_ingests.start))
    .where(_ingests.camera.in_(sa.bindparam("cameras", expanding=True)))
    .group_by(_ingests.camera)
)


def camera_rows(connection: Connection, folder: Path) -> list[CameraRow]:
    """All cameras, by name."""
    counting = sa.select(schema.tracklets.c.camera, sa.func.count()).group_by(schema.tracklets.c.camera)
    counts = {row[0]: int(row[1]) for row in connection.execute(counting)}
    columns = (_ingests.camera, _ingests.source, _ingests.state, _ingests.start, _ingests.since, _ingests.until)
    ingests: dict[int, list[Row[*tuple[Any, ...]]]] = {}
    for row in connection.execute(sa.select(*columns).order_by(_ingests.start, _ingests.id)):
        ingests.setdefault(row.camera, []).append(row)
    return [
        _summed(name, ingests[camera], counts.get(camera, 0), camera_lock(folder, name).is_held())
        for name, camera in camera_ids(connection, None).items()
        if camera in ingests
    ]


def ingest_rows(connection: Connection, name: str) -> list[IngestRow]:
    """The sources of a camera, oldest first.

    Raises:
        QueryError: If there is no such camera.
    """
    camera = camera_ids(connection, [name])[name]
    times = (_ingests.start, _ingests.since, _ingests.until)
    columns = (_ingests.source, _ingests.source_hash, *times, _ingests.state, _ingests.settings, _ingests.gaps)
    statement = sa.select(*columns).where(_ingests.camera == camera).order_by(_ingests.start, _ingests.id)
    return [
        IngestRow(
            source=row.source,
            source_hash=row.source_hash,
            start=from_microseconds(row.start),
            since=optional_instant(row.since),
            until=optional_instant(row.until),
            state=row.state,
            settings=row.settings,
            gaps=spans_of(row.gaps),
        )
        for row in connection.execute(statement)
    ]


def camera_starts(connection: Connection, names: Sequence[str]) -> dict[str, datetime]:
    """When the earliest source of each camera starts, UTC.

    Raises:
        QueryError: If there is no camera of a name.
    """
    ids = camera_ids(connection, names)
    rows = connection.execute(_STARTS, {"cameras": list(ids.values())}).all()
    starts = {camera: from_microseconds(int(start)) for camera, start in rows}
    return {name: starts[camera] for name, camera in ids.items()}


def _summed(name: str, ingests: Sequence[Row[*tuple[Any, ...]]], tracklets: int, is_held: bool) -> CameraRow:
    return CameraRow(
        name=name,
        sources=tuple(dict.fromkeys(row.source for row in ingests)),
        start=from_microseconds(ingests[0].start),
        since=optional_instant(min((row.since for row in ingests if row.since is not None), default=None)),
        until=optional_instant(max((row.until for row in ingests if row.until is not None), default=None)),
        tracklets=tracklets,
        state=_state({row.state for row in ingests}, is_held),
    )


def _state(states: set[str], is_held: bool) -> str:
    if "running" in states:
        return "running" if is_held else "interrupted"
    return "failed" if "failed" in states else "done"
