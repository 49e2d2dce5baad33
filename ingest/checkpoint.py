"""A follower's state as bytes, so that an interrupted ingest goes on where it stopped."""

import hashlib
import io

import numpy as np

from gallery.errors import GalleryError
from ingest.follower import State

FORMAT = b"passerby checkpoint 2\n"
"""What the bytes start with; raise the number when a state means something else than before."""

DIGEST_BYTES = hashlib.sha256().digest_size


def pack(state: State) -> bytes:
    """The format, a SHA-256, and the arrays as one NumPy archive without pickled objects."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **state)
    archive = buffer.getvalue()
    return FORMAT + hashlib.sha256(archive).digest() + archive


def unpack(data: bytes) -> State:
    """The arrays that ``pack`` wrote.

    Raises:
        GalleryError: If the bytes are damaged, or of another version of the program.
    """
    if not data.startswith(FORMAT):
        raise GalleryError("the checkpoint of an interrupted ingest is of another version; begin that ingest again")
    archive = data[len(FORMAT) + DIGEST_BYTES :]
    if hashlib.sha256(archive).digest() != data[len(FORMAT) : len(FORMAT) + DIGEST_BYTES]:
        raise GalleryError("the checkpoint of an interrupted ingest is damaged; begin that ingest again")
    with np.load(io.BytesIO(archive), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
