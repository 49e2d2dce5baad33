"""Videos sent over HTTP, and all that is refused."""

import shutil
import socket
from types import SimpleNamespace

import av
import cv2
import numpy as np
import pytest

from api.query_service import QueryService
from api.server import create_app
from api.uploads import MOST_BYTES
from gallery.store import Gallery
from gallery.tokens import TokenTable
from gallery.uploads import UploadTable
from tests.api.test_server import TOKEN, check_problem, serving
from tests.ingest.videos import noise, write_video

BOUNDARY = "----border"


@pytest.fixture
def asked(tmp_path):
    with Gallery.open(tmp_path / "gallery", create=True) as gallery:
        app = create_app(QueryService(gallery, detector="hog", threads=1), TOKEN, most_upload_bytes=3_000_000)
        with serving(app) as client:
            yield client, gallery, app


@pytest.fixture
def video(tmp_path):
    return write_video(tmp_path / "a.mp4", [noise(k) for k in range(5)])


def left(gallery):
    folder = gallery.folder / "uploads"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def post(client, content, name="a.mp4", **more):
    return client.post("/api/v1/uploads", files={"video": (name, content)}, **more)


def test_it_is_kept_under_a_name_of_the_servers_own(asked, video):
    client, gallery, _ = asked
    kept = post(client, video.read_bytes(), "../../../etc/cron.d/evil.mp4").json()
    assert kept["name"] == "evil.mp4"
    assert left(gallery) == [f"{kept['id']}.video"]
    assert (gallery.folder / "uploads" / f"{kept['id']}.video").read_bytes() == video.read_bytes()
    assert (kept["width"], kept["height"], kept["rate"]) == (64, 48, 25.0)
    assert client.get("/api/v1/uploads").json()["uploads"] == [kept]
    assert client.delete(f"/api/v1/uploads/{kept['id']}").status_code == 204
    assert left(gallery) == []
    check_problem(client.delete(f"/api/v1/uploads/{kept['id']}"), 404)


def picture_bytes():
    return cv2.imencode(".jpg", np.zeros((40, 40, 3), np.uint8))[1].tobytes()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"no video, but text", "is text, not a video"),
        (picture_bytes(), "is a single picture"),
        (b"\x00\x00\x00\x18ftypmp42" + bytes(500), "cut off before its index"),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "is text, not a video"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "is text, not a video"),
        (bytes(range(256)) * 40, "is not a video that can be read"),
    ],
)
def test_what_is_no_video_is_refused_whatever_it_is_called(asked, content, said):
    client, gallery, _ = asked
    detail = check_problem(post(client, content), 415)
    assert said in detail
    assert str(gallery.folder) not in detail
    assert left(gallery) == []


def test_pictures_that_would_fill_the_memory_are_refused(asked, tmp_path):
    client, gallery, _ = asked
    with av.open(str(tmp_path / "bomb.mkv"), "w") as container:
        stream = container.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 8208, 8208, "yuvj420p"
        frame = av.VideoFrame(8208, 8208, "yuvj420p")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    bomb = (tmp_path / "bomb.mkv").read_bytes()
    assert len(bomb) < 2_000_000
    assert "8208 x 8208 pixels are too large" in check_problem(post(client, bomb), 415)
    assert left(gallery) == []


def test_a_decoder_that_dies_harms_nobody(asked, video, monkeypatch):
    client, gallery, _ = asked
    monkeypatch.setattr("api.probe_process.sys.executable", "/bin/false")
    assert "its decoder failed" in check_problem(post(client, video.read_bytes()), 415)
    assert left(gallery) == []


def test_two_gigabytes_are_refused_before_they_come(asked):
    client, gallery, _ = asked
    host, port = client.base_url.host, client.base_url.port
    with socket.create_connection((host, port)) as connection:
        head = (
            f"POST /api/v1/uploads HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nExpect: 100-continue\r\n"
            f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {MOST_BYTES + 1}\r\n\r\n"
        )
        connection.sendall(head.encode())
        connection.settimeout(10)
        assert connection.recv(4096).startswith(b"HTTP/1.1 413")
    assert left(gallery) == []


def test_one_that_grows_too_large_is_refused_though_nothing_was_told(asked):
    client, gallery, _ = asked
    begin = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="video"; filename="a.mp4"\r\n\r\n'.encode()
    pieces = iter([begin, *[bytes(500_000)] * 10])
    kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    assert "larger than 3 MB" in check_problem(client.post("/api/v1/uploads", content=pieces, headers=kind), 413)
    assert left(gallery) == []


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"x", "application/json", 415),
        (b"x", "multipart/form-data", 415),
        (b"no form", f"multipart/form-data; boundary={BOUNDARY}", 400),
        (b"", f"multipart/form-data; boundary={BOUNDARY}", 400),
        (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="other"\r\n\r\n1\r\n--{BOUNDARY}--\r\n'.encode(),
            f"multipart/form-data; boundary={BOUNDARY}",
            422,
        ),
        (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="video"; filename="a"\r\n\r\nhalf'.encode(),
            f"multipart/form-data; boundary={BOUNDARY}",
            400,
        ),
    ],
)
def test_forms_that_are_none(asked, body, kind, status):
    client, gallery, _ = asked
    check_problem(client.post("/api/v1/uploads", content=body, headers={"Content-Type": kind}), status)
    assert left(gallery) == []


def test_one_file_at_a_time(asked, video):
    two = [("video", ("a.mp4", video.read_bytes())), ("video", ("b.mp4", video.read_bytes()))]
    assert "one file at a time" in check_problem(asked[0].post("/api/v1/uploads", files=two), 422)


def test_who_may_not(asked, video):
    client, gallery, _ = asked
    TokenTable(gallery.database).add("v", "v-token", "viewer")
    check_problem(post(client, video.read_bytes(), headers={"Authorization": ""}), 401)
    check_problem(post(client, video.read_bytes(), headers={"Authorization": "Bearer v-token"}), 403)
    client.post("/login", data={"token": TOKEN}, headers={"Sec-Fetch-Site": "same-origin"})
    del client.headers["Authorization"]
    crossed = post(client, video.read_bytes(), headers={"Sec-Fetch-Site": "cross-site"})
    assert "another site" in check_problem(crossed, 403)
    assert left(gallery) == []


def test_a_full_disk_is_said(asked, video, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    assert "no room" in check_problem(post(asked[0], video.read_bytes()), 507)
    assert left(asked[1]) == []


def test_what_a_crash_left_is_swept_a_day_later(asked):
    import os

    table = UploadTable(asked[1].database, asked[1].folder)
    young, old = table.new_path(), table.new_path()
    for path in (young, old):
        path.write_bytes(b"x")
    os.utime(old, (0, 0))
    table.sweep()
    assert left(asked[1]) == [young.name]


def test_a_disk_that_fills_while_it_comes(asked, video, monkeypatch):
    client, gallery, _ = asked
    monkeypatch.setattr("api.upload_body.CHECKED_BYTES", 100)
    free = iter([10**12])
    monkeypatch.setattr("api.uploads.shutil.disk_usage", lambda _: SimpleNamespace(free=next(free, 0)))
    assert "no room for more of it" in check_problem(post(client, video.read_bytes()), 507)
    assert left(gallery) == []
