"""``passerby track``: its options, what it says, and its end in good order."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import get_args

import av
import numpy as np
import pytest

from api import tracker_options
from api.stopping import stopped_by_signals
from ingest.annotate import TRAIL_SECONDS
from ingest.pedestrian_tracker import LOST_SECONDS
from ingest.stop import Stop
from tests.api.conftest import BUILT_IN
from tests.ingest.videos import noise, write_video
from tests.ingest.walkers import BLUE, GREEN, Walker, picture
from tracking.motchallenge import read_results
from tracking.settings import TrackerSettings

REPOSITORY = Path(__file__).resolve().parents[2]
RUN = "import signal; signal.signal(2, signal.default_int_handler); from api.main import main; main()"
"""SIGINT may be ignored here (in a background job, say), and children inherit that."""

KEYS = {
    "video", "tracks", "log", "frames", "detections", "people", "wall_seconds", "frames_per_second", "mean_people",
    "most_people", "problems", "stopped_by",
}  # fmt: skip


@pytest.fixture
def person(tmp_path):
    """One person of 20 x 50: jumps by 8 px and takes off a red coat after frame 10, is away in 21-25, then red again."""
    frames = [*range(1, 21), *range(26, 36)]
    lines = [f"{frame},-1,{100 if frame <= 10 else 108},50,20,50,0.9\n" for frame in frames]
    (tmp_path / "det.txt").write_text("".join(lines))
    np.save(tmp_path / "looks.npy", np.array([[1, 0] if not 10 < frame <= 20 else [0, 1] for frame in frames], float))
    return ("track", "--detections", tmp_path / "det.txt", "--embeddings", tmp_path / "looks.npy", "--out", tmp_path)


@pytest.mark.parametrize(
    ("options", "first", "ids"),
    [
        ([], 3, (1, 1, 1)),
        (["--n-init", "6"], 6, (1, 1, 1)),
        (["--max-iou-distance", "0.5"], 3, (1, 2, 1)),
        (["--max-age", "3"], 3, (1, 1, 2)),
        (["--nn-budget", "3"], 3, (1, 1, 2)),
        (["--nn-budget", "0"], 3, (1, 1, 1)),
        (["--nn-budget", "3", "--max-cosine-distance", "1.5"], 3, (1, 1, 1)),
        (["--confidence", "0.95"], None, ()),
    ],
    ids=str,
)
def test_every_option_of_the_tracker_does_something(passerby, person, options, first, ids):
    run = passerby(*person, *options, "--json")
    assert run.code == 0, run.err
    table = read_results(Path(run.json["tracks"]))
    assert table.frames[:1].tolist() == ([] if first is None else [first])
    of_frame = dict(zip(table.frames.tolist(), table.ids.tolist(), strict=True))
    assert tuple(of_frame[frame] for frame in (10, 20, 35)[: len(ids)]) == ids


def test_the_defaults_that_the_help_shows_are_the_constructors(passerby):
    def shown(name):
        return get_args(getattr(tracker_options, name))[1].show_default

    of_tracker = asdict(TrackerSettings())
    assert float(shown("NnBudget")) == of_tracker["nn_budget"]
    assert float(shown("MaxIouDistance")) == of_tracker["max_iou_distance"]
    assert float(shown("NInit")) == of_tracker["n_init"]
    assert shown("MaxAge") == f"{LOST_SECONDS:g} seconds of frames"
    assert float(shown("Trail")) == TRAIL_SECONDS
    said = "".join(passerby("track", "--help").out.split())  # lines end within options, too
    assert f"--max-cosine-distanceis{of_tracker['max_cosine_distance']:g}and--max-age{of_tracker['max_age']}by" in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a.mp4", "--max-cosine-distance", "2.5"], "--max-cosine-distance 2.5 is out of range; give 0 to 2"),
        (["a.mp4", "--max-cosine-distance", "nan"], "--max-cosine-distance nan is out of range"),
        (["a.mp4", "--nn-budget", "-1"], "--nn-budget -1 is out of range; give 0 to 1000000, 0 for all"),
        (["a.mp4", "--nn-budget", str(10**30)], "is out of range"),
        (["a.mp4", "--max-iou-distance", "1.1"], "--max-iou-distance 1.1 is out of range; give 0 to 1"),
        (["a.mp4", "--max-age", "0"], "--max-age 0 is out of range; give 1 to 1000000"),
        (["a.mp4", "--n-init", "0"], "--n-init 0 is out of range; give 1 to 1000000"),
        (["a.mp4", "--n-init", "many"], "Invalid value for '--n-init'"),
        (["a.mp4", "--trail", "-1"], "--trail -1.0 is out of range; give 0 to 300 seconds"),
        (["a.mp4", "--trail", "inf"], "--trail inf is out of range"),
        (["a.mp4", "--embeddings", "a.npy"], "--embeddings does nothing for a video; leave it out"),
        (["--detections", "a.txt", "--trail", "1"], "--trail does nothing for --detections, which have no pixels"),
        (["--detections", "a.txt", "--display"], "--display does nothing for --detections, which have no pixels"),
        (["--detections", "a.txt", "--nn-budget", "9"], "--nn-budget does nothing for --detections without --embedd"),
        (["a.mp4", "--detections", "a.txt"], "give either a video or --detections FILE"),
    ],
)
def test_a_wrong_option_is_one_line(passerby, tmp_path, arguments, message):
    run = passerby("track", *arguments, "--out", tmp_path / "out")
    assert (run.code, run.out) == (2, "")
    assert message in run.error
    assert not (tmp_path / "out").exists()


def test_display_without_a_screen_is_one_line_and_costs_nothing(passerby, clip, tmp_path, monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    run = passerby("track", clip, "--out", tmp_path / "out", *BUILT_IN, "--display")
    assert (run.code, run.out) == (2, "")
    assert "--display cannot open a window" in run.error
    assert not (tmp_path / "out").exists()


def test_what_a_video_gives(passerby, clip, tmp_path):
    run = passerby("track", clip, "--out", tmp_path / "out", *BUILT_IN, "--trail", "0", "--json")
    assert run.code == 0, run.err
    assert set(run.json) == KEYS
    assert (run.json["frames"], run.json["stopped_by"]) == (50, None)
    assert run.json["log"] == str(tmp_path / "out" / "log.csv")
    assert run.json["frames_per_second"] > 0
    shown = passerby("track", clip, "--out", tmp_path / "out", *BUILT_IN).out
    assert "frames_per_second" in shown
    assert "stopped_by" not in shown


@pytest.mark.parametrize("join", [(), ("--join",)])
def test_the_original_is_as_long_as_the_annotated_video_and_has_nothing_drawn(passerby, clip, tmp_path, join):
    assert passerby("track", clip, "--out", tmp_path / "out", *BUILT_IN, "--original", *join).code == 0
    films = {name: frames_of(tmp_path / "out" / name) for name in ("original.mp4", "annotated.mp4")}
    source = frames_of(clip)
    assert len(films["original.mp4"]) == len(films["annotated.mp4"]) == len(source)
    for one, other in zip(films["original.mp4"], source, strict=True):
        assert np.abs(one.astype(int) - other).mean() < 25, "the codec's alone"
    assert passerby("track", clip, "--out", tmp_path / "without", *BUILT_IN).code == 0
    assert not (tmp_path / "without" / "original.mp4").exists()
    refused = passerby("track", "--detections", tmp_path / "d.txt", "--out", tmp_path / "d", "--original")
    assert "--original does nothing" in refused.error


def frames_of(path):
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]


def test_an_ingest_has_the_same_options_and_is_known_by_them(passerby, tmp_path):
    away = Walker((250, 60, 60), 60, 89, 130, 75)  # BLUE again, after more than a second
    early = Walker(BLUE.colour, 20, 45, BLUE.left, BLUE.top)
    frames = [picture(index, (early, away, GREEN)) for index in range(90)]
    video = write_video(tmp_path / "door.mp4", frames)

    def ingest(*options):
        run = passerby("ingest", f"door={video}", *BUILT_IN, *options, "--json")
        assert run.code == 0, run.err
        (camera,) = run.json["cameras"]
        return camera["tracklets"], camera["already_done"]

    some, done = ingest()
    assert (some > 0, done) == (True, False)
    assert ingest("--n-init", "1000") == (0, False)
    assert ingest("--n-init", "1000") == (0, True)
    assert ingest() == (some, True)


def lines_in(path):
    return len(path.read_text().splitlines()) if path.exists() else 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_signal_ends_it_with_files_that_are_complete(tmp_path, number):
    video = write_video(tmp_path / "long.mp4", [noise(k, (320, 240)) for k in range(400)])
    out = tmp_path / "out"
    command = [sys.executable, "-c", RUN, "track", str(video), "--out", str(out), "--detector", "hog"]
    command += ["--embedder", "stripes", "--threads", "1", "--json"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=REPOSITORY)
    try:
        for _ in range(12_000):
            if lines_in(out / "log.csv") > 8:
                break
            time.sleep(0.01)
        running.send_signal(number)
        said, told = running.communicate(timeout=120)
    finally:
        running.kill()
    assert running.returncode == 130, told
    result = json.loads(said)
    assert set(result) == KEYS
    assert 8 <= result["frames"] < 400
    assert result["stopped_by"] == number.name
    assert f"stopped by {number.name} after {result['frames']} frames; what is in {out} is complete" in told
    assert "Traceback" not in told
    with av.open(str(out / "annotated.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == result["frames"] == lines_in(out / "log.csv") - 1
    assert sorted(path.name for path in out.iterdir()) == ["annotated.mp4", "log.csv", "tracks.txt"]


def test_the_second_signal_ends_it_at_once_and_the_handlers_come_back():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    stop = Stop()
    with pytest.raises(KeyboardInterrupt), stopped_by_signals(stop):
        os.kill(os.getpid(), signal.SIGTERM)
        for _ in range(500):
            if stop.reason:
                break
            time.sleep(0.01)
        assert stop.reason == "SIGTERM"
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_a_signal_that_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stopped_by_signals(Stop()):
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_what_is_asked_for_reaches_the_tracking(passerby, tmp_path, monkeypatch):
    from ingest import video_tracking

    asked = []

    def listen(*parts, **options):
        asked.append(options)
        return follow(*parts, **options)

    follow = video_tracking.track_video
    monkeypatch.setattr(video_tracking, "track_video", listen)
    video = write_video(tmp_path / "short.mp4", [picture(index, (BLUE,)) for index in range(8)])
    for options in ([], ["--join"], ["--moving-camera"], ["--every-frame"]):
        run = passerby("track", video, *BUILT_IN, "--out", tmp_path / "out", *options)
        assert run.code == 0, run.err
    seen = [(one["join"], one["moving"], one["skip_still"]) for one in asked]
    assert seen == [(False, False, True), (True, False, True), (False, True, True), (False, False, False)]
