"""A camera's time over HTTP: pieces side by side, boxes that fit their pictures, gaps, and refusals."""

import io
import json
import shutil
from datetime import UTC, datetime, timedelta

import av
import numpy as np
import pytest

from api.query_service import QueryService
from api.server import create_app
from gallery import schema
from gallery.instants import to_microseconds
from gallery.store import Gallery
from ingest.zones import Zones
from tests.api.test_server import TOKEN, serving

EPOCH = datetime.fromtimestamp(0, UTC)
BOXES, VIDEO = "/api/v1/cameras/cam1/boxes.json", "/api/v1/cameras/cam1/video.mp4"
MASK = Zones(mask=(((0, 0), (0.1, 0), (0.1, 0.1), (0, 0.1)),))


@pytest.fixture
def asked(own_gallery):
    with Gallery.open(own_gallery) as gallery:
        app = create_app(QueryService(gallery, detector="hog", threads=1), TOKEN)
        with serving(app) as client:
            yield client, gallery, app.state.clips


@pytest.fixture(scope="module")
def whole(scene):
    with av.open(str(scene / "cam1.mp4")) as container:
        return [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]


def change(gallery, camera="cam1", **values):
    ingests = schema.ingests.c
    with gallery.database.write() as connection:
        row = connection.execute(schema.cameras.select().where(schema.cameras.c.name == camera)).one()
        connection.execute(schema.ingests.update().where(ingests.camera == row.id).values(**values))


def masked(gallery):
    """Nothing can be copied any more: there is a mask."""
    change(gallery, settings=json.dumps({"zones": MASK.text}))


def pieces(client, **first):
    """All pieces from one on, each with its decoded pictures."""
    query = first
    while query is not None:
        facts = client.get(BOXES, params=query).json()
        video = client.get(facts["video"])
        assert (video.status_code, video.headers["content-type"]) == (200, "video/mp4")
        yield facts, decoded(video.content)
        query = facts["next"] and {**first, "since": facts["next"]}


def decoded(content):
    with av.open(io.BytesIO(content)) as container:
        (stream,) = container.streams.video
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        return [(float(f.pts * stream.time_base), f.to_ndarray(format="bgr24")) for f in container.decode(stream)]


@pytest.mark.parametrize("copied", [True, False])
def test_pieces_side_by_side_show_every_frame_once_with_the_boxes_in_their_places(asked, whole, copied):
    client, gallery, _ = asked
    if not copied:
        masked(gallery)
    rate, seen, found = len(whole) / 30, [], {}
    for facts, frames in pieces(client, seconds=7):
        start = datetime.fromisoformat(facts["start"])
        assert facts["rate"] == rate
        assert facts["seconds"] == pytest.approx(frames[-1][0] + 1 / rate, abs=1e-3)
        assert facts["gaps"] == []
        for seconds, image in frames:
            index = round(((start - EPOCH).total_seconds() + seconds) * rate)
            seen.append(index)
            difference = np.abs(image[60:].astype(int) - whole[index][60:])
            assert difference.max() == 0 if copied else difference.mean() < 12
        shown = {round(seconds * rate) for seconds, _ in frames}
        for person in facts["people"]:
            for seconds, *box in person["boxes"]:
                assert round(seconds * rate) in shown
                index = round(((start - EPOCH).total_seconds() + seconds) * rate)
                found.setdefault(person["id"], {})[index] = box
    assert seen == list(range(len(whole)))
    for row in gallery.tracklets(["cam1"]):
        path = gallery.tracklet(row.id).trajectory
        assert list(found[row.id]) == path.frames.tolist()
        np.testing.assert_allclose(list(found[row.id].values()), path.boxes, atol=0.06)


def test_a_piece_begins_where_it_is_asked_for_or_at_the_key_frame_before(asked):
    client, gallery, _ = asked
    since = {"since": "1970-01-01T00:00:07.500Z", "seconds": 5}
    facts = client.get(BOXES, params=since).json()
    assert (facts["start"], facts["next"]) == ("1970-01-01T00:00:06.000000Z", "1970-01-01T00:00:12.000000Z")
    assert facts["previous"] == "1970-01-01T00:00:01.000000Z"
    masked(gallery)
    facts = client.get(BOXES, params=since).json()
    assert (facts["start"], facts["next"]) == ("1970-01-01T00:00:07.500000Z", "1970-01-01T00:00:12.500000Z")
    first = client.get(BOXES).json()
    assert (first["start"], first["previous"], first["camera"]) == ("1970-01-01T00:00:00.000000Z", None, "cam1")


def test_masks_are_black_in_it(asked):
    client, gallery, _ = asked
    masked(gallery)
    frames = decoded(client.get(VIDEO, params={"seconds": 1}).content)
    assert max(image[:30, :58].max() for _, image in frames) < 30


def test_gaps_are_told_and_passed_over(asked):
    client, gallery, _ = asked
    gap = [(EPOCH + timedelta(seconds=second)) for second in (7.9, 20)]
    change(gallery, gaps=json.dumps([list(map(to_microseconds, gap))]))
    before, after = pieces(client, seconds=12)
    assert before[0]["end"] == "1970-01-01T00:00:07.900000Z"
    assert before[0]["next"] == after[0]["start"] == "1970-01-01T00:00:20.000000Z"
    ((begins, ends),) = before[0]["gaps"]
    assert (begins[:22], ends) == ("1970-01-01T00:00:07.90", "1970-01-01T00:00:20.000000Z")
    assert after[0]["previous"] == "1970-01-01T00:00:00.000000Z"
    within = client.get(BOXES, params={"since": "1970-01-01T00:00:15Z"}).json()
    assert within["start"] == "1970-01-01T00:00:20.000000Z"
    assert within["gaps"] == [["1970-01-01T00:00:15.000000Z", "1970-01-01T00:00:20.000000Z"]]
    nothing = client.get(BOXES, params={"since": "1970-01-01T00:00:09Z", "seconds": 2})
    assert nothing.status_code == 404
    assert "has no frame within 2 s from 1970-01-01T00:00:09" in nothing.json()["detail"]
    parts = client.get("/api/v1/cameras/cam1/timeline.json").json()["parts"]
    assert [part["since"][17:21] for part in parts] == ["00.0", "20.0"]


def test_parts_by_range_and_pieces_that_are_kept(asked):
    client, _, clips = asked
    whole = client.get(VIDEO, params={"seconds": 4})
    part = client.get(VIDEO, params={"seconds": 4}, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    behind = client.get(VIDEO, params={"seconds": 4}, headers={"Range": f"bytes={len(whole.content)}-"})
    assert behind.status_code == 416
    assert len(clips._kept) == 1
    clips._most = 1
    client.get(VIDEO, params={"seconds": 8})
    assert len(clips._kept) == 1
    assert len(list(clips._folder.glob("*.mp4"))) == 1


def test_who_was_erased_has_no_box_and_no_piece_is_kept(asked):
    client, gallery, clips = asked
    people = [person["id"] for person in client.get(BOXES, params={"seconds": 30}).json()["people"]]
    gallery.erase(tracklets=people[:1])
    left = client.get(BOXES, params={"seconds": 3}).json()
    assert len(clips._kept) == 1, "only the one that was asked for since"
    assert people[0] not in [person["id"] for person in left["people"]]


@pytest.mark.parametrize("path", [BOXES, VIDEO])
def test_what_cannot_be_shown_is_said(asked, path, scene, tmp_path):
    client, gallery, clips = asked
    for wrong in ({"seconds": 61}, {"seconds": 0}, {"seconds": "nan"}, {"since": "noon"}):
        assert client.get(path, params=wrong).status_code == 422, wrong
    nobody = client.get(path.replace("cam1", "no%20such"))
    assert (nobody.status_code, nobody.json()["detail"][:18]) == (404, "no camera 'no such")
    late = client.get(path, params={"since": "2031-01-01T00:00:00Z"})
    assert (late.status_code, "timeline.json" in late.json()["detail"]) == (404, True)
    moved = tmp_path / "cam1.mp4"
    change(gallery, source=str(moved))
    gone = client.get(path)
    assert (gone.status_code, "does not exist" in gone.json()["detail"]) == (409, True)
    shutil.copy(scene / "cam2.mp4", moved)
    other = client.get(path)
    assert (other.status_code, "no longer the video" in other.json()["detail"]) == (409, True)
    change(gallery, source_hash="live door 1")
    live = client.get(path)
    assert (live.status_code, "was not kept" in live.json()["detail"]) == (409, True)
    assert not clips._kept
    parts = client.get("/api/v1/cameras/cam1/timeline.json").json()["parts"]
    assert [part["video"] for part in parts] == [False]


def test_the_timeline_counts_who_came_when(asked):
    client, gallery, _ = asked
    rows = gallery.tracklets(["cam1"])
    facts = client.get("/api/v1/cameras/cam1/timeline.json", params={"bins": 3}).json()
    seconds = [(row.start - EPOCH).total_seconds() for row in rows]
    assert facts["starts"] == [sum(10 * k <= one < 10 * (k + 1) for one in seconds) for k in range(3)]
    (part,) = facts["parts"]
    assert (part["since"], part["video"]) == (facts["since"], True)
    window = {"since": "1970-01-01T00:00:10Z", "until": "1970-01-01T00:00:12Z", "bins": 1}
    facts = client.get("/api/v1/cameras/cam1/timeline.json", params=window).json()
    assert facts["starts"] == [sum(10 <= one <= 12 for one in seconds)]
    assert facts["parts"] == [{"since": facts["since"], "until": facts["until"], "video": True}]
    for wrong in ({"bins": 0}, {"since": "1970-01-01T00:00:12Z", "until": "1970-01-01T00:00:12Z"}):
        assert client.get("/api/v1/cameras/cam1/timeline.json", params=wrong).status_code == 422
    assert client.get("/api/v1/cameras/nobody/timeline.json").status_code == 404


def test_the_page_and_the_way_to_it(asked):
    client, _, _ = asked
    page = client.get("/cameras/cam1/watch")
    assert (page.status_code, 'data-camera="cam1"' in page.text) == (200, True)
    assert client.get("/cameras/nobody/watch").status_code == 404
    for path in ("/cameras", "/cameras/cam1"):
        assert 'href="/cameras/cam1/watch"' in client.get(path).text


def test_a_camera_lists_whom_it_saw_in_either_order(asked, monkeypatch):
    client, gallery, _ = asked
    monkeypatch.setattr("api.pages.AT_ONCE", 2)
    ids = [row.id for row in gallery.tracklets(["cam1"])]

    def listed(**query):
        text = client.get("/cameras/cam1", params=query).text
        return sorted((text.index(f"tracklet={id_}"), id_) for id_ in ids if f"tracklet={id_}" in text), text

    assert [id_ for _, id_ in listed()[0]] == ids[:2]
    assert [id_ for _, id_ in listed(order="newest")[0]] == ids[::-1][:2]
    found, text = listed(order="newest", first=2)
    assert [id_ for _, id_ in found] == ids[::-1][2:4]
    assert f"3 to 4 of {len(ids)}" in text
    assert listed(first=1000)[0] == []
    assert client.get("/cameras/cam1", params={"order": "best"}).status_code == 422
