"""Addresses without their logins."""

import pytest

from ingest.address import is_address, is_live, shown, webcam_number, without_logins


@pytest.mark.parametrize(
    ("address", "as_shown"),
    [
        ("rtsp://10.0.0.5/main", "rtsp://10.0.0.5/main"),
        ("rtsp://admin:s3cret@10.0.0.5:554/main", "rtsp://***@10.0.0.5:554/main"),
        ("rtsp://admin@10.0.0.5/main", "rtsp://***@10.0.0.5/main"),
        # A password with signs that should have been escaped is hidden all the same.
        ("rtsp://admin:s3c/r?e#t@x@10.0.0.5/main", "rtsp://***@10.0.0.5/main"),
        # Values that may be a password are hidden wherever they stand; those that name the camera are not.
        ("http://h/cgi?user=admin&pwd=s3cret&channel=2", "http://h/cgi?user=***&pwd=***&channel=2"),
        ("rtsp://h/user=admin&password=s3cret&channel=1&stream=0.sdp", "rtsp://h/user=***&password=***&channel=1&stream=0.sdp"),
        ("rtsp://h/cam?channel=1&subtype=0&password=", "rtsp://h/cam?channel=1&subtype=0&password="),
        ("http://h/live;token=s3cret", "http://h/live;token=***"),
        ("door=rtsp://admin:s3cret@h/main", "door=rtsp://***@h/main"),
        ("/videos/a@b.mp4", "/videos/a@b.mp4"),
        ("webcam:0", "webcam:0"),
    ],
)  # fmt: skip
def test_what_is_shown_of_an_address(address, as_shown):
    assert shown(address) == as_shown


def test_messages_lose_every_login():
    message = "Got unexpected extra arguments (rtsp://a:b@h/1 'http://c:d@i/2?key=e')"
    assert without_logins(message) == "Got unexpected extra arguments (rtsp://***@h/1 'http://***@i/2?key=***"
    assert without_logins("nothing to hide, a@b.c") == "nothing to hide, a@b.c"


@pytest.mark.parametrize(
    ("source", "address", "live", "number"),
    [
        ("rtsp://h/x", True, True, None),
        ("HTTPS://h/x", True, True, None),
        ("ftp://h/x", True, True, None),
        ("webcam:0", False, True, 0),
        ("/dev/video12", False, True, 12),
        ("webcam:", False, False, None),
        ("webcam:0.mp4", False, False, None),
        ("videos/door.mp4", False, False, None),
        ("C:/door.mp4", False, False, None),
    ],
)
def test_kinds_of_sources(source, address, live, number):
    assert (is_address(source), is_live(source), webcam_number(source)) == (address, live, number)
