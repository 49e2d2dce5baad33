from dataclasses import replace
from datetime import UTC, timedelta, timezone

import numpy as np
import pytest

from gallery.check import check
from gallery.errors import GalleryError, QueryError
from gallery.store import Gallery
from gallery.tracklet import EmbedderIdentity


def test_the_key_names_what_decides_the_tracklets(people):
    key = people.spec().key
    same = people.spec(source="/elsewhere/copy.mp4", start_origin="epoch", start=people.noon.astimezone(UTC))
    assert same.key == key
    beijing = people.noon.astimezone(timezone(timedelta(hours=8)))
    assert people.spec(start=beijing).key == key
    for change in (
        {"camera": "gate"},
        {"source_hash": "decaf"},
        {"start": people.after(1)},
        {"fps": 5.0},
        {"detector": "motion"},
        {"embedder": replace(people.embedder, sha256="cd" * 32)},
        {"settings": "n_init=5"},
    ):
        assert people.spec(**change).key != key


def test_a_commit_stores_everything_at_once(gallery, people):
    tracklet = people.tracklet(crops=3)
    with gallery.begin_ingest(people.spec()) as session:
        assert (session.already_done, session.checkpoint, session.progress.next_frame) == (False, None, 0)
        session.commit([tracklet], b"state", people.seen(4, detections=80, problems=("a line",)))
        stored = gallery.tracklet(tracklet.id)
    assert (stored.row.start, stored.row.end) == (tracklet.start, tracklet.end)
    np.testing.assert_array_equal(stored.trajectory.boxes, tracklet.trajectory.boxes)
    np.testing.assert_array_equal(stored.times, tracklet.times)
    np.testing.assert_allclose(stored.vectors, tracklet.vectors, atol=1e-3)
    assert [crop.jpeg() for crop in stored.crops] == [crop.jpeg for crop in tracklet.crops]
    assert [crop.frame for crop in stored.crops] == [crop.frame for crop in tracklet.crops]
    np.testing.assert_array_equal(stored.crops[1].box, tracklet.crops[1].box)
    assert gallery.embedder == people.embedder
    assert gallery.changes.read(0).added.tolist() == [stored.row.number]


def test_the_same_ingest_goes_on_where_it_was_left(gallery, people):
    with gallery.begin_ingest(people.spec()) as session:
        session.commit([people.tracklet(number=1)], b"first", people.seen(2))
        session.commit([people.tracklet(number=2)], b"second", people.seen(4))
    with gallery.begin_ingest(people.spec()) as session:
        assert session.checkpoint == b"second"
        assert session.progress == people.seen(4, tracklets=2)
        session.finish(people.seen(5))
    with gallery.begin_ingest(people.spec(source="a copy")) as session:
        assert session.already_done
        assert session.checkpoint is None
        assert session.progress == people.seen(5, tracklets=2)
        with pytest.raises(GalleryError, match="the ingest of camera 'door' is over"):
            session.commit([people.tracklet(number=3)], None, people.seen(6))
    assert len(gallery.tracklets()) == 2


def test_the_last_tracklets_and_the_end_are_one_commit(gallery, people):
    with gallery.begin_ingest(people.spec()) as session:
        session.commit([people.tracklet(number=1)], b"state", people.seen(2))
        with pytest.raises(GalleryError, match="is stored already"):
            session.finish(people.seen(4), [people.tracklet(number=1)])
        assert [camera.state for camera in gallery.cameras()] == ["running"]
        session.finish(people.seen(4), [people.tracklet(number=2)])
    assert [(camera.state, camera.tracklets) for camera in gallery.cameras()] == [("done", 2)]
    assert session.progress == people.seen(4, tracklets=2)


def test_a_failed_ingest_says_why_and_goes_on(gallery, people):
    with gallery.begin_ingest(people.spec()) as session:
        session.commit([], b"state", people.seen(2))
        session.fail("the camera was unplugged")
    assert [camera.state for camera in gallery.cameras()] == ["failed"]
    assert "failed: the camera was unplugged" in check(gallery).unfinished[0]
    with gallery.begin_ingest(people.spec()) as session:
        assert session.checkpoint == b"state"
        assert session.progress.problems == ()
        session.finish(session.progress)
    assert check(gallery).unfinished == ()


def test_the_state_of_a_camera_tells_running_from_interrupted(gallery, people):
    with gallery.begin_ingest(people.spec()) as session:
        session.commit([], b"state", people.seen(2))
        assert [camera.state for camera in gallery.cameras()] == ["running"]
    assert [camera.state for camera in gallery.cameras()] == ["interrupted"]


def test_a_restart_takes_back_what_was_stored(gallery, people):
    shared = b"a picture that another tracklet has too"
    people.fill(gallery, "gate", [people.tracklet("gate", jpegs=[shared])])
    with gallery.begin_ingest(people.spec()) as session:
        session.commit([people.tracklet(number=1, jpegs=[shared, b"own"])], b"state", people.seen(2))
        session.restart()
        assert (session.checkpoint, session.progress.next_frame) == (None, 0)
        assert [row.id for row in gallery.tracklets()] == ["gate-000001"]
        session.commit([people.tracklet(number=1, crops=1)], b"other", people.seen(2))
        session.finish(people.seen(2))
    assert check(gallery).problems == ()
    assert len(list(gallery.crops.names())) == 2
    news = gallery.changes.read(0)
    assert (news.added.tolist(), news.erased.tolist()) == ([1, 2, 3], [2])
    assert session.progress.tracklets == 1


def test_one_camera_has_one_ingester(gallery, people):
    with gallery.begin_ingest(people.spec()), pytest.raises(GalleryError, match="camera 'door' is being ingested by"):
        gallery.begin_ingest(people.spec(source_hash="another"))
    gallery.begin_ingest(people.spec()).close()


def test_two_cameras_are_ingested_side_by_side(gallery, people):
    with gallery.begin_ingest(people.spec("door")) as door, gallery.begin_ingest(people.spec("gate")) as gate:
        door.commit([people.tracklet("door")], None, people.seen(2))
        gate.commit([people.tracklet("gate")], None, people.seen(2))
    assert [row.camera for row in gallery.tracklets()] == ["door", "gate"]


def test_an_id_is_used_once(gallery, people):
    with gallery.begin_ingest(people.spec()) as session:
        session.commit([people.tracklet(number=1)], None, people.seen(2))
        before = sorted(gallery.crops.names())
        with pytest.raises(GalleryError, match="tracklet door-000001 is stored already"):
            session.commit([people.tracklet(number=2), people.tracklet(number=1)], b"state", people.seen(4))
        with pytest.raises(GalleryError, match="tracklet door-000003 is stored already"):
            session.commit([people.tracklet(number=3), people.tracklet(number=3)], b"state", people.seen(4))
        assert session.progress == people.seen(2, tracklets=1)
    assert len(gallery.tracklets()) == 1
    assert sorted(gallery.crops.names()) == before
    assert gallery.crops.staged() == {}


def test_another_embedder_is_refused_by_both_names(gallery, people):
    people.fill(gallery, "door", [people.tracklet()])
    other = EmbedderIdentity("person-reidentification-retail-0277", "cd" * 32, 256)
    with pytest.raises(GalleryError, match=r"embedder stripes \(16 .*retail-0277 \(256 .*--embedder stripes"):
        gallery.begin_ingest(people.spec("gate", embedder=other))
    gallery.begin_ingest(people.spec("gate")).close()


def test_a_gallery_without_vectors_takes_another_embedder(gallery, people):
    gallery.begin_ingest(people.spec()).close()
    other = replace(people.embedder, name="other")
    with gallery.begin_ingest(people.spec(embedder=other)):
        assert gallery.embedder == other


def test_two_first_ingests_with_different_embedders_do_not_mix(gallery, people):
    other = replace(people.embedder, name="other")
    with (
        gallery.begin_ingest(people.spec("door")) as door,
        gallery.begin_ingest(people.spec("gate", embedder=other)) as gate,
    ):
        gate.commit([people.tracklet("gate")], None, people.seen(2))
        with pytest.raises(GalleryError, match="holds vectors of embedder other"):
            door.commit([people.tracklet("door")], None, people.seen(2))
    assert check(gallery).problems == ()


def test_vectors_of_the_wrong_shape_are_refused(gallery, people):
    tracklet = people.tracklet()
    with gallery.begin_ingest(people.spec()) as session:
        with pytest.raises(GalleryError, match=r"vectors of shape \(3, 8\) do not fit embedder stripes"):
            session.commit([replace(tracklet, vectors=people.directions(3, 8))], None, people.seen(2))
        with pytest.raises(GalleryError, match=r"shape \(2, 16\) do not fit"):
            session.commit([replace(tracklet, vectors=people.directions(2))], None, people.seen(2))
        with pytest.raises(GalleryError, match="finite"):
            session.commit([replace(tracklet, vectors=np.full_like(tracklet.vectors, np.nan))], None, people.seen(2))
        with pytest.raises(GalleryError, match="one time for each frame"):
            session.commit([replace(tracklet, times=tracklet.times[::-1])], None, people.seen(2))
        with pytest.raises(GalleryError, match="camera 'door', not 'gate'"):
            session.commit([people.tracklet("gate")], None, people.seen(2))
    assert gallery.tracklets() == []


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "\x00"])
def test_camera_names_are_printable(gallery, people, name):
    with pytest.raises(GalleryError, match="is not printable text"):
        gallery.begin_ingest(people.spec(name))


def test_ingests_of_one_camera_over_the_same_time_are_pointed_out(gallery, people):
    people.fill(gallery, "door", [people.tracklet()])
    with gallery.begin_ingest(people.spec(source="later.mp4", source_hash="2", start=people.after(3600))) as later:
        assert later.overlaps == ()
    with gallery.begin_ingest(people.spec(source_hash="3", start=people.after(30))) as again:
        assert again.overlaps == ("/videos/door.mp4",)


def test_abandoning_keeps_the_tracklets_and_drops_the_checkpoint(gallery, people):
    with gallery.begin_ingest(people.spec()) as session:
        session.commit([people.tracklet()], b"state", people.seen(2))
        with pytest.raises(GalleryError, match="is being ingested"):
            gallery.abandon("door")
    assert gallery.abandon("door") == 1
    assert len(gallery.tracklets()) == 1
    with gallery.begin_ingest(people.spec()) as session:
        assert session.already_done
    with pytest.raises(QueryError, match="no camera 'roof' in the gallery: it has door"):
        gallery.abandon("roof")


def test_tracklets_without_crops_have_their_mean(gallery, people):
    people.fill(gallery, "door", [people.tracklet(crops=0)])
    assert gallery.tracklets()[0].crop is None
    assert gallery.tracklet("door-000001").vectors.shape == (1, people.dimension)


def test_a_full_disk_loses_nothing_that_was_committed(small_disk, people):
    with Gallery.open(small_disk(2048) / "gallery", create=True) as gallery:
        with gallery.begin_ingest(people.spec()) as session:
            stored = 0
            with pytest.raises(GalleryError, match=r"no space left for .*: free some, then run"):
                for number in range(1000):
                    session.commit([people.tracklet(number=number, crops=4)], b"x" * 40_000, people.seen(number + 1))
                    stored += 1
            assert stored > 3
            assert session.progress.tracklets == stored
            assert len(gallery.tracklets()) == stored
        assert check(gallery, deep=True).problems == ()
    with Gallery.open(gallery.folder) as gallery:
        assert len(gallery.tracklets()) == stored


def test_a_full_disk_while_sql_is_written_leaves_no_crop_behind(small_disk, people):
    with Gallery.open(small_disk(1024) / "gallery", create=True) as gallery:
        with gallery.begin_ingest(people.spec()) as session:
            session.commit([people.tracklet(number=1)], None, people.seen(1))
            with pytest.raises(GalleryError, match="no space left for the gallery"):
                session.commit([people.tracklet(number=2)], b"x" * 900_000, people.seen(2))
            assert len(gallery.tracklets()) == 1
            session.commit([people.tracklet(number=3)], b"small", people.seen(3))
            session.finish(people.seen(3))
        assert [row.id for row in gallery.tracklets()] == ["door-000001", "door-000003"]
        assert check(gallery, deep=True).problems == ()
        assert gallery.crops.staged() == {}
