"""How vectors and trajectories look inside SQL."""

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracking.trajectory import Trajectory

_HALF = np.dtype("<f2")
_FRAME = np.dtype("<i4")
_FLOAT = np.dtype("<f4")
_TIME = np.dtype("<i8")
_ROW_BYTES = _FRAME.itemsize + _TIME.itemsize + 5 * _FLOAT.itemsize


def pack_vector(vector: NDArray[np.float32]) -> bytes:
    """A vector as float16, little endian: half the room, and similarities change by less than 1e-3."""
    return vector.astype(_HALF).tobytes()


def unpack_vectors(blobs: list[bytes], dimension: int) -> NDArray[np.float16]:
    """Vectors of one length out of their bytes, (N, D) float16.

    Raises:
        ValueError: If the bytes are not that many vectors of that length.
    """
    return np.frombuffer(b"".join(blobs), dtype=_HALF).reshape(len(blobs), dimension)


def pack_trajectory(trajectory: Trajectory, times: NDArray[np.int64]) -> bytes:
    """A trajectory and the time of each of its rows, (N,) int64, compressed; nothing is lost.

    Steps between frames and between times, which are mostly equal, then boxes and confidences.
    """
    parts = (
        np.diff(trajectory.frames, prepend=0).astype(_FRAME).tobytes(),
        np.diff(times, prepend=0).astype(_TIME).tobytes(),
        trajectory.boxes.astype(_FLOAT).tobytes(),
        trajectory.confidences.astype(_FLOAT).tobytes(),
    )
    return zlib.compress(b"".join(parts), level=6)


def unpack_trajectory(track_id: int, blob: bytes) -> tuple[Trajectory, NDArray[np.int64]]:
    """The inverse of ``pack_trajectory``.

    Raises:
        ValueError: If the bytes are damaged.
    """
    try:
        raw = zlib.decompress(blob)
    except zlib.error as error:
        raise ValueError(f"trajectory {track_id} is damaged ({error})") from error
    length = len(raw) // _ROW_BYTES
    frames, times, boxes, confidences = _split(
        raw, [(_FRAME, length), (_TIME, length), (_FLOAT, 4 * length), (_FLOAT, length)]
    )
    trajectory = Trajectory(
        track_id=track_id,
        frames=np.cumsum(frames, dtype=np.int64),
        boxes=boxes.reshape(length, 4).astype(np.float32),
        confidences=confidences.astype(np.float32),
    )
    return trajectory, np.cumsum(times, dtype=np.int64)


def _split(raw: bytes, parts: list[tuple[np.dtype[Any], int]]) -> list[NDArray[Any]]:
    arrays, offset = [], 0
    for kind, count in parts:
        arrays.append(np.frombuffer(raw, kind, count, offset))
        offset += count * kind.itemsize
    return arrays


def pack_box(box: NDArray[np.float32]) -> bytes:
    """A box, (4,) xyxy, as 16 bytes: little-endian float32."""
    return box.astype(_FLOAT).tobytes()


def unpack_box(blob: bytes) -> NDArray[np.float32]:
    """The inverse of ``pack_box``."""
    return np.frombuffer(blob, _FLOAT).astype(np.float32)


def unpack_boxes(blobs: Sequence[bytes]) -> NDArray[np.float32]:
    """Many of them, (N, 4)."""
    return np.frombuffer(b"".join(blobs), _FLOAT).astype(np.float32).reshape(-1, 4)
