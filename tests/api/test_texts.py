"""How the texts of options are read."""

from datetime import UTC, datetime

import pytest

from api.texts import CameraSource, parse_box, parse_camera_source, parse_time, parse_window
from gallery.errors import ConfigError


def test_a_camera_with_a_start():
    read = parse_camera_source("door=/clips/a=b.mp4@2024-05-01T10:00:00+02:00")
    assert read == CameraSource("door", "/clips/a=b.mp4", datetime(2024, 5, 1, 8, tzinfo=UTC))


def test_a_camera_without_a_start_is_kept_by_its_full_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert parse_camera_source("door=door.mp4") == CameraSource("door", str(tmp_path / "door.mp4"), None)


def test_an_address_stays_what_it_is():
    assert parse_camera_source("door=rtsp://host/1").source == "rtsp://host/1"


@pytest.mark.parametrize(
    ("text", "source", "has_start"),
    [
        ("rtsp://admin:p@ss@host/1", "rtsp://admin:p@ss@host/1", False),
        ("rtsp://admin:p@host/1@2024-05-01T08:00:00Z", "rtsp://admin:p@host/1", True),
        ("http://host/" + "x" * 5000 + "@y", "http://host/" + "x" * 5000 + "@y", False),
        ("webcam:0", "webcam:0", False),
        ("webcam:0@2024-05-01T08:00:00Z", "webcam:0", True),
        ("/dev/video1@2024-05-01T08:00:00Z", "/dev/video1", True),
    ],
)
def test_a_live_camera_may_have_a_login_and_a_start(text, source, has_start):
    start = datetime(2024, 5, 1, 8, tzinfo=UTC) if has_start else None
    assert parse_camera_source(f"door={text}") == CameraSource("door", source, start)


def test_a_file_may_have_an_at_sign_in_its_name(tmp_path):
    video = tmp_path / "door@night.mp4"
    video.touch()
    assert parse_camera_source(f"door={video}") == CameraSource("door", str(video), None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("door.mp4", "NAME=SOURCE"),
        ("door=", "NAME=SOURCE"),
        ("=door.mp4", "camera name"),
        ("../door=door.mp4", "camera name"),
        ("a/b=door.mp4", "camera name"),
        ("-rf=door.mp4", "camera name"),
        ("door=door.mp4@noon", "'noon' is not a time"),
    ],
)
def test_a_bad_camera_is_refused_with_its_text(text, message):
    with pytest.raises(ConfigError, match=message):
        parse_camera_source(text)


def test_a_time_without_a_zone_is_utc():
    assert parse_time("2024-05-01T08:00:00", "x") == parse_time("2024-05-01T08:00:00Z", "x")


@pytest.mark.parametrize("text", ["1066-10-14", "9999-12-31T23:59:59Z"])
def test_a_time_must_be_one_of_video(text):
    with pytest.raises(ConfigError, match=r"out of range; give a year from 1900 to 2999"):
        parse_time(text, "x")


def test_a_window_has_its_end_after_its_beginning():
    assert parse_window(None, None) == (None, None)
    with pytest.raises(ConfigError, match="--since 2024-05-02 is later than --until 2024-05-01"):
        parse_window("2024-05-02", "2024-05-01")


@pytest.mark.parametrize("text", ["1,2,3", "a,b,c,d", "10,10,5,20", "10,10,20,10", "nan,0,1,1", ""])
def test_a_box_must_have_four_numbers_and_an_area(text):
    with pytest.raises(ConfigError, match="box"):
        parse_box(text)


def test_a_box_may_have_fractions():
    assert parse_box("1,2.5,30,40") == (1.0, 2.5, 30.0, 40.0)
