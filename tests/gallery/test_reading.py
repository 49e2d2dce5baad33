import numpy as np
import pytest

from gallery.errors import GalleryError, QueryError


@pytest.fixture
def two_cameras(gallery, people):
    """Door: tracklets at seconds 0, 10, 20 (two seconds long each, 1.9 to the last frame). Gate: 5, 25."""
    people.fill(gallery, "door", [people.tracklet("door", n, second=s) for n, s in ((1, 0), (2, 10), (3, 20))])
    people.fill(gallery, "gate", [people.tracklet("gate", n, second=s) for n, s in ((1, 5), (2, 25))])
    return gallery


def ids(rows):
    return [row.id for row in rows]


def test_light_rows_say_who_where_and_when(two_cameras, people):
    row = two_cameras.tracklets(["gate"])[0]
    assert (row.number, row.id, row.camera, row.frames) == (4, "gate-000001", "gate", 20)
    assert (row.first_frame, row.last_frame) == (50, 69)
    assert (row.start, row.end) == (people.after(5), people.after(6.9))
    assert 0.3 < row.confidence < 1
    assert row.crop.read_bytes() == two_cameras.tracklet("gate-000001").crops[0].jpeg()


def test_filters_take_what_overlaps_the_window_both_ends_included(two_cameras, people):
    cases = [
        (None, None, None, ["door-000001", "door-000002", "door-000003", "gate-000001", "gate-000002"]),
        (["gate"], None, None, ["gate-000001", "gate-000002"]),
        (["gate", "door"], people.after(25), None, ["gate-000002"]),
        (None, people.after(1.9), people.after(5), ["door-000001", "gate-000001"]),
        (None, people.after(2), people.after(4.9), []),
        (["door"], None, people.after(10), ["door-000001", "door-000002"]),
        ([], None, None, []),
    ]
    for cameras, since, until, expected in cases:
        assert ids(two_cameras.tracklets(cameras, since, until)) == expected
        numbers = two_cameras.filter_numbers(cameras, since, until)
        assert numbers.dtype == np.int64
        assert ids(two_cameras.rows(numbers)) == sorted(expected)


def test_rows_keep_the_order_asked_for_and_leave_out_what_is_gone(two_cameras):
    two_cameras.erase(tracklets=["door-000002"])
    assert [row.number for row in two_cameras.rows([4, 2, 1, 99])] == [4, 1]


def test_more_rows_than_one_statement_takes(two_cameras):
    assert [row.number for row in two_cameras.rows(np.arange(40_000))] == [1, 2, 3, 4, 5]
    assert len(two_cameras.vectors(np.arange(40_000))) == 15


def test_vectors_come_by_number_and_ordinal(two_cameras):
    rows = two_cameras.vectors([3, 1])
    assert rows.numbers.tolist() == [1, 1, 1, 3, 3, 3]
    assert rows.ordinals.tolist() == [0, 1, 2, 0, 1, 2]
    np.testing.assert_array_equal(rows.floats()[3:], two_cameras.tracklet("door-000003").vectors)
    assert rows.floats().dtype == np.float32
    assert two_cameras.vectors([]).vectors.shape == (0, 16)


def test_cameras_are_summed_over_their_ingests(two_cameras, people):
    spec = people.spec("gate", source="old.mp4", source_hash="2", start=people.after(-60))
    with two_cameras.begin_ingest(spec) as session:
        session.commit([], None, people.seen(0, since=people.after(-60), until=people.after(-50)))
    door, gate = two_cameras.cameras()
    assert (door.name, door.sources, door.tracklets, door.state) == ("door", ("/videos/door.mp4",), 3, "done")
    assert (door.since, door.until) == (people.noon, people.after(60))
    assert gate.sources == ("old.mp4", "/videos/gate.mp4")
    assert (gate.since, gate.until, gate.tracklets, gate.state) == (
        people.after(-60),
        people.after(60),
        2,
        "interrupted",
    )
    assert two_cameras.camera_start("gate") == gate.start == people.after(-60)


def test_unknown_names_are_refused_with_those_that_exist(two_cameras):
    for question in (two_cameras.tracklets, two_cameras.filter_numbers, two_cameras.coverage):
        with pytest.raises(QueryError, match="no camera 'roof' in the gallery: it has door, gate"):
            question(["door", "roof"])
    with pytest.raises(QueryError, match="no camera 'roof'"):
        two_cameras.camera_start("roof")
    with pytest.raises(QueryError, match="no tracklet 'x' in the gallery: `passerby tracklets` lists them"):
        two_cameras.tracklet("x")


def test_a_time_without_a_zone_is_refused(two_cameras, people):
    with pytest.raises(ValueError, match="has no zone"):
        two_cameras.tracklets(since=people.noon.replace(tzinfo=None))


def test_a_crop_that_somebody_removed_is_named(two_cameras):
    crop = two_cameras.tracklet("door-000001").crops[0]
    crop.path.unlink()
    with pytest.raises(GalleryError, match=f"crop {crop.file[:12]} is missing"):
        crop.jpeg()


def test_a_crop_is_readable_between_commit_and_publication(two_cameras, tmp_path):
    crop = two_cameras.tracklet("door-000001").crops[0]
    staged = tmp_path / "gallery" / "crops" / "staging" / crop.area
    staged.mkdir(parents=True, exist_ok=True)
    crop.path.rename(staged / f"{crop.file}.jpg")
    assert len(crop.jpeg()) == 300
