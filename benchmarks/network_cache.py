"""Networks whose outputs are kept in files, by the hash of the network, its settings and the picture."""

import hashlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gallery.tracklet import EmbedderIdentity
from ingest.detector import Detections, Detector, DetectorIdentity
from ingest.embedder import Embedder
from ingest.frame import Image
from ingest.thresholds import Thresholds


class Outputs:
    """Arrays by key, in one SQLite file.

    Args:
        folder: Where the file lies.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.database = sqlite3.connect(folder / "outputs.db", timeout=60)
        self.database.execute("PRAGMA journal_mode=WAL")
        self.database.execute("PRAGMA synchronous=OFF")
        self.database.execute("CREATE TABLE IF NOT EXISTS outputs (key BLOB PRIMARY KEY, value BLOB)")

    def get(self, key: bytes) -> NDArray[np.float32] | None:
        row = self.database.execute("SELECT value FROM outputs WHERE key = ?", (key,)).fetchone()
        return None if row is None else np.frombuffer(row[0], np.float32)

    def put(self, items: Sequence[tuple[bytes, NDArray[np.float32]]]) -> None:
        rows = [(key, np.ascontiguousarray(value, np.float32).tobytes()) for key, value in items]
        with self.database:
            self.database.executemany("INSERT OR REPLACE INTO outputs VALUES (?, ?)", rows)


def key_of(network: str, image: Image) -> bytes:
    digest = hashlib.blake2b(network.encode(), digest_size=16)
    digest.update(str(image.shape).encode())
    digest.update(np.ascontiguousarray(image).data)
    return digest.digest()


class CachedDetector:
    """A detector that looks at no picture twice. Only for detectors without a state."""

    def __init__(self, detector: Detector, folder: Path) -> None:
        if not detector.resumable:
            raise ValueError(f"{detector.identity.name} depends on earlier frames; its outputs cannot be kept")
        self.detector = detector
        self.resumable = True
        self.batch = detector.batch
        self.outputs = Outputs(folder)

    @property
    def identity(self) -> DetectorIdentity:
        return self.detector.identity

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        return [self.detect_one(image) for image in images]

    def detect_one(self, image: Image) -> Detections:
        key = key_of(repr(self.identity), image)
        kept = self.outputs.get(key)
        if kept is None:
            found = self.detector.detect([image])[0]
            kept = np.concatenate([found.boxes, found.confidences[:, None]], axis=1)
            self.outputs.put([(key, kept)])
        rows = kept.reshape(-1, 5)
        return Detections(rows[:, :4].copy(), rows[:, 4].copy())


class CachedEmbedder:
    """An embedder that looks at no crop twice."""

    def __init__(self, embedder: Embedder, folder: Path) -> None:
        self.embedder = embedder
        self.outputs = Outputs(folder)

    @property
    def identity(self) -> EmbedderIdentity:
        return self.embedder.identity

    @property
    def thresholds(self) -> Thresholds:
        return self.embedder.thresholds

    def embed(self, crops: Sequence[Image]) -> NDArray[np.float32]:
        keys = [key_of(repr(self.identity), crop) for crop in crops]
        vectors = [self.outputs.get(key) for key in keys]
        new = [k for k, vector in enumerate(vectors) if vector is None]
        if new:
            made = self.embedder.embed([crops[k] for k in new])
            self.outputs.put([(keys[k], vector) for k, vector in zip(new, made, strict=True)])
            for k, vector in zip(new, made, strict=True):
                vectors[k] = vector
        dimension = self.identity.dimension
        return np.array(vectors, np.float32).reshape(-1, dimension)
