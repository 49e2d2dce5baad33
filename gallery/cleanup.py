"""Finishing outside SQL what SQL has decided: crop files published or gone, erased bytes overwritten."""

from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection

from gallery import schema
from gallery.crops import CropStore
from gallery.database import Database
from gallery.errors import GalleryError
from gallery.lock import area_lock
from gallery.snapshot import drop_snapshots
from gallery.tracklet_rows import pieces

_FILES_AT_ONCE = 200


def sweep_area(database: Database, crops: CropStore, area: str) -> None:
    """Publish the staged pictures that SQL refers to, discard the others.

    The caller holds the lock of the camera that the area belongs to.
    """
    names = crops.staged().get(area, [])
    if names:
        with database.read() as connection:
            known = referenced_files(connection, names)
        crops.publish(area, sorted(known))
        crops.discard(area, names)


def sweep_all(database: Database, crops: CropStore, folder: Path) -> None:
    """``sweep_area`` for every area that no running ingest is using."""
    for area in crops.staged():
        with area_lock(folder, area) as lock:
            if lock.acquire():
                sweep_area(database, crops, area)


def finish_removals(database: Database, crops: CropStore, folder: Path, wait_seconds: float = 0.0) -> bool:
    """Take away all that ``removals`` lists. Safe to repeat, and to run in several processes at once.

    Args:
        database: The gallery's database.
        crops: Where its pictures are.
        folder: The gallery's folder.
        wait_seconds: How long to wait for readers of an older state, who keep its bytes alive.

    Returns:
        Whether nothing is left to take away.
    """
    while _remove_some_crops(database, crops):
        continue
    return _remove_snapshot(database, folder) and _overwrite_pages(database, wait_seconds)


def _remove_some_crops(database: Database, crops: CropStore) -> bool:
    # Inside a write transaction, so that nobody refers anew to a file between the question and its removal.
    with database.write() as connection:
        files = _listed(connection, "crop", _FILES_AT_ONCE)
        if not files:
            return False
        for file in sorted(set(files) - referenced_files(connection, files)):
            crops.delete(file)
        _strike(connection, "crop", files)
    return True


def _remove_snapshot(database: Database, folder: Path) -> bool:
    with database.read() as connection:
        listed = bool(_listed(connection, "snapshot", 1))
    if listed:
        if not drop_snapshots(folder):
            return False
        with database.write() as connection:
            _strike(connection, "snapshot", [""])
    return True


def _overwrite_pages(database: Database, wait_seconds: float) -> bool:
    """Leave no byte of erased rows in the database file or its log.

    SQLite's ``secure_delete`` overwrites a row where it lies, but not the copies that stay in the gaps of pages when
    rows had moved before; only writing the file anew is sure to leave none.
    """
    with database.read() as connection:
        listed = bool(_listed(connection, "pages", 1))
    if not listed:
        return True
    try:
        database.rewrite()
    except GalleryError:
        # No room for a second copy, or others at work: the next opening tries again, `check` tells until it succeeds.
        return False
    if not database.truncate_log(wait_seconds):
        return False
    with database.write() as connection:
        _strike(connection, "pages", [""])
    return True


def referenced_files(connection: Connection, files: Sequence[str]) -> set[str]:
    """Those of the crop files that tracklets refer to."""
    found: set[str] = set()
    for piece in pieces(files):
        found.update(connection.scalars(sa.select(schema.crops.c.file).where(schema.crops.c.file.in_(piece))))
    return found


def _listed(connection: Connection, kind: str, limit: int) -> Sequence[str]:
    removals = schema.removals.c
    return connection.scalars(
        sa.select(removals.file).where(removals.kind == kind).order_by(removals.id).limit(limit)
    ).all()


def _strike(connection: Connection, kind: str, files: Sequence[str]) -> None:
    removals = schema.removals.c
    connection.execute(sa.delete(schema.removals).where(removals.kind == kind, removals.file.in_(files)))
