"""What Prometheus reads of a server."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.query_service import QueryService
from api.server import create_app
from gallery.errors import GalleryError
from gallery.feeds import FeedTable
from gallery.jobs import JobTable
from gallery.store import Gallery
from gallery.tokens import TokenTable
from tests.api.test_clips import url
from tests.api.test_jobs import wait_for, working
from tests.api.test_server import TOKEN, check_problem, serving


@pytest.fixture
def server(own_gallery):
    with working(own_gallery) as both:
        yield both


def read(client):
    answer = client.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_questions_by_what_they_are_and_what_came_of_them(server):
    client, gallery = server
    one = gallery.tracklets()[0].id
    first = client.post("/api/v1/queries", json={"tracklet": one}).json()
    client.post("/api/v1/queries", json={"all": [{"tracklet": one}, {"query": first["id"]}]})
    check_problem(client.post("/api/v1/queries", json={"tracklet": "nobody"}), 404)
    check_problem(client.post("/api/v1/queries", json={"person": "anna"}), 422)
    check_problem(client.post("/api/v1/queries", content=b"x", headers={"Content-Type": "text/plain"}), 415)
    client.get(f"/api/v1/queries/{first['id']}")
    client.post(f"/api/v1/queries/{first['id']}/feedback", json={})
    found = read(client)
    counts = {key[1:]: value for key, value in found.items() if key[0] == "passerby_queries_total"}
    told = first["answer"]
    assert counts == {
        ("tracklet", told): 1,
        ("several", told): 1,
        ("tracklet", "refused"): 1,
        ("unreadable", "refused"): 2,
        ("again", told): 1,
        ("feedback", told): 1,
    }
    assert {key[1] for key in found if key[0] == "passerby_query_seconds_count"} == {"embed", "search", "total"}
    assert found["passerby_query_seconds_count", "total"] == 2
    assert 0 < found["passerby_query_seconds_sum", "search"] <= found["passerby_query_seconds_sum", "total"]
    assert one not in client.get("/metrics").text


def test_a_question_that_fails(server, monkeypatch):
    client, gallery = server

    def fails(*_, **__):
        raise GalleryError("the disk is gone")

    monkeypatch.setattr("api.asking.Questions.add", fails)
    wish = {"tracklet": gallery.tracklets()[0].id}
    check_problem(client.post("/api/v1/queries", json=wish), 503)
    assert read(client)["passerby_queries_total", "tracklet", "failed"] == 1


def test_what_the_server_holds(server):
    client, gallery = server
    FeedTable(gallery.database).add("gate", "rtsp://admin:s3cret@10.0.0.5/main", {})
    job = client.post("/api/v1/jobs", json={"kind": "reembed", "embedder": "stripes"}).json()
    wait_for(client, job["id"], "done")
    before = read(client)
    assert before["passerby_tracklets",] == len(gallery.tracklets())
    assert before["passerby_clips_bytes",] == 0
    assert [before["passerby_jobs", state] for state in ("done", "running", "failed")] == [1, 0, 0]
    assert [before["passerby_cameras", state] for state in ("not_read", "new", "running")] == [2, 1, 0]
    assert before["process_resident_memory_bytes",] > 1e6
    clip = client.get(url(gallery.tracklets()[0].id)).content
    assert read(client)["passerby_clips_bytes",] == len(clip)
    assert "s3cret" not in client.get("/metrics").text


def test_how_fast_a_camera_is_read(own_gallery):
    with Gallery.open(own_gallery) as gallery:
        feeds, jobs = FeedTable(gallery.database), JobTable(gallery.database)
        feeds.add("gate", "rtsp://10.0.0.5/main", {})
        job = feeds.begin("gate", "anna")
        with serving(create_app(QueryService(gallery, threads=1), TOKEN)) as client:
            assert ("passerby_camera_frames_per_second", "gate") not in read(client)
            jobs.begin(job)
            jobs.tell(job, {"rate": 12.5})
            assert read(client)["passerby_camera_frames_per_second", "gate"] == 12.5


def test_who_may_read_it(server):
    client, gallery = server
    TokenTable(gallery.database).add("prometheus", "scrape-token", "viewer")
    by = {"Authorization": "Bearer scrape-token"}
    assert client.get("/metrics", headers=by).status_code == 200
    assert client.get("/metrics", headers={"Authorization": "Bearer nobody"}).status_code == 401
    assert TOKEN not in client.get("/metrics").text
