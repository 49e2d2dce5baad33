"""Live cameras into the gallery: what is kept, when it is seen, and what a stop, a loss or kill -9 leaves."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gallery.check import check
from gallery.errors import QueryError
from gallery.store import Gallery
from ingest.camera_job import INTERRUPTED, CameraJob
from ingest.live_limits import LiveLimits
from ingest.networks import Networks
from ingest.runner import LocalRunner
from ingest.source import open_source
from ingest.stopping import stopped_by_signals
from ingest.zoned import zoned_detector, zoned_source
from ingest.zones import Zones
from retrieval.query import query_from_frame, stored_frame
from retrieval.recordings import Recordings
from tests.ingest.cameras import Play, mjpeg_camera, rtsp_camera
from tests.ingest.videos import grey, write_video
from tests.ingest.walkers import FRAMES, HEIGHT, WIDTH, BrightDetector, ColourEmbedder, ingest, picture

ROOT = Path(__file__).resolve().parents[2]
WALK = [picture(k) for k in range(FRAMES)]
SHORT = LiveLimits(open_seconds=2, read_seconds=0.5)


@pytest.fixture
def gallery(tmp_path):
    with Gallery.open(tmp_path / "gallery", create=True) as one:
        yield one


def seconds(span):
    return (span[1] - span[0]) / timedelta(seconds=1)


def test_people_of_a_live_camera_and_the_hole_of_a_silence(gallery):
    limits = LiveLimits(open_seconds=2, read_seconds=2.1)
    with rtsp_camera(Play(WALK, rate=100, then="hang"), Play(WALK, rate=100)) as camera:
        result = ingest(gallery, open_source(f"rtsp://127.0.0.1:{camera.port}/walk", limits=limits))
    assert (result.start_origin, result.ended, result.already_done) == ("clock", "lost", False)
    assert "silent for 2.1 s" in result.problems[0]
    rows = gallery.tracklets()
    assert len(rows) == result.tracklets >= 4
    (covered,) = gallery.coverage()
    assert datetime.fromisoformat(result.start) <= covered.since < rows[-1].start < covered.until <= datetime.now(UTC)
    (hole,) = covered.gaps
    assert 2.1 < seconds(hole) < 10
    assert check(gallery, deep=True).problems == ()
    (kept,) = gallery.ingests("door")
    assert (kept.source, kept.state, kept.is_live) == (f"rtsp://127.0.0.1:{camera.port}/walk", "done", True)
    moment = covered.since + timedelta(seconds=0.5)
    with pytest.raises(QueryError, match=r"door was live at 20.* so that video is gone; ask with --tracklet ID"):
        stored_frame(Recordings(gallery), "door", moment)


def test_tracklets_are_there_while_it_runs_and_stay_when_it_is_told_to_end(gallery, tmp_path):
    stop, seen = threading.Event(), []

    def look(done, total):
        assert total is None
        with Gallery.open(tmp_path / "gallery") as other:
            seen.append(len(other.tracklets()))
        if seen[-1] >= 2:
            stop.set()

    with mjpeg_camera(Play(WALK * 20, rate=50)) as camera:
        source = open_source(f"http://127.0.0.1:{camera.port}/walk", limits=SHORT, stop=stop)
        result = ingest(gallery, source, on_progress=look, commit_seconds=0.2)
    assert seen[-1] >= 2
    assert result.ended == "stopped"
    # Those that were still open are there too, and the session is over.
    assert len(gallery.tracklets()) == result.tracklets >= seen[-1]
    assert [row.state for row in gallery.cameras()] == ["done"]


def test_masks_hold_for_live_cameras(gallery):
    left = Zones(mask=(((0, 0), (0.5, 0), (0.5, 1), (0, 1)),))
    seen = []

    class Spy(BrightDetector):
        def detect(self, images):
            seen.extend(int(image[:, : WIDTH // 2].max()) for image in images)
            return super().detect(images)

    with mjpeg_camera(Play(WALK, rate=100)) as camera:
        limits = LiveLimits(stop_after_seconds=0.5)
        source = zoned_source(open_source(f"http://127.0.0.1:{camera.port}/walk", limits=limits), left)
        result = ingest(gallery, source, zoned_detector(Spy(), source))
    assert result.frames == len(seen) > 5
    assert set(seen) == {0}


def test_a_stored_frame_stays_masked_even_where_it_was_first_ingested_without(gallery, tmp_path):
    video = str(write_video(tmp_path / "a.mp4", [grey(20, (WIDTH, HEIGHT))] * 20))
    top = Zones(mask=(((0, 0), (1, 0), (1, 0.5), (0, 0.5)),))
    epoch = datetime.fromtimestamp(0, UTC)
    ingest(gallery, open_source(video))
    assert stored_frame(Recordings(gallery), "door", epoch)[: HEIGHT // 2].min() > 100
    ingest(gallery, zoned_source(open_source(video), top))
    shown = stored_frame(Recordings(gallery), "door", epoch)
    assert shown[: HEIGHT // 2].max() == 0
    assert shown[HEIGHT // 2 + 2 :].min() > 100
    embedder = ColourEmbedder()
    asked = query_from_frame(gallery, embedder, "door", epoch, (20, 0, 60, 100))
    assert int(asked.picture.max()) == 0


def test_after_kill_9_the_gallery_is_sound_and_the_next_start_is_a_new_session(gallery, tmp_path):
    plays = [Play(WALK * 20, rate=60), Play(WALK, rate=100)]
    with mjpeg_camera(*plays) as camera:
        address = f"http://admin:s3cret@127.0.0.1:{camera.port}/walk"
        command = [sys.executable, str(ROOT / "tests/ingest/ingest_walkers.py"), str(tmp_path / "gallery"), address]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)}) as process:
            deadline = time.monotonic() + 60
            while len(gallery.tracklets()) < 2 and time.monotonic() < deadline:
                time.sleep(0.05)
            process.kill()
        kept = len(gallery.tracklets())
        assert kept >= 2
        assert check(gallery, deep=True).problems == ()
        assert [row.state for row in gallery.cameras()] == ["interrupted"]
        # It is never resumed, so it cannot bring back somebody who is erased.
        assert gallery.erase(tracklets=[gallery.tracklets()[0].id]).tracklets == 1
        kept -= 1
        result = ingest(gallery, open_source(address, limits=SHORT))
    assert not result.already_done
    first, second = gallery.ingests("door")
    assert (first.state, second.state) == ("done", "done")
    assert first.source_hash != second.source_hash
    assert first.until < second.since
    assert [row.state for row in gallery.cameras()] == ["done"]
    assert len(gallery.tracklets()) == kept + result.tracklets
    assert check(gallery, deep=True).problems == ()
    for file in (tmp_path / "gallery").rglob("*"):
        assert not file.is_file() or b"s3cret" not in file.read_bytes()


def test_all_live_cameras_run_at_once_on_two_threads_and_a_signal_ends_them_well(tmp_path):
    endless = [grey(k, (64, 48)) for k in range(25)] * 400
    long = str(write_video(tmp_path / "long.mp4", [grey(k, (320, 240)) for k in range(25)] * 400))
    heard = {}

    def listen(camera, done, total):
        heard[camera] = done
        if len(heard) == 5 and min(heard.values()) >= 3 and "told" not in heard:
            heard["told"] = 3
            os.kill(os.getpid(), signal.SIGTERM)

    with ExitStack() as stack:
        cameras = [stack.enter_context(mjpeg_camera(Play(endless, rate=20))) for _ in range(4)]
        jobs = [CameraJob("file", ((long, None),))]
        jobs += [
            CameraJob(f"live{k}", ((f"http://127.0.0.1:{camera.port}/", None),), fps=5.0)
            for k, camera in enumerate(cameras)
        ]
        file, *live = LocalRunner(tmp_path / "gallery", Networks("motion", "stripes"), threads=2).run(jobs, listen)
    # The live ones have no end, so all of them were running when the fourth was heard of; the file had its turn too.
    assert [(outcome.camera, outcome.error) for outcome in live] == [(f"live{k}", None) for k in range(4)]
    assert [(outcome.results[0].ended, outcome.results[0].frames > 0) for outcome in live] == [("stopped", True)] * 4
    assert (file.error, file.results) == (INTERRUPTED, ())
    with Gallery.open(tmp_path / "gallery") as gallery:
        states = {row.name: row.state for row in gallery.cameras()}
        assert states == {"file": "interrupted", **{f"live{k}": "done" for k in range(4)}}
        spans = gallery.coverage([f"live{k}" for k in range(4)])
        assert max(span.since for span in spans) < min(span.until for span in spans)


def test_a_second_signal_interrupts():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), stopped_by_signals() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.wait(5)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)
    assert signal.getsignal(signal.SIGTERM) is before
    found = []
    thread = threading.Thread(target=lambda: [found.append(stop) for stop in [stopped_by_signals().__enter__()]])
    thread.start()
    thread.join()
    assert not found[0].is_set()
