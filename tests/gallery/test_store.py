import os
import sqlite3
import subprocess

import pytest

from gallery.errors import GalleryError
from gallery.store import Gallery


def test_a_folder_without_a_gallery_is_refused_and_stays_as_it_was(tmp_path):
    with pytest.raises(GalleryError, match=r"no gallery in .*/nowhere: `passerby ingest` makes one"):
        Gallery.open(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_a_new_gallery_is_empty_and_opens_again_under_the_same_name(tmp_path):
    with Gallery.open(tmp_path / "a", create=True) as made:
        assert (made.cameras(), made.tracklets(), made.coverage(), made.embedder) == ([], [], [], None)
        assert len(made.filter_numbers()) == 0
    with Gallery.open(tmp_path / "a") as opened:
        assert opened.name == made.name
    with Gallery.open(tmp_path / "b", create=True) as other:
        assert other.name != made.name


def test_a_relative_folder_gives_absolute_paths(tmp_path, monkeypatch, people):
    monkeypatch.chdir(tmp_path)
    from pathlib import Path

    with Gallery.open(Path("here"), create=True) as gallery:
        people.fill(gallery, "door", [people.tracklet()])
        assert gallery.tracklets()[0].crop.is_absolute()


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(GalleryError, match=r"notes.txt is a file, not a gallery's folder"):
        Gallery.open(tmp_path / "notes.txt", create=True)


def test_a_text_file_under_the_database_name_is_damaged(tmp_path):
    (tmp_path / "gallery.sqlite").write_text("these are only words, many of them " * 50)
    with pytest.raises(GalleryError, match=r"is damaged \(file is not a database\): restore a backup"):
        Gallery.open(tmp_path)


def test_a_database_with_a_torn_page_is_damaged(tmp_path, people):
    with Gallery.open(tmp_path, create=True) as gallery:
        people.fill(gallery, "door", [people.tracklet(number=number) for number in range(20)])
    file = tmp_path / "gallery.sqlite"
    size = file.stat().st_size
    with file.open("r+b") as torn:
        torn.seek(4096)
        torn.write(os.urandom(size - 4096))
    with pytest.raises(GalleryError, match=r"is damaged \(") as caught, Gallery.open(tmp_path) as gallery:
        gallery.tracklets()
    assert "\n" not in str(caught.value)


def test_an_empty_file_is_no_gallery_but_may_become_one(tmp_path):
    (tmp_path / "gallery.sqlite").touch()
    with pytest.raises(GalleryError, match="not a gallery"):
        Gallery.open(tmp_path)
    Gallery.open(tmp_path, create=True).close()


def test_a_file_system_that_cannot_be_written_is_refused(small_disk):
    folder = small_disk(4096)
    Gallery.open(folder, create=True).close()
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    with pytest.raises(GalleryError, match=r"cannot be written") as caught:
        Gallery.open(folder)
    assert "\n" not in str(caught.value)


def test_a_full_disk_at_creation_is_one_line(small_disk):
    folder = small_disk(64)
    with pytest.raises(GalleryError, match="no space left for the gallery") as caught:
        Gallery.open(folder / "gallery", create=True)
    assert "\n" not in str(caught.value)


def test_a_second_process_waits_its_turn_and_is_told_when_it_never_comes(gallery, people, monkeypatch):
    people.fill(gallery, "door", [people.tracklet()])
    with gallery.database.read() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=50")
    blocker = sqlite3.connect(gallery.folder / "gallery.sqlite", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(GalleryError, match=r"is busy \(database is locked"):
        gallery.abandon("door")
    blocker.execute("ROLLBACK")
    blocker.close()
    assert gallery.abandon("door") == 0


def test_the_tables_may_live_at_another_url(tmp_path, people):
    url = f"sqlite:///{tmp_path}/elsewhere.db"
    with Gallery.open(tmp_path / "gallery", create=True, url=url) as gallery:
        people.fill(gallery, "door", [people.tracklet()])
    assert not (tmp_path / "gallery" / "gallery.sqlite").exists()
    with Gallery.open(tmp_path / "gallery", url=url) as gallery:
        assert len(gallery.tracklets()) == 1
