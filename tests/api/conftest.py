"""The command line, run as a user runs it."""

import json
import shutil
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from api.main import main
from tests.ingest.videos import noise, write_video


@dataclass(frozen=True)
class Run:
    """What one command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict:
        return json.loads(self.out)

    @property
    def error(self) -> str:
        """The one line on standard error that begins with the command's name."""
        lines = [line for line in self.err.splitlines() if line.startswith("passerby: ")]
        assert len(lines) == 1, self.err
        return lines[0]


Passerby = Callable[..., Run]


@pytest.fixture
def passerby(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Passerby:
    """Runs a command in this process; the gallery is in the test's own folder unless --data says otherwise."""
    monkeypatch.setenv("PASSERBY_DATA", str(tmp_path / "gallery"))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: object) -> Run:
        monkeypatch.setattr(sys, "argv", ["passerby", *map(str, arguments)])
        capfd.readouterr()
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 0
        captured = capfd.readouterr()
        return Run(code, captured.out, captured.err)

    return run


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small rendered scene: two cameras, a few people."""
    from ingest.demo_scene import SceneSettings, render_scene

    folder = tmp_path_factory.mktemp("scene")
    render_scene(folder / "scene", settings=SceneSettings(seed=3, seconds=30, cameras=2, people=6), workers=1)
    return folder / "scene"


BUILT_IN = ("--detector", "motion", "--embedder", "stripes")


@pytest.fixture(scope="session")
def ingested(scene: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gallery with both cameras of the scene. Tests must not change it."""
    from ingest.camera_job import CameraJob
    from ingest.networks import Networks
    from ingest.runner import LocalRunner

    folder = tmp_path_factory.mktemp("ingested") / "gallery"
    jobs = [CameraJob(name, ((str(scene / f"{name}.mp4"), None),)) for name in ("cam1", "cam2")]
    outcomes = LocalRunner(folder, Networks("motion", "stripes"), 1).run(jobs, lambda camera, done, total: None)
    assert [outcome.error for outcome in outcomes] == [None, None]
    return folder


@pytest.fixture
def own_gallery(ingested: Path, tmp_path: Path) -> Path:
    """A copy of the ingested gallery, which a test may change; what other tests asked of that one is not in it."""
    folder = Path(shutil.copytree(ingested, tmp_path / "own"))
    with closing(sqlite3.connect(folder / "gallery.sqlite")) as plain, plain:
        for table in ("audit", "query_tracklets", "queries"):
            plain.execute(f"DELETE FROM {table}")  # noqa: S608
    return folder


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A video of two seconds in which everything moves, so that cutting it takes something away."""
    return write_video(tmp_path / "clip.mp4", [noise(k) for k in range(50)])
