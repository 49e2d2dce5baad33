import sqlite3

import pytest
import sqlalchemy as sa

from gallery import schema
from gallery.check import check
from gallery.index import GalleryIndex
from gallery.snapshot import snapshot_path
from gallery.store import Gallery


@pytest.fixture
def filled(gallery, people):
    people.fill(gallery, "door", [people.tracklet(number=number) for number in (1, 2, 3)])
    return gallery


def test_a_sound_gallery(filled, people):
    report = check(filled, deep=True)
    assert report.problems == report.unfinished == ()
    assert report.counts == {"cameras": 1, "ingests": 1, "tracklets": 3, "vectors": 9, "crops": 6, "changes": 3}
    assert (report.embedder, report.schema, report.snapshot) == (people.embedder, "0002", "none")


def test_an_empty_gallery_is_sound(gallery):
    report = check(gallery)
    assert (report.problems, report.embedder) == ((), None)


def test_crop_files_that_are_missing_damaged_or_too_many_are_found(filled):
    missing, damaged = (crop.path for crop in filled.tracklet("door-000001").crops)
    missing.unlink()
    damaged.write_bytes(b"not what it was")
    orphan = filled.crops.path("ab" * 32)
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(b"of nobody")
    expected = [f"crop {missing.stem}: the file is missing", f"crop {'ab' * 32}: no tracklet has it"]
    assert list(check(filled).problems) == expected
    assert list(check(filled, deep=True).problems) == [*expected, f"crop {damaged.stem}: the file is damaged"]


def test_vectors_that_are_missing_or_too_short_are_found(filled):
    vectors = schema.vectors.c
    with filled.database.write() as connection:
        connection.execute(sa.delete(schema.vectors).where(vectors.tracklet == 1, vectors.ordinal == 0))
        short = sa.update(schema.vectors).where(vectors.tracklet == 2, vectors.ordinal == 1)
        connection.execute(short.values(vector=b"xx"))
    assert check(filled).problems == (
        "tracklet door-000002: a vector has the wrong length",
        "tracklet door-000001: its mean vector is missing",
    )


def test_a_damaged_database_is_reported(filled):
    filled.close()
    with sqlite3.connect(filled.folder / "gallery.sqlite") as plain:
        (page,) = plain.execute("SELECT rootpage FROM sqlite_master WHERE name = 'ix_crops_file'").fetchone()
    plain.close()
    with (filled.folder / "gallery.sqlite").open("r+b") as file:
        file.seek(4096 * (page - 1) + 8)
        file.write(bytes(4088))
    with Gallery.open(filled.folder) as gallery:
        report = check(gallery)
    assert report.problems
    assert all(line.startswith("database: ") for line in report.problems)


def test_unfinished_ingests_are_listed(filled, people):
    with filled.begin_ingest(people.spec("gate")) as session:
        session.commit([], b"state", people.seen(3))
    assert check(filled).unfinished == ("camera gate: /videos/gate.mp4 came to frame 30; ingest it again to go on",)


def test_the_state_of_the_snapshot(filled, people):
    GalleryIndex(filled, snapshot_limit=1)
    assert check(filled).snapshot == "0 changes behind"
    people.fill(filled, "gate", [people.tracklet("gate")])
    assert check(filled).snapshot == "1 changes behind"
    snapshot_path(filled.folder, "all").write_bytes(b"rubbish")
    assert check(filled).snapshot == "damaged"
