"""Galleries with made-up people: pictures are random bytes, vectors random directions."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from gallery.ingest_spec import IngestProgress, IngestSpec
from gallery.instants import to_microseconds
from gallery.store import Gallery
from gallery.tracklet import Crop, EmbedderIdentity, Tracklet
from tracking.trajectory import Trajectory


class People:
    """Makes tracklets; the same seed makes the same ones."""

    noon = datetime(2024, 5, 1, 12, tzinfo=UTC)
    dimension = 16
    embedder = EmbedderIdentity("stripes", "ab" * 32, dimension)

    def __init__(self, seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)

    def directions(self, count: int, dimension: int = dimension) -> np.ndarray:
        vectors = self.rng.standard_normal((count, dimension)).astype(np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def tracklet(
        self,
        camera: str = "door",
        number: int = 1,
        *,
        second: float = 0.0,
        crops: int = 2,
        jpegs: list[bytes] | None = None,
    ) -> Tracklet:
        """Twenty frames at ten frames a second, beginning that many seconds after noon."""
        frames = np.arange(20) + round(10 * second)
        boxes = self.rng.uniform(0, 500, (20, 4)).astype(np.float32)
        pictures = jpegs if jpegs is not None else [self.rng.bytes(300) for _ in range(crops)]
        return Tracklet(
            id=f"{camera}-{number:06d}",
            camera=camera,
            trajectory=Trajectory(number, frames, boxes, self.rng.uniform(0.3, 1, 20).astype(np.float32)),
            times=to_microseconds(self.noon) + 100_000 * frames,
            crops=tuple(Crop(int(frames[i]), boxes[i], 0.5, jpeg) for i, jpeg in enumerate(pictures)),
            vectors=self.directions(1 + len(pictures)),
        )

    def spec(self, camera: str = "door", **changes: object) -> IngestSpec:
        values: dict[str, object] = {
            "camera": camera,
            "source": f"/videos/{camera}.mp4",
            "source_hash": "c0ffee",
            "start": self.noon,
            "start_origin": "given",
            "fps": None,
            "detector": "hog",
            "embedder": self.embedder,
        }
        return IngestSpec(**{**values, **changes})

    def after(self, seconds: float) -> datetime:
        """The time so many seconds after noon."""
        return self.noon + timedelta(seconds=seconds)

    def seen(self, seconds: float, **changes: object) -> IngestProgress:
        """Progress of an ingest that saw so many seconds from noon on, at ten frames a second."""
        frames = round(10 * seconds)
        values: dict[str, object] = {
            "next_frame": frames,
            "frames": frames,
            "since": self.noon,
            "until": self.after(seconds),
        }
        return IngestProgress(**{**values, **changes})

    def fill(self, gallery: Gallery, camera: str, tracklets: list[Tracklet], **spec: object) -> None:
        """A whole ingest of a camera, of one minute."""
        with gallery.begin_ingest(self.spec(camera, **spec)) as session:
            session.commit(tracklets, None, self.seen(60))
            session.finish(self.seen(60))


@pytest.fixture
def people() -> People:
    return People()


@pytest.fixture
def gallery(tmp_path: Path) -> Iterator[Gallery]:
    with Gallery.open(tmp_path / "gallery", create=True) as opened:
        yield opened


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Makes a file system of so many KiB; skips where that is not allowed."""
    mounted: list[Path] = []

    def mount(kibibytes: int) -> Path:
        folder = tmp_path / "disk"
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={kibibytes}k", "tmpfs", str(folder)]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"a small file system cannot be mounted here: {error}")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def start_python() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a Python script beside the tests, in a process of its own, with the same import path."""
    started: list[subprocess.Popen[str]] = []

    def start(script: Path, *arguments: str) -> subprocess.Popen[str]:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        process = subprocess.Popen(
            [sys.executable, str(script), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
