"""Clips over HTTP: what they show, parts of them, how long they are kept, and refusals."""

import io
import shutil

import av
import numpy as np
import pytest

from api.query_service import QueryService
from api.server import create_app
from gallery import schema
from gallery.store import Gallery
from retrieval.clip import write_clip
from tests.api.test_server import TOKEN, serving


@pytest.fixture
def asked(own_gallery):
    with Gallery.open(own_gallery) as gallery:
        app = create_app(QueryService(gallery, detector="hog", threads=1), TOKEN)
        with serving(app) as client:
            yield client, gallery, app.state.clips


def url(tracklet, kind="mp4"):
    return f"/api/v1/tracklets/{tracklet}/clip.{kind}"


def decoded(content):
    with av.open(io.BytesIO(content)) as container:
        (stream,) = container.streams.video
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        return [
            (float(frame.pts * stream.time_base), frame.to_ndarray(format="bgr24"))
            for frame in container.decode(stream)
        ]


def test_a_clip_shows_the_person_where_it_says(asked, scene):
    client, gallery, _ = asked
    row = max(gallery.tracklets(["cam1"]), key=lambda one: one.frames)
    facts = client.get(url(row.id, "json"), params={"padding": 1}).json()
    video = client.get(facts["clip"])
    assert (video.status_code, video.headers["content-type"]) == (200, "video/mp4")
    assert video.content.index(b"moov") < video.content.index(b"mdat"), "it plays while it loads"
    frames = decoded(video.content)
    assert facts["seconds"] == pytest.approx(frames[-1][0] - frames[0][0] + 1 / 12, abs=0.2)
    assert len(facts["boxes"]) == row.frames
    with av.open(str(scene / "cam1.mp4")) as container:
        whole = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    stored = gallery.tracklet(row.id)
    for at in (0, row.frames // 2, row.frames - 1):
        seconds, *box = facts["boxes"][at]
        shown = min(frames, key=lambda frame: abs(frame[0] - frames[0][0] - seconds))[1]
        source = whole[int(stored.trajectory.frames[at])]
        assert shown.shape == source.shape == (facts["height"], facts["width"], 3)
        np.testing.assert_allclose(box, stored.trajectory.boxes[at], atol=0.06)
        assert np.abs(shown.astype(int) - source).mean() < 12


def test_padding_is_shown_before_and_after(asked):
    client, gallery, _ = asked
    row = gallery.tracklets(["cam1"])[2]
    none, some = (client.get(url(row.id, "json"), params={"padding": padding}).json() for padding in (0, 2))
    assert none["boxes"][0][0] == 0
    assert some["seconds"] > none["seconds"] + 1
    assert some["start"] < none["start"]


def test_parts_and_unchanged_ones(asked):
    client, gallery, _ = asked
    one = gallery.tracklets()[0].id
    whole = client.get(url(one))
    assert whole.headers["accept-ranges"] == "bytes"
    part = client.get(url(one), headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole.content)}"
    behind = client.get(url(one), headers={"Range": f"bytes={len(whole.content)}-"})
    assert (behind.status_code, behind.headers["content-type"]) == (416, "application/problem+json")
    assert behind.headers["content-range"] == f"bytes */{len(whole.content)}"
    for nothing in ("bytes=-", "bytes=9-3", "lines=1-2", "bytes=1-2,5-6", "bytes=x-"):
        answer = client.get(url(one), headers={"Range": nothing})
        assert (answer.status_code, answer.content) == (200, whole.content)
    assert client.get(url(one), headers={"Range": "bytes=-10"}).content == whole.content[-10:]
    assert whole.headers["etag"] == client.get(url(one)).headers["etag"]
    assert whole.headers["cache-control"] == "private, no-cache"


def test_a_clip_is_made_once_and_the_oldest_go(asked, monkeypatch):
    client, gallery, clips = asked
    made = []
    monkeypatch.setattr("api.clips.write_clip", lambda *a: made.append(a[1].row.id) or write_clip(*a))
    rows = [row.id for row in gallery.tracklets()[:3]]
    for _ in range(2):
        assert client.get(url(rows[0])).status_code == 200
    assert made == rows[:1]
    clips._most = 1
    client.get(url(rows[1]))
    client.get(url(rows[0]))
    assert made == [rows[0], rows[1], rows[0]]


def test_a_clip_that_something_else_removed_is_made_again(asked):
    client, gallery, clips = asked
    one = url(gallery.tracklets()[0].id)
    first = client.get(one).content
    shutil.rmtree(clips._folder)
    assert client.get(one).content == first


def test_who_was_erased_is_shown_no_more(asked):
    client, gallery, clips = asked
    gone, stays = (row.id for row in gallery.tracklets()[:2])
    for one in (gone, stays):
        assert client.get(url(one)).status_code == 200
    gallery.erase(tracklets=[gone])
    assert client.get(url(gone)).status_code == 404
    assert not clips._kept, "nor is a clip kept in which somebody else may be seen"
    assert client.get(url(stays)).status_code == 200


def test_who_was_erased_while_a_clip_was_made_is_not_kept_in_it(asked, monkeypatch):
    client, gallery, clips = asked
    gone, stays, other = (row.id for row in gallery.tracklets()[:3])

    def erased_meanwhile(*given):
        made = write_clip(*given)
        monkeypatch.setattr("api.clips.write_clip", write_clip)
        gallery.erase(tracklets=[gone])
        assert client.get(url(other)).status_code == 200, "another request sees the erasure first"
        return made

    monkeypatch.setattr("api.clips.write_clip", erased_meanwhile)
    assert client.get(url(stays)).status_code == 200
    assert len(clips._kept) == 2
    client.get(url(other))
    assert len(clips._kept) == 1, "the one that was asked for last, made anew"


@pytest.mark.parametrize("padding", ["-1", "31", "much"])
def test_padding_out_of_range(asked, padding):
    client, gallery, _ = asked
    assert client.get(url(gallery.tracklets()[0].id), params={"padding": padding}).status_code == 422


def test_a_video_that_is_gone_or_another_one_is_said(own_gallery, scene, tmp_path):
    with Gallery.open(own_gallery) as gallery:
        row = gallery.tracklets(["cam1"])[0]
        moved = tmp_path / "cam1.mp4"
        with gallery.database.write() as connection:
            connection.execute(schema.ingests.update().values(source=str(moved)))
        app = create_app(QueryService(gallery, detector="hog", threads=1), TOKEN)
        with serving(app) as client:
            gone = client.get(url(row.id))
            assert gone.status_code == 409
            assert "does not exist" in gone.json()["detail"]
            shutil.copy(scene / "cam2.mp4", moved)
            other = client.get(url(row.id, "json"))
            assert other.status_code == 409
            assert "no longer the video" in other.json()["detail"]
            assert client.get(url("nobody")).status_code == 404
        assert not app.state.clips._kept


def test_what_a_server_that_died_left_is_removed_by_the_next_one(own_gallery, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    died, foreign = tmp_path / "passerby-clips-died", tmp_path / "passerby-clips-foreign"
    for folder in (died, foreign):
        folder.mkdir()
        (folder / "x.mp4").write_bytes(b"somebody")
    (died / "lock").write_text("1")
    with Gallery.open(own_gallery) as gallery:
        service = QueryService(gallery, detector="hog", threads=1)
        living = create_app(service, TOKEN).state.clips
        create_app(service, TOKEN)
        assert living._folder.is_dir()
    assert not died.exists()
    assert foreign.exists(), "nobody says that it is ours"
