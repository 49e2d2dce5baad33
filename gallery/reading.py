"""Questions to the gallery's tables."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Row

from gallery import schema
from gallery.codec import unpack_box, unpack_trajectory, unpack_vectors
from gallery.crops import CropStore
from gallery.errors import QueryError
from gallery.instants import from_microseconds, to_microseconds
from gallery.lock import camera_area
from gallery.rows import StoredCrop, StoredTracklet, TrackletRow, VectorRows
from gallery.tracklet import EmbedderIdentity
from gallery.tracklet_rows import pieces

_BATCH = 20_000

_tracklets = schema.tracklets.c
_crops = schema.crops.c
_vectors = schema.vectors.c

# Built once: to build a statement costs as much as to run it.
_EMBEDDER = sa.select(schema.embedders)
_CAMERAS = sa.select(schema.cameras.c.name, schema.cameras.c.id).order_by(schema.cameras.c.name)


def embedder(connection: Connection) -> EmbedderIdentity | None:
    """The embedder of the gallery's vectors, None before the first ingest."""
    row = connection.execute(_EMBEDDER).one_or_none()
    return None if row is None else EmbedderIdentity(row.name, row.sha256, row.dimension)


def camera_ids(connection: Connection, names: Sequence[str] | None) -> dict[str, int]:
    """Rows of cameras by name, in the order asked for; all, by name, for None.

    Raises:
        QueryError: If there is no camera of a name.
    """
    known = {name: int(camera) for name, camera in connection.execute(_CAMERAS).all()}
    if names is None:
        return known
    for name in names:
        if name not in known:
            raise QueryError(f"no camera {name!r} in the gallery: it has {', '.join(known) or 'none yet'}")
    return {name: known[name] for name in names}


def tracklet_rows(
    connection: Connection,
    crops: CropStore,
    cameras: Sequence[str] | None,
    since: datetime | None,
    until: datetime | None,
) -> list[TrackletRow]:
    """Light rows of the tracklets that overlap a window of time, by camera and start."""
    statement = _light().where(*window(connection, cameras, since, until))
    statement = statement.order_by(schema.cameras.c.name, _tracklets.start, _tracklets.number)
    return [_light_row(row, crops) for row in connection.execute(statement).all()]


def rows_of(connection: Connection, crops: CropStore, numbers: Sequence[int]) -> list[TrackletRow]:
    """Light rows of tracklets by number, in the order asked for; those that are gone are left out."""
    found: dict[int, TrackletRow] = {}
    for piece in pieces(numbers):
        for row in connection.execute(_LIGHT_BY_NUMBER, {"numbers": piece}).all():
            found[row.number] = _light_row(row, crops)
    return [found[number] for number in numbers if number in found]


def tracklet(connection: Connection, crops: CropStore, tracklet_id: str) -> StoredTracklet:
    """All of one tracklet.

    Raises:
        QueryError: If there is none of that id.
    """
    found = connection.execute(_light().where(_tracklets.id == tracklet_id)).one_or_none()
    if found is None:
        raise QueryError(f"no tracklet {tracklet_id!r} in the gallery: `passerby tracklets` lists them")
    number = found.number
    body = connection.execute(
        sa.select(_tracklets.track, _tracklets.trajectory).where(_tracklets.number == number)
    ).one()
    pictures = connection.execute(sa.select(schema.crops).where(_crops.tracklet == number).order_by(_crops.ordinal))
    row = _light_row(found, crops)
    trajectory, times = unpack_trajectory(body.track, body.trajectory)
    return StoredTracklet(
        row=row,
        trajectory=trajectory,
        times=times,
        crops=tuple(_crop(picture, row.camera, crops) for picture in pictures),
        vectors=vectors_of(connection, [number]).floats(),
    )


def vectors_of(connection: Connection, numbers: Sequence[int], *, mean_only: bool = False) -> VectorRows:
    """Vectors of tracklets by number, by number and ordinal; those that are gone are left out."""
    dimension = _dimension(connection)
    parts = [
        _vector_rows(connection.execute(_vector_query(mean_only).where(_vectors.tracklet.in_(piece))).all(), dimension)
        for piece in pieces(sorted(numbers))
    ]
    if not parts:
        return _vector_rows([], dimension)
    return VectorRows(
        numbers=np.concatenate([part.numbers for part in parts]),
        ordinals=np.concatenate([part.ordinals for part in parts]),
        vectors=np.concatenate([part.vectors for part in parts]),
    )


def all_vectors(connection: Connection, *, mean_only: bool = False) -> Iterator[VectorRows]:
    """All vectors, by number and ordinal, some thousands at a time."""
    dimension = _dimension(connection)
    result = connection.execute(_vector_query(mean_only))
    while rows := result.fetchmany(_BATCH):
        yield _vector_rows(rows, dimension)


def numbers_of(connection: Connection, ids: Sequence[str]) -> list[int]:
    """The numbers of tracklets, in the order of their ids.

    Raises:
        QueryError: If there is none of an id.
    """
    found: dict[str, int] = {}
    for piece in pieces(ids):
        rows = connection.execute(sa.select(_tracklets.id, _tracklets.number).where(_tracklets.id.in_(piece))).all()
        found.update((row.id, row.number) for row in rows)
    for one in ids:
        if one not in found:
            raise QueryError(f"no tracklet {one!r} in the gallery: `passerby tracklets` lists them")
    return [found[one] for one in ids]


def window(
    connection: Connection, cameras: Sequence[str] | None, since: datetime | None, until: datetime | None
) -> list[ColumnElement[bool]]:
    """Conditions on ``tracklets``: of these cameras, and overlapping the time (both ends included)."""
    conditions: list[ColumnElement[bool]] = []
    if cameras is not None:
        conditions.append(_tracklets.camera.in_(camera_ids(connection, cameras).values()))
    if until is not None:
        conditions.append(_tracklets.start <= to_microseconds(until))
    if since is not None:
        conditions.append(_tracklets.end >= to_microseconds(since))
    return conditions


def _light() -> sa.Select[tuple[object, ...]]:
    best = sa.and_(_crops.tracklet == _tracklets.number, _crops.ordinal == 1)
    columns = (
        _tracklets.number,
        _tracklets.id,
        schema.cameras.c.name.label("camera"),
        _tracklets.start,
        _tracklets.end,
        _tracklets.first_frame,
        _tracklets.last_frame,
        _tracklets.frames,
        _tracklets.confidence,
        _tracklets.first_box,
        _tracklets.last_box,
        _crops.file,
    )
    source = schema.tracklets.join(schema.cameras, schema.cameras.c.id == _tracklets.camera)
    return sa.select(*columns).select_from(source.outerjoin(schema.crops, best))


_LIGHT_BY_NUMBER = _light().where(_tracklets.number.in_(sa.bindparam("numbers", expanding=True)))


def _light_row(row: Row[tuple[object, ...]], crops: CropStore) -> TrackletRow:
    values: Any = tuple(row)  # hundreds of rows for each question: by place, not by name
    number, id_, camera, start, end, first_frame, last_frame, frames, confidence, first_box, last_box, file = values
    return TrackletRow(
        number=number,
        id=id_,
        camera=camera,
        start=from_microseconds(start),
        end=from_microseconds(end),
        first_frame=first_frame,
        last_frame=last_frame,
        frames=frames,
        confidence=confidence,
        first_box=unpack_box(first_box),
        last_box=unpack_box(last_box),
        crop=None if file is None else crops.path(file),
    )


def _crop(row: Row[tuple[object, ...]], camera: str, crops: CropStore) -> StoredCrop:
    values = row._asdict()
    return StoredCrop(
        frame=values["frame"],
        box=np.array([values["x1"], values["y1"], values["x2"], values["y2"]], dtype=np.float32),
        quality=values["quality"],
        file=values["file"],
        area=camera_area(camera),
        store=crops,
    )


def _dimension(connection: Connection) -> int:
    identity = embedder(connection)
    return 0 if identity is None else identity.dimension


def _vector_query(mean_only: bool) -> sa.Select[tuple[object, ...]]:
    statement = sa.select(_vectors.tracklet, _vectors.ordinal, _vectors.vector)
    if mean_only:
        statement = statement.where(_vectors.ordinal == 0)
    return statement.order_by(_vectors.tracklet, _vectors.ordinal)


def _vector_rows(rows: Sequence[Row[tuple[object, ...]]], dimension: int) -> VectorRows:
    numbers, ordinals, blobs = zip(*rows, strict=True) if rows else ((), (), ())
    return VectorRows(
        numbers=np.array(numbers, dtype=np.int64),
        ordinals=np.array(ordinals, dtype=np.int64),
        vectors=unpack_vectors(list(blobs), dimension),
    )
