"""All vectors of a gallery taken away, and those of another embedder put in their place."""

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy import Connection

from gallery import schema
from gallery.changes import log_embedder_change
from gallery.codec import pack_vector
from gallery.database import Database
from gallery.errors import GalleryError
from gallery.ingest_rows import claim_embedder
from gallery.ingest_spec import IngestSpec
from gallery.instants import from_microseconds
from gallery.lock import hold_camera
from gallery.tracklet import EmbedderIdentity
from gallery.tracklet_rows import note_removals, pieces

Vectors = tuple[int, NDArray[np.float32]]
"""Number of a tracklet, and its vectors (1 + K, D) of unit length: the mean, then one for each of its crops."""


def change_embedder(
    database: Database, folder: Path, wanted: EmbedderIdentity, embed: Callable[[], Iterable[Vectors]]
) -> int:
    """Replaces every vector, in one transaction: afterwards the gallery is as if it had been ingested with ``wanted``.

    No camera is ingested meanwhile. The ingests that are done are known by the keys that they have with the new embedder,
    so that the same source again adds nothing. Whoever follows the change log has to begin anew.

    Args:
        database: The gallery's database.
        folder: The gallery's folder.
        wanted: Whose vectors ``embed`` gives.
        embed: Gives the vectors of every tracklet; it is called when nobody ingests any more.

    Returns:
        How many tracklets have new vectors.

    Raises:
        GalleryError: If a camera is being ingested or has an unfinished ingest, or vectors are missing or do not fit.
    """
    with ExitStack() as locks:
        with database.read() as connection:
            names = list(connection.scalars(sa.select(schema.cameras.c.name).order_by(schema.cameras.c.name)))
        for name in names:
            locks.enter_context(hold_camera(folder, name))
        with database.read() as connection:
            _refuse_unfinished(connection)
        vectors = dict(embed())
        with database.write() as connection:
            _refuse_unfinished(connection)
            _check(connection, vectors, wanted)
            _replace(connection, str(folder), vectors, wanted)
            _rename_ingests(connection, wanted)
            note_removals(connection, "snapshot")
            log_embedder_change(connection)
    return len(vectors)


def _refuse_unfinished(connection: Connection) -> None:
    ingests = schema.ingests.c
    source = connection.scalar(sa.select(ingests.source).where(ingests.state != "done").limit(1))
    if source is not None:
        raise GalleryError(
            f"the ingest of {source} is unfinished and could not go on with another embedder: finish it with "
            "`passerby ingest`, or erase its camera"
        )


def _check(connection: Connection, vectors: dict[int, NDArray[np.float32]], wanted: EmbedderIdentity) -> None:
    crops = sa.select(schema.tracklets.c.number, sa.func.count(schema.crops.c.ordinal))
    joined = schema.tracklets.outerjoin(schema.crops, schema.crops.c.tracklet == schema.tracklets.c.number)
    rows = connection.execute(crops.select_from(joined).group_by(schema.tracklets.c.number))
    counted = {int(number): int(count) for number, count in rows}
    if counted.keys() != vectors.keys():
        raise GalleryError("tracklets came or went while their vectors were computed; nothing was changed: try again")
    for number, count in counted.items():
        shape = vectors[number].shape
        if shape != (1 + count, wanted.dimension) or not np.isfinite(vectors[number]).all():
            raise GalleryError(
                f"tracklet number {number}: vectors of shape {shape} do not fit its {count} crops and {wanted.name}, "
                f"which gives {wanted.dimension} numbers; nothing was changed"
            )


def _replace(
    connection: Connection, place: str, vectors: dict[int, NDArray[np.float32]], wanted: EmbedderIdentity
) -> None:
    connection.execute(sa.delete(schema.vectors))
    embedder = claim_embedder(connection, place, wanted)  # which anybody may where there are no vectors
    for piece in pieces(sorted(vectors)):
        rows = [
            {"tracklet": number, "embedder": embedder, "ordinal": ordinal, "vector": pack_vector(vector)}
            for number in piece
            for ordinal, vector in enumerate(vectors[number])
        ]
        connection.execute(sa.insert(schema.vectors), rows)


def _rename_ingests(connection: Connection, wanted: EmbedderIdentity) -> None:
    """The keys that the ingests would have had."""
    ingests = schema.ingests
    joined = ingests.join(schema.cameras, schema.cameras.c.id == ingests.c.camera)
    statement = sa.select(ingests, schema.cameras.c.name.label("camera_name")).select_from(joined)
    for row in connection.execute(statement).all():
        spec = IngestSpec(
            camera=row.camera_name,
            source=row.source,
            source_hash=row.source_hash,
            start=from_microseconds(row.start),
            start_origin=row.start_origin,
            fps=row.fps,
            detector=row.detector,
            embedder=wanted,
            settings=row.settings,
        )
        connection.execute(sa.update(ingests).where(ingests.c.id == row.id).values(key=spec.key))
