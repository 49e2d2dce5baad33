"""The file that spares a large gallery rebuilding its index: written whole or not at all, checked when read."""

import hashlib
import io
import json
import os
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gallery.lock import FileLock
from gallery.tracklet import EmbedderIdentity

_MAGIC = b"passerby index 3\n"
_DIGEST_BYTES = 32
_LENGTH = struct.Struct("<Q")
_LOCK_SECONDS = 60.0
_HEAD_BYTES = 1_000_000
_PIECE_BYTES = 8_000_000
_THREADS = 2

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
        with snapshot_path(folder, vectors).open("rb", buffering=0) as file:
            return _decode(file)
    except (OSError, EOFError):
        return None


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
    arrays: dict[str, Array] = {}
    for name, array in snapshot.arrays.items():
        arrays[name] = array if array.flags.c_contiguous else array.copy()
    blocks = [array.reshape(-1).view(np.uint8).data for array in arrays.values()]
    head = _head(snapshot, arrays, _digest_of(piece for block in blocks for piece in _pieces(block)))
    with path.open("wb") as file:
        file.write(_MAGIC + _digest(head) + head)
        for block in blocks:
            file.write(block)
        file.flush()
        os.fsync(file.fileno())


def _head(snapshot: Snapshot, arrays: Mapping[str, Array], digest: str) -> bytes:
    text = json.dumps(
        {
            "gallery": snapshot.gallery,
            "embedder": [snapshot.embedder.name, snapshot.embedder.sha256, snapshot.embedder.dimension],
            "vectors": snapshot.vectors,
            "position": snapshot.position,
            "stamp": snapshot.stamp,
            "arrays": [[name, array.dtype.str, list(array.shape)] for name, array in arrays.items()],
            "digest": digest,
        }
    ).encode()
    return _LENGTH.pack(len(text)) + text


def _decode(file: io.FileIO) -> Snapshot | None:
    """What a file says; None if its digests say otherwise.

    Raises:
        EOFError: If it ends too early.
    """
    start = file.read(len(_MAGIC) + _DIGEST_BYTES + _LENGTH.size)
    if not start.startswith(_MAGIC) or len(start) < len(_MAGIC) + _DIGEST_BYTES + _LENGTH.size:
        return None
    length = start[-_LENGTH.size :]
    text = file.read(min(_LENGTH.unpack(length)[0], _HEAD_BYTES))
    if _digest(length + text) != start[len(_MAGIC) : -_LENGTH.size]:
        return None
    header = json.loads(text)
    arrays: dict[str, Array] = {name: np.empty(shape, kind) for name, kind, shape in header["arrays"]}
    blocks = [array.reshape(-1).view(np.uint8).data for array in arrays.values()]
    if header["digest"] != _digest_of(_filled(file, piece) for block in blocks for piece in _pieces(block)):
        return None
    return Snapshot(
        gallery=header["gallery"],
        embedder=EmbedderIdentity(*header["embedder"]),
        vectors=header["vectors"],
        position=header["position"],
        stamp=header["stamp"],
        arrays=arrays,
    )


def _pieces(block: memoryview) -> Iterator[memoryview]:
    for first in range(0, len(block), _PIECE_BYTES):
        yield block[first : first + _PIECE_BYTES]


def _filled(file: io.FileIO, piece: memoryview) -> memoryview:
    done = 0
    while done < len(piece):
        count = file.readinto(piece[done:])
        if not count:
            raise EOFError(file.name)
        done += count
    return piece


def _digest_of(pieces: Iterable[memoryview]) -> str:
    """One digest of the digests of all pieces, which are made beside each other and beside the reading."""
    with ThreadPoolExecutor(_THREADS) as pool:
        return _digest(b"".join(list(pool.map(_digest, pieces)))).hex()


def _digest(data: bytes | memoryview) -> bytes:
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES).digest()
