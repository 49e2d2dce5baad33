"""Videos that were sent to a server. They lie in ``uploads``, under names that are the server's own."""

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from gallery import schema
from gallery.database import Database
from gallery.errors import QueryError
from gallery.instants import from_microseconds
from gallery.tracklet_rows import now

DAY_SECONDS = 86_400.0


@dataclass(frozen=True)
class Upload:
    """A video that was sent.

    Attributes:
        id: Random text, and the stem of its file.
        name: What its sender called it; for people.
        path: Where it lies.
        size: Bytes.
        facts: ``width``, ``height``, ``rate``, ``seconds`` (null where it is not known), ``format``.
        created: UTC.
    """

    id: str
    name: str
    path: Path
    size: int
    facts: Mapping[str, object]
    created: datetime


class UploadTable:
    """The uploads of a gallery.

    Args:
        database: The gallery's.
        folder: The gallery's folder.
    """

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self.folder = folder / "uploads"

    def new_path(self) -> Path:
        """Where to write one while it comes; in a folder of the same disk, so that it can be renamed."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        return self.folder / f"{secrets.token_hex(12)}.part"

    def add(self, part: Path, name: str, suffix: str, facts: Mapping[str, object]) -> Upload:
        """Keeps a file that was written to ``new_path``.

        Args:
            part: The file.
            name: For people.
            suffix: Of the file's kind, with its dot; letters and digits.
            facts: See ``Upload``.
        """
        upload_id = part.stem
        path = self.folder / f"{upload_id}{suffix}"
        part.rename(path)
        values = {
            "id": upload_id,
            "name": name,
            "suffix": suffix,
            "size": path.stat().st_size,
            "facts": json.dumps(facts),
            "created": now(),
        }
        with self._database.write() as connection:
            connection.execute(sa.insert(schema.uploads).values(**values))
        return self.get(upload_id)

    def get(self, upload_id: str) -> Upload:
        """One upload.

        Raises:
            QueryError: If there is none of that id.
        """
        with self._database.read() as connection:
            row = connection.execute(sa.select(schema.uploads).where(schema.uploads.c.id == upload_id)).first()
        if row is None:
            raise QueryError(f"there is no upload {upload_id!r}")
        return self._row(row)

    def rows(self) -> list[Upload]:
        """All of them, the newest first."""
        with self._database.read() as connection:
            found = connection.execute(sa.select(schema.uploads).order_by(schema.uploads.c.created.desc()))
            return [self._row(row) for row in found]

    def remove(self, upload_id: str) -> None:
        """Removes an upload and its file.

        Raises:
            QueryError: If there is none of that id.
        """
        upload = self.get(upload_id)
        upload.path.unlink(missing_ok=True)
        with self._database.write() as connection:
            connection.execute(sa.delete(schema.uploads).where(schema.uploads.c.id == upload_id))

    def sweep(self) -> None:
        """Removes what came half before a crash, a day ago or more: what is younger may be coming just now."""
        known = {upload.path.name for upload in self.rows()}
        if self.folder.is_dir():
            for path in self.folder.iterdir():
                if path.name not in known and time.time() - path.stat().st_mtime > DAY_SECONDS:
                    path.unlink(missing_ok=True)

    def _row(self, row: "sa.Row[tuple[object, ...]]") -> Upload:
        path = self.folder / f"{row.id}{row.suffix}"
        return Upload(row.id, row.name, path, row.size, json.loads(row.facts), from_microseconds(row.created))
