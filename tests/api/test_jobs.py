"""Long work over HTTP: uploads become tracks, cameras are read, and nothing of it is lost with the server."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import av
import cv2
import httpx
import numpy as np
import pytest

from api.job_child import JobChild
from api.job_requests import Commands, job_folder
from api.job_runner import MOST_RESTARTS, JobRunner
from api.query_service import QueryService
from api.server import create_app
from gallery.audit import AuditLog
from gallery.errors import GalleryError, QueryError
from gallery.feeds import FeedTable
from gallery.jobs import JobTable, is_due
from gallery.lock import FileLock
from gallery.store import Gallery
from gallery.tokens import TokenTable
from tests.api.test_server import TOKEN, check_problem, serving
from tests.ingest.cameras import Files, Play, mjpeg_camera, web_server
from tests.ingest.videos import write_video
from tests.ingest.walkers import FRAMES, picture

ROOT = Path(__file__).resolve().parents[2]
WALK = [picture(k) for k in range(FRAMES)]
PATIENCE_SECONDS = 150


@contextmanager
def working(folder, **more):
    """A server over a gallery, with its jobs running."""
    with Gallery.open(folder) as gallery:
        app = create_app(QueryService(gallery, detector="hog", threads=1), TOKEN, **more)
        runner = JobRunner(gallery, Commands(gallery, "motion", 1, "cpu", "fp32"))
        runner.start()
        try:
            with serving(app) as client:
                yield client, gallery
        finally:
            runner.close()


@pytest.fixture
def server(own_gallery):
    with working(own_gallery) as both:
        yield both


@pytest.fixture
def video(tmp_path):
    return write_video(tmp_path / "walk.mp4", WALK)


def wait_for(client, job_id, *states):
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        job = client.get(f"/api/v1/jobs/{job_id}").json()
        if job["state"] in states:
            return job
        time.sleep(0.05)
    raise AssertionError(job)


def sent(client, path, name="walk.mp4"):
    answer = client.post("/api/v1/uploads", files={"video": (name, path.read_bytes())})
    assert answer.status_code == 201, answer.text
    return answer.json()


def followed(client, job_id):
    """What its events told, to the end."""
    with client.stream("GET", f"/api/v1/jobs/{job_id}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        return [json.loads(line[6:]) for line in answer.iter_lines() if line.startswith("data: ")]


def test_a_video_that_was_sent_is_tracked_and_both_films_play(server, video):
    client, gallery = server
    upload = sent(client, video)
    assert (upload["name"], upload["width"], upload["height"]) == ("walk.mp4", WALK[0].shape[1], WALK[0].shape[0])
    asked = client.post("/api/v1/jobs", json={"kind": "track", "upload": upload["id"], "confidence": 0.3})
    assert asked.status_code == 202
    told = followed(client, asked.json()["id"])
    assert told[0]["state"] in ("queued", "running")
    last = told[-1]
    assert (last["state"], last["error"]) == ("done", None), last
    assert last["result"]["frames"] == FRAMES
    assert last["title"] == "Track walk.mp4"
    assert {url.rpartition("/")[2] for url in last["files"]} == {
        "annotated.mp4",
        "original.mp4",
        "tracks.txt",
        "log.csv",
    }
    counts = []
    for name in ("annotated.mp4", "original.mp4"):
        answer = client.get(f"/api/v1/jobs/{last['id']}/files/{name}")
        (gallery.folder / name).write_bytes(answer.content)
        with av.open(str(gallery.folder / name)) as container:
            counts.append(sum(1 for _ in container.decode(video=0)))
    assert counts == [FRAMES, FRAMES]
    part = client.get(f"/api/v1/jobs/{last['id']}/files/annotated.mp4", headers={"Range": "bytes=0-9"})
    assert (part.status_code, len(part.content)) == (206, 10)
    text = client.get(f"/api/v1/jobs/{last['id']}/files/tracks.txt", params={"download": ""})
    assert text.headers["content-disposition"] == 'attachment; filename="walk-tracks.txt"'
    listed = client.get("/api/v1/jobs", params={"state": "done"}).json()
    assert [one["id"] for one in listed["jobs"]] == [last["id"]]
    check_problem(client.delete(f"/api/v1/jobs/{last['id']}"), 409)
    assert client.delete(f"/api/v1/jobs/{last['id']}/files").status_code == 204
    assert not job_folder(gallery.folder, last["id"]).exists()
    check_problem(client.get(f"/api/v1/jobs/{last['id']}"), 404)
    assert [line.action for line in AuditLog(gallery.database).lines()] == ["job removed", "job", "upload"]


def test_a_running_job_is_cancelled_and_keeps_what_it_made(server, tmp_path):
    client, _ = server
    long = write_video(tmp_path / "long.mp4", WALK * 120)
    job = client.post("/api/v1/jobs", json={"kind": "track", "upload": sent(client, long)["id"]}).json()
    waiting = client.post("/api/v1/jobs", json=job["request"]).json()
    for told in iter(lambda: client.get(f"/api/v1/jobs/{job['id']}").json(), None):
        if (told["progress"]["done"] or 0) > 0:
            break
        assert told["state"] in ("queued", "running"), told
    assert client.get(f"/api/v1/jobs/{waiting['id']}").json()["state"] == "queued", "one at a time"
    assert client.delete(f"/api/v1/jobs/{waiting['id']}").json()["state"] == "cancelled"
    check_problem(client.delete(f"/api/v1/jobs/{job['id']}/files"), 409)
    assert client.delete(f"/api/v1/jobs/{job['id']}").status_code == 202
    ended = wait_for(client, job["id"], "cancelled")
    assert 0 < ended["progress"]["done"] < FRAMES * 120
    film = client.get(f"/api/v1/jobs/{job['id']}/files/annotated.mp4")
    assert film.content[4:8] == b"ftyp"


@pytest.mark.parametrize(
    ("wish", "status", "said"),
    [
        ({"kind": "track", "upload": "../../etc/passwd"}, 404, "there is no upload"),
        ({"kind": "track"}, 422, "upload"),
        ({"kind": "dance"}, 422, "dance"),
        ({"kind": "track", "upload": "x", "confidence": 2}, 422, "confidence"),
        ({"kind": "evaluate", "folder": "/data", "name": "../x"}, 422, "letters, digits"),
        ({"kind": "evaluate", "folder": "/data", "name": "of may"}, 422, "letters, digits"),
        ({"kind": "evaluate", "folder": "--help", "name": "x"}, 422, "does not begin with /"),
    ],
)
def test_jobs_that_are_refused(server, wish, status, said):
    assert said in check_problem(server[0].post("/api/v1/jobs", json=wish), status)


def test_what_an_operator_may_not_ask_for(server):
    client, gallery = server
    TokenTable(gallery.database).add("op", "op-token", "operator")
    by = {"Authorization": "Bearer op-token"}
    for wish in ({"kind": "reembed", "embedder": "stripes"}, {"kind": "evaluate", "folder": "/", "name": "x"}):
        assert "takes the role admin" in check_problem(client.post("/api/v1/jobs", json=wish, headers=by), 403)


def test_a_gallery_is_embedded_anew_and_a_wrong_network_is_said(server):
    client, gallery = server
    wrong = client.post("/api/v1/jobs", json={"kind": "reembed", "embedder": "nobody"}).json()
    failed = wait_for(client, wrong["id"], "failed", "done")
    assert "unknown model 'nobody'" in failed["error"]
    right = client.post("/api/v1/jobs", json={"kind": "reembed", "embedder": "stripes"}).json()
    assert wait_for(client, right["id"], "failed", "done")["result"]["tracklets"] == len(gallery.tracklets())


def test_files_that_a_job_does_not_have(server, video):
    client, _ = server
    job = client.post("/api/v1/jobs", json={"kind": "track", "upload": sent(client, video)["id"]}).json()
    wait_for(client, job["id"], "done")
    for name in ("result.json", "log.txt", "..%2F..%2Fgallery.sqlite", "x"):
        check_problem(client.get(f"/api/v1/jobs/{job['id']}/files/{name}"), 404)
    check_problem(client.get("/api/v1/jobs/nobody/events"), 404)


def test_a_recording_is_added_read_stopped_and_removed(server, video):
    client, gallery = server
    before = len(gallery.tracklets())
    added = client.post(
        "/api/v1/cameras", json={"camera": "hall", "source": str(video), "start": "2024-05-01T08:00:00Z"}
    )
    assert added.status_code == 201, added.text
    camera = added.json()
    assert (camera["state"], camera["feed"]["live"], camera["feed"]["wanted"]) == ("new", False, True)
    done = wait_for(client, camera["feed"]["job"], "done", "failed")
    assert done["error"] is None
    assert len(gallery.tracklets()) > before
    (seen,) = [one for one in client.get("/api/v1/cameras").json()["cameras"] if one["camera"] == "hall"]
    assert (seen["state"], seen["since"]) == ("done", "2024-05-01T08:00:00.000Z")
    check_problem(client.post("/api/v1/cameras", json={"camera": "hall", "source": str(video)}), 409)
    again = client.post("/api/v1/cameras/hall/start").json()
    assert again["feed"]["job"] != camera["feed"]["job"]
    total = len(gallery.tracklets())
    assert wait_for(client, again["feed"]["job"], "done")["result"]["cameras"][0]["already_done"] is True
    assert len(gallery.tracklets()) == total
    assert client.post("/api/v1/cameras/hall/stop").status_code == 202
    assert client.delete("/api/v1/cameras/hall").status_code == 204
    assert "hall" in {row.name for row in gallery.cameras()}, "what was seen stays"
    check_problem(client.delete("/api/v1/cameras/hall"), 404)
    assert client.delete("/api/v1/cameras/hall", params={"erase": True}).status_code == 204
    assert len(gallery.tracklets()) == before


def test_an_upload_becomes_a_camera(server, video):
    client, _ = server
    upload = sent(client, video)
    camera = client.post("/api/v1/cameras", json={"camera": "sent", "upload": upload["id"]}).json()
    assert wait_for(client, camera["feed"]["job"], "done", "failed")["error"] is None
    (seen,) = [one for one in client.get("/api/v1/cameras").json()["cameras"] if one["camera"] == "sent"]
    assert (camera["source"], seen["source"], seen["sources"]) == ("walk.mp4", "walk.mp4", ["walk.mp4"])
    assert client.get("/api/v1/cameras/sent/frame.jpg").status_code == 200
    assert client.delete(f"/api/v1/uploads/{upload['id']}").status_code == 204
    assert client.get("/api/v1/uploads").json()["uploads"] == []
    check_problem(client.get("/api/v1/cameras/sent/frame.jpg"), 409)


@pytest.mark.parametrize(
    ("wish", "status", "said"),
    [
        ({"camera": "x"}, 422, "either a source or an upload"),
        ({"camera": "x", "source": "a", "upload": "b"}, 422, "either a source or an upload"),
        ({"camera": "x", "upload": "b"}, 404, "no upload 'b'"),
        ({"camera": "x", "source": "gopher://x"}, 422, "of a kind that is not known"),
        ({"camera": "x", "source": "door.mp4"}, 422, "does not begin with /"),
        ({"camera": "x", "source": "/no/such.mp4"}, 422, "does not exist"),
        ({"camera": "a/b", "source": "/x"}, 422, "letters, digits"),
        ({"camera": "x", "source": "~nobody-at-all/x.mp4"}, 422, "home of nobody"),
        ({"camera": "x", "source": "/x\0y"}, 422, "cannot be seen"),
        ({"camera": "x", "source": "/" + "a" * 300}, 422, "cannot be looked for"),
        ({"camera": "x", "source": "/clips/*/../../x.mp4"}, 422, "holds '..'"),
        ({"camera": "x", "source": "http://10.0.0.5/x\r\nHost: elsewhere"}, 422, "cannot be seen"),
        ({"camera": "x", "source": "rtsp://10.0.0.5/a b"}, 422, "is no address"),
        ({"camera": "x", "source": "rtsp://admin:s3cret@/"}, 422, "rtsp://***@/"),
    ],
)
def test_cameras_that_are_refused(server, wish, status, said):
    assert said in check_problem(server[0].post("/api/v1/cameras", json=wish), status)
    check_problem(server[0].post("/api/v1/cameras/nobody/start"), 404)
    check_problem(server[0].post("/api/v1/cameras/nobody/stop"), 404)


def test_operators_name_recordings_below_the_media_folders_only(own_gallery, video, tmp_path):
    (tmp_path / "media").mkdir()
    inside = Path(video.rename(tmp_path / "media" / "in.mp4"))
    (tmp_path / "media" / "link.mp4").symlink_to("/etc/passwd")
    with working(own_gallery, media=[tmp_path / "media"]) as (client, gallery):
        TokenTable(gallery.database).add("op", "op-token", "operator")
        by = {"Authorization": "Bearer op-token"}

        def status(source):
            wish = {"camera": "x", "source": source, "begin": False}
            return client.post("/api/v1/cameras", json=wish, headers=by).status_code

        for outside in (
            "/etc/passwd",
            f"{tmp_path}/media/../own/gallery.sqlite",
            f"{tmp_path}/media/link.mp4",
            "/etc/*",
        ):
            assert status(outside) == 403, outside
        assert status(f"{tmp_path}/media/*/../../own/*.sqlite") == 422
        assert status(str(inside)) == 201
        assert status(f"{tmp_path}/media/*.mp4") == 409
        check_problem(client.delete("/api/v1/cameras/x", params={"erase": True}, headers=by), 403)


def test_a_live_camera_is_shown_while_it_is_read_and_keeps_what_it_saw(server):
    client, gallery = server
    with mjpeg_camera(Play(WALK * 40, rate=25)) as camera:
        address = f"http://admin:s3cret@127.0.0.1:{camera.port}/walk"
        added = client.post("/api/v1/cameras", json={"camera": "live", "source": address})
        assert "s3cret" not in added.text
        job = added.json()["feed"]["job"]
        until = time.monotonic() + PATIENCE_SECONDS
        while client.get("/api/v1/cameras/live/frame.jpg").status_code != 200:
            assert time.monotonic() < until, client.get(f"/api/v1/jobs/{job}").text
            time.sleep(0.1)
        while (client.get(f"/api/v1/jobs/{job}").json()["progress"]["done"] or 0) < 40:
            assert time.monotonic() < until
            time.sleep(0.1)
        for pid in Path("/proc").glob("[0-9]*/cmdline"):
            assert b"s3cret" not in pid.read_bytes() or str(os.getpid()) in str(pid)
        stopping = client.post("/api/v1/cameras/live/stop").json()
        assert (stopping["feed"]["wanted"], stopping["feed"]["state"]) == (False, "stopping")
        ended = wait_for(client, job, "done", "failed", "cancelled")
    assert ended["state"] == "done"
    assert ended["result"]["cameras"][0]["ended"] == "stopped"
    assert any(row.camera == "live" for row in gallery.tracklets())
    check_problem(client.get("/api/v1/cameras/live/frame.jpg"), 409)
    assert "s3cret" not in client.get("/api/v1/audit").text + client.get("/api/v1/cameras").text


def test_a_lost_camera_is_tried_again_while_it_is_wanted(server, monkeypatch):
    client, gallery = server
    monkeypatch.setattr("api.job_runner.FIRST_WAIT_SECONDS", 0.3)
    with mjpeg_camera(*[Play(WALK, rate=100)] * 40) as camera:
        address = f"http://127.0.0.1:{camera.port}/walk"
        job = client.post("/api/v1/cameras", json={"camera": "lost", "source": address}).json()["feed"]["job"]
        until = time.monotonic() + PATIENCE_SECONDS
        while camera.played < 3:
            assert time.monotonic() < until, client.get(f"/api/v1/jobs/{job}").text
            time.sleep(0.1)
    client.post("/api/v1/cameras/lost/stop")
    told = wait_for(client, job, "done", "failed", "cancelled")
    assert told["id"] == job, "one job, however often"
    assert not FeedTable(gallery.database).get("lost").wanted


def test_a_recording_behind_an_address_is_read_once(server, video, monkeypatch):
    client, gallery = server
    monkeypatch.setattr("api.job_runner.FIRST_WAIT_SECONDS", 0.1)
    with web_server(Files({"/walk.mp4": video.read_bytes()})) as address:
        wish = {"camera": "shelf", "source": f"{address}/walk.mp4"}
        job = client.post("/api/v1/cameras", json=wish).json()["feed"]["job"]
        until = time.monotonic() + PATIENCE_SECONDS
        while FeedTable(gallery.database).get("shelf").wanted:
            assert time.monotonic() < until, client.get(f"/api/v1/jobs/{job}").text
            time.sleep(0.1)
    ended = client.get(f"/api/v1/jobs/{job}").json()
    assert (ended["state"], ended["result"]["cameras"][0]["ended"]) == ("done", "end")
    assert len(gallery.ingests("shelf")) == 1


def test_who_asks_twice_at_once_for_a_camera_gets_one_job(own_gallery):
    with Gallery.open(own_gallery) as gallery:
        feeds = FeedTable(gallery.database)
        feeds.add("gate", "rtsp://10.0.0.5/main", {})
        with ThreadPoolExecutor(8) as pool:
            jobs = set(pool.map(lambda _: feeds.begin("gate", "anna"), range(16)))
        assert len(jobs) == JobTable(gallery.database).count() == 1
        JobTable(gallery.database).ask_to_stop(*jobs)
        assert feeds.begin("gate", "anna") not in jobs
        with pytest.raises(QueryError, match="add it first"):
            feeds.begin("nobody", "anna")


def test_a_fault_of_the_program_does_not_end_the_work_on_jobs(own_gallery, monkeypatch, caplog):
    monkeypatch.setattr("api.job_runner.AFTER_FAULT_SECONDS", 0.0)
    faults = iter([ZeroDivisionError("a fault"), GalleryError("no space left")])

    def rows(table, right=FeedTable.rows):
        for fault in faults:
            raise fault
        return right(table)

    monkeypatch.setattr(FeedTable, "rows", rows)
    with working(own_gallery) as (client, _):
        job = client.post("/api/v1/jobs", json={"kind": "reembed", "embedder": "stripes"}).json()
        assert wait_for(client, job["id"], "done", "failed")["state"] == "done"
    assert "a fault of the program" in caplog.text
    assert "no space left" in caplog.text


def test_what_came_of_a_job_is_written_down_as_soon_as_it_can_be(own_gallery, monkeypatch):
    refused = iter([GalleryError("no space left")] * 3)

    def finish(table, *given, right=JobTable.finish, **more):
        for refusal in refused:
            raise refusal
        right(table, *given, **more)

    monkeypatch.setattr(JobTable, "finish", finish)
    with working(own_gallery) as (client, _):
        job = client.post("/api/v1/jobs", json={"kind": "reembed", "embedder": "stripes"}).json()
        ended = wait_for(client, job["id"], "done", "failed")
    assert (ended["state"], ended["progress"].get("restarts")) == ("done", None)


def test_a_process_waits_for_the_one_before_whose_server_died(tmp_path):
    (tmp_path / "job").mkdir()
    lock = FileLock(tmp_path / "job" / "lock")
    assert lock.acquire()
    (tmp_path / "job" / "result.json").write_text("of the one before")
    child = JobChild(["erase", "--data", str(tmp_path / "none")], tmp_path / "job")
    time.sleep(0.5)
    assert child.is_running
    assert not (tmp_path / "job" / "log.txt").read_bytes()
    lock.release()
    until = time.monotonic() + PATIENCE_SECONDS
    while child.is_running:
        assert time.monotonic() < until
        time.sleep(0.02)
    child.close()
    assert "say what to erase" in child.error()


def test_a_job_does_not_run_what_lies_in_the_working_folder(tmp_path, monkeypatch):
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "__init__.py").write_text("raise SystemExit('somebody else')")
    monkeypatch.chdir(tmp_path)
    child = JobChild(["erase", "--help"], tmp_path / "job")
    while child.is_running:
        time.sleep(0.02)
    child.close()
    assert child.code == 0, child.error()


def test_a_stopped_server_s_jobs_go_on_with_the_next_one(own_gallery, tmp_path):
    long = write_video(tmp_path / "long.mp4", WALK * 5)
    with working(own_gallery) as (client, _):
        job = client.post("/api/v1/cameras", json={"camera": "long", "source": str(long)}).json()["feed"]["job"]
        until = time.monotonic() + PATIENCE_SECONDS
        while not client.get(f"/api/v1/jobs/{job}").json()["progress"]["done"]:
            assert time.monotonic() < until
    with Gallery.open(own_gallery) as gallery:
        waiting = JobTable(gallery.database).get(job)
    assert (waiting.state, waiting.error) == ("queued", "the server was stopped while it ran; it goes on")
    with working(own_gallery) as (client, _):
        assert wait_for(client, job, "done", "failed")["result"]["cameras"][0]["frames"] == FRAMES * 5


def test_a_job_that_takes_the_server_down_is_given_up(own_gallery):
    with Gallery.open(own_gallery) as gallery:
        table = JobTable(gallery.database)
        wish = {"kind": "reembed", "embedder": "stripes"}
        once, often = (table.add("reembed", "Embed", wish, "anna") for _ in range(2))
        for job, restarts in ((once, 0), (often, MOST_RESTARTS)):
            table.tell(job.id, {"restarts": restarts})
            assert table.begin(job.id)
        stopping = table.add("reembed", "Embed", wish, "anna")
        table.begin(stopping.id)
        table.ask_to_stop(stopping.id)
    with working(own_gallery) as (client, _):
        assert wait_for(client, once.id, "done")["error"] is None
        assert "the server died 4 times" in wait_for(client, often.id, "failed")["error"]
        assert wait_for(client, stopping.id, "cancelled")


def test_kill_9_of_the_server_takes_its_jobs_along_and_they_go_on(own_gallery, tmp_path, monkeypatch):
    monkeypatch.setenv("PASSERBY_TOKEN", TOKEN)
    long = write_video(tmp_path / "long.mp4", WALK * 5)
    command = [sys.executable, "-c", "from api.main import main; main()", "serve", "--detector", "motion"]
    options = ["--data", str(own_gallery), "--port", "0", "--json", "--threads", "1"]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, cwd=ROOT) as process:
        url = json.loads(process.stdout.readline())["url"]
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"}) as client:
            job = client.post("/api/v1/cameras", json={"camera": "long", "source": str(long)}).json()["feed"]["job"]
            until = time.monotonic() + PATIENCE_SECONDS
            while not client.get(f"/api/v1/jobs/{job}").json()["progress"]["done"]:
                assert time.monotonic() < until
        tasks = Path(f"/proc/{process.pid}/task").glob("*/children")
        children = [int(pid) for task in tasks for pid in task.read_text().split()]
        process.send_signal(signal.SIGKILL)
    assert children
    until = time.monotonic() + PATIENCE_SECONDS
    while any(is_alive(child) for child in children):
        assert time.monotonic() < until
        time.sleep(0.05)
    with working(own_gallery) as (client, _):
        ended = wait_for(client, job, "done", "failed")
        assert ended["result"]["cameras"][0]["frames"] == FRAMES * 5


def test_a_server_ends_soon_though_somebody_watches_a_job(own_gallery, tmp_path, monkeypatch):
    monkeypatch.setenv("PASSERBY_TOKEN", TOKEN)
    long = write_video(tmp_path / "long.mp4", WALK * 12)
    command = [sys.executable, "-c", "from api.main import main; main()", "serve", "--detector", "motion"]
    options = ["--data", str(own_gallery), "--port", "0", "--json", "--threads", "1"]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as process:
        watchdog = threading.Timer(PATIENCE_SECONDS, process.kill)
        watchdog.start()
        url = json.loads(process.stdout.readline())["url"]
        by = {"Authorization": f"Bearer {TOKEN}"}
        with httpx.Client(base_url=url, headers=by, timeout=PATIENCE_SECONDS) as client:
            job = client.post("/api/v1/cameras", json={"camera": "long", "source": str(long)}).json()["feed"]["job"]
            with client.stream("GET", f"/api/v1/jobs/{job}/events") as answer:
                told = (json.loads(line[6:]) for line in answer.iter_lines() if line.startswith("data: "))
                assert any(one["progress"]["done"] for one in told)
                process.terminate()
                assert all(one["state"] in ("running", "queued") for one in told), "and the stream ends in good order"
        _, said = process.communicate()
        watchdog.cancel()
    assert process.returncode == 0, said
    assert said.decode().splitlines()[-1] == "stopped"
    assert b"Traceback" not in said
    with Gallery.open(own_gallery) as gallery:
        waiting = JobTable(gallery.database).get(job)
    assert (waiting.state, waiting.error) == ("queued", "the server was stopped while it ran; it goes on")


def is_alive(pid):
    try:
        return "zombie" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def test_two_servers_share_the_work(own_gallery):
    with working(own_gallery) as (client, gallery):
        second = JobRunner(gallery, Commands(gallery, "motion", 1, "cpu", "fp32"))
        second.start()
        job = client.post("/api/v1/jobs", json={"kind": "reembed", "embedder": "stripes"}).json()
        assert wait_for(client, job["id"], "done")
        second.close()


def test_what_a_child_says_last_is_why_it_failed(tmp_path):
    child = JobChild(["erase", "--data", str(tmp_path / "none")], tmp_path / "job")
    while child.is_running:
        time.sleep(0.02)
    child.close()
    assert child.code == 2
    assert "say what to erase" in child.error()
    assert child.result() is None


def test_waiting_jobs_are_due_in_time(own_gallery):
    from datetime import UTC, datetime

    with Gallery.open(own_gallery) as gallery:
        table = JobTable(gallery.database)
        job = table.add("ingest", "x", {}, "a")
        assert is_due(job, datetime.now(UTC))
        table.tell(job.id, {"not_before": time.time() + 60})
        assert not is_due(table.get(job.id), datetime.now(UTC))
        for _ in range(3):
            gone = table.add("ingest", "x", {}, "a")
            table.ask_to_stop(gone.id)
        assert len(table.forget_old(kept=1)) == 2
        assert table.count() == 2
        assert table.count({"queued"}) == 1


def test_a_camera_keeps_its_masks_when_it_is_read_through_the_server(server, video, tmp_path):
    client, gallery = server
    left = {"mask": [[[0, 0], [0.5, 0], [0.5, 1], [0, 1]]]}
    added = client.post("/api/v1/cameras", json={"camera": "hall, ä", "source": str(video), "zones": left})
    assert added.status_code == 422, "the name"
    added = client.post("/api/v1/cameras", json={"camera": "hall ä", "source": str(video), "zones": left}).json()
    assert wait_for(client, added["feed"]["job"], "done", "failed")["error"] is None
    assert "mask" in gallery.ingests("hall ä")[-1].settings
    assert client.delete("/api/v1/cameras/hall ä").status_code == 204
    other = write_video(tmp_path / "later.mp4", WALK[:50])
    wish = {"camera": "hall ä", "source": str(other), "start": "2024-05-01T08:00:00Z"}
    again = client.post("/api/v1/cameras", json=wish).json()
    assert wait_for(client, again["feed"]["job"], "done", "failed")["error"] is None
    assert gallery.ingests("hall ä")[-1].source == str(other)
    assert "mask" in gallery.ingests("hall ä")[-1].settings, "without being told again"
    frame = client.get("/api/v1/cameras/hall ä/frame.jpg", params={"time": "2024-05-01T08:00:01Z"})
    shown = cv2.imdecode(np.frombuffer(frame.content, np.uint8), cv2.IMREAD_COLOR)
    assert shown[:, : shown.shape[1] // 2 - 4].max() < 30
    assert "no such" not in check_problem(
        client.post("/api/v1/cameras", json={"camera": "x", "source": str(video), "zones": {"masks": []}}), 422
    )
