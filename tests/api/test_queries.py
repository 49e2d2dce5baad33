"""Questions that are kept, refined and put together, over a real socket."""

import io
import threading
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace

import cv2
import httpx
import numpy as np
import pytest

from api.asking import part_of
from api.query_service import QueryService
from api.server import create_app
from gallery.questions import Questions
from gallery.store import Gallery
from gallery.tracklet import EmbedderIdentity
from retrieval.query import Query
from tests.api.test_server import TOKEN, check_problem, serving, upload


@pytest.fixture(scope="module")
def shared(ingested):
    """A server over the rendered scene, which only questions are added to."""
    with Gallery.open(ingested) as gallery:
        app = create_app(QueryService(gallery, detector="hog", threads=1), TOKEN)
        with serving(app) as client:
            yield SimpleNamespace(client=client, gallery=gallery)


@pytest.fixture(scope="module")
def client(shared):
    return shared.client


@pytest.fixture
def own(own_gallery) -> Iterator[SimpleNamespace]:
    """A server over a gallery that the test may change."""
    with (
        Gallery.open(own_gallery) as gallery,
        serving(create_app(QueryService(gallery, detector="hog", threads=1), TOKEN)) as client,
    ):
        yield SimpleNamespace(client=client, gallery=gallery)


@pytest.fixture(scope="module")
def photos(scene):
    """One person as each camera took them."""
    first = next(p for p in sorted((scene / "queries").glob("*_c1.jpg")) if p.with_name(p.name[:5] + "c2.jpg").exists())
    return [first.read_bytes(), first.with_name(first.name[:5] + "c2.jpg").read_bytes()]


@pytest.fixture(scope="module")
def tracklets(client):
    return [row["id"] for row in client.get("/api/v1/tracklets").json()["tracklets"]]


def several(client, images=(), texts=(), **more):
    files = [("image", (f"{k}.jpg", image)) for k, image in enumerate(images)]
    return client.post("/api/v1/queries", files=[*files, *((name, (None, text)) for name, text in texts)], **more)


def marks(answer):
    return {one["tracklets"][0]: one["feedback"] for one in answer["sightings"]}


def sized(jpeg):
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).shape[:2]


def test_a_question_is_asked_again_with_other_filters(client, photos):
    first = upload(client, photos[0]).json()
    again = client.get(f"/api/v1/queries/{first['id']}")
    assert again.status_code == 200
    assert again.json() == first
    narrow = client.get(f"/api/v1/queries/{first['id']}", params={"camera": "cam2", "top": 1}).json()
    assert [one["camera"] for one in narrow["sightings"]] == ["cam2"]
    assert [row["camera"] for row in narrow["coverage"]] == ["cam2"]
    check_problem(client.get(f"/api/v1/queries/{first['id']}", params={"top": 0}), 422)


def test_its_picture_is_the_person(client, photos):
    first = upload(client, photos[0]).json()
    (part,) = first["query"]["parts"]
    picture = client.get(part["picture"])
    assert picture.headers["content-type"] == "image/jpeg"
    assert sized(picture.content) == sized(photos[0])
    assert client.get(part["picture"], headers={"If-None-Match": picture.headers["etag"]}).status_code == 304
    assert "no-cache" in picture.headers["cache-control"]
    check_problem(client.get(f"/api/v1/queries/{first['id']}/picture.jpg?part=1"), 404)
    check_problem(client.get(f"/api/v1/queries/{first['id']}/picture.jpg?part=-1"), 422)


@pytest.mark.parametrize(("given", "kept"), [((1600, 400), (320, 80)), ((20, 9000), (1, 320)), ((90, 40), (90, 40))])
def test_pictures_are_kept_small(given, kept):
    picture = np.zeros((*given, 3), np.uint8)
    assert sized(part_of(Query(np.ones((1, 2), np.float32), picture, "")).picture) == kept


@pytest.mark.parametrize("name", ["..%2F..%2Fgallery.sqlite", "%00", "%FF", "a" * 5000, "'%20OR%201=1--"])
@pytest.mark.parametrize("rest", ["", "/picture.jpg"])
def test_what_is_no_question_is_not_found(client, name, rest):
    request = client.build_request("GET", "/")
    request.url = request.url.copy_with(raw_path=f"/api/v1/queries/{name}{rest}".encode())
    check_problem(client.send(request), 404)


def test_questions_are_for_those_with_the_token(client, photos):
    id_ = upload(client, photos[0]).json()["id"]
    for path in (id_, f"{id_}/picture.jpg"):
        check_problem(httpx.get(f"{client.base_url}/api/v1/queries/{path}"), 401)


def test_a_question_is_forgotten(client, photos):
    id_ = upload(client, photos[0]).json()["id"]
    assert client.delete(f"/api/v1/queries/{id_}").status_code == 204
    for response in (
        client.get(f"/api/v1/queries/{id_}"),
        client.get(f"/api/v1/queries/{id_}/picture.jpg"),
        client.delete(f"/api/v1/queries/{id_}"),
        client.post(f"/api/v1/queries/{id_}/feedback", json={}),
        client.post("/api/v1/queries", json={"query": id_}),
    ):
        assert id_ in check_problem(response, 404)


def test_erasing_a_tracklet_takes_its_questions_along(own):
    ids = [row["id"] for row in own.client.get("/api/v1/tracklets").json()["tracklets"]]
    made = own.client.post("/api/v1/queries", json={"tracklet": ids[0]}).json()["id"]
    confirmed = own.client.post("/api/v1/queries", json={"tracklet": ids[1]}).json()["id"]
    rejected = own.client.post("/api/v1/queries", json={"tracklet": ids[2]}).json()["id"]
    own.client.post(f"/api/v1/queries/{confirmed}/feedback", json={"confirmed": [ids[0]]})
    own.client.post(f"/api/v1/queries/{rejected}/feedback", json={"rejected": [ids[0]]})
    own.gallery.erase(tracklets=[ids[0]])
    check_problem(own.client.get(f"/api/v1/queries/{made}"), 404)
    check_problem(own.client.get(f"/api/v1/queries/{confirmed}"), 404)
    left = own.client.get(f"/api/v1/queries/{rejected}").json()
    assert ids[0] not in {id_ for one in left["sightings"] for id_ in one["tracklets"]}


def test_a_question_of_another_embedder_is_refused_once_and_clearly(shared):
    part = part_of(Query(np.eye(1, 8, dtype=np.float32), np.zeros((40, 20, 3), np.uint8), "a photo"))
    id_ = Questions(shared.gallery.database).add(EmbedderIdentity("older", "ab", 8), [part])
    for response in (
        shared.client.get(f"/api/v1/queries/{id_}"),
        shared.client.post(f"/api/v1/queries/{id_}/feedback", json={}),
        shared.client.post("/api/v1/queries", json={"query": id_, "part": 0}),
    ):
        assert "embedder older" in check_problem(response, 409)
    assert shared.client.get(f"/api/v1/queries/{id_}/picture.jpg").status_code == 200


def test_confirming_and_rejecting_change_the_ranking(client, photos):
    first = upload(client, photos[0], params={"top": 50}).json()
    ids = [one["tracklets"] for one in first["sightings"]]
    assert len(ids) >= 4
    url = f"/api/v1/queries/{first['id']}/feedback"
    refined = client.post(url, json={"confirmed": ids[2], "rejected": ids[0]}, params={"top": 50}).json()
    assert refined["id"] == first["id"]
    assert refined["sightings"][0]["tracklets"] == ids[2]
    assert refined["sightings"][0]["feedback"] == "confirmed"
    assert refined["sightings"][-1]["tracklets"] == ids[0]
    assert refined["sightings"][-1]["feedback"] == "rejected"
    assert {one["feedback"] for one in refined["sightings"][1:-1]} == {None}
    assert [one["rank"] for one in refined["sightings"]] == list(range(1, len(ids) + 1))
    before = {one["tracklets"][0]: one["similarity"] for one in first["sightings"]}
    after = {one["tracklets"][0]: one["similarity"] for one in refined["sightings"]}
    assert after[ids[2][0]] == pytest.approx(before[ids[2][0]]), "it is no proof of itself"
    assert after[ids[1][0]] != pytest.approx(before[ids[1][0]], abs=1e-4)
    assert client.get(f"/api/v1/queries/{first['id']}", params={"top": 50}).json() == refined
    back = client.post(url, json={"neither": [*ids[0], *ids[2]]}, params={"top": 50}).json()
    assert back == first


def test_what_was_rejected_is_not_what_is_found_and_is_listed_beyond_the_top(client, photos):
    first = upload(client, photos[0], params={"top": 50}).json()
    assert first["answer"] == "found"
    sure = [
        id_ for one in first["sightings"] if one["similarity"] >= first["operating_point"] for id_ in one["tracklets"]
    ]
    url = f"/api/v1/queries/{first['id']}/feedback"
    refined = client.post(url, json={"rejected": sure}, params={"top": 1}).json()
    assert refined["answer"] == "not_found"
    assert refined["sightings"][0]["feedback"] is None
    assert set(marks(refined).values()) == {None, "rejected"}
    assert len(refined["sightings"]) > 1


def test_a_later_mark_replaces_an_earlier_one(client, photos):
    first = upload(client, photos[0]).json()
    one = first["sightings"][1]["tracklets"]
    url = f"/api/v1/queries/{first['id']}/feedback"
    assert marks(client.post(url, json={"rejected": one}).json())[one[0]] == "rejected"
    assert marks(client.post(url, json={"confirmed": one}).json())[one[0]] == "confirmed"


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"confirmed": ["nobody"]}, 422, "'nobody'"),
        ({"confirmed": "door-1"}, 422, "body.confirmed"),
        ({"maybe": []}, 422, "body.maybe"),
        ({"confirmed": ["x"], "rejected": ["x"]}, 422, "named twice"),
        ({"confirmed": [f"x{k}" for k in range(201)]}, 422, "200"),
        (
            {"confirmed": [f"x{k}" for k in range(150)], "rejected": [f"y{k}" for k in range(150)]},
            422,
            "300 tracklets would be marked",
        ),
        ([], 422, "body"),
    ],
)
def test_feedback_that_is_none_is_refused(client, tracklets, body, status, said):
    id_ = client.post("/api/v1/queries", json={"tracklet": tracklets[0]}).json()["id"]
    assert said in check_problem(client.post(f"/api/v1/queries/{id_}/feedback", json=body), status)


def test_more_refusals_of_feedback(client, tracklets):
    id_ = client.post("/api/v1/queries", json={"tracklet": tracklets[0]}).json()["id"]
    url = f"/api/v1/queries/{id_}/feedback"
    assert "made from" in check_problem(client.post(url, json={"rejected": [tracklets[0]]}), 422)
    check_problem(client.post(url, content=b"confirmed=x", headers={"Content-Type": "text/plain"}), 415)
    check_problem(client.post(url, content=b"{", headers={"Content-Type": "application/json"}), 422)
    check_problem(client.post(url, content=bytes(300_000), headers={"Content-Type": "application/json"}), 413)
    check_problem(client.post("/api/v1/queries/..%2F..%2Fetc/feedback", json={}), 404)


def test_two_photos_are_one_question(client, photos):
    answer = several(client, photos).json()
    assert [part["taken"].split(",")[0] for part in answer["query"]["parts"]] == [
        "the whole of image",
        "the whole of image 2",
    ]
    each = [upload(client, photo, params={"top": 50}).json() for photo in photos]
    both = several(client, photos, params={"top": 50}).json()
    similar = [{one["tracklets"][0]: one["similarity"] for one in found["sightings"]} for found in (*each, both)]
    best = max(similar[2], key=similar[2].__getitem__)
    assert similar[2][best] >= min(similar[0][best], similar[1][best])
    assert [sized(client.get(part["picture"]).content) for part in both["query"]["parts"]] == [
        sized(photo) for photo in photos
    ]
    assert client.get(f"/api/v1/queries/{both['id']}", params={"top": 50}).json() == both


def test_boxes_belong_to_the_images_in_order(client, photos):
    answer = several(client, photos, [("box", ""), ("box", "1,2,30,60")]).json()
    boxes = [part["box"] for part in answer["query"]["parts"]]
    assert boxes[1] == [1, 2, 30, 60]
    assert boxes[0] == [0, 0, *reversed(sized(photos[0]))]


def test_photos_tracklets_and_earlier_parts_go_together(client, photos, tracklets):
    first = several(client, photos).json()
    answer = several(client, photos[:1], [("tracklet", tracklets[0]), ("query", f"{first['id']}/1")]).json()
    parts = answer["query"]["parts"]
    assert [part["tracklets"] for part in parts] == [[], [tracklets[0]], []]
    assert parts[2]["taken"] == first["query"]["parts"][1]["taken"]
    assert client.get(parts[2]["picture"]).content == client.get(first["query"]["parts"][1]["picture"]).content
    assert answer["query"]["tracklets"] == [tracklets[0]]
    assert all(tracklets[0] not in one["tracklets"] for one in answer["sightings"])
    whole = client.post("/api/v1/queries", json={"query": first["id"]}).json()
    assert whole["sightings"] == client.get(f"/api/v1/queries/{first['id']}").json()["sightings"]


def test_several_in_json(client, tracklets):
    shown = client.get(f"/api/v1/tracklets/{tracklets[1]}").json()
    frame = {"camera": shown["camera"], "time": shown["start"], "box": shown["boxes"][0][1:]}
    answer = client.post("/api/v1/queries", json={"all": [{"tracklet": tracklets[0]}, frame]}).json()
    assert answer["query"]["tracklets"] == tracklets[:2]
    twice = client.post("/api/v1/queries", json={"all": [{"tracklet": tracklets[0]}] * 2})
    assert twice.json()["query"]["tracklets"] == tracklets[:1]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"all": []}, 422, "body.all"),
        ({"all": [{"tracklet": "x"}] * 9}, 422, "body.all"),
        ({"all": [{"tracklet": "x"}, {"camera": "cam1"}]}, 422, "body.all.1.time"),
        ({"all": [{"all": []}]}, 422, "body.all.0"),
        ({"all": [{"tracklet": "x"}], "top": 3}, 422, "body.top"),
        ({"all": [{"tracklet": "x"}]}, 404, "'x'"),
        ({"query": "x"}, 404, "'x'"),
        ({"query": "x", "part": -1}, 422, "body.part"),
    ],
)
def test_several_that_are_none_are_refused(client, body, status, said):
    assert said in check_problem(client.post("/api/v1/queries", json=body), status)


@pytest.mark.parametrize(
    ("images", "texts", "status", "said"),
    [
        (9, [], 400, "files"),
        (1, [("box", ""), ("box", "")], 422, "given 2 times for 1 images"),
        (0, [("box", "")], 422, "given 1 times for 0 images"),
        (2, [("box", ""), ("box", "1,2")], 422, "four numbers"),
        (1, [("tracklet", "x")], 404, "'x'"),
        (0, [("query", "x/one")], 422, "'x/one' is no part"),
        (4, [("tracklet", "x")] * 5, 422, "9 pictures and tracklets"),
        (0, [("image", "words")], 422, "body.image"),
    ],
)
def test_forms_of_several_that_are_wrong_are_refused(client, photos, images, texts, status, said):
    assert said in check_problem(several(client, photos[:1] * images, texts), status)


def test_parts_of_earlier_questions_count_each(client, photos):
    five = several(client, photos[:1] * 5).json()["id"]
    refused = several(client, photos[:1] * 4, [("query", five)])
    assert "9 pictures and tracklets" in check_problem(refused, 422)
    check_problem(client.post("/api/v1/queries", json={"query": five, "part": 5}), 404)


def test_which_of_several_images_is_wrong_is_said(client, photos):
    assert "image 2 is not a picture" in check_problem(several(client, [photos[0], b"words"]), 415)
    grey = cv2.imencode(".png", np.full((400, 400, 3), 90, np.uint8))[1].tobytes()
    assert "image 2 shows nobody" in check_problem(several(client, [photos[0], grey]), 422)


def test_a_file_in_place_of_a_text_is_refused(client, photos):
    files = [("image", ("a.jpg", photos[0])), ("tracklet", ("b.txt", io.BytesIO(b"x")))]
    assert "is a file" in check_problem(client.post("/api/v1/queries", files=files), 422)


def test_old_questions_are_forgotten(own):
    questions = Questions(own.gallery.database)
    ids = [row["id"] for row in own.client.get("/api/v1/tracklets").json()["tracklets"]]
    asked = [own.client.post("/api/v1/queries", json={"tracklet": id_}).json()["id"] for id_ in ids[:2]]
    born = questions.get(asked[1]).created
    assert questions.remove_older_than(born) >= 1
    check_problem(own.client.get(f"/api/v1/queries/{asked[0]}"), 404)
    assert questions.remove_older_than(born + timedelta(seconds=1)) == 1


class Slow:
    """An embedder whose first call waits until it is let go; it counts the crops of each call."""

    def __init__(self, embedder):
        self.identity, self.thresholds = embedder.identity, embedder.thresholds
        self._embedder = embedder
        self.entered, self.go_on = threading.Event(), threading.Event()
        self.calls = []

    def embed(self, crops):
        self.calls.append(len(crops))
        self.entered.set()
        assert self.go_on.wait(30)
        return self._embedder.embed(crops)


def test_who_asks_while_the_embedder_is_busy_is_answered_together_with_the_others(ingested, photos, monkeypatch):
    from ingest.models import load_embedder

    slow = Slow(load_embedder("stripes", threads=1))
    monkeypatch.setattr("api.query_service.load_gallery_embedder", lambda *_, **__: slow)
    with Gallery.open(ingested) as gallery:
        service = QueryService(gallery, detector="hog", threads=1)
        with serving(create_app(service, TOKEN)) as client:
            got = {}

            def ask(k):
                got[k] = upload(client, photos[k % 2]).json()

            threads = [threading.Thread(target=ask, args=(k,)) for k in range(10)]
            threads[0].start()
            assert slow.entered.wait(30)
            for thread in threads[1:]:
                thread.start()
            while len(service._embedder._desk._waiting) < 9:
                assert all(thread.is_alive() for thread in threads)
            assert client.get("/healthz").status_code == 200, "nobody else waits"
            slow.go_on.set()
            for thread in threads:
                thread.join()
            assert slow.calls == [1, 9]
            alone = [upload(client, photo).json()["sightings"] for photo in photos]
    assert all(got[k]["sightings"] == alone[k % 2] for k in range(10))


def test_every_caller_gets_the_error(ingested, photos, monkeypatch):
    from gallery.errors import ModelError
    from ingest.models import load_embedder

    class Broken(Slow):
        def embed(self, crops):
            super().embed(crops)
            raise ModelError("the network is worn out")

    broken = Broken(load_embedder("stripes", threads=1))
    broken.go_on.set()
    monkeypatch.setattr("api.query_service.load_gallery_embedder", lambda *_, **__: broken)
    with (
        Gallery.open(ingested) as gallery,
        serving(create_app(QueryService(gallery, detector="hog", threads=1), TOKEN)) as client,
    ):
        got = []
        threads = [threading.Thread(target=lambda: got.append(upload(client, photos[0]))) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(got) == 6
    assert all("worn out" in check_problem(response, 503) for response in got)
