"""Stored frames over HTTP."""

from datetime import timedelta
from urllib.parse import quote

import av
import cv2
import numpy as np
import pytest

from api.query_service import QueryService
from api.server import create_app
from gallery import schema
from gallery.store import Gallery
from tests.api.test_server import TOKEN, serving


@pytest.fixture
def asked(own_gallery):
    with (
        Gallery.open(own_gallery) as gallery,
        serving(create_app(QueryService(gallery, detector="hog", threads=1), TOKEN)) as client,
    ):
        yield client, gallery


def test_it_is_the_frame_of_that_moment(asked, scene):
    client, gallery = asked
    with av.open(str(scene / "cam1.mp4")) as container:
        whole = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    start = gallery.camera_start("cam1")
    for second in (0, 7.55, 20):
        answer = client.get(
            "/api/v1/cameras/cam1/frame.jpg", params={"time": (start + timedelta(seconds=second)).isoformat()}
        )
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
        shown = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
        rate = len(whole) / 30
        assert np.abs(shown.astype(int) - whole[int(second * rate)]).mean() < 3
    last = client.get("/api/v1/cameras/cam1/frame.jpg")
    shown = cv2.imdecode(np.frombuffer(last.content, np.uint8), cv2.IMREAD_COLOR)
    assert np.abs(shown.astype(int) - whole[-1]).mean() < 3
    again = client.get("/api/v1/cameras/cam1/frame.jpg", headers={"If-None-Match": last.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_what_cannot_be_shown_is_said(asked):
    client, gallery = asked
    nobody = client.get(f"/api/v1/cameras/{quote('no such')}/frame.jpg")
    assert nobody.status_code == 404
    assert "no camera 'no such'" in nobody.json()["detail"]
    late = client.get("/api/v1/cameras/cam1/frame.jpg", params={"time": "2031-01-01T00:00:00Z"})
    assert late.status_code == 404
    assert "has no frame at" in late.json()["detail"]
    assert client.get("/api/v1/cameras/cam1/frame.jpg", params={"time": "noon"}).status_code == 422
    with gallery.database.write() as connection:
        connection.execute(schema.ingests.update().values(source="/nowhere/cam.mp4"))
    gone = client.get("/api/v1/cameras/cam1/frame.jpg")
    assert gone.status_code == 409
    assert "does not exist" in gone.json()["detail"]
