"""Vectors of image files that were computed before, in one SQLite file for each embedder and way to ask it.

SQLite, and not one file for each set of images: an interrupted run keeps what it had, a set that grew or shares images with
another computes only what is new, and two runs may write at once. Images are known by what is in them, not by their names.
Vectors are kept as float32, so that a second run gives the very figures of the first, and each has a checksum: SQLite has none.
"""

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gallery.errors import ConfigError
from gallery.tracklet import EmbedderIdentity

FORMAT = 1
"""Goes up when pictures are read or brought to an input's size in another way: older vectors are not found then."""

_SCHEMA = "CREATE TABLE IF NOT EXISTS vectors (image BLOB PRIMARY KEY, vector BLOB NOT NULL, checksum BLOB NOT NULL)"
_PAGE_BYTES = 65536  # at 4096 two vectors of 512 numbers do not fit on one page, and half of it is empty
_TOGETHER = 500
_WAIT_SECONDS = 60.0


class VectorCache:
    """The vectors of one embedder, asked in one way.

    Args:
        folder: Of all caches; made if it is absent, for this user's eyes alone: vectors can tell who somebody is.
        embedder: Whose vectors.
        way: How it was asked, in any words: what changes its vectors.
    """

    def __init__(self, folder: Path, embedder: EmbedderIdentity, way: str) -> None:
        self._key = repr((FORMAT, embedder.name, embedder.sha256, embedder.dimension, way)).encode()
        self._dimension = embedder.dimension
        name = "".join(c if c.isalnum() or c in "-_." else "_" for c in embedder.name)[:80]
        self.path = folder / f"{name}-{blake2b(self._key, digest_size=8).hexdigest()}.sqlite"

    def get(self, images: Sequence[bytes]) -> tuple[dict[bytes, NDArray[np.float32]], int]:
        """The vectors that are there.

        Args:
            images: SHA-256 of their files.

        Returns:
            (D,) float32 by SHA-256, and how many were found damaged. These are left out, so that they are computed again.

        Raises:
            ConfigError: If the file cannot be read.
        """
        found: dict[bytes, NDArray[np.float32]] = {}
        damaged = 0
        wanted = list(dict.fromkeys(images))
        if not self.path.exists():
            return found, 0
        with self._open() as database:
            for start in range(0, len(wanted), _TOGETHER):
                part = wanted[start : start + _TOGETHER]
                marks = ",".join("?" * len(part))
                rows = database.execute(f"SELECT image, vector, checksum FROM vectors WHERE image IN ({marks})", part)  # noqa: S608
                for image, vector, checksum in rows:
                    if len(vector) == 4 * self._dimension and checksum == self._checksum(image, vector):
                        found[image] = np.frombuffer(vector, "<f4").astype(np.float32)
                    else:
                        damaged += 1
        return found, damaged

    def put(self, vectors: Mapping[bytes, NDArray[np.float32]]) -> None:
        """Keeps vectors, all of them or, if the process dies, none.

        Args:
            vectors: (D,) float32 by the SHA-256 of their image's file.

        Raises:
            ConfigError: If the file cannot be written.
        """
        blobs = {image: vector.astype("<f4").tobytes() for image, vector in vectors.items()}
        rows = [(image, blob, self._checksum(image, blob)) for image, blob in blobs.items()]
        with self._open() as database, database:
            database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)

    def _checksum(self, image: bytes, vector: bytes) -> bytes:
        return blake2b(image + vector, key=blake2b(self._key).digest(), digest_size=16).digest()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
            with closing(sqlite3.connect(self.path, timeout=_WAIT_SECONDS)) as database:
                database.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
                database.execute(_SCHEMA)
                yield database
        except (sqlite3.Error, OSError) as error:
            raise ConfigError(
                f"the cache of vectors {self.path} cannot be used ({error}); remove that file, or leave it alone with --no-cache"
            ) from error
