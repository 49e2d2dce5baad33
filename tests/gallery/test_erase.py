import shutil
import sqlite3
from dataclasses import replace

import numpy as np
import pytest

from gallery import cleanup
from gallery.check import check
from gallery.codec import pack_trajectory, pack_vector
from gallery.errors import GalleryError, QueryError
from gallery.index import GalleryIndex
from gallery.snapshot import snapshot_path
from gallery.store import Gallery


def every_byte(folder):
    """All files of a gallery, one after the other."""
    return b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def traces(tracklet):
    """What must not be found anywhere after the erasure: pieces, since a piece is telling too."""
    vectors = [pack_vector(vector) for vector in tracklet.vectors]
    trajectory = pack_trajectory(tracklet.trajectory, tracklet.times)
    pictures = [crop.jpeg[100:132] for crop in tracklet.crops]
    return [*vectors, *pictures, trajectory[50:82], trajectory[-32:], tracklet.id.encode()]


@pytest.fixture
def two_cameras(gallery, people):
    """Three tracklets of the door at seconds 0, 10, 20; two of the gate at 5, 25."""
    people.fill(gallery, "door", [people.tracklet("door", n, second=s) for n, s in ((1, 0), (2, 10), (3, 20))])
    people.fill(gallery, "gate", [people.tracklet("gate", n, second=s) for n, s in ((1, 5), (2, 25))])
    return gallery


def ids(gallery):
    return [row.id for row in gallery.tracklets()]


def test_a_tracklet_goes_with_all_that_belongs_to_it(two_cameras):
    erased = two_cameras.tracklet("door-000002")
    erasure = two_cameras.erase(tracklets=["door-000002"])
    assert (erasure.tracklets, erasure.vectors, erasure.crops) == (1, 3, 2)
    assert (erasure.cameras, erasure.complete) == (("door",), True)
    assert ids(two_cameras) == ["door-000001", "door-000003", "gate-000001", "gate-000002"]
    assert not any(crop.path.exists() for crop in erased.crops)
    assert len(two_cameras.vectors([erased.row.number])) == 0
    assert check(two_cameras).problems == ()


def test_selections_take_what_fits_everything_given(two_cameras, people):
    assert two_cameras.erase(cameras=["door"], since=people.after(5), until=people.after(15)).tracklets == 1
    assert ids(two_cameras) == ["door-000001", "door-000003", "gate-000001", "gate-000002"]
    assert two_cameras.erase(tracklets=["door-000001", "gate-000001"], cameras=["gate"]).tracklets == 1
    assert ids(two_cameras) == ["door-000001", "door-000003", "gate-000002"]
    assert two_cameras.erase(since=people.after(19)).cameras == ("door", "gate")
    assert ids(two_cameras) == ["door-000001"]
    assert [camera.name for camera in two_cameras.cameras()] == ["door", "gate"]


def test_a_trial_only_counts(two_cameras):
    assert two_cameras.erase(cameras=["door"], trial=True).tracklets == 3
    assert len(ids(two_cameras)) == 5
    assert check(two_cameras).problems == ()


def test_a_whole_camera_goes_with_its_ingests_and_may_be_ingested_again(two_cameras, people):
    assert two_cameras.erase(cameras=["door"]).tracklets == 3
    assert [camera.name for camera in two_cameras.cameras()] == ["gate"]
    assert b"/videos/door.mp4" not in every_byte(two_cameras.folder)
    with two_cameras.begin_ingest(people.spec("door")) as session:
        assert not session.already_done


def test_an_erased_person_does_not_come_back_by_the_same_ingest(two_cameras, people):
    two_cameras.erase(tracklets=["door-000001"])
    with two_cameras.begin_ingest(people.spec("door")) as session:
        assert session.already_done


def test_senseless_selections_are_refused(two_cameras):
    with pytest.raises(QueryError, match="nothing says what to erase"):
        two_cameras.erase()
    with pytest.raises(QueryError, match="no tracklet 'x' in the gallery"):
        two_cameras.erase(tracklets=["door-000001", "x"])
    with pytest.raises(QueryError, match="no camera 'roof' in the gallery"):
        two_cameras.erase(cameras=["roof"])
    assert len(ids(two_cameras)) == 5
    assert two_cameras.erase(tracklets=[]).tracklets == 0


def test_a_picture_that_others_share_stays_until_the_last_is_gone(gallery, people):
    people.fill(gallery, "door", [people.tracklet("door", n, jpegs=[b"shared", b"own %d" % n]) for n in (1, 2)])
    people.fill(gallery, "gate", [people.tracklet("gate", 1, jpegs=[b"shared"])])
    assert len(list(gallery.crops.names())) == 3
    gallery.erase(tracklets=["door-000001"])
    gallery.erase(cameras=["gate"])
    assert gallery.tracklet("door-000002").crops[0].jpeg() == b"shared"
    gallery.erase(tracklets=["door-000002"])
    assert list(gallery.crops.names()) == []


@pytest.mark.parametrize("seed", range(4))
def test_no_byte_of_the_erased_is_left_in_any_file(tmp_path, people, seed):
    """Vectors long enough to move between pages, in a history that splits and merges them."""
    rng = np.random.default_rng(seed)
    long = {"embedder": replace(people.embedder, dimension=256)}
    there, gone = {}, []
    with Gallery.open(tmp_path / "gallery", create=True) as gallery:
        for step in range(6):
            made = [people.tracklet("door", 100 * step + n, crops=int(rng.integers(0, 4))) for n in range(12)]
            made = [replace(one, vectors=people.directions(len(one.vectors), 256)) for one in made]
            people.fill(gallery, "door", made, source_hash=str(step), **long)
            there.update((one.id, one) for one in made)
            GalleryIndex(gallery, snapshot_limit=1)
            chosen = rng.choice(sorted(there), 8, replace=False).tolist()
            assert gallery.erase(tracklets=chosen).complete
            gone += [there.pop(one) for one in chosen]
            GalleryIndex(gallery, snapshot_limit=1)
            content = every_byte(gallery.folder)
            assert [one.id for one in gone if any(trace in content for trace in traces(one))] == []
            assert all(pack_vector(one.vectors[0]) in content for one in there.values())
        assert check(gallery, deep=True).problems == ()


def test_the_snapshot_of_the_index_goes_with_an_erasure(two_cameras):
    GalleryIndex(two_cameras, snapshot_limit=1)
    assert snapshot_path(two_cameras.folder, "all").exists()
    two_cameras.erase(tracklets=["door-000001"])
    assert not snapshot_path(two_cameras.folder, "all").exists()


def test_while_somebody_reads_an_older_state_the_erasure_is_not_complete(two_cameras, monkeypatch):
    monkeypatch.setattr("gallery.erase._WAIT_SECONDS", 0.05)
    reader = sqlite3.connect(two_cameras.folder / "gallery.sqlite", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM tracklets").fetchone()
    assert not two_cameras.erase(tracklets=["door-000001"]).complete
    assert len(ids(two_cameras)) == 4
    reader.execute("ROLLBACK")
    reader.close()
    with Gallery.open(two_cameras.folder):
        pass
    assert b"door-000001" not in every_byte(two_cameras.folder)


def test_without_room_for_a_second_copy_the_erasure_is_not_complete(small_disk, people):
    folder = small_disk(8192) / "gallery"
    with Gallery.open(folder, create=True) as gallery:
        people.fill(gallery, "door", [people.tracklet("door", n) for n in (1, 2)], source="x" * 1_000_000)
    filler = folder.parent / "filler"
    filler.write_bytes(bytes(shutil.disk_usage(folder).free - 600_000))
    with Gallery.open(folder) as gallery:
        assert not gallery.erase(tracklets=["door-000001"]).complete
        assert ids(gallery) == ["door-000002"]
        assert [line.split(":")[0] for line in check(gallery).problems] == ["erasure"]
    filler.unlink()
    with Gallery.open(folder) as gallery:
        assert check(gallery).problems == ()


def test_a_running_ingest_keeps_its_camera_from_being_erased(gallery, people, monkeypatch):
    monkeypatch.setattr("gallery.lock._CAMERA_SECONDS", 0.05)
    with gallery.begin_ingest(people.spec("gate")), gallery.begin_ingest(people.spec("door")) as session:
        session.commit([people.tracklet("door")], b"state", people.seen(3))
        session.finish(people.seen(3))
        for selection in ({"tracklets": ["door-000001"]}, {"cameras": ["door"]}, {"cameras": ["gate"]}):
            with pytest.raises(GalleryError, match="is being ingested by process"):
                gallery.erase(**selection)


def test_a_checkpoint_that_may_hold_the_person_forbids_erasing(gallery, people):
    people.fill(gallery, "door", [people.tracklet("door", 1)])
    with gallery.begin_ingest(
        people.spec("door", source_hash="2", source="new.mp4", start=people.after(100))
    ) as session:
        session.commit([people.tracklet("door", 2, second=100)], b"state", people.seen(0))
    refused = [
        {"tracklets": ["door-000002"]},
        {"cameras": ["door"], "since": people.after(50)},
        {"since": people.noon},
        {"until": people.after(100)},
    ]
    for selection in refused:
        with pytest.raises(GalleryError, match=r"the ingest of new.mp4 is unfinished .*, or erase the whole camera"):
            gallery.erase(**selection)
    assert len(ids(gallery)) == 2
    assert gallery.erase(cameras=["door"], until=people.after(99)).tracklets == 1
    gallery.abandon("door")
    assert gallery.erase(tracklets=["door-000002"]).tracklets == 1


def test_erasing_a_whole_camera_takes_its_checkpoint_along(gallery, people):
    with gallery.begin_ingest(people.spec("door")) as session:
        session.commit([people.tracklet("door", 1)], b"the features of somebody", people.seen(3))
    assert b"the features of somebody" in every_byte(gallery.folder)
    assert gallery.erase(cameras=["door"]).complete
    assert b"the features of somebody" not in every_byte(gallery.folder)


@pytest.mark.parametrize("step", ["_remove_some_crops", "_remove_snapshot", "_overwrite_pages"])
def test_an_erasure_that_was_cut_short_is_finished_at_the_next_opening(two_cameras, monkeypatch, step):
    def die(*_):
        raise KeyboardInterrupt

    GalleryIndex(two_cameras, snapshot_limit=1)
    jpegs = [crop.jpeg() for crop in two_cameras.tracklet("door-000001").crops]
    with monkeypatch.context() as patch:
        patch.setattr(cleanup, step, die)
        with pytest.raises(KeyboardInterrupt):
            two_cameras.erase(tracklets=["door-000001"])
    assert [line.split(":")[0] for line in check(two_cameras).problems] == ["erasure"]
    with Gallery.open(two_cameras.folder) as again:
        content = every_byte(again.folder)
        assert not any(jpeg in content for jpeg in jpegs)
        assert b"door-000001" not in content
        assert not snapshot_path(again.folder, "all").exists()
        assert check(again).problems == ()


def test_a_picture_that_somebody_stores_anew_survives_an_old_removal(gallery, people, monkeypatch):
    people.fill(gallery, "door", [people.tracklet("door", 1, jpegs=[b"shared"])])
    with monkeypatch.context() as patch:
        patch.setattr("gallery.erase.finish_removals", lambda *_: False)
        assert not gallery.erase(tracklets=["door-000001"]).complete
    people.fill(gallery, "gate", [people.tracklet("gate", 1, jpegs=[b"shared"])])
    with Gallery.open(gallery.folder) as again:
        assert again.tracklet("gate-000001").crops[0].jpeg() == b"shared"
        assert check(again).problems == ()
