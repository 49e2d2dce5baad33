"""The file that spares a large gallery rebuilding its index: written whole or not at all, checked when read."""

import hashlib
import json
import os
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gallery.lock import FileLock
from gallery.tracklet import EmbedderIdentity

_MAGIC = b"passerby index 2\n"
_DIGEST_BYTES = 32
_LENGTH = struct.Struct("<Q")
_LOCK_SECONDS = 60.0

Array = NDArray[np.int64] | NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Snapshot:
    """An index at one position of the change log.

    Attributes:
        gallery: The random name of the gallery that it belongs to.
        embedder: Whose vectors it holds.
        vectors: Which of a tracklet's vectors it holds: ``all`` or ``mean``.
        position: The last change that it has seen.
        stamp: When that change was made (``ChangeLog.stamp``).
        arrays: What the index consists of, by name.
    """

    gallery: str
    embedder: EmbedderIdentity
    vectors: str
    position: int
    stamp: int
    arrays: Mapping[str, Array]


def snapshot_path(folder: Path, vectors: str) -> Path:
    """Where a gallery's snapshot of ``all`` its vectors, or of the ``mean`` ones, lies."""
    return folder / "index" / f"{vectors}.snapshot"


def snapshot_lock(folder: Path) -> FileLock:
    """The lock of whoever writes or drops the snapshot."""
    return FileLock(folder / "locks" / "index.lock")


def read_snapshot(folder: Path, vectors: str) -> Snapshot | None:
    """The snapshot, or None if there is none or it is damaged in any way: it can be made again."""
    try:
        data = snapshot_path(folder, vectors).read_bytes()
    except OSError:
        return None
    body = memoryview(data)[len(_MAGIC) + _DIGEST_BYTES :]
    if not data.startswith(_MAGIC) or _digest(body) != data[len(_MAGIC) : len(_MAGIC) + _DIGEST_BYTES]:
        return None
    return _decode(body)


def write_snapshot(folder: Path, snapshot: Snapshot, is_current: Callable[[], bool]) -> bool:
    """Write a snapshot durably. The caller holds ``snapshot_lock``.

    Args:
        folder: The gallery's folder.
        snapshot: What to write.
        is_current: Asked at the last moment. If it says no (somebody was erased meanwhile), nothing is left.

    Returns:
        False if it was not written; a full disk is a reason too, since a gallery can do without.
    """
    path = snapshot_path(folder, snapshot.vectors)
    part = path.with_suffix(".part")
    try:
        path.parent.mkdir(exist_ok=True)
        _write(part, snapshot)
        if is_current():
            part.rename(path)
            return True
    except OSError:
        return False
    finally:
        part.unlink(missing_ok=True)
    return False


def drop_snapshots(folder: Path) -> bool:
    """Remove all snapshots, and what a crash left of one; False if somebody was writing one all the while."""
    with snapshot_lock(folder) as lock:
        if not lock.acquire(_LOCK_SECONDS):
            return False
        for path in (folder / "index").glob("*"):
            path.unlink(missing_ok=True)
    return True


def _write(path: Path, snapshot: Snapshot) -> None:
    blocks = _encode(snapshot)
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for block in blocks:
        digest.update(block)
    with path.open("wb") as file:
        file.write(_MAGIC)
        file.write(digest.digest())
        for block in blocks:
            file.write(block)
        file.flush()
        os.fsync(file.fileno())


def _encode(snapshot: Snapshot) -> list[bytes | memoryview]:
    arrays = {name: np.ascontiguousarray(array) for name, array in snapshot.arrays.items()}
    header = {
        "gallery": snapshot.gallery,
        "embedder": [snapshot.embedder.name, snapshot.embedder.sha256, snapshot.embedder.dimension],
        "vectors": snapshot.vectors,
        "position": snapshot.position,
        "stamp": snapshot.stamp,
        "arrays": [[name, array.dtype.str, list(array.shape)] for name, array in arrays.items()],
    }
    text = json.dumps(header).encode()
    return [_LENGTH.pack(len(text)), text, *(array.reshape(-1).view(np.uint8).data for array in arrays.values())]


def _decode(body: memoryview) -> Snapshot:
    (length,) = _LENGTH.unpack_from(body)
    header = json.loads(bytes(body[_LENGTH.size : _LENGTH.size + length]))
    offset = _LENGTH.size + length
    arrays: dict[str, Array] = {}
    for name, kind, shape in header["arrays"]:
        size = int(np.prod(shape, dtype=np.int64))
        # Copied: the parts need not lie at addresses that their types want.
        arrays[name] = np.frombuffer(body, dtype=np.uint8, count=size * np.dtype(kind).itemsize, offset=offset).copy()
        arrays[name] = arrays[name].view(kind).reshape(shape)
        offset += size * np.dtype(kind).itemsize
    return Snapshot(
        gallery=header["gallery"],
        embedder=EmbedderIdentity(*header["embedder"]),
        vectors=header["vectors"],
        position=header["position"],
        stamp=header["stamp"],
        arrays=arrays,
    )


def _digest(body: memoryview) -> bytes:
    return hashlib.blake2b(body, digest_size=_DIGEST_BYTES).digest()
