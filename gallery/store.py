"""The gallery: all that is kept of all cameras, in one folder."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy import URL

from gallery import camera_rows, camera_tracklets, coverage, reading, schema
from gallery.camera_tracklets import Passage
from gallery.changes import ChangeLog
from gallery.cleanup import finish_removals, sweep_all
from gallery.crops import CropStore, FolderCropStore
from gallery.database import Database
from gallery.embedder_change import Vectors, change_embedder
from gallery.ends import Ends, ends_of
from gallery.erase import Selection, abandon, erase
from gallery.errors import GalleryError
from gallery.ingest_session import IngestSession
from gallery.ingest_spec import IngestSpec
from gallery.lock import FileLock
from gallery.migrate import migrate
from gallery.outline import Outline
from gallery.rows import CameraRow, Coverage, Erasure, IngestRow, StoredTracklet, TrackletRow, VectorRows
from gallery.tracklet import EmbedderIdentity

_FILE = "gallery.sqlite"
_OPEN_SECONDS = 60.0


class Gallery:
    """Tracklets, vectors, crops and the record of what was ingested.

    May be used from several threads, and from several processes that each open it for themselves.
    Where cameras are asked for, None means all, and an unknown name raises QueryError; times are UTC, both ends
    count, and None leaves that end open.

    Attributes:
        folder: Where everything lies.
        name: Random text that tells this gallery from all others.
        database: The SQL tables.
        crops: The pictures.
        changes: The change log.
    """

    def __init__(self, folder: Path, name: str, database: Database, crops: CropStore) -> None:
        self.folder = folder
        self.name = name
        self.database = database
        self.crops = crops
        self.changes = ChangeLog(database)
        self._outline = Outline(database, self.changes)

    @classmethod
    def open(cls, folder: Path, *, create: bool = False, url: str | None = None) -> "Gallery":
        """Open the gallery in a folder, bring its tables up to date and finish what a crash interrupted.

        Args:
            folder: The gallery's folder.
            create: Make the folder and an empty gallery if there is none.
            url: SQLAlchemy URL of the tables, if they are not to be an SQLite file in the folder.

        Raises:
            GalleryError: If there is none (and ``create`` is not set), or it is damaged, newer, or not writable.
        """
        folder = folder.absolute()
        _check_folder(folder, create=create, has_file=url is None)
        database = Database(url or URL.create("sqlite", database=str(folder / _FILE)), folder)
        try:
            name = _prepare(database, folder, create=create)
            gallery = cls(folder, name, database, FolderCropStore(folder / "crops"))
            sweep_all(database, gallery.crops, folder)
            finish_removals(database, gallery.crops, folder)
        except BaseException:
            database.close()
            raise
        return gallery

    @staticmethod
    def is_in(folder: Path) -> bool:
        """Whether a folder holds a gallery whose tables are an SQLite file there."""
        return (folder / _FILE).is_file()

    def close(self) -> None:
        """Close the connections to SQL."""
        self.database.close()

    def __enter__(self) -> "Gallery":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def begin_ingest(self, spec: IngestSpec) -> IngestSession:
        """Begin an ingest, or go on with the same one where it was interrupted.

        Raises:
            GalleryError: If another process ingests the camera, or the gallery holds vectors of another embedder.
        """
        return IngestSession(self.database, self.crops, self.folder, spec)

    def erase(
        self,
        *,
        tracklets: Sequence[str] | None = None,
        cameras: Sequence[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        trial: bool = False,
        routine: bool = False,
    ) -> Erasure:
        """Erase the tracklets that fit everything given; whole cameras if nothing but cameras is given.

        See ``gallery.erase.erase``.

        Args:
            tracklets: Ids.
            cameras: Names of cameras.
            since: Those that end then or later.
            until: Those that start then or earlier.
            trial: Only count.
            routine: For what was over long ago: also from cameras that are being watched live.

        Raises:
            QueryError: If nothing is given, or a camera or a tracklet is not known.
            GalleryError: If a camera is being ingested, or has an unfinished ingest.
        """
        selection = Selection(tracklets=tracklets, cameras=cameras, since=since, until=until)
        return erase(self.database, self.crops, self.folder, selection, trial=trial, routine=routine)

    def abandon(self, camera: str) -> int:
        """Count a camera's unfinished ingests as done, as far as they came; gives how many there were.

        Raises:
            QueryError: If there is no such camera.
            GalleryError: If the camera is being ingested.
        """
        return abandon(self.database, self.folder, camera)

    def change_embedder(self, wanted: EmbedderIdentity, embed: Callable[[], Iterable[Vectors]]) -> int:
        """Replace every vector by those of another embedder; gives how many tracklets there are.

        See ``gallery.embedder_change.change_embedder``.

        Raises:
            GalleryError: If a camera is being ingested or has an unfinished ingest, or vectors are missing or do not fit.
        """
        changed = change_embedder(self.database, self.folder, wanted, embed)
        finish_removals(self.database, self.crops, self.folder)
        return changed

    @property
    def embedder(self) -> EmbedderIdentity | None:
        """The embedder of the vectors, None before the first ingest."""
        with self.database.read() as connection:
            return reading.embedder(connection)

    def cameras(self) -> list[CameraRow]:
        """All cameras, by name."""
        with self.database.read() as connection:
            return camera_rows.camera_rows(connection, self.folder)

    def ingests(self, camera: str) -> list[IngestRow]:
        """The sources that a camera was ingested from, oldest first."""
        with self.database.read() as connection:
            return camera_rows.ingest_rows(connection, camera)

    def camera_start(self, camera: str) -> datetime:
        """When the camera's earliest source starts, UTC; ``start_seconds`` count from here."""
        return self.camera_starts([camera])[camera]

    def camera_starts(self, cameras: Sequence[str]) -> dict[str, datetime]:
        """The same of several cameras, by name."""
        with self.database.read() as connection:
            return camera_rows.camera_starts(connection, cameras)

    def tracklets(
        self, cameras: Sequence[str] | None = None, since: datetime | None = None, until: datetime | None = None
    ) -> list[TrackletRow]:
        """Tracklets that overlap a window of time, by camera and start."""
        with self.database.read() as connection:
            return reading.tracklet_rows(connection, self.crops, cameras, since, until)

    def camera_page(self, camera: str, first: int, count: int, *, newest: bool) -> tuple[list[TrackletRow], int]:
        """Some of a camera's tracklets in the order of time, and how many there are; see ``camera_tracklets.page_of``."""
        with self.database.read() as connection:
            return camera_tracklets.page_of(connection, self.crops, camera, first, count, newest=newest)

    def starts(self, camera: str, since: datetime, until: datetime, bins: int) -> list[int]:
        """How many tracklets of a camera begin in each of so many equal parts of a span of time."""
        with self.database.read() as connection:
            return camera_tracklets.starts_in(connection, camera, since, until, bins)

    def passages(self, camera: str, ingest: IngestRow, since: datetime, until: datetime) -> list[Passage]:
        """Where people are in a piece of a recording; see ``camera_tracklets.passages``."""
        with self.database.read() as connection:
            return camera_tracklets.passages(connection, camera, ingest, since, until)

    def rows(self, numbers: Sequence[int] | NDArray[np.int64]) -> list[TrackletRow]:
        """Tracklets by number, in the order asked for; those that are gone are left out."""
        with self.database.read() as connection:
            return reading.rows_of(connection, self.crops, [int(number) for number in numbers])

    def ends(self, numbers: Sequence[int] | NDArray[np.int64]) -> Ends:
        """Where tracklets begin and end, by number; those that are gone are left out."""
        with self.database.read() as connection:
            return ends_of(connection, np.asarray(numbers, np.int64).tolist())

    def tracklet(self, tracklet_id: str) -> StoredTracklet:
        """All of one tracklet.

        Raises:
            QueryError: If there is none of that id.
        """
        with self.database.read() as connection:
            return reading.tracklet(connection, self.crops, tracklet_id)

    def vectors(self, numbers: Sequence[int] | NDArray[np.int64]) -> VectorRows:
        """Vectors of tracklets by number, by number and ordinal; those that are gone are left out."""
        with self.database.read() as connection:
            return reading.vectors_of(connection, [int(number) for number in numbers])

    def filter_numbers(
        self, cameras: Sequence[str] | None = None, since: datetime | None = None, until: datetime | None = None
    ) -> NDArray[np.int64]:
        """(N,) int64, ascending: numbers of the tracklets that overlap a window of time."""
        return self._outline.numbers(cameras, since, until)

    def present(self, numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of some tracklets, (N,) int64, are there now: what was erased is not."""
        return self._outline.present(numbers)

    def numbers(self, ids: Sequence[str]) -> list[int]:
        """The numbers of tracklets, in the order of their ids.

        Raises:
            QueryError: If there is none of an id.
        """
        with self.database.read() as connection:
            return reading.numbers_of(connection, ids)

    def coverage(
        self, cameras: Sequence[str] | None = None, since: datetime | None = None, until: datetime | None = None
    ) -> list[Coverage]:
        """What was looked at inside a window of time, one for each camera; unfinished ingests as far as they came."""
        with self.database.read() as connection:
            return coverage.coverage(connection, cameras, since, until)


def _check_folder(folder: Path, *, create: bool, has_file: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise GalleryError(f"{folder} is a file, not a gallery's folder: name a folder by --data")
    if not create and has_file and not Gallery.is_in(folder):
        raise GalleryError(f"no gallery in {folder}: `passerby ingest` makes one, or name another folder by --data")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "crops").mkdir(exist_ok=True)
    except OSError as error:
        raise GalleryError(f"gallery {folder} cannot be written ({error.strerror}): name another by --data") from error


def _prepare(database: Database, folder: Path, *, create: bool) -> str:
    """Make or mend the tables, one process at a time; gives the gallery's name."""
    with FileLock(folder / "locks" / "open.lock") as lock:
        try:
            taken = lock.acquire(_OPEN_SECONDS)
        except OSError as error:
            raise GalleryError(
                f"gallery {folder} cannot be written ({error.strerror}): check the folder and the space on its disk"
            ) from error
        if not taken:
            raise GalleryError(f"gallery {folder} is being opened by process {lock.holder()}: try again")
        migrate(database, create=create)
    meta = schema.meta.c
    with database.read() as connection:
        return str(connection.execute(sa.select(meta.value).where(meta.name == "gallery")).scalar_one())
