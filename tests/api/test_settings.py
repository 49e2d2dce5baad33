"""Retention, and what a server tells of itself."""

import os
from datetime import UTC, datetime, timedelta

import pytest

from api.job_requests import job_folder
from api.query_service import QueryService
from api.retention import Retention, apply_retention, choose_retention
from api.server import create_app
from gallery import schema
from gallery.audit import AuditLog
from gallery.ingest_spec import IngestProgress, IngestSpec
from gallery.jobs import JobTable
from gallery.store import Gallery
from gallery.uploads import UploadTable
from tests.api.test_server import TOKEN, check_problem, serving


@pytest.fixture
def asked(own_gallery):
    with (
        Gallery.open(own_gallery) as gallery,
        serving(create_app(QueryService(gallery, detector="hog", threads=1), TOKEN)) as client,
    ):
        yield client, gallery


def apply(gallery):
    apply_retention(gallery)


def test_a_choice_is_tried_then_kept(asked):
    client, gallery = asked
    assert client.get("/api/v1/settings").json() == {"footage_days": None, "query_days": 30, "upload_days": None}
    choice = {"footage_days": 30, "query_days": None, "upload_days": 7}
    count = len(gallery.tracklets())
    assert client.put("/api/v1/settings", params={"trial": True}, json=choice).json()["would_erase"] == count
    assert client.get("/api/v1/settings").json()["footage_days"] is None
    assert client.put("/api/v1/settings", json=choice).json()["would_erase"] == count
    assert client.get("/api/v1/settings").json() == choice
    assert len(gallery.tracklets()) == count, "not while somebody waits for the answer"
    for wrong in ({"footage_days": 0}, {"query_days": 40_000}, {"days": 1}):
        check_problem(client.put("/api/v1/settings", json=wrong), 422)


def test_what_is_older_goes_and_that_is_written_down(asked):
    _, gallery = asked
    count = len(gallery.tracklets())
    apply(gallery)
    assert len(gallery.tracklets()) == count, "for ever, unless somebody chose"
    choose_retention(gallery, Retention(footage_days=20 * 365))
    with gallery.database.write() as connection:
        moved = int(timedelta(days=365 * 50).total_seconds() * 1e6)
        camera = connection.execute(schema.cameras.select().where(schema.cameras.c.name == "cam2")).one().id
        rows = schema.tracklets.update().where(schema.tracklets.c.camera == camera)
        connection.execute(rows.values(start=schema.tracklets.c.start + moved, end=schema.tracklets.c.end + moved))
    apply(gallery)
    assert {row.camera for row in gallery.tracklets()} == {"cam2"}
    assert [(line.who, line.action, line.detail["camera"]) for line in AuditLog(gallery.database).lines()] == [
        ("server", "retention", "cam1")
    ]


def live_spec(gallery, source_hash):
    return IngestSpec(
        camera="cam1",
        source="rtsp://10.0.0.5/main",
        source_hash=source_hash,
        start=datetime.now(UTC),
        start_origin="clock",
        fps=None,
        detector="hog",
        embedder=gallery.embedder,
        settings="{}",
    )


def test_a_camera_that_is_watched_for_months_forgets_too(asked):
    _, gallery = asked
    choose_retention(gallery, Retention(footage_days=30))
    with gallery.begin_ingest(live_spec(gallery, "live 7")) as session:
        session.commit([], None, IngestProgress())
        apply(gallery)
        assert gallery.tracklets() == []


def test_a_recording_that_is_being_read_is_left_for_later(asked):
    _, gallery = asked
    choose_retention(gallery, Retention(footage_days=30))
    with gallery.begin_ingest(live_spec(gallery, "a" * 64)) as session:
        session.commit([], None, IngestProgress())
        apply(gallery)
        assert {row.camera for row in gallery.tracklets()} == {"cam1"}


def test_uploads_go_with_their_time(asked, clip):
    client, gallery = asked
    kept = client.post("/api/v1/uploads", files={"video": ("a.mp4", clip.read_bytes())}).json()
    choose_retention(gallery, Retention(upload_days=7))
    apply(gallery)
    table = UploadTable(gallery.database, gallery.folder)
    assert [one.id for one in table.rows()] == [kept["id"]]
    with gallery.database.write() as connection:
        connection.execute(schema.uploads.update().values(created=schema.uploads.c.created - 8 * 86_400_000_000))
    apply(gallery)
    assert table.rows() == []
    assert list(table.folder.iterdir()) == []


def test_what_was_tracked_in_them_goes_too(asked):
    _, gallery = asked
    table = JobTable(gallery.database)
    old, young = (table.add("track", "Track a.mp4", {"kind": "track", "upload": "x"}, "anna") for _ in range(2))
    for job in (old, young):
        table.finish(job.id, "done")
        job_folder(gallery.folder, job.id).mkdir(parents=True)
        (job_folder(gallery.folder, job.id) / "original.mp4").write_bytes(b"somebody")
    with gallery.database.write() as connection:
        jobs = schema.jobs
        past = jobs.update().values(ended=jobs.c.ended - 8 * 86_400_000_000)
        connection.execute(past.where(jobs.c.id == old.id))
    apply(gallery)
    assert table.count() == 2, "for ever, unless somebody chose"
    choose_retention(gallery, Retention(upload_days=7))
    apply(gallery)
    assert [job.id for job in table.rows()] == [young.id]
    assert not job_folder(gallery.folder, old.id).exists()
    assert job_folder(gallery.folder, young.id).exists()


def test_what_came_half_before_a_crash_goes_the_next_day(asked):
    _, gallery = asked
    part = UploadTable(gallery.database, gallery.folder).new_path()
    part.write_bytes(b"somebody")
    apply(gallery)
    assert part.exists(), "it may be coming just now"
    os.utime(part, (0, 0))
    apply(gallery)
    assert not part.exists()


def test_a_server_tells_what_it_is_made_of(asked):
    client, gallery = asked
    told = client.get("/api/v1/about").json()
    assert (told["embedder"], told["detector"]) == ("stripes", "hog")
    used = {model["name"] for model in told["models"] if model["in_use"]}
    assert used == {"stripes", "hog"}
    assert {"passerby-small", "motion"} <= {model["name"] for model in told["models"]}
    assert told["bytes_by_part"]["crops"] > 1000
    assert told["bytes_by_part"]["uploads"] == 0
    assert gallery.embedder.name == "stripes"
