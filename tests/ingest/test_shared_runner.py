"""Many cameras in one process."""

import multiprocessing
import threading

import pytest

from gallery.check import check
from gallery.store import Gallery
from ingest.camera_job import CameraJob
from ingest.effort import EVERYTHING, Effort
from ingest.networks import Networks
from ingest.runner import LocalRunner
from ingest.shared_runner import SharedNetworks, SharedRunner
from tests.ingest.videos import write_video
from tests.ingest.walkers import BLUE, GREEN, RED, Walker, picture

LATE = Walker((200, 220, 90), 30, 80, 20, 8, 1.5)
"""Comes when the motion detector has seen the empty place."""

HOG = Networks("hog", "stripes")
MOTION = Networks("motion", "stripes")


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    """Three videos of 90, 60 and 20 frames."""
    folder = tmp_path_factory.mktemp("videos")
    casts = {"one": (90, (LATE,)), "two": (60, (BLUE, GREEN, RED, LATE)), "short": (20, ())}
    return {
        name: str(write_video(folder / f"{name}.mp4", [picture(k, cast) for k in range(count)]))
        for name, (count, cast) in casts.items()
    }


def job(camera, *sources):
    return CameraJob(camera, tuple((source, None) for source in sources))


def content(folder):
    with Gallery.open(folder) as gallery:
        assert check(gallery, deep=True).problems == ()
        tracklets = [gallery.tracklet(row.id) for row in gallery.tracklets()]
        return [(one.row.id, one.trajectory.boxes.tobytes(), one.vectors.tobytes()) for one in tracklets]


def ignore(camera, done, total):
    """An event that nobody is interested in."""


def camera_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith(("camera ", "prefetch"))]


@pytest.mark.parametrize("effort", [EVERYTHING, Effort(embed="needed")])
def test_all_cameras_run_at_once_and_give_what_each_gives_alone(videos, tmp_path, effort):
    networks = Networks("motion", "stripes", effort=effort)
    jobs = [job("long", videos["one"]), job("short", videos["short"]), job("street", videos["two"])]
    heard, here, at_once = [], threading.get_ident(), 0

    def listen(camera, done, total):
        nonlocal at_once
        heard.append((camera, done))
        at_once = max(at_once, len([t for t in camera_threads() if t.name.startswith("camera ")]))
        assert threading.get_ident() == here
        assert multiprocessing.active_children() == []

    outcomes = SharedRunner(tmp_path / "shared", networks, threads=1).run(jobs, listen)
    assert [(outcome.camera, outcome.error) for outcome in outcomes] == [
        ("long", None),
        ("short", None),
        ("street", None),
    ]
    assert [outcome.results[0].frames for outcome in outcomes] == [90, 20, 60]
    assert at_once >= 2
    for name, frames in (("long", 90), ("short", 20), ("street", 60)):
        assert [done for camera, done in heard if camera == name] == [min(d, frames) for d in range(8, frames + 8, 8)]
    assert camera_threads() == []
    LocalRunner(tmp_path / "alone", networks, threads=1).run(jobs, ignore)
    assert content(tmp_path / "shared") == content(tmp_path / "alone")


def test_networks_are_loaded_once_and_learning_detectors_once_for_each_source():
    shared = SharedNetworks(HOG, 1)
    assert shared.detector() is shared.detector()
    assert shared.embedder() is shared.embedder()
    learning = SharedNetworks(MOTION, 1)
    assert learning.detector() is not learning.detector()


def test_one_that_cannot_be_read_and_one_that_breaks_do_not_stop_the_others(videos, tmp_path, monkeypatch):
    from ingest import camera_job

    def break_down(job, *arguments):
        if job.camera == "broken":
            raise ZeroDivisionError("a mistake of ours")
        return run_source(job, *arguments)

    run_source = camera_job.run_source
    monkeypatch.setattr(camera_job, "run_source", break_down)
    jobs = [job("missing", str(tmp_path / "no.mp4")), job("broken", videos["one"]), job("fine", videos["short"])]
    missing, broken, fine = SharedRunner(tmp_path / "gallery", MOTION, threads=1).run(jobs, ignore)
    assert "no.mp4 does not exist" in missing.error
    assert broken.error == (
        "ZeroDivisionError: a mistake of ours; what it committed is kept, run the same command again to go on"
    )
    assert (fine.error, fine.results[0].frames) == (None, 20)


def test_an_unknown_network_is_one_line_for_each_camera(videos, tmp_path):
    jobs = [job("one", videos["one"]), job("two", videos["two"])]
    for outcome in SharedRunner(tmp_path / "gallery", Networks("no-such", "stripes"), threads=1).run(jobs, ignore):
        assert "no-such" in outcome.error
        assert "\n" not in outcome.error


def test_left_by_an_exception_no_thread_stays_and_the_next_run_goes_on(videos, tmp_path):
    def interrupt(camera, done, total):
        if done > 16:
            raise KeyboardInterrupt

    jobs = [job("one", videos["one"]), job("two", videos["two"])]
    with pytest.raises(KeyboardInterrupt):
        SharedRunner(tmp_path / "gallery", HOG, threads=1).run(jobs, interrupt)
    assert camera_threads() == []
    outcomes = SharedRunner(tmp_path / "gallery", HOG, threads=1).run(jobs, ignore)
    assert [(outcome.error, outcome.results[0].frames) for outcome in outcomes] == [(None, 90), (None, 60)]
    LocalRunner(tmp_path / "alone", HOG, threads=1).run(jobs, ignore)
    assert content(tmp_path / "gallery") == content(tmp_path / "alone")


def test_no_cameras(tmp_path):
    assert SharedRunner(tmp_path / "gallery", MOTION, threads=2).run([], ignore) == []
