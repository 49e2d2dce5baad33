"""The Python client against a server that really listens."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from api.access import VARIABLE as SERVERS_VARIABLE
from api.client import VARIABLE, Client, ClientError
from api.query_service import QueryService
from api.server import create_app
from gallery.store import Gallery
from tests.api.evaluation_reports import write_reports
from tests.api.test_server import TOKEN, photo, serving  # noqa: F401 - a fixture

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def address(ingested, tmp_path_factory):
    with Gallery.open(ingested) as gallery:
        app = create_app(QueryService(gallery, detector="hog", threads=1), TOKEN)
        place = tmp_path_factory.mktemp("client")
        write_reports(place / "gallery", place / "market")
        app.state.reports.folder = place / "gallery" / "reports"
        with serving(app) as asking:
            yield str(asking.base_url)


@pytest.fixture(scope="module")
def client(address):
    with Client(address, TOKEN) as asking:
        yield asking


def test_a_person_is_found_by_a_photo(client, photo):  # noqa: F811 - the fixture
    answer = client.query(image=photo, cameras=["cam2"], top=3)
    assert answer.answer == "found"
    assert 1 <= len(answer.sightings) <= 3
    best = answer.sightings[0]
    assert best.camera == "cam2"
    assert best.start.tzinfo is not None
    assert client.get(best.crop).startswith(b"\xff\xd8")
    assert client.query(photo.read_bytes(), cameras=["cam2"], top=3).sightings == answer.sightings
    assert client.query(str(photo), box=(1, 2, 30, 60)).query.box == (1, 2, 30, 60)


def test_tracklets_come_page_by_page(client):
    everybody = list(client.tracklets(page_size=2))
    assert everybody == list(client.tracklets())
    assert len({one.id for one in everybody}) == len(everybody) == sum(one.tracklets for one in client.cameras())
    chosen = everybody[1]
    found = list(client.tracklets([chosen.camera], chosen.start, chosen.end, page_size=1))
    assert chosen in found
    assert all(one.camera == chosen.camera and one.start <= chosen.end for one in found)


def test_a_tracklet_and_a_box_are_questions_too(client):
    one = client.tracklet(next(client.tracklets()).id)
    answer = client.query(tracklet=one.id, rerank=True)
    assert answer.query.tracklets == [one.id]
    _, *box = one.boxes[0]
    assert client.query(camera=one.camera, time=one.start, box=tuple(box)).query.tracklets == [one.id]
    nobody = client.query(tracklet=one.id, since=EPOCH + timedelta(days=1))
    assert (nobody.answer, nobody.sightings) == ("not_found", [])


def test_pictures_and_videos(client):
    one = next(client.tracklets())
    assert client.crop(one.id).startswith(b"\xff\xd8")
    assert client.frame(one.camera).startswith(b"\xff\xd8")
    assert client.frame(one.camera, one.start) != client.frame(one.camera)
    assert client.clip(one.id, padding=0.5)[4:8] == b"ftyp"
    facts = client.clip_facts(one.id, padding=0.5)
    assert len(facts.boxes) == one.frames
    assert client.get(facts.clip) == client.clip(one.id, padding=0.5)


def test_reports(client):
    assert [one.name for one in client.reports()] == ["yard", "strong", "weak"]
    assert client.report("weak").cmc[0].name == "cosine"


@pytest.mark.parametrize(
    ("ask", "status", "said"),
    [
        (lambda client: client.tracklet("nobody/../x"), 404, "Not Found"),
        (lambda client: client.get("//elsewhere/x"), None, "no URL"),
        (lambda client: client.crop("nobody"), 404, "'nobody'"),
        (lambda client: client.frame("roof"), 404, "'roof'"),
        (lambda client: client.query(image=b"text"), 415, "not a picture"),
        (lambda client: client.query(tracklet="nobody"), 404, "'nobody'"),
        (lambda client: client.query(image=b"text", top=0), 422, "top"),
        (lambda client: list(client.tracklets(["roof"])), 422, "'roof'"),
        (lambda client: list(client.tracklets(page_size=5000)), 422, "limit"),
        (lambda client: client.report("nobody"), 404, "'nobody'"),
        (lambda client: client.get("/api/v1/nothing"), 404, "Not Found"),
        (lambda client: client.get("http://elsewhere/x"), None, "no URL"),
        (lambda client: client.query(), None, "say who in one way"),
        (lambda client: client.query(image=b"x", tracklet="y"), None, "say who in one way"),
        (lambda client: client.query(tracklet="y", box=(0, 0, 1, 1)), None, "say who in one way"),
        (lambda client: client.query(camera="cam1", box=(0, 0, 1, 1)), None, "say who in one way"),
        (lambda client: client.query(image=Path("/nowhere.jpg")), None, "/nowhere.jpg cannot be read"),
        (lambda client: client.query(tracklet="x", cameras="cam1"), None, "list of names"),
        (lambda client: list(client.tracklets(since=EPOCH.replace(tzinfo=None))), None, "no zone"),
        (lambda client: client.crop(".."), None, "names nothing"),
    ],
)
def test_what_goes_wrong_is_one_error_with_the_servers_words(client, ask, status, said):
    with pytest.raises(ClientError, match=re.escape(said)) as caught:
        ask(client)
    assert caught.value.status == status
    assert caught.value.detail == str(caught.value)


def test_the_token(address, monkeypatch):
    assert VARIABLE == SERVERS_VARIABLE
    monkeypatch.setenv(VARIABLE, TOKEN)
    with Client(address) as client:
        assert [camera.camera for camera in client.cameras()] == ["cam1", "cam2"]
    with Client(address, "wrong") as client, pytest.raises(ClientError, match="no token of this server") as caught:
        client.cameras()
    assert caught.value.status == 401
    monkeypatch.delenv(VARIABLE)
    with pytest.raises(ClientError, match=VARIABLE):
        Client(address)
    with pytest.raises(ClientError, match="no header can carry"):
        Client(address, "sn\u00f6")


def test_nobody_there():
    with Client("http://127.0.0.1:1", TOKEN) as client, pytest.raises(ClientError, match="cannot be reached") as caught:
        client.cameras()
    assert caught.value.status is None


@pytest.mark.parametrize(
    ("response", "said"),
    [
        (httpx.Response(502, text="<html>bad gateway"), "answered 502 Bad Gateway"),
        (httpx.Response(500, json=["x"]), "answered 500"),
        (httpx.Response(200, json={"cameras": 7}), "of this version"),
        (httpx.Response(303, headers={"location": "/login"}), "answered 303"),
    ],
)
def test_somebody_else_answers(response, said):
    transport = httpx.MockTransport(lambda request: response)
    with Client("http://proxy", TOKEN, transport=transport) as client, pytest.raises(ClientError, match=said):
        client.cameras()


def test_a_token_that_cannot_be_sent_is_not_repeated():
    with pytest.raises(ClientError, match="no header can carry") as refused:
        Client("http://127.0.0.1:1", "s3cret\ntoken")
    assert "s3cret" not in str(refused.value)
