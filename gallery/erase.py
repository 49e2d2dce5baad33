"""Erasure: of a person's tracklets nothing stays, neither in SQL nor in files nor in old pages."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection

from gallery import schema
from gallery.cleanup import finish_removals, sweep_area
from gallery.crops import CropStore
from gallery.database import Database
from gallery.errors import GalleryError, QueryError
from gallery.instants import to_microseconds
from gallery.lock import camera_area, hold_camera
from gallery.reading import camera_ids, window
from gallery.rows import LIVE, Erasure
from gallery.tracklet_rows import note_removals, pieces, remove_tracklets

_WAIT_SECONDS = 5.0

_tracklets = schema.tracklets.c
_ingests = schema.ingests.c
_IS_FILE = ~_ingests.source_hash.startswith(f"{LIVE} ")


@dataclass(frozen=True)
class Selection:
    """Which tracklets: those that fit everything that is given.

    Attributes:
        tracklets: Ids, None for any.
        cameras: Names of cameras, None for any.
        since: Those that end then or later, None for any.
        until: Those that start then or earlier, None for any.
    """

    tracklets: Sequence[str] | None = None
    cameras: Sequence[str] | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_whole_cameras(self) -> bool:
        """Whether it means cameras with all that is known of them."""
        return self.cameras is not None and self.tracklets is None and self.since is None and self.until is None


def erase(
    database: Database,
    crops: CropStore,
    folder: Path,
    selection: Selection,
    *,
    trial: bool,
    routine: bool = False,
) -> Erasure:
    """Erase the selected tracklets; for whole cameras, the record of their ingests too.

    The locks of the cameras are held meanwhile. A camera with an unfinished ingest is refused where its checkpoint may
    still hold one of the selected people; erasing the whole camera takes the checkpoint along. Ingesting the
    same source again brings nothing back, since that ingest is done; only after the erasure of a whole camera it does.

    Args:
        database: The gallery's database.
        crops: Where its pictures are.
        folder: The gallery's folder.
        selection: What to erase.
        trial: Only count.
        routine: For what was over long ago, every day: also from cameras that are being watched live, and without writing the
            whole database anew. Rows are overwritten where they lie; copies in the gaps of pages go as these fill again.

    Raises:
        QueryError: If nothing is selected by anything, or a camera or a tracklet is not known.
        GalleryError: If a camera is being ingested, or has an unfinished ingest.
    """
    if selection == Selection():
        raise QueryError("nothing says what to erase: name tracklets, cameras or times")
    with database.read() as connection:
        cameras = _cameras(connection, selection)
        if trial:
            return _counted(connection, _numbers(connection, selection, cameras), cameras, complete=False)
    with ExitStack() as locks:
        for name in sorted(cameras):
            try:
                locks.enter_context(hold_camera(folder, name))
            except GalleryError:
                if not (routine and _is_watched(database, cameras[name])):
                    raise
            else:
                sweep_area(database, crops, camera_area(name))
        with database.write() as connection:
            erasure = _erase_rows(connection, selection, cameras, anew=not routine)
        is_complete = finish_removals(database, crops, folder, _WAIT_SECONDS)
    return Erasure(erasure.tracklets, erasure.vectors, erasure.crops, erasure.cameras, complete=is_complete)


def _is_watched(database: Database, camera: int) -> bool:
    """Whether all that is unfinished of a camera is live: such an ingest never goes back to what it committed."""
    unfinished = sa.select(_ingests.source_hash).where(_ingests.camera == camera, _ingests.state != "done")
    with database.read() as connection:
        hashes = connection.scalars(unfinished).all()
    return bool(hashes) and all(found.startswith(f"{LIVE} ") for found in hashes)


def abandon(database: Database, folder: Path, camera: str) -> int:
    """Count a camera's unfinished ingests as done, as far as they came: tracklets stay, checkpoints go.

    Returns:
        How many there were.

    Raises:
        QueryError: If there is no such camera.
        GalleryError: If the camera is being ingested.
    """
    with database.read() as connection:
        row = camera_ids(connection, [camera])[camera]
    with hold_camera(folder, camera), database.write() as connection:
        unfinished = sa.update(schema.ingests).where(_ingests.camera == row, _ingests.state != "done")
        return int(connection.execute(unfinished.values(state="done", checkpoint=None)).rowcount)


def _erase_rows(connection: Connection, selection: Selection, cameras: dict[str, int], *, anew: bool) -> Erasure:
    numbers = _numbers(connection, selection, cameras)
    if not selection.is_whole_cameras:
        _refuse_unfinished(connection, selection, numbers, cameras)
    erasure = _counted(connection, numbers, cameras, complete=False)
    remove_tracklets(connection, numbers)
    if selection.is_whole_cameras:
        connection.execute(sa.delete(schema.ingests).where(_ingests.camera.in_(cameras.values())))
        connection.execute(sa.delete(schema.cameras).where(schema.cameras.c.id.in_(cameras.values())))
    note_removals(connection, "snapshot")
    if anew:
        note_removals(connection, "pages")
    return erasure


def _cameras(connection: Connection, selection: Selection) -> dict[str, int]:
    """Rows of the cameras that an erasure touches, or whose unfinished ingest it might concern."""
    known = camera_ids(connection, selection.cameras)
    _refuse_unknown(connection, selection.tracklets)
    if selection.is_whole_cameras:
        return known
    concerned = set(_unfinished(connection, selection, known)) if selection.tracklets is None else set()
    for piece in pieces(_numbers(connection, selection, known)):
        concerned.update(connection.scalars(sa.select(_tracklets.camera).where(_tracklets.number.in_(piece))))
    return {name: camera for name, camera in known.items() if camera in concerned}


def _numbers(connection: Connection, selection: Selection, cameras: dict[str, int]) -> list[int]:
    conditions = window(connection, selection.cameras, selection.since, selection.until)
    conditions.append(_tracklets.camera.in_(cameras.values()))
    statement = sa.select(_tracklets.number).where(*conditions)
    if selection.tracklets is None:
        return list(connection.scalars(statement))
    found: list[int] = []
    for piece in pieces(sorted(set(selection.tracklets))):
        found += connection.scalars(statement.where(_tracklets.id.in_(piece)))
    return found


def _refuse_unknown(connection: Connection, ids: Sequence[str] | None) -> None:
    known: set[str] = set()
    for piece in pieces(ids or ()):
        known.update(connection.scalars(sa.select(_tracklets.id).where(_tracklets.id.in_(piece))))
    for one in ids or ():
        if one not in known:
            raise QueryError(f"no tracklet {one!r} in the gallery: `passerby tracklets` lists them")


def _unfinished(
    connection: Connection, selection: Selection, cameras: dict[str, int], *, resumable: bool = False
) -> dict[int, str]:
    """Sources by camera row, of unfinished ingests that may yet bring tracklets of the selected time.

    A live session that died is never resumed; ``resumable`` leaves those out.
    """
    statement = sa.select(_ingests.camera, _ingests.source).where(
        _ingests.camera.in_(cameras.values()), _ingests.state != "done"
    )
    if resumable:
        statement = statement.where(_IS_FILE)
    if selection.until is not None:
        statement = statement.where(_ingests.start <= to_microseconds(selection.until))
    return {row.camera: row.source for row in connection.execute(statement)}


def _refuse_unfinished(
    connection: Connection, selection: Selection, numbers: Sequence[int], cameras: dict[str, int]
) -> None:
    if selection.tracklets is None:
        sources = list(_unfinished(connection, selection, cameras, resumable=True).values())
    else:
        sources = []
        for piece in pieces(numbers):
            joined = schema.tracklets.join(schema.ingests, _ingests.id == _tracklets.ingest)
            statement = sa.select(_ingests.source).select_from(joined)
            sources += connection.scalars(
                statement.where(_tracklets.number.in_(piece), _ingests.state != "done", _IS_FILE)
            )
    if sources:
        raise GalleryError(
            f"the ingest of {sources[0]} is unfinished and may bring the same person back: finish it with "
            "`passerby ingest` and erase then, or erase the whole camera"
        )


def _counted(connection: Connection, numbers: Sequence[int], cameras: dict[str, int], *, complete: bool) -> Erasure:
    vectors = crops = 0
    for piece in pieces(numbers):
        vectors += _count(connection, schema.vectors, piece)
        crops += _count(connection, schema.crops, piece)
    return Erasure(len(numbers), vectors, crops, tuple(sorted(cameras)), complete)


def _count(connection: Connection, table: sa.Table, numbers: Sequence[int]) -> int:
    statement = sa.select(sa.func.count()).select_from(table).where(table.c.tracklet.in_(numbers))
    return int(connection.execute(statement).scalar_one())
