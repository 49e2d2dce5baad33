"""The write path interrupted: by exceptions, by kill -9, by a full disk."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from gallery import schema
from gallery.check import check
from gallery.errors import GalleryError
from gallery.store import Gallery
from ingest.camera import BLOCK
from ingest.source import open_source
from tests.ingest.videos import write_video
from tests.ingest.walkers import (
    FRAMES,
    Clip,
    ColourEmbedder,
    CountingDetector,
    content,
    ingest,
    picture,
)

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def gallery(tmp_path):
    with Gallery.open(tmp_path / "gallery", create=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The tracklets of the clip, ingested in one go."""
    with Gallery.open(tmp_path_factory.mktemp("undisturbed") / "gallery", create=True) as gallery:
        ingest(gallery, Clip())
        return content(gallery)


@pytest.mark.parametrize("commit_seconds", [0, 1000])
@pytest.mark.parametrize("batches", [0, 1, 4, 8, 12])
def test_an_interrupted_ingest_ends_like_an_undisturbed_one(gallery, undisturbed, commit_seconds, batches):
    with pytest.raises(InterruptedError):
        ingest(gallery, Clip(), embedder=ColourEmbedder(fails_after=batches), commit_seconds=commit_seconds)
    assert check(gallery, deep=True).problems == ()
    source = Clip()
    result = ingest(gallery, source)
    assert source.given[0] == (BLOCK * batches if commit_seconds == 0 else 0)
    assert (result.frames, result.detections, result.tracklets) == (FRAMES, 172, 3)
    assert content(gallery) == undisturbed


def test_interrupted_at_random_again_and_again(gallery, undisturbed):
    chance = random.Random(3)
    attempts = 0
    while gallery.cameras() == [] or gallery.cameras()[0].state != "done":
        attempts += 1
        assert attempts < 50
        source = Clip()
        source.fails_at = chance.randrange(FRAMES + 40)
        try:
            ingest(gallery, source, commit_seconds=chance.choice([0, 0, 1000]))
        except InterruptedError:
            continue
    assert attempts > 1
    assert content(gallery) == undisturbed
    assert check(gallery, deep=True).problems == ()


def test_killed_between_the_last_commit_and_the_end(gallery, undisturbed, monkeypatch):
    class Killed(BaseException):
        pass

    def killed(session, progress):
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr("gallery.ingest_session.IngestSession.finish", killed)
        ingest(gallery, Clip())
    assert content(gallery) == undisturbed
    source = Clip()
    assert ingest(gallery, source).tracklets == 3
    assert source.given == []
    assert content(gallery) == undisturbed


def damage(gallery, data):
    with gallery.database.write() as connection:
        connection.execute(schema.ingests.update().values(checkpoint=data))


@pytest.mark.parametrize("data", [b"", b"damaged", None])
def test_without_a_sound_checkpoint_the_ingest_begins_again(gallery, undisturbed, data):
    with pytest.raises(InterruptedError):
        ingest(gallery, Clip(), embedder=ColourEmbedder(fails_after=10), commit_seconds=0)
    damage(gallery, data)
    source = Clip()
    assert ingest(gallery, source).tracklets == 3
    assert source.given[0] == 0
    assert content(gallery) == undisturbed
    assert check(gallery, deep=True).problems == ()


def test_a_detector_that_cannot_be_resumed_begins_again(gallery, tmp_path):
    with Gallery.open(tmp_path / "other", create=True) as other:
        ingest(other, Clip(), CountingDetector())
        expected = content(other)
    with pytest.raises(InterruptedError):
        ingest(gallery, Clip(), CountingDetector(), ColourEmbedder(fails_after=10), commit_seconds=0)
    assert len(gallery.tracklets()) == 1  # committed, and to be rolled back
    source = Clip()
    ingest(gallery, source, CountingDetector(), commit_seconds=0)
    assert source.given[0] == 0
    assert content(gallery) == expected
    assert check(gallery, deep=True).problems == ()


def prefetch_threads():
    return [thread for thread in threading.enumerate() if thread.name == "prefetch"]


def test_no_thread_stays_behind(gallery):
    for fails in (2, None):
        source = Clip()
        source.fails_at = 50 if fails is None else None
        with pytest.raises(InterruptedError):
            ingest(gallery, source, embedder=ColourEmbedder(fails_after=fails))
        assert prefetch_threads() == []
    ingest(gallery, Clip())
    assert prefetch_threads() == []


def test_a_sampled_ingest_resumes_at_the_same_frames(gallery, tmp_path):
    with Gallery.open(tmp_path / "other", create=True) as other:
        ingest(other, Clip(fps=12.5))
        expected = content(other)
    with pytest.raises(InterruptedError):
        ingest(gallery, Clip(fps=12.5), embedder=ColourEmbedder(fails_after=3), commit_seconds=0)
    source = Clip(fps=12.5)
    ingest(gallery, source)
    assert source.given[0] == 48
    assert content(gallery) == expected


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """The walkers as a file."""
    path = tmp_path_factory.mktemp("video") / "walkers.mp4"
    return write_video(path, [picture(index) for index in range(FRAMES)], created="2024-05-01T12:00:00Z")


@pytest.fixture(scope="module")
def undisturbed_video(video, tmp_path_factory):
    with Gallery.open(tmp_path_factory.mktemp("undisturbed") / "gallery", create=True) as gallery:
        ingest(gallery, open_source(str(video)))
        return content(gallery)


def start(folder, video):
    command = [sys.executable, str(ROOT / "tests/ingest/ingest_walkers.py"), str(folder), str(video)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)


def test_killed_again_and_again(video, undisturbed_video, tmp_path):
    chance = random.Random(1)
    kills = 0
    while kills < 4:
        process = start(tmp_path / "gallery", video)
        with process:
            process.stdout.readline()
            time.sleep(chance.uniform(0.02, 0.2))
            os.kill(process.pid, signal.SIGKILL)
        kills += process.returncode == -signal.SIGKILL
        with Gallery.open(tmp_path / "gallery") as gallery:
            assert check(gallery, deep=True).problems == ()
            if gallery.cameras() and gallery.cameras()[0].state == "done":
                break
    with Gallery.open(tmp_path / "gallery") as gallery:
        ingest(gallery, open_source(str(video)))
        assert content(gallery) == undisturbed_video
        assert check(gallery, deep=True).problems == ()
    assert kills > 0


@pytest.fixture
def small_disk(tmp_path):
    """Makes a file system of so many KiB; skips where that is not allowed."""
    mounted = []

    def mount(kibibytes):
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


def test_a_full_disk_stops_the_ingest_and_keeps_what_was_committed(small_disk, undisturbed):
    disk = small_disk(2048)

    def fill(done, total):
        if done == 88:
            with (disk / "filler").open("wb", buffering=0) as filler, suppress(OSError):
                while filler.write(bytes(4096)):
                    continue

    with Gallery.open(disk / "gallery", create=True) as gallery:
        with pytest.raises(GalleryError, match="no space left") as full:
            ingest(gallery, Clip(), on_progress=fill, commit_seconds=0)
        assert "\n" not in str(full.value)
        assert prefetch_threads() == []
        assert content(gallery) == undisturbed[:1]
    (disk / "filler").unlink()
    with Gallery.open(disk / "gallery") as gallery:
        source = Clip()
        ingest(gallery, source)
        assert source.given[0] >= 80
        assert content(gallery) == undisturbed
        assert check(gallery, deep=True).problems == ()
