"""The HTTP API, asked by a client over a real socket."""

import json
import logging
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import cv2
import httpx
import numpy as np
import pytest
import uvicorn
from starlette.routing import Route

from api.query_service import QueryService
from api.request_body import DRAINED_BYTES, MOST_BYTES
from api.serve_command import listen, resolve
from api.server import create_app
from gallery.ingest_spec import IngestProgress, IngestSpec
from gallery.store import Gallery
from gallery.tracklet import Crop, EmbedderIdentity, Tracklet, from_microseconds
from tracking.trajectory import Trajectory

TOKEN = "a-token-for-these-tests"  # noqa: S105
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@contextmanager
def serving(app: object) -> Iterator[httpx.Client]:
    """A client of a server that really listens."""
    address = resolve("127.0.0.1", 0)
    with listen(address) as listener:
        config = uvicorn.Config(app, http="h11", ws="none", loop="asyncio", lifespan="off", log_level="critical")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            with httpx.Client(base_url=address.url(listener), headers=BEARER, timeout=60) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def client(ingested: Path) -> Iterator[httpx.Client]:
    """Asks a server over the rendered scene; tests must not change the gallery."""
    with Gallery.open(ingested) as gallery:
        app = create_app(QueryService(gallery, detector="hog", threads=1), TOKEN)
        app.router.routes.append(Route("/boom", broken))
        with serving(app) as asking:
            yield asking


async def broken(_request: object) -> None:
    raise RuntimeError("the secret of /srv/passerby")


@pytest.fixture(scope="module")
def tracklets(client: httpx.Client) -> list[dict]:
    return client.get("/api/v1/tracklets").json()["tracklets"]


@pytest.fixture(scope="module")
def photo(scene: Path) -> Path:
    """Somebody whom both cameras see, as the first one took the picture."""
    return next(
        path
        for path in sorted((scene / "queries").glob("*_c1.jpg"))
        if path.with_name(path.name[:5] + "c2.jpg").exists()
    )


def upload(client: httpx.Client, picture: bytes, name: str = "photo.jpg", **more: object) -> httpx.Response:
    return client.post("/api/v1/queries", files={"image": (name, picture)}, **more)


def check_problem(response: httpx.Response, status: int) -> str:
    """The detail of an error, which has to be a problem detail."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == status
    assert body["type"] == "about:blank"
    assert body["title"]
    return body["detail"]


def test_health_needs_no_token(client):
    response = httpx.get(f"{client.base_url}/healthz")
    assert response.status_code == 200
    assert response.json() == {"status": "ok"}


@pytest.mark.parametrize(
    "path", ["/", "/openapi.json", "/docs", "/api/v1/cameras", "/api/v1/tracklets/x/crop.jpg", "/healthz/", "//healthz"]
)
@pytest.mark.parametrize(
    "header", [None, "", TOKEN, "Basic YTpi", "Bearer", "Bearer wrong", f"Bearer {TOKEN}x", "Bearer \xff"]
)
def test_nothing_else_answers_without_the_token(client, path, header):
    headers = {} if header is None else {"Authorization": header.encode("latin-1")}
    response = httpx.get(f"{str(client.base_url).rstrip('/')}{path}", headers=headers)
    check_problem(response, 401)
    assert response.headers["www-authenticate"].startswith("Bearer")


def test_a_question_without_the_token_is_not_even_read(client):
    response = httpx.post(f"{client.base_url}/api/v1/queries", content=b"x" * 100_000)
    check_problem(response, 401)


def test_cameras_are_those_of_the_command_line(client, passerby, ingested):
    response = client.get("/api/v1/cameras")
    cameras = response.json()["cameras"]
    assert [(one.pop("feed"), one.pop("recorded")) for one in cameras] == [(None, True)] * 2
    assert cameras == passerby("cameras", "--data", ingested, "--json").json["cameras"]
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"


def test_tracklets_are_those_of_the_command_line(client, passerby, ingested, tracklets):
    wanted = {row["id"]: row for row in passerby("tracklets", "--data", ingested, "--json").json["tracklets"]}
    assert {row["id"] for row in tracklets} == set(wanted)
    for row in tracklets:
        assert row == {**wanted[row["id"]], "crop": f"/api/v1/tracklets/{row['id']}/crop.jpg"}


def test_tracklets_come_in_pages(client, tracklets):
    pages = [client.get("/api/v1/tracklets", params={"limit": 2, "offset": k}).json() for k in range(0, 99, 2)]
    assert [row for page in pages for row in page["tracklets"]] == tracklets
    assert {page["total"] for page in pages} == {len(tracklets)}
    assert (pages[1]["limit"], pages[1]["offset"]) == (2, 2)


def test_tracklets_by_camera_and_time(client, tracklets):
    chosen = tracklets[0]
    where = {"camera": chosen["camera"], "since": chosen["start"], "until": chosen["end"]}
    found = client.get("/api/v1/tracklets", params=where).json()["tracklets"]
    # Slow twin: ISO 8601 in UTC with equal digits compares as text.
    assert found == [
        row
        for row in tracklets
        if row["camera"] == chosen["camera"] and row["end"] >= chosen["start"] and row["start"] <= chosen["end"]
    ]
    assert client.get("/api/v1/tracklets", params={"camera": ["cam1", "cam2"]}).json()["total"] == len(tracklets)


@pytest.mark.parametrize(
    ("params", "location"),
    [
        ({"limit": 0}, "query.limit"),
        ({"limit": 1001}, "query.limit"),
        ({"offset": -1}, "query.offset"),
        ({"since": "yesterday"}, "query.since"),
        ({"until": "9999-12-31T23:59:59-10:00"}, "query.until"),
        ({"since": "2024-05-02T00:00:00Z", "until": "2024-05-01T00:00:00Z"}, "query"),
        ({"colour": "red"}, "query.colour"),
    ],
)
def test_a_wrong_parameter_is_named(client, params, location):
    response = client.get("/api/v1/tracklets", params=params)
    assert location in check_problem(response, 422)
    assert [fault["location"] for fault in response.json()["errors"]] == [location]


def test_an_unknown_camera_is_named(client):
    assert "'roof'" in check_problem(client.get("/api/v1/tracklets", params={"camera": "roof"}), 422)


def test_one_tracklet_has_its_boxes(client, passerby, ingested, tracklets):
    wanted = passerby("tracklets", "--boxes", "--data", ingested, "--json").json["tracklets"]
    one = client.get(f"/api/v1/tracklets/{tracklets[0]['id']}").json()
    assert {key: one[key] for key in tracklets[0]} == tracklets[0]
    assert one["boxes"] == next(row["boxes"] for row in wanted if row["id"] == one["id"])


def test_a_crop_is_a_picture_that_is_sent_once(client, tracklets, ingested):
    response = client.get(tracklets[0]["crop"])
    assert response.headers["content-type"] == "image/jpeg"
    assert response.headers["cache-control"] == "private, no-cache"
    assert cv2.imdecode(np.frombuffer(response.content, np.uint8), cv2.IMREAD_COLOR) is not None
    tag = response.headers["etag"]
    assert (ingested / "crops" / tag[1:3] / f"{tag[1:-1]}.jpg").read_bytes() == response.content
    for sent in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = client.get(tracklets[0]["crop"], headers={"If-None-Match": sent})
        assert (again.status_code, again.content) == (304, b"")
    assert client.get(tracklets[0]["crop"], headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize(
    "name", ["nobody", "..", "..%2F..%2Fgallery.sqlite", "%2Fetc%2Fpasswd", "..%5C..", "%00", "a" * 5000, "%FF"]
)
@pytest.mark.parametrize("rest", ["", "/crop.jpg"])
def test_what_is_no_tracklet_is_not_found(client, name, rest):
    # httpx would tidy the path up; a raw request does not.
    request = client.build_request("GET", "/")
    request.url = request.url.copy_with(raw_path=f"/api/v1/tracklets/{name}{rest}".encode())
    check_problem(client.send(request), 404)


def test_a_photo_is_answered_as_on_the_command_line(client, passerby, ingested, photo):
    response = upload(client, photo.read_bytes(), params={"top": 3, "camera": "cam2"})
    assert response.status_code == 200, response.text
    stages = [part.partition(";dur=")[0] for part in response.headers["server-timing"].split(", ")]
    assert stages == ["embed", "search", "total"]
    asked = ("query", photo, "--data", ingested, "--top", 3, "--camera", "cam2", "--json")
    wanted, answer = passerby(*asked).json, response.json()
    assert answer["query"]["taken"] == "the whole of image, which looks like a crop of one person"
    for one in (wanted, answer):
        one["query"].pop("taken")
    assert answer.pop("id")
    assert len(answer["query"].pop("parts")) == 1
    assert {sighting.pop("feedback") for sighting in answer["sightings"]} == {None}
    crops = [sighting.pop("crop") for sighting in answer["sightings"]]
    files = [sighting.pop("crop") for sighting in wanted["sightings"]]
    assert answer == wanted
    assert answer["answer"] == "found"
    assert [client.get(url).content for url in crops] == [Path(file).read_bytes() for file in files]


def test_a_tracklet_is_not_its_own_answer(client, tracklets):
    id_ = tracklets[0]["id"]
    answer = client.post("/api/v1/queries", json={"tracklet": id_}).json()
    assert answer["query"]["tracklets"] == [id_]
    assert answer["sightings"]
    assert all(id_ not in sighting["tracklets"] for sighting in answer["sightings"])


def test_a_box_on_a_frame_is_the_tracklet_under_it(client, tracklets):
    listed = client.get(f"/api/v1/tracklets/{tracklets[0]['id']}").json()
    _, *box = listed["boxes"][0]
    question = {"camera": listed["camera"], "time": listed["start"], "box": box}
    answer = client.post("/api/v1/queries", json=question).json()
    assert answer["query"]["tracklets"] == [listed["id"]]


def test_a_box_where_nobody_was_followed_reads_the_video_again(client):
    question = {"camera": "cam1", "time": "1970-01-01T00:00:00.500Z", "box": [5, 5, 45, 95]}
    response = client.post("/api/v1/queries", json=question)
    assert response.status_code == 200, response.text
    assert response.json()["query"]["box"] == [5, 5, 45, 95]
    assert response.json()["query"]["tracklets"] == []


def test_a_box_in_a_photo_takes_the_person_in_it(client, photo):
    response = upload(client, photo.read_bytes(), data={"box": "1,2,30,60"})
    assert response.json()["query"]["box"] == [1, 2, 30, 60]
    assert "box that was given" in response.json()["query"]["taken"]


def test_filters_and_order(client, photo):
    data = photo.read_bytes()
    where = {"camera": "cam2", "since": "1970-01-01T00:00:10Z", "until": "1970-01-01T00:00:20Z", "top": 50}
    answer = upload(client, data, params=where).json()
    assert all(
        s["camera"] == "cam2" and s["end_seconds"] >= 10 and s["start_seconds"] <= 20 for s in answer["sightings"]
    )
    assert [row["camera"] for row in answer["coverage"]] == ["cam2"]
    assert len(upload(client, data, params={"top": 1}).json()["sightings"]) == 1
    assert upload(client, data, params={"rerank": "true"}).status_code == 200


def test_many_ask_at_once_and_all_are_answered_alike(client, photo):
    data, answers = photo.read_bytes(), []
    threads = [threading.Thread(target=lambda: answers.append(upload(client, data).json())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 8
    assert len({answer.pop("id") for answer in answers}) == 8
    for answer in answers:
        answer["query"].pop("parts")
    assert all(answer == answers[0] for answer in answers)


def blank(width: int, height: int) -> bytes:
    return cv2.imencode(".png", np.zeros((height, width, 3), np.uint8))[1].tobytes()


@pytest.mark.parametrize(
    ("data", "name", "status", "said"),
    [
        (b"", "photo.jpg", 422, "image is empty"),
        (b"just some text", "photo.jpg", 415, "not a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "photo.svg", 415, "not a picture"),
        (blank(50, 100)[:-40], "../../photo.png", 422, "image is damaged or cut off"),
        (blank(400, 300), "/etc/passwd", 422, "image shows nobody"),
        (blank(1, 2), "photo.png", 422, "1 x 2 pixels"),
    ],
    ids=["empty", "text", "SVG", "cut off", "nobody", "two pixels"],
)
def test_an_upload_that_is_no_use_is_refused(client, data, name, status, said):
    detail = check_problem(upload(client, data, name), status)
    assert said in detail
    assert tempfile.gettempdir() not in detail
    assert "passwd" not in detail


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(client):
    header = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (60_000).to_bytes(4) * 2 + b"\x08\x02\0\0\0"
    assert "60000x60000" in check_problem(upload(client, header + bytes(100)), 422)


@pytest.mark.parametrize("is_told", [True, False], ids=["length told", "chunked"])
def test_a_body_that_is_too_large_is_refused(client, is_told):
    size = MOST_BYTES + 1_000_000
    assert size < DRAINED_BYTES
    body = bytes(size) if is_told else (bytes(1_000_000) for _ in range(size // 1_000_000))
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    if is_told:
        check_problem(client.post("/api/v1/queries", content=body, headers=headers), 413)
    else:
        preface = [b'--b\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n', *body]
        check_problem(client.post("/api/v1/queries", content=iter(preface), headers=headers), 413)


@pytest.mark.parametrize(
    ("content", "kind", "status", "said"),
    [
        (b"hello", "text/plain", 415, "'text/plain'"),
        (b"hello", "", 415, "multipart/form-data or application/json"),
        (b"hello", "multipart/form-data", 400, "boundary"),
        (b"hello", "multipart/form-data; boundary=b", 400, "multipart"),
        (b"--b--", "multipart/form-data; boundary=b", 422, "body.image"),
        (b"{", "application/json", 422, "JSON"),
        (b"\xff\xfe", "application/json", 422, "JSON"),
        (b"[" * 100_000, "application/json", 422, "JSON"),
        (b"[]", "application/json", 422, "body"),
        (b"{}", "application/json", 422, "body.camera"),
        (b'{"tracklet": 7}', "application/json", 422, "body.tracklet"),
        (b'{"tracklet": "x", "top": 3}', "application/json", 422, "body.top"),
        (b'{"tracklet": "nobody"}', "application/json", 404, "'nobody'"),
        (b'{"camera": "roof", "time": "2024-05-01", "box": [0, 0, 9, 20]}', "application/json", 422, "'roof'"),
        (b'{"camera": "cam1", "time": "2024-05-01", "box": [0, 0, 9, 20]}', "application/json", 422, "no frame"),
        (b'{"camera": "cam1", "time": "noon", "box": [0, 0, 9, 20]}', "application/json", 422, "body.time"),
        (b'{"camera": "cam1", "time": 12, "box": [0, 0, 9, 20]}', "application/json", 422, "body.time"),
        (b'{"camera": "cam1", "time": "2024-05-01", "box": [9, 0, 0, 20]}', "application/json", 422, "body.box"),
        (b'{"camera": "cam1", "time": "2024-05-01", "box": [0, 0, 1e99, 20]}', "application/json", 422, "body.box"),
        (b'{"camera": "cam1", "time": "2024-05-01", "box": [0, 0, NaN, 20]}', "application/json", 422, "body.box"),
    ],
)
def test_a_question_that_is_none_is_refused(client, content, kind, status, said):
    response = client.post("/api/v1/queries", content=content, headers={"Content-Type": kind})
    assert said in check_problem(response, status)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"camera": "cam1"}, "filters go into the URL"),
        ({"box": "1,2"}, "four numbers"),
        ({"box": "0,0,1e9,9"}, "too far"),
    ],
)
def test_a_form_field_that_is_wrong_is_refused(client, photo, fields, said):
    assert said in check_problem(upload(client, photo.read_bytes(), data=fields), 422)


def test_a_client_that_goes_away_in_the_middle_is_no_failure(client, caplog):
    head = f"POST /api/v1/queries HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 1000\r\n"
    with caplog.at_level(logging.ERROR, "uvicorn.error"):
        with socket.create_connection((client.base_url.host, client.base_url.port)) as connection:
            connection.sendall(f"{head}Content-Type: application/json\r\n\r\n{{".encode())
        assert client.get("/healthz").status_code == 200
    assert caplog.records == []


def test_unknown_paths_and_methods_are_problems(client):
    check_problem(client.get("/api/v1/nothing"), 404)
    response = client.put("/api/v1/queries")
    check_problem(response, 405)
    assert response.headers["allow"] == "POST"


def test_a_failure_tells_the_client_nothing(client, caplog):
    with caplog.at_level(logging.CRITICAL + 1, "uvicorn.error"):
        response = client.get("/boom")
    assert check_problem(response, 500) == "the server failed; its log says why"
    assert "secret" not in response.text


def test_openapi_has_every_route_with_examples_and_problems(client):
    document = client.get("/openapi.json").json()
    assert document["info"]["title"] == "Passerby"
    assert document["info"]["version"] == metadata.version("passerby")
    operations = {path: next(iter(methods.values())) for path, methods in document["paths"].items()}
    assert set(operations) == {
        "/healthz",
        "/metrics",
        "/api/v1/cameras",
        "/api/v1/tracklets",
        "/api/v1/tracklets/{tracklet_id}",
        "/api/v1/tracklets/{tracklet_id}/crop.jpg",
        "/api/v1/tracklets/{tracklet_id}/clip.mp4",
        "/api/v1/tracklets/{tracklet_id}/clip.json",
        "/api/v1/cameras/{name}/frame.jpg",
        "/api/v1/cameras/{name}/video.mp4",
        "/api/v1/cameras/{name}/boxes.json",
        "/api/v1/cameras/{name}/timeline.json",
        "/api/v1/queries",
        "/api/v1/tokens",
        "/api/v1/tokens/{name}",
        "/api/v1/audit",
        "/api/v1/cameras/{name}",
        "/api/v1/about",
        "/api/v1/settings",
        "/api/v1/cameras/{name}/start",
        "/api/v1/cameras/{name}/stop",
        "/api/v1/uploads",
        "/api/v1/uploads/{upload_id}",
        "/api/v1/jobs",
        "/api/v1/jobs/{job_id}",
        "/api/v1/jobs/{job_id}/events",
        "/api/v1/jobs/{job_id}/files",
        "/api/v1/jobs/{job_id}/files/{name}",
        "/api/v1/queries/{query_id}",
        "/api/v1/queries/{query_id}/picture.jpg",
        "/api/v1/queries/{query_id}/feedback",
        "/api/v1/reports",
        "/api/v1/reports/{name}",
        "/api/v1/reports/{name}/index.html",
        "/api/v1/reports/{name}/result.json",
        "/api/v1/reports/{name}/crops/{picture}",
    }
    for path, operation in operations.items():
        assert ("security" in operation) == (path != "/healthz")
        problems = [answer["content"] for status, answer in operation["responses"].items() if status >= "4"]
        assert problems
        assert all(set(content) == {"application/problem+json"} for content in problems), path
    refs = set(_refs(document))
    schemas = document["components"]["schemas"]
    assert refs
    assert refs <= {f"#/components/schemas/{name}" for name in schemas}
    for name in (
        "Answer",
        "Camera",
        "CameraTimeline",
        "ClipFacts",
        "Health",
        "Job",
        "PieceFacts",
        "Report",
        "Tracklet",
    ):
        assert schemas[name]["examples"], name
    assert "https://" not in json.dumps(document).replace("https://json-schema.org", "")


def _refs(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from _refs(item)
    elif isinstance(value, list):
        for item in value:
            yield from _refs(item)


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/docs/oauth2-redirect"])
def test_there_are_no_pages_that_load_from_another_host(client, path):
    check_problem(client.get(path), 404)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[SimpleNamespace]:
    """A server over an empty gallery of the test's own."""
    with (
        Gallery.open(tmp_path / "gallery", create=True) as gallery,
        serving(create_app(QueryService(gallery, threads=1), TOKEN)) as client,
    ):
        yield SimpleNamespace(gallery=gallery, client=client, folder=tmp_path / "gallery")


def person(camera: str, number: int, jpegs: tuple[bytes, ...]) -> Tracklet:
    """Somebody whom a camera sees for a second."""
    frames = np.arange(10)
    boxes = np.tile(np.float32([10, 20, 50, 120]), (10, 1))
    vectors = np.zeros((1 + len(jpegs), 8), np.float32)
    vectors[:, number] = 1
    return Tracklet(
        id=f"{camera}-{number}",
        camera=camera,
        trajectory=Trajectory(number, frames, boxes, np.ones(10, np.float32)),
        times=100_000 * frames,
        crops=tuple(Crop(k, boxes[k], 0.5, jpeg) for k, jpeg in enumerate(jpegs)),
        vectors=vectors,
    )


def fill(gallery: Gallery, camera: str, people: list[Tracklet], embedder: str = "stripes") -> None:
    epoch, end = from_microseconds(0), from_microseconds(1_000_000)
    spec = IngestSpec(
        camera=camera,
        source=f"/videos/{camera}.mp4",
        source_hash="c0ffee",
        start=epoch,
        start_origin="given",
        fps=None,
        detector="hog",
        embedder=EmbedderIdentity(embedder, "ab" * 32, 8),
    )
    with gallery.begin_ingest(spec) as session:
        seen = IngestProgress(next_frame=10, frames=10, since=epoch, until=end)
        session.commit(people, None, seen)
        session.finish(seen)


def test_an_empty_gallery_answers_and_says_so(own):
    assert own.client.get("/api/v1/cameras").json() == {"cameras": []}
    assert own.client.get("/api/v1/tracklets").json() == {"tracklets": [], "total": 0, "limit": 100, "offset": 0}
    assert "gallery is empty" in check_problem(upload(own.client, blank(40, 80)), 422)


def test_what_is_ingested_and_erased_while_the_server_runs_shows_at_once(own):
    with Gallery.open(own.folder) as other:
        fill(other, "front door", [person("front door", k, (blank(20, 40 + k),)) for k in range(3)])
        listed = own.client.get("/api/v1/tracklets").json()["tracklets"]
        assert [row["id"] for row in listed] == ["front door-0", "front door-1", "front door-2"]
        question = {"tracklet": "front door-1"}
        ids = {
            id_ for s in own.client.post("/api/v1/queries", json=question).json()["sightings"] for id_ in s["tracklets"]
        }
        assert ids == {"front door-0", "front door-2"}
        assert own.client.get(listed[0]["crop"]).content == blank(20, 40), "the space in its name is quoted"
        other.erase(tracklets=["front door-0"])
    check_problem(own.client.get(listed[0]["crop"]), 404)
    sightings = own.client.post("/api/v1/queries", json=question).json()["sightings"]
    assert [s["tracklets"] for s in sightings] == [["front door-2"]]


def test_a_tracklet_without_a_crop_says_so(own):
    fill(own.gallery, "yard", [person("yard", 1, ())])
    assert own.client.get("/api/v1/tracklets/yard-1").json()["crop"] is None
    assert "no crop" in check_problem(own.client.get("/api/v1/tracklets/yard-1/crop.jpg"), 404)


def test_a_network_that_is_not_there_is_the_servers_fault(own):
    fill(own.gallery, "yard", [person("yard", 1, (blank(20, 40),))], embedder="gone")
    assert "gone" in check_problem(upload(own.client, blank(40, 80)), 503)


def test_a_gallery_that_cannot_be_read_is_unhealthy_and_tells_strangers_nothing(own):
    own.gallery.close()
    (own.folder / "gallery.sqlite").write_bytes(b"no database at all" * 1000)
    detail = check_problem(httpx.get(f"{own.client.base_url}/healthz"), 503)
    assert str(own.folder) not in detail
