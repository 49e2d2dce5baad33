"""Scenes that tests compose themselves."""

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import av
import cv2
import pytest

from tests.retrieval.colours import BLUE, GREEN, HEIGHT, RATE, RED, WIDTH, YELLOW, Walker, draw

FRAMES = 60
CAST = {
    "cam1": [Walker(1, RED, 1, 25), Walker(2, GREEN, 31, 55)],
    "cam2": [Walker(2, GREEN, 1, 25), Walker(1, RED, 28, 55), Walker(3, BLUE, 6, 25, x=100, step=1)],
}


def write_video(path: Path, walkers: Sequence[Walker], frames: int = FRAMES) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"crf": "12", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for frame in range(1, frames + 1):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(draw(walkers, frame), format="bgr24")))
        container.mux(stream.encode(None))
    return path


def write_scene(folder: Path) -> Path:
    """Two cameras; red and green are in both, blue in one, yellow in none."""
    (folder / "queries").mkdir(parents=True)
    visits = [("person", "camera", "first_frame", "last_frame", "start_seconds", "end_seconds")]
    for camera, walkers in CAST.items():
        write_video(folder / f"{camera}.mp4", walkers)
        rows = [
            (frame, w.person, *w.box(frame), 1, -1, -1, 1.0) for w in walkers for frame in range(w.first, w.last + 1)
        ]
        (folder / f"{camera}_gt.txt").write_text("".join(",".join(map(str, row)) + "\n" for row in rows))
        visits += [(w.person, camera, w.first, w.last, (w.first - 1) / RATE, (w.last - 1) / RATE) for w in walkers]
    with (folder / "visits.csv").open("w", newline="") as file:
        csv.writer(file).writerows(visits)
    for name, colour in {"0001_c1": RED, "0002_c2": GREEN, "0003_c2": BLUE, "0004_c0": YELLOW}.items():
        cv2.imwrite(str(folder / "queries" / f"{name}.jpg"), draw([Walker(0, colour, 1, 1)], 1)[40:104, 8:32])
    return folder


@pytest.fixture(scope="session")
def tiny_scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Do not change it; ``fresh_scene`` may be changed."""
    return write_scene(tmp_path_factory.mktemp("tiny") / "scene")


@pytest.fixture
def fresh_scene(tmp_path: Path) -> Path:
    return write_scene(tmp_path / "scene")


@pytest.fixture
def make_video(tmp_path: Path) -> Callable[..., Path]:
    def make(*walkers: Walker, name: str = "door.mp4", frames: int = FRAMES) -> Path:
        return write_video(tmp_path / name, walkers, frames)

    return make
