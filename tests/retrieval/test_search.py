"""Search in a real gallery, against an obvious twin that loops over every tracklet."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from gallery.ends import Ends
from gallery.errors import QueryError
from gallery.index import GalleryIndex
from gallery.ingest_spec import IngestProgress, IngestSpec
from gallery.instants import to_microseconds
from gallery.store import Gallery
from gallery.tracklet import Crop, EmbedderIdentity, Tracklet
from ingest.thresholds import Thresholds
from retrieval import search as search_module
from retrieval.feedback import NO_MARKS, Marks
from retrieval.search import Filter, Search
from retrieval.similarity import unit_mean
from tracking.trajectory import Trajectory

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
DIMENSION = 8
EMBEDDER = EmbedderIdentity("stripes", "ab" * 32, DIMENSION)
THRESHOLDS = Thresholds(operating_point=0.6, visit_similarity=0.8, max_cosine_distance=0.2)
RNG = np.random.default_rng(4)


def unit(*numbers: float) -> np.ndarray:
    vector = np.zeros(DIMENSION, np.float32)
    vector[: len(numbers)] = numbers
    return vector / np.linalg.norm(vector)


ANN, BOB, EVE = unit(1), unit(0, 1), unit(0, 0, 1)


def like(person: np.ndarray, noise: float = 0.1) -> np.ndarray:
    vector = person + noise * RNG.standard_normal(DIMENSION).astype(np.float32) / np.sqrt(DIMENSION)
    return vector / np.linalg.norm(vector)


@dataclass(frozen=True, eq=False)
class Seen:
    """A tracklet to be: a person standing at some place, from one second to another after noon."""

    number: int
    person: np.ndarray
    start: float
    end: float
    x: float = 100.0
    crops: tuple[np.ndarray, ...] | None = None


def tracklet(camera: str, seen: Seen) -> Tracklet:
    frames = np.array([round(10 * seen.start), round(10 * seen.end)])
    box = np.array([seen.x, 50, seen.x + 40, 150], np.float32)
    crops = (seen.person, seen.person) if seen.crops is None else seen.crops
    pictures = tuple(Crop(int(frames[0]), box, 0.5, RNG.bytes(50)) for _ in crops)
    trajectory = Trajectory(seen.number, frames, np.stack([box, box]), np.ones(2, np.float32))
    times = to_microseconds(NOON) + 100_000 * frames
    vectors = np.stack([seen.person, *crops]).astype(np.float32)
    return Tracklet(f"{camera}-{seen.number:06d}", camera, trajectory, times, pictures, vectors)


def fill(gallery: Gallery, camera: str, *people: Seen, start: datetime = NOON) -> None:
    spec = IngestSpec(camera, f"/v/{camera}.mp4", "c0ffee", start, "given", None, "hog", EMBEDDER)
    done = IngestProgress(next_frame=600, frames=600, since=start, until=NOON + timedelta(seconds=60))
    with gallery.begin_ingest(spec) as session:
        session.commit([tracklet(camera, one) for one in people], None, done)
        session.finish(done)


@pytest.fixture
def gallery(tmp_path):
    with Gallery.open(tmp_path / "gallery", create=True) as opened:
        yield opened


def searching(gallery: Gallery, thresholds: Thresholds = THRESHOLDS) -> Search:
    return Search(gallery, GalleryIndex(gallery), thresholds)


def ids(answer) -> list[tuple[str, ...]]:
    return [sighting.tracklets for sighting in answer.sightings]


def by_loops(gallery: Gallery, query: np.ndarray) -> dict[str, float]:
    """The definition: mean of the mean's cosine and the best crop's."""
    similarities = {}
    for row in gallery.tracklets():
        mean, *crops = [float(vector @ query) for vector in gallery.tracklet(row.id).vectors]
        similarities[row.id] = (mean + (max(crops) if crops else mean)) / 2
    return similarities


def test_similarities_and_order_are_those_of_the_definition(gallery):
    people = [
        Seen(k, like(ANN, 3), 20.0 * k, 20.0 * k + 5, crops=tuple(like(ANN, 3) for _ in range(k % 4)))
        for k in range(40)
    ]
    fill(gallery, "door", *people[:25])
    fill(gallery, "yard", *people[25:])
    answer = searching(gallery, replace(THRESHOLDS, visit_similarity=1.0)).find(ANN[None], top=40)
    wanted = by_loops(gallery, ANN)
    assert {s.tracklets[0]: s.similarity for s in answer.sightings} == pytest.approx(wanted, abs=1e-6)
    assert [s.tracklets[0] for s in answer.sightings] == sorted(wanted, key=lambda id_: -wanted[id_])
    assert [s.rank for s in answer.sightings] == list(range(1, 41))


def test_a_query_of_several_vectors_counts_by_their_mean(gallery):
    fill(gallery, "door", Seen(1, unit(1, 1), 0, 5))
    answer = searching(gallery).find(np.stack([ANN, BOB]))
    assert answer.sightings[0].similarity == pytest.approx(1, abs=1e-3)
    assert answer.best <= 1


def test_filters_by_camera_and_time(gallery):
    fill(gallery, "door", Seen(1, ANN, 0, 5), Seen(2, ANN, 20, 25), Seen(3, ANN, 40, 45))
    fill(gallery, "yard", Seen(1, ANN, 20, 25))
    search = searching(gallery)
    assert len(ids(search.find(ANN[None]))) == 4
    assert set(ids(search.find(ANN[None], Filter(("yard",))))) == {("yard-000001",)}
    window = Filter(since=NOON + timedelta(seconds=10), until=NOON + timedelta(seconds=30))
    assert set(ids(search.find(ANN[None], window))) == {("door-000002",), ("yard-000001",)}
    touching = Filter(("door",), since=NOON + timedelta(seconds=5), until=NOON + timedelta(seconds=20))
    assert set(ids(search.find(ANN[None], touching))) == {("door-000001",), ("door-000002",)}
    with pytest.raises(QueryError, match="no camera 'roof'"):
        search.find(ANN[None], Filter(("roof",)))


def test_coverage_is_that_of_the_cameras_and_times_asked_for(gallery):
    fill(gallery, "door", Seen(1, ANN, 0, 5))
    fill(gallery, "yard", Seen(1, ANN, 0, 5))
    search = searching(gallery)
    assert [c.camera for c in search.find(ANN[None]).coverage] == ["door", "yard"]
    half = Filter(("yard",), since=NOON + timedelta(seconds=30))
    (yard,) = search.find(ANN[None], half).coverage
    assert (yard.camera, yard.since, yard.until) == ("yard", half.since, NOON + timedelta(seconds=60))


def test_seconds_count_from_each_camera_s_own_start(gallery):
    fill(gallery, "door", Seen(1, ANN, 10, 15))
    fill(gallery, "yard", Seen(1, ANN, 10, 15), start=NOON - timedelta(seconds=100))
    found = {s.camera: (s.start_seconds, s.end_seconds) for s in searching(gallery).find(ANN[None]).sightings}
    assert found == {"door": (10, 15), "yard": (110, 115)}
    assert {s.start for s in searching(gallery).find(ANN[None]).sightings} == {NOON + timedelta(seconds=10)}


def test_fragments_are_one_sighting_and_two_visits_are_two(gallery):
    fill(gallery, "door", Seen(1, like(ANN), 0, 5), Seen(2, like(ANN), 7, 12), Seen(3, like(ANN), 40, 45))
    answer = searching(gallery).find(ANN[None])
    assert sorted(ids(answer)) == [("door-000001", "door-000002"), ("door-000003",)]
    merged = next(s for s in answer.sightings if len(s.tracklets) == 2)
    assert (merged.start_seconds, merged.end_seconds) == (0, 12)
    assert merged.similarity == max(by_loops(gallery, ANN)[id_] for id_ in merged.tracklets)
    assert merged.crop is not None


def test_the_visit_that_was_asked_from_is_no_answer(gallery):
    fill(gallery, "door", Seen(1, like(ANN), 0, 5), Seen(2, like(ANN), 7, 12), Seen(3, like(ANN), 40, 45))
    answer = searching(gallery).find(gallery.tracklet("door-000001").vectors, own=["door-000001"])
    assert ids(answer) == [("door-000003",)]


def test_a_fragment_of_the_own_visit_is_none_even_where_the_filter_hides_the_rest(gallery):
    fill(gallery, "door", Seen(1, like(ANN), 0, 5), Seen(2, like(ANN), 7, 12))
    later = Filter(since=NOON + timedelta(seconds=6))
    answer = searching(gallery).find(gallery.tracklet("door-000001").vectors, later, own=["door-000001"])
    assert (answer.found, answer.best, answer.sightings) == (False, None, ())


def test_found_is_said_from_the_operating_point_on(gallery):
    fill(gallery, "door", Seen(1, unit(0.8, 0.6), 0, 5))
    exact = searching(gallery).find(ANN[None]).best
    assert exact == pytest.approx(0.8, abs=1e-3)
    assert searching(gallery, replace(THRESHOLDS, operating_point=exact)).find(ANN[None]).found
    above = searching(gallery, replace(THRESHOLDS, operating_point=exact + 1e-6)).find(ANN[None])
    assert not above.found
    assert len(above.sightings) == 1, "the most similar ones are listed all the same"


def test_where_nobody_was_seen_nobody_is_found(gallery):
    fill(gallery, "door")
    answer = searching(gallery, replace(THRESHOLDS, operating_point=-1.0)).find(ANN[None])
    assert (answer.found, answer.best, answer.sightings) == (False, None, ())
    assert [c.camera for c in answer.coverage] == ["door"]


def test_top_shortens_the_list_and_not_the_verdict(gallery):
    fill(gallery, "door", *[Seen(k, like(ANN), 20.0 * k, 20.0 * k + 5) for k in range(5)])
    search = searching(gallery)
    whole, first = search.find(ANN[None]), search.find(ANN[None], top=2)
    assert first.sightings == whole.sightings[:2]
    assert (first.found, first.best) == (whole.found, whole.best)


def test_reranking_changes_the_order_and_nothing_else(gallery):
    people = [Seen(k, like((ANN, BOB, EVE)[k % 3], 2), 20.0 * k, 20.0 * k + 5) for k in range(60)]
    fill(gallery, "door", *people)
    search = searching(gallery, replace(THRESHOLDS, visit_similarity=1.0))
    query = like(ANN, 2)[None]
    plain, reranked = search.find(query, top=60), search.find(query, top=60, rerank=True)
    assert ids(plain) != ids(reranked)
    assert {s.tracklets: s.similarity for s in plain.sightings} == {
        s.tracklets: s.similarity for s in reranked.sightings
    }
    assert (plain.found, plain.best) == (reranked.found, reranked.best)
    assert search.find(query, top=1, rerank=True).best == plain.best


def test_the_erased_never_show(gallery):
    fill(gallery, "door", Seen(1, ANN, 0, 5), Seen(2, ANN, 20, 25))
    search = searching(gallery)
    assert len(ids(search.find(ANN[None]))) == 2
    gallery.erase(tracklets=["door-000001"])
    assert ids(search.find(ANN[None])) == [("door-000002",)]
    gallery.erase(tracklets=["door-000002"])
    assert not search.find(ANN[None]).found


def test_what_is_ingested_later_is_found_too(gallery):
    fill(gallery, "door", Seen(1, BOB, 0, 5))
    search = searching(gallery)
    assert not search.find(ANN[None]).found
    fill(gallery, "yard", Seen(1, ANN, 0, 5))
    assert search.find(ANN[None]).sightings[0].camera == "yard"


def test_the_pool_grows_with_what_is_asked_for(gallery, monkeypatch):
    monkeypatch.setattr(search_module, "POOL", 5)
    fill(gallery, "door", *[Seen(k, like(ANN), 20.0 * k, 20.0 * k + 5) for k in range(30)])
    search = searching(gallery)
    assert len(search.find(ANN[None], top=30).sightings) == 30
    assert len(search.find(ANN[None], top=3).sightings) == 3


@pytest.mark.parametrize("shape", [(1, DIMENSION + 1), (0, DIMENSION), (DIMENSION,)])
def test_vectors_of_another_embedder_are_refused(gallery, shape):
    fill(gallery, "door", Seen(1, ANN, 0, 5))
    with pytest.raises(QueryError, match=r"embedder stripes gives 8 numbers: embed the query with stripes"):
        searching(gallery).find(np.ones(shape, np.float32))


def test_an_empty_gallery_says_what_to_do(gallery):
    with pytest.raises(QueryError, match="the gallery is empty: ingest a video first"):
        searching(gallery).find(ANN[None])


def test_a_list_of_nothing_is_refused(gallery):
    fill(gallery, "door", Seen(1, ANN, 0, 5))
    with pytest.raises(QueryError, match="top is 0"):
        searching(gallery).find(ANN[None], top=0)


def test_own_tracklets_must_be_there(gallery):
    fill(gallery, "door", Seen(1, ANN, 0, 5))
    with pytest.raises(QueryError, match="no tracklet 'door-000009'"):
        searching(gallery).find(ANN[None], own=["door-000009"])


APART = replace(THRESHOLDS, visit_similarity=1.0)
"""No two tracklets are one visit."""


def marked(gallery, **given):
    marks = Marks(**{name: tuple(ids) for name, ids in given.items()})
    answer = searching(gallery, APART).find(unit(1, 0.2)[None], marks=marks, top=3)
    return answer, [sighting.tracklets[0] for sighting in answer.sightings]


def test_confirmed_sightings_come_first_and_rejected_ones_last(gallery):
    fill(gallery, "door", *(Seen(k, unit(1, 0.3 * k), 10.0 * k, 10.0 * k + 2) for k in range(5)))
    _, plain = marked(gallery)
    assert plain == ["door-000001", "door-000000", "door-000002"]
    answer, order = marked(gallery, confirmed=["door-000003"], rejected=["door-000001"])
    assert order[0] == "door-000003"
    assert order[-1] == "door-000001"
    assert len(order) == 4, "rejected ones are listed beyond the top three"
    cosine = float(unit(1, 0.9) @ unit(1, 0.2))
    assert answer.sightings[0].similarity == pytest.approx(cosine, abs=1e-3), "it does not prove itself"
    middle = unit_mean(np.stack([unit(1, 0.2), unit(1, 0.9)]))
    by_id = {one.tracklets[0]: one.similarity for one in answer.sightings}
    assert by_id["door-000002"] == pytest.approx(float(unit(1, 0.6) @ middle), abs=1e-3)


def test_somebody_like_a_rejected_person_is_moved_down(gallery):
    fill(
        gallery,
        "door",
        Seen(1, unit(1, 0, 0.6), 0, 2),
        Seen(2, unit(1, 1.2), 10, 12),
        Seen(3, unit(1, 0, 0.7), 20, 22),
    )
    assert marked(gallery)[1] == ["door-000001", "door-000003", "door-000002"]
    assert marked(gallery, rejected=["door-000003"])[1] == ["door-000002", "door-000001", "door-000003"]


def test_only_what_was_not_rejected_is_found(gallery):
    fill(gallery, "door", Seen(1, ANN, 0, 2), Seen(2, EVE, 10, 12))
    assert marked(gallery)[0].found
    answer, _ = marked(gallery, rejected=["door-000001"])
    assert not answer.found
    assert answer.best < 0.6


def test_marked_sightings_stay_outside_of_what_the_filter_leaves_out(gallery):
    fill(gallery, "door", Seen(1, ANN, 0, 2))
    fill(gallery, "yard", Seen(1, ANN, 0, 2), Seen(2, EVE, 10, 12))
    marks = Marks(("door-000001",), ("yard-000002",))
    answer = searching(gallery).find(ANN[None], Filter(("yard",)), marks=marks)
    assert [one.tracklets[0] for one in answer.sightings] == ["yard-000001", "yard-000002"]


def test_marks_count_in_reranking_too(gallery):
    fill(gallery, "door", *(Seen(k, unit(1, 0.3 * k), 10.0 * k, 10.0 * k + 2) for k in range(5)))
    marks = Marks(("door-000004",), ("door-000000",))
    answer = searching(gallery, APART).find(ANN[None], marks=marks, rerank=True)
    assert answer.sightings[0].tracklets == ("door-000004",)
    assert answer.sightings[-1].tracklets == ("door-000000",)


def test_a_marked_tracklet_that_is_gone_is_said(gallery):
    fill(gallery, "door", Seen(1, ANN, 0, 2))
    with pytest.raises(QueryError, match="'nobody'"):
        marked(gallery, rejected=["nobody"])


def slowly(searching: Search, monkeypatch) -> None:
    """Lets a search read everything of every candidate from SQL, one full row each, as it is kept there."""
    gallery = searching.gallery
    monkeypatch.setattr(searching.index, "stored", gallery.vectors)

    def ends(numbers):
        rows = gallery.rows(numbers)
        return Ends(
            numbers=np.array([row.number for row in rows], np.int64),
            ids=[row.id for row in rows],
            cameras=[row.camera for row in rows],
            frames=[row.frames for row in rows],
            starts=[to_microseconds(row.start) for row in rows],
            ends=[to_microseconds(row.end) for row in rows],
            first_boxes=np.array([row.first_box for row in rows], np.float32).reshape(-1, 4),
            last_boxes=np.array([row.last_box for row in rows], np.float32).reshape(-1, 4),
        )

    monkeypatch.setattr(gallery, "ends", ends)


@pytest.mark.parametrize("rerank", [False, True])
def test_answers_are_those_of_reading_everything_from_sql(gallery, monkeypatch, rerank):
    people = [
        Seen(
            k,
            like((ANN, BOB, EVE)[k % 3], 1.5),
            3.0 * k,
            3.0 * k + 2,
            10.0 * k,
            tuple(like(ANN, 2) for _ in range(k % 4)),
        )
        for k in range(60)
    ]
    fill(gallery, "door", *people[:30])
    fill(gallery, "yard", *people[30:])
    gallery.erase(tracklets=["door-000003", "yard-000040"])
    quick = searching(gallery, replace(THRESHOLDS, visit_similarity=0.5))
    slow = searching(gallery, replace(THRESHOLDS, visit_similarity=0.5))
    marks = Marks(confirmed=("door-000006",), rejected=("yard-000031",))
    where = Filter(cameras=("door",), since=NOON + timedelta(seconds=20))
    questions = [
        ((query[None],), {"where": where if filtered else None, "own": own, "marks": NO_MARKS if filtered else marks})
        for query in (ANN, BOB, like(EVE, 2))
        for filtered in (False, True)
        for own in ((), ("door-000012",))
    ]
    answers = [quick.find(*given, **named, rerank=rerank) for given, named in questions]
    assert any(len(sighting.tracklets) > 1 for answer in answers for sighting in answer.sightings)
    slowly(slow, monkeypatch)
    assert answers == [slow.find(*given, **named, rerank=rerank) for given, named in questions]


def test_who_is_erased_while_an_answer_is_made_is_not_in_it(gallery, monkeypatch):
    fill(gallery, "door", *(Seen(k, like(ANN), 20.0 * k, 20.0 * k + 5) for k in range(4)))
    search = searching(gallery)
    first = search.find(ANN[None]).sightings[0].tracklets
    compared = gallery.ends

    def ends_then_erase(numbers):
        found = compared(numbers)
        if first[0] in found.ids:
            gallery.erase(tracklets=list(first))
        return found

    monkeypatch.setattr(gallery, "ends", ends_then_erase)
    answer = search.find(ANN[None])
    assert first not in ids(answer)
    assert len(answer.sightings) == 3
