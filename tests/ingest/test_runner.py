"""Many cameras side by side."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import cv2
import pytest

from gallery.check import check
from gallery.store import Gallery
from ingest.camera_job import CameraJob
from ingest.networks import Networks
from ingest.runner import LocalRunner
from tests.ingest.videos import write_video
from tests.ingest.walkers import BLUE, GREEN, RED, Walker, picture

ROOT = Path(__file__).resolve().parents[2]
BUILT_IN = Networks("motion", "stripes")

LATE = Walker((200, 220, 90), 30, 110, 20, 8, 1.5)
"""Comes when the motion detector has seen the empty place."""


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    """Two videos of 150 frames and one of 40, in which nobody is."""
    folder = tmp_path_factory.mktemp("videos")
    casts = {"one": (150, (LATE,)), "two": (150, (BLUE, GREEN, RED, LATE)), "short": (40, ())}
    return {
        name: str(write_video(folder / f"{name}.mp4", [picture(k, cast) for k in range(count)]))
        for name, (count, cast) in casts.items()
    }


def job(camera, *sources, fps=None):
    return CameraJob(camera, tuple((source, None) for source in sources), fps)


def content(folder):
    with Gallery.open(folder) as gallery:
        assert check(gallery, deep=True).problems == ()
        rows = gallery.tracklets()
        return [(row.id, row.start, row.end, gallery.tracklet(row.id).trajectory.boxes.tobytes()) for row in rows]


def ignore(camera, done, total):
    """An event that nobody is interested in."""


def test_one_camera_runs_in_this_process(videos, tmp_path):
    heard = []

    def listen(camera, done, total):
        heard.append((camera, done, total))
        assert multiprocessing.active_children() == []
        assert cv2.getNumThreads() == 2

    (outcome,) = LocalRunner(tmp_path / "gallery", BUILT_IN, threads=2).run([job("door", videos["one"])], listen)
    assert outcome.error is None
    assert [result.frames for result in outcome.results] == [150]
    assert outcome.results[0].tracklets == len(content(tmp_path / "gallery")) >= 1
    assert heard == [("door", min(done, 150), 150) for done in range(8, 158, 8)]
    assert [thread.name for thread in threading.enumerate() if thread.name == "prefetch"] == []


def test_no_cameras(tmp_path):
    assert LocalRunner(tmp_path / "gallery", BUILT_IN, threads=2).run([], ignore) == []


def test_several_cameras_give_what_each_gives_alone_in_the_order_of_the_jobs(videos, tmp_path):
    jobs = [job("long", videos["two"]), job("short", videos["short"]), job("door", videos["one"])]
    heard, at_once = [], 0

    def listen(camera, done, total):
        nonlocal at_once
        heard.append((camera, done))
        children = multiprocessing.active_children()
        assert {child.name for child in children} <= {f"camera {one.camera}" for one in jobs}
        at_once = max(at_once, len(children))

    outcomes = LocalRunner(tmp_path / "together", BUILT_IN, threads=2).run(jobs, listen)
    assert [(outcome.camera, outcome.error) for outcome in outcomes] == [
        ("long", None),
        ("short", None),
        ("door", None),
    ]
    assert [outcome.results[0].frames for outcome in outcomes] == [150, 40, 150]
    assert at_once == 2
    assert multiprocessing.active_children() == []
    for name, frames in (("long", 150), ("short", 40), ("door", 150)):
        done = [count for camera, count in heard if camera == name]
        assert done == [min(count, frames) for count in range(8, frames + 8, 8)]
    alone = LocalRunner(tmp_path / "alone", BUILT_IN, threads=1).run(jobs, ignore)
    assert [outcome.error for outcome in alone] == [None] * 3
    assert content(tmp_path / "together") == content(tmp_path / "alone")


def test_one_that_is_killed_and_one_that_cannot_be_read_do_not_stop_the_others(videos, tmp_path):
    jobs = [job("killed", videos["one"]), job("missing", str(tmp_path / "no.mp4")), job("fine", videos["one"])]

    def kill(camera, done, total):
        for child in multiprocessing.active_children():
            if child.name == "camera killed" and camera == "killed":
                os.kill(child.pid, signal.SIGKILL)

    killed, missing, fine = LocalRunner(tmp_path / "gallery", BUILT_IN, threads=3).run(jobs, kill)
    assert (killed.camera, killed.results) == ("killed", ())
    assert killed.error == (
        "its process was killed by signal 9 (out of memory?); what it committed is kept, run the same command again to "
        "go on"
    )
    assert missing.results == ()
    assert "no.mp4 does not exist" in missing.error
    assert (fine.camera, fine.error, fine.results[0].frames) == ("fine", None, 150)
    assert multiprocessing.active_children() == []
    again = LocalRunner(tmp_path / "gallery", BUILT_IN, threads=1).run([jobs[0], jobs[2]], ignore)
    assert [outcome.error for outcome in again] == [None, None]
    assert [outcome.results[0].already_done for outcome in again] == [False, True]
    with Gallery.open(tmp_path / "gallery") as gallery:
        killed, fine = (gallery.tracklets([name]) for name in ("killed", "fine"))
        assert [(row.start, row.end) for row in killed] == [(row.start, row.end) for row in fine]


def test_left_by_an_exception_no_process_stays(videos, tmp_path):
    def interrupt(camera, done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        LocalRunner(tmp_path / "gallery", BUILT_IN, threads=2).run(
            [job("one", videos["one"]), job("two", videos["two"])], interrupt
        )
    assert multiprocessing.active_children() == []


def is_alive(process: int) -> bool:
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def test_workers_end_when_the_one_who_started_them_is_killed(videos, tmp_path):
    script = ROOT / "tests/ingest/run_cameras.py"
    command = [sys.executable, str(script), str(tmp_path / "gallery"), videos["one"], videos["two"]]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)}) as process:
        workers = [int(number) for number in process.stdout.readline().split()]
        process.kill()
    assert workers
    for _ in range(600):
        if not any(map(is_alive, workers)):
            break
        time.sleep(0.1)
    assert not any(map(is_alive, workers))


def test_the_sources_of_a_camera_come_one_after_the_other_and_a_bad_one_is_passed_over(videos, tmp_path):
    text = tmp_path / "text.mp4"
    text.write_text("not a video")
    sources = [videos["short"], str(text), videos["one"], str(tmp_path / "no.mp4")]
    # Nobody knows when "one" starts, unless it is said: the video before it cannot be read.
    (outcome,) = LocalRunner(tmp_path / "gallery", BUILT_IN, threads=1).run([job("door", *sources[:3])], ignore)
    assert [result.source for result in outcome.results] == [videos["short"]]
    assert f"one.mp4 begins where {text} ends, which cannot be read; give it an @START" in outcome.error
    starts = (None, None, datetime(2024, 5, 1, tzinfo=UTC), None)
    said = CameraJob("door", tuple(zip(sources, starts, strict=True)))
    (outcome,) = LocalRunner(tmp_path / "gallery", BUILT_IN, threads=1).run([said], ignore)
    assert [result.source for result in outcome.results] == [videos["short"], videos["one"]]
    assert str(text) in outcome.error
    assert "no.mp4 does not exist" in outcome.error
    assert "\n" not in outcome.error


def test_the_same_source_twice_is_ingested_once(videos, tmp_path):
    (outcome,) = LocalRunner(tmp_path / "gallery", BUILT_IN, threads=1).run(
        [job("door", videos["short"], videos["short"])], ignore
    )
    assert [result.already_done for result in outcome.results] == [False, True]


@pytest.mark.parametrize(
    ("networks", "error"),
    [(Networks("no-such", "stripes"), "no-such"), (Networks("motion", "no-such"), "no-such")],
)
def test_an_unknown_network_is_one_line(videos, tmp_path, networks, error):
    (outcome,) = LocalRunner(tmp_path / "gallery", networks, threads=1).run([job("door", videos["short"])], ignore)
    assert outcome.results == ()
    assert error in outcome.error
    assert "\n" not in outcome.error


def test_a_gallery_that_cannot_be_made_is_one_line(videos, tmp_path):
    (tmp_path / "file").write_text("")
    (outcome,) = LocalRunner(tmp_path / "file", BUILT_IN, threads=1).run([job("door", videos["short"])], ignore)
    assert "is a file, not a gallery's folder" in outcome.error


def test_sampling_is_passed_on(videos, tmp_path):
    (outcome,) = LocalRunner(tmp_path / "gallery", BUILT_IN, threads=1).run([job("door", videos["one"], fps=5)], ignore)
    assert outcome.results[0].frames == 30
