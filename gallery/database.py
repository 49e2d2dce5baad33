"""The connection to SQL: short transactions, and errors in the user's words."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from gallery.errors import GalleryError

SHARED_MEMORY_BYTES = 32_768
BUSY_SECONDS = 30
"""How long a writer waits for others. Their transactions take milliseconds."""

_PRAGMAS = (
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",  # what is erased is overwritten
    "PRAGMA synchronous=FULL",  # what is committed survives a pulled plug
)


class Database:
    """An SQL database with the gallery's manners.

    Args:
        url: Where it is; SQLite in WAL mode is the tested kind.
        place: The folder, for messages.
    """

    def __init__(self, url: URL | str, place: Path) -> None:
        self.place = place
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        arguments = {"timeout": BUSY_SECONDS} if self.is_sqlite else {}
        self._engine: Engine = create_engine(url, connect_args=arguments)
        if self.is_sqlite:
            event.listen(self._engine, "connect", _prepare_sqlite)
            event.listen(self._engine, "begin", _begin_sqlite)
        self._writer = self._engine.execution_options(gallery_write=True)
        self._writing = threading.Lock()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view: everything read through it is of one moment."""
        with self._translated(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that waits for other writers, and commits unless an exception leaves it.

        Writers of this process wait in a row: SQLite has those that wait look again after longer and longer sleeps.
        """
        if not self._writing.acquire(timeout=BUSY_SECONDS):
            raise GalleryError(
                f"gallery {self.place} is busy (another thread writes for {BUSY_SECONDS} s): try again when it ends"
            )
        try:
            with self._translated(), self._writer.begin() as connection:
                yield connection
        finally:
            self._writing.release()

    def truncate_log(self, wait_seconds: float) -> bool:
        """Fold SQLite's write-ahead log into the database and empty it, so that no old bytes stay in it.

        Returns:
            False if somebody was reading an older state for all of the wait.
        """
        if not self.is_sqlite:
            return True
        with self._translated(), self._raw() as connection:
            connection.execute(text(f"PRAGMA busy_timeout={round(wait_seconds * 1000)}"))
            try:
                row = connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).one()
            finally:
                connection.execute(text(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}"))
            return int(row[0]) == 0

    def rewrite(self) -> None:
        """Write the database file anew, without any page or gap that is no longer used."""
        if self.is_sqlite:
            with self._translated(), self._raw() as connection:
                connection.execute(text("VACUUM"))

    def faults(self) -> list[str]:
        """What SQLite finds wrong with its file, one line each; nothing for a sound one."""
        if not self.is_sqlite:
            return []
        with self.read() as connection:
            lines = connection.execute(text("PRAGMA quick_check")).scalars().all()
        return [str(line) for line in lines if line != "ok"]

    def use_write_ahead_log(self) -> None:
        """Let readers and the writer not wait for each other. Stays with the file."""
        if self.is_sqlite:
            with self._translated(), self._raw() as connection:
                connection.execute(text("PRAGMA journal_mode=WAL"))

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    @contextmanager
    def _raw(self) -> Iterator[Connection]:
        """A connection outside any transaction, which some statements want."""
        with self._engine.connect().execution_options(gallery_raw=True) as connection:
            yield connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise GalleryError(self._explain(error)) from error

    def _is_full(self) -> bool:
        """Whether the disk has no room for even SQLite's shared-memory file; it then reports an I/O error."""
        return shutil.disk_usage(self.place).free < SHARED_MEMORY_BYTES

    def _explain(self, error: DBAPIError) -> str:
        reason = " ".join(str(error.orig).split())
        if "full" in reason or ("disk I/O" in reason and self._is_full()):
            return f"no space left for the gallery in {self.place}: free some, then run the command again"
        if "locked" in reason or "busy" in reason:
            return f"gallery {self.place} is busy ({reason} for {BUSY_SECONDS} s): try again when other commands end"
        if "readonly" in reason or "unable to open" in reason:
            return f"gallery {self.place} cannot be written ({reason}): check the permissions of the folder"
        if "not a database" in reason or "malformed" in reason:
            return f"gallery {self.place} is damaged ({reason}): restore a backup, or ingest into a new folder"
        return f"gallery {self.place}: {reason}"


def _prepare_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    # The driver's own transactions begin too late and too weakly; _begin_sqlite says when.
    connection.isolation_level = None
    cursor = connection.cursor()
    try:
        for pragma in _PRAGMAS:
            cursor.execute(pragma)
    finally:
        cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get("gallery_raw"):
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("gallery_write") else "BEGIN")
