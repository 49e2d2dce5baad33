"""Live cameras, rows of files, zones and joined images on the command line."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from gallery.errors import GalleryError
from gallery.store import Gallery
from tests.api.conftest import BUILT_IN
from tests.ingest.cameras import Play, mjpeg_camera, rtsp_camera
from tests.ingest.videos import grey, write_video

ROOT = Path(__file__).resolve().parents[2]
GREYS = [grey(k) for k in range(25)]
ZONES = """
[door]
ignore = [[[0, 0.5], [0.5, 0.5], [0.5, 1], [0, 1]]]
mask = [[[0.5, 0], [1, 0], [1, 0.5]]]
[yard]
"""


@pytest.fixture
def video(tmp_path):
    return write_video(tmp_path / "a.mp4", GREYS)


@pytest.fixture
def zones_file(tmp_path):
    path = tmp_path / "zones.toml"
    path.write_text(ZONES)
    return path


# --- Live -------------------------------------------------------------------------------------------------------------


def test_a_camera_watched_for_some_time(passerby):
    with rtsp_camera(Play(GREYS * 40), login=True) as camera:
        address = f"rtsp://admin:s3cret@127.0.0.1:{camera.port}/stream?pwd=s3cret"
        run = passerby("ingest", f"door={address}", *BUILT_IN, "--for", 0.5, "--read-timeout", 2, "--json")
    assert run.code == 0, run.err
    (result,) = run.json["cameras"]
    assert (result["ended"], result["start_origin"], result["camera"]) == ("time", "clock", "door")
    assert result["frames"] > 0
    assert result["source"] == f"rtsp://***@127.0.0.1:{camera.port}/stream?pwd=***"
    assert "door: its time is over; all that was seen is kept" in run.err
    listed = passerby("cameras", "--json")
    assert listed.json["cameras"][0]["source"] == result["source"]
    assert "s3cret" not in run.out + run.err + listed.out


def test_a_lost_camera_keeps_what_was_seen_and_is_a_failure(passerby):
    with mjpeg_camera(Play(GREYS * 2)) as camera:
        address = f"http://127.0.0.1:{camera.port}/"
        run = passerby("ingest", f"door={address}", *BUILT_IN, "--open-timeout", 0.5, "--read-timeout", 0.5, "--json")
    assert run.code == 1
    (result,) = run.json["cameras"]
    assert (result["ended"], result["frames"] > 0) == ("lost", True)
    assert "door: lost for good at" in run.err
    assert "door: the camera was lost; all that was seen before is kept" in run.err


def test_time_outs_are_those_that_are_given(passerby):
    with mjpeg_camera(Play(GREYS, wait=9)) as camera:
        run = passerby("ingest", f"door=http://127.0.0.1:{camera.port}/", *BUILT_IN, "--open-timeout", 0.4)
    assert run.code == 2
    assert "did not answer within 0.4 s" in run.error
    with mjpeg_camera(Play(GREYS * 2, then="hang"), Play(GREYS * 2, then="hang")) as camera:
        address = f"http://127.0.0.1:{camera.port}/"
        run = passerby("ingest", f"door={address}", *BUILT_IN, "--open-timeout", 1, "--read-timeout", 0.3, "--json")
    assert run.code == 1
    assert "(silent for 0.3 s); back after" in run.err


def has_begun(folder):
    """Whether frames were committed to the gallery, or written into the annotated video."""
    if (folder / "gallery" / "gallery.sqlite").exists():
        with suppress(GalleryError), Gallery.open(folder / "gallery") as gallery:
            return any(row.until for row in gallery.cameras())
    video = folder / "out" / "annotated.mp4.part"
    return video.exists() and video.stat().st_size > 0


@pytest.mark.parametrize(
    ("number", "command"), [(signal.SIGINT, "ingest"), (signal.SIGTERM, "ingest"), (signal.SIGINT, "track")]
)
def test_a_signal_ends_a_live_camera_well(tmp_path, number, command):
    environment = {**os.environ, "PASSERBY_DATA": str(tmp_path / "gallery"), "PYTHONPATH": str(ROOT)}
    with mjpeg_camera(Play(GREYS * 400)) as camera:
        address = f"http://127.0.0.1:{camera.port}/"
        rest = [f"door={address}"] if command == "ingest" else [address, "--out", str(tmp_path / "out")]
        process = subprocess.Popen(
            [sys.executable, "-c", "from api.main import main; main()", command, *rest, *BUILT_IN, "--json"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        while process.poll() is None and not has_begun(tmp_path):
            time.sleep(0.3)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "stopped; all that was seen is kept" in err
    result = json.loads(out)
    frames = result["cameras"][0]["frames"] if command == "ingest" else result["frames"]
    assert frames > 0
    if command == "track":
        with av.open(result["video"]) as container:
            assert sum(1 for _ in container.decode(video=0)) == frames


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["door=A.mp4", "--for", "5"], "--for 5 is for live cameras, and none of the sources is one; leave it out"),
        (["door=A.mp4", "--read-timeout", "5"], "--read-timeout 5 is for live cameras"),
        (["door=rtsp://h/x", "--for", "0"], "--for 0 is out of range; give more than 0"),
        (["door=rtsp://h/x", "--open-timeout", "nan"], "--open-timeout nan is out of range"),
        (["door=rtsp://u:hunter2@h/x", "door=A.mp4"], "camera door: rtsp://***@h/x is live and has no end"),
        (["rtsp://u:hunter2@h/x"], "is not a camera: write NAME=SOURCE"),
        (["rtsp://u:hunter2@h/x?a=1"], "camera name 'rtsp://***@h/x?a' is not allowed"),
        (["do/or=rtsp://u:hunter2@h/x"], "camera name 'do/or' is not allowed"),
        (["door=ftp://u:hunter2@h/x"], "ftp://… is no address that can be watched"),
        (["door=webcam:199"], "webcam:199 is not there"),
        (["door=rtsp://u:hunter2@h/x@2024-99-01"], "the start of camera door: '2024-99-01' is not a time"),
    ],
)
def test_wrong_arguments_are_one_line_without_a_login(passerby, arguments, message):
    run = passerby("ingest", *arguments, *BUILT_IN)
    assert run.code == 2
    assert message in run.error
    assert "hunter2" not in run.out + run.err


def test_an_extra_argument_with_a_login_is_not_repeated(passerby):
    run = passerby("track", "a.mp4", "rtsp://u:hunter2@h/x")
    assert run.code == 2
    assert "hunter2" not in run.err


# --- Rows of files ----------------------------------------------------------------------------------------------------


def test_files_in_a_row_and_a_folder_of_recordings(passerby, tmp_path):
    folder = tmp_path / "clips"
    folder.mkdir()
    for k in (1, 2, 10):
        write_video(folder / f"clip{k}.mp4", GREYS)
    run = passerby("ingest", f"door={folder}@2024-05-01T08:00:00Z", *BUILT_IN, "--json")
    assert run.code == 0, run.err
    assert [(Path(r["source"]).name, r["start"][:19], r["start_origin"]) for r in run.json["cameras"]] == [
        ("clip1.mp4", "2024-05-01T08:00:00", "given"),
        ("clip2.mp4", "2024-05-01T08:00:01", "previous"),
        ("clip10.mp4", "2024-05-01T08:00:02", "previous"),
    ]
    assert "door: starts at 2024-05-01T08:00:01+00:00 (where the source before it ended)" in run.err
    # --start is the first one's only; the same file again, on top of the first, is told.
    row = [f"yard={folder}/clip1.mp4", f"yard={folder}/clip2.mp4"]
    run = passerby("ingest", *row, *BUILT_IN, "--start", "2024-05-01T08:00:00Z", "--json")
    assert [r["start"][:19] for r in run.json["cameras"]] == ["2024-05-01T08:00:00", "2024-05-01T08:00:01"]
    run = passerby("ingest", f"yard={folder}/clip10.mp4@2024-05-01T08:00:00.5Z", *BUILT_IN)
    assert "yard: clip10.mp4 covers the same time as clip1.mp4, clip2.mp4; if not, give @START" in run.err


def test_recordings_named_by_their_time(passerby, tmp_path):
    folder = tmp_path / "clips"
    folder.mkdir()
    for minute in (0, 5):
        write_video(folder / f"cam_2024-05-01_08-0{minute}-00.mp4", GREYS)
    run = passerby("ingest", f"door={folder}/*.mp4", *BUILT_IN, "--json")
    assert [(r["start"][:19], r["start_origin"]) for r in run.json["cameras"]] == [
        ("2024-05-01T08:00:00", "name"),
        ("2024-05-01T08:05:00", "name"),
    ]
    assert "from the file's name, taken as UTC" in run.err
    assert "no file fits" in passerby("ingest", f"door={folder}/*.avi", *BUILT_IN).error


# --- Zones ------------------------------------------------------------------------------------------------------------


def test_zones_are_part_of_the_ingest_and_a_camera_without_a_section_is_refused(passerby, video, zones_file):
    plain = passerby("ingest", f"door={video}", *BUILT_IN, "--json")
    zoned = passerby("ingest", f"door={video}", *BUILT_IN, "--zones", zones_file, "--json")
    again = passerby("ingest", f"door={video}", *BUILT_IN, "--zones", zones_file, "--json")
    assert [run.json["cameras"][0]["already_done"] for run in (plain, zoned, again)] == [False, False, True]
    run = passerby("ingest", f"dor={video}", *BUILT_IN, "--zones", zones_file)
    assert run.code == 2
    assert "has no section for camera 'dor', only door, yard" in run.error


def test_track_with_zones(passerby, tmp_path, zones_file):
    video = write_video(tmp_path / "white.mp4", [np.full((48, 64, 3), 235, np.uint8)] * 5)
    run = passerby(
        "track", video, "--out", tmp_path / "out", *BUILT_IN, "--zones", zones_file, "--camera", "door", "--json"
    )
    assert run.code == 0, run.err
    with av.open(run.json["video"]) as container:
        frame = next(container.decode(video=0)).to_ndarray(format="bgr24")
    assert frame[30:34, 40:60].min() > 150  # below the mask
    assert frame[16:20, 58:62].max() < 40  # under it, and under the header
    wrong = passerby("track", video, *BUILT_IN, "--zones", zones_file)
    assert "has several cameras (door, yard); say which with --camera NAME" in wrong.error
    assert "add --zones FILE" in passerby("track", video, *BUILT_IN, "--camera", "door").error
    assert (
        "which have no pixels"
        in passerby("track", "--detections", "d.txt", "--zones", zones_file, "--camera", "door").error
    )


def test_zones_are_listed_and_drawn(passerby, video, zones_file, tmp_path):
    run = passerby("zones", zones_file, "--json")
    assert (run.code, run.json["cameras"], run.json["picture"]) == (0, ["door", "yard"], None)
    assert run.json["zones"] == [
        {"camera": "door", "kind": "ignore", "points": 4, "area": 0.25},
        {"camera": "door", "kind": "mask", "points": 3, "area": 0.125},
    ]
    white = write_video(tmp_path / "white.mp4", [np.full((480, 640, 3), 200, np.uint8)] * 2)
    run = passerby("zones", zones_file, white, "--camera", "door", "--out", tmp_path / "new" / "door.png", "--json")
    assert run.json["picture"] == str(tmp_path / "new" / "door.png")
    picture = cv2.imread(run.json["picture"])
    assert picture.shape == (480, 640, 3)
    assert picture[100, 600].tolist() == [0, 0, 0]  # masked
    blue, green, red = picture[400, 100].tolist()  # tinted
    assert red > green > blue
    assert picture[400, 500].min() > 180  # neither
    with mjpeg_camera(Play([grey(10, (320, 240))] * 200)) as camera:
        address = f"http://127.0.0.1:{camera.port}/"
        assert passerby("zones", zones_file, address, "--camera", "door", "--out", tmp_path / "live.jpg").code == 0
    assert cv2.imread(str(tmp_path / "live.jpg")).shape == (240, 320, 3)


def test_what_zones_refuses(passerby, video, zones_file, tmp_path):
    assert "add the SOURCE to draw them on" in passerby("zones", zones_file, "--camera", "door").error
    assert "say which with --camera" in passerby("zones", zones_file, video).error
    out = ("--camera", "door", "--out", tmp_path / "door.gif")
    assert "does not end in .png or .jpg or .jpeg" in passerby("zones", zones_file, video, *out).error
    assert "cannot be read" in passerby("zones", tmp_path / "none.toml").error


# --- Joining ----------------------------------------------------------------------------------------------------------


def test_join(passerby, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for k in range(4):
        cv2.imwrite(str(folder / f"{k}.png"), grey(k))
    (folder / "4.png").write_text("no picture")
    run = passerby("join", folder, "--out", tmp_path / "out.mp4", "--rate", 8, "--json")
    assert run.code == 0, run.err
    assert "4.png is not a picture" in run.err
    assert run.json == {
        "video": str(tmp_path / "out.mp4"),
        "frames": 4,
        "width": 64,
        "height": 48,
        "seconds": 0.625,
        "problems": [run.err.splitlines()[0]],
    }
    table = passerby("join", folder, "--out", tmp_path / "out.mp4", "--rate", 8, "--threads", 1)
    assert "0.625" in table.out
    for arguments, message in [
        ((folder, "--rate", 0), "--rate 0 is out of range"),
        ((folder, "--out", tmp_path / "out.avi"), "does not end in .mp4"),
        ((tmp_path / "none",), "is no folder"),
    ]:
        run = passerby("join", *arguments)
        assert run.code == 2
        assert message in run.error
