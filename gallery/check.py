"""Whether the gallery is sound: SQL, crop files and index agree."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from gallery import changes, schema
from gallery.cleanup import referenced_files
from gallery.crops import content_name
from gallery.errors import GalleryError
from gallery.reading import embedder
from gallery.snapshot import read_snapshot, snapshot_path
from gallery.store import Gallery
from gallery.tracklet import EmbedderIdentity

_TABLES = (schema.cameras, schema.ingests, schema.tracklets, schema.vectors, schema.crops, schema.changes)


@dataclass(frozen=True)
class Report:
    """What was found.

    Attributes:
        schema: Revision of the tables.
        embedder: Whose vectors it holds, None before the first ingest.
        counts: Rows by table.
        snapshot: State of the index snapshot: ``none``, ``damaged``, ``of another gallery``, or ``N changes behind``.
        unfinished: One line for each ingest that is not done.
        problems: One line for each fault; none if the gallery is sound.
    """

    schema: str
    embedder: EmbedderIdentity | None
    counts: dict[str, int]
    snapshot: str
    unfinished: tuple[str, ...]
    problems: tuple[str, ...]


def check(gallery: Gallery, *, deep: bool = False) -> Report:
    """Look for everything that may be wrong with a gallery. Changes nothing; others may go on using it.

    Args:
        gallery: The gallery.
        deep: Read every crop file too, and compare it with its name.

    Raises:
        GalleryError: If the database cannot be read at all.
    """
    if faults := gallery.database.faults():
        # Nothing that a damaged database says would be worth reporting.
        lines = tuple(f"database: {line}" for line in faults)
        return Report(schema.REVISION, embedder=None, counts={}, snapshot="none", unfinished=(), problems=lines)
    with gallery.database.read() as connection:
        problems = _wrong_vectors(connection) + _unfinished_erasure(connection)
        counts = {table.name: _count(connection, table) for table in _TABLES}
        unfinished = _unfinished(connection)
        identity = embedder(connection)
    problems += _wrong_crops(gallery, deep)
    return Report(
        schema=schema.REVISION,
        embedder=identity,
        counts=counts,
        snapshot=_snapshot_state(gallery),
        unfinished=tuple(unfinished),
        problems=tuple(problems),
    )


def _count(connection: Connection, table: sa.Table) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def _wrong_vectors(connection: Connection) -> list[str]:
    tracklets, vectors = schema.tracklets.c, schema.vectors.c
    joined = schema.vectors.join(schema.tracklets, tracklets.number == vectors.tracklet).join(schema.embedders)
    wrong = sa.select(tracklets.id).select_from(joined).distinct()
    wrong = wrong.where(sa.func.length(vectors.vector) != 2 * schema.embedders.c.dimension)
    mean = sa.and_(vectors.tracklet == tracklets.number, vectors.ordinal == 0)
    bare = sa.select(tracklets.id).select_from(schema.tracklets.outerjoin(schema.vectors, mean))
    bare = bare.where(vectors.tracklet.is_(None))
    return [
        *(f"tracklet {one}: a vector has the wrong length" for one in connection.scalars(wrong)),
        *(f"tracklet {one}: its mean vector is missing" for one in connection.scalars(bare)),
    ]


def _unfinished_erasure(connection: Connection) -> list[str]:
    if connection.scalar(sa.select(schema.removals.c.id).limit(1)) is None:
        return []
    return [
        "erasure: old bytes are still to be overwritten; open the gallery while nobody else does, with room to spare"
    ]


def _wrong_crops(gallery: Gallery, deep: bool) -> list[str]:
    with gallery.database.read() as connection:
        wanted = set(connection.scalars(sa.select(schema.crops.c.file).distinct()))
    staged = {name for names in gallery.crops.staged().values() for name in names}
    there = set(gallery.crops.names())
    missing, orphans = wanted - there - staged, there - wanted
    with gallery.database.read() as connection:
        # Asked again, since others may have stored or erased in the meantime.
        missing &= referenced_files(connection, sorted(missing))
        orphans -= referenced_files(connection, sorted(orphans))
        orphans -= set(connection.scalars(sa.select(schema.removals.c.file)))
    problems = [f"crop {name}: the file is missing" for name in sorted(missing - set(gallery.crops.names()))]
    problems += [f"crop {name}: no tracklet has it" for name in sorted(orphans)]
    if deep:
        problems += [f"crop {name}: the file is damaged" for name in sorted(wanted & there) if _damaged(gallery, name)]
    return problems


def _damaged(gallery: Gallery, name: str) -> bool:
    try:
        return content_name(gallery.crops.get(name)) != name
    except GalleryError:
        # Erased since it was listed, or unreadable: then it is not there next time.
        return gallery.crops.path(name).exists()


def _unfinished(connection: Connection) -> list[str]:
    ingests = schema.ingests.c
    columns = (schema.cameras.c.name, ingests.source, ingests.state, ingests.next_frame, ingests.failure)
    joined = schema.ingests.join(schema.cameras)
    statement = sa.select(*columns).select_from(joined).where(ingests.state != "done").order_by(ingests.id)
    return [
        f"camera {row.name}: {row.source} came to frame {row.next_frame}"
        + (f" and failed: {row.failure}" if row.failure else "; ingest it again to go on")
        for row in connection.execute(statement)
    ]


def _snapshot_state(gallery: Gallery) -> str:
    if not snapshot_path(gallery.folder, "all").exists():
        return "none"
    snapshot = read_snapshot(gallery.folder, "all")
    if snapshot is None:
        return "damaged"
    with gallery.database.read() as connection:
        behind = changes.head(connection) - snapshot.position
    if snapshot.gallery != gallery.name or behind < 0:
        return "of another gallery"
    return f"{behind} changes behind"
