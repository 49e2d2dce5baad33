"""Whatever is wrong with the input: exit code 2 or a stated partial result, one clear line, and nothing lost."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.api.conftest import BUILT_IN, Passerby, Run
from tests.ingest.conftest import TINY_SIDECAR, _onnx_model
from tests.ingest.videos import cut, flip_bytes

THRESHOLDS = "\n[thresholds]\noperating_point = 0.6\nvisit_similarity = 0.6\nmax_cosine_distance = 0.3\n"


def refused(run: Run, *parts: object) -> str:
    """The one line of a command that ended with exit code 2 and said nothing else on standard output."""
    assert run.code == 2, run.err
    assert "Traceback" not in run.err
    for part in parts:
        assert str(part) in run.error
    return run.error


def unharmed(passerby: Passerby, folder: Path, cameras: dict[str, int]) -> None:
    """The gallery opens, is sound, and holds so many tracklets of each camera."""
    listed = passerby("cameras", "--data", folder, "--json").json["cameras"]
    assert {row["camera"]: row["tracklets"] for row in listed} == cameras
    report = passerby("doctor", "--data", folder, "--json")
    assert report.json["problems"] == []


def counts(passerby: Passerby, folder: Path) -> dict[str, int]:
    return {row["camera"]: row["tracklets"] for row in passerby("cameras", "--data", folder, "--json").json["cameras"]}


@pytest.fixture
def text_video(tmp_path: Path) -> Path:
    path = tmp_path / "text.mp4"
    path.write_text("This is a text that somebody renamed.\n" * 200)
    return path


# --- Videos -----------------------------------------------------------------------------------------------------------


def test_a_missing_video(passerby, own_gallery, tmp_path):
    before = counts(passerby, own_gallery)
    run = passerby("ingest", f"door={tmp_path}/missing.mp4", *BUILT_IN, "--data", own_gallery)
    refused(run, "camera door", "missing.mp4 does not exist")
    assert run.out == ""
    unharmed(passerby, own_gallery, before)


def test_an_empty_video(passerby, own_gallery, tmp_path):
    (tmp_path / "empty.mp4").touch()
    before = counts(passerby, own_gallery)
    refused(passerby("ingest", f"door={tmp_path}/empty.mp4", *BUILT_IN, "--data", own_gallery), "empty.mp4", "empty")
    unharmed(passerby, own_gallery, before)


def test_a_text_renamed_to_a_video(passerby, own_gallery, text_video):
    before = counts(passerby, own_gallery)
    refused(passerby("ingest", f"door={text_video}", *BUILT_IN, "--data", own_gallery), "text.mp4")
    unharmed(passerby, own_gallery, before)


@pytest.mark.parametrize("command", ["ingest", "track"])
def test_a_truncated_video_gives_what_can_be_read_and_says_what_was_lost(passerby, clip, tmp_path, command):
    short = cut(clip, 0.6, tmp_path / "short.mp4")
    if command == "ingest":
        run = passerby("ingest", f"door={short}", *BUILT_IN, "--json")
        result = run.json["cameras"][0]
    else:
        run = passerby("track", short, "--out", tmp_path / "out", *BUILT_IN, "--json")
        result = run.json
    assert run.code == 0, run.err
    assert 10 < result["frames"] < 50
    assert result["problems"]
    assert all(problem in run.err for problem in result["problems"])


def test_a_video_with_damage_in_the_middle_is_read_to_its_end(passerby, clip, tmp_path):
    damaged = flip_bytes(clip, 0.4, 0.5, 7, tmp_path / "damaged.mp4")
    run = passerby("ingest", f"door={damaged}", *BUILT_IN, "--json")
    assert run.code == 0, run.err
    result = run.json["cameras"][0]
    assert result["frames"] > 25
    assert result["problems"]
    assert result["problems"][0] in run.err


def test_a_video_whose_first_half_is_missing_is_refused_or_read_in_part(passerby, clip, tmp_path):
    data = clip.read_bytes()
    (tmp_path / "tail.mp4").write_bytes(data[len(data) // 2 :])
    refused(passerby("ingest", f"door={tmp_path}/tail.mp4", *BUILT_IN), "tail.mp4")


def test_of_two_cameras_the_good_one_is_kept(passerby, clip, text_video):
    run = passerby("ingest", f"good={clip}", f"bad={text_video}", *BUILT_IN, "--json")
    line = refused(run, "camera bad", "text.mp4")
    assert "camera good" not in line
    assert [row["camera"] for row in run.json["cameras"]] == ["good"]
    assert [row["camera"] for row in passerby("cameras", "--json").json["cameras"]] == ["good"]


def test_two_bad_cameras_are_both_named_in_the_one_line(passerby, text_video, tmp_path):
    run = passerby("ingest", f"one={text_video}", f"two={tmp_path}/missing.mp4", *BUILT_IN, "--threads", 1)
    refused(run, "camera one", "text.mp4", "camera two", "missing.mp4")
    assert run.out == ""


def test_of_two_videos_of_one_camera_the_first_is_kept(passerby, clip, text_video):
    run = passerby("ingest", f"door={clip}@2024-05-01T08:00:00Z", f"door={text_video}", *BUILT_IN, "--json")
    refused(run, "text.mp4")
    assert [Path(row["source"]) for row in run.json["cameras"]] == [clip]


# --- Pictures ---------------------------------------------------------------------------------------------------------


def test_a_text_renamed_to_a_picture(passerby, ingested, tmp_path):
    (tmp_path / "text.jpg").write_text("This is a text that somebody renamed.")
    run = passerby("query", tmp_path / "text.jpg", "--data", ingested, "--json")
    refused(run, "text.jpg is not a picture")
    assert run.out == ""


@pytest.mark.parametrize("name", ["empty.jpg", "missing.jpg"])
def test_a_picture_that_is_empty_or_missing(passerby, ingested, tmp_path, name):
    (tmp_path / "empty.jpg").touch()
    refused(passerby("query", tmp_path / name, "--data", ingested), name)


def test_a_picture_without_pixels(passerby, ingested, tmp_path):
    header = b"BM" + (54).to_bytes(4, "little") + bytes(4) + (54).to_bytes(4, "little") + (40).to_bytes(4, "little")
    flat = header + bytes(8) + (1).to_bytes(2, "little") + (24).to_bytes(2, "little") + bytes(24)
    (tmp_path / "flat.bmp").write_bytes(flat)
    refused(passerby("query", tmp_path / "flat.bmp", "--data", ingested), "flat.bmp has no pixels (0x0)")


def test_a_picture_of_a_few_pixels(passerby, ingested, tmp_path):
    cv2.imwrite(str(tmp_path / "dot.png"), np.zeros((1, 1, 3), np.uint8))
    refused(passerby("query", tmp_path / "dot.png", "--data", ingested), "dot.png has only 1 x 1 pixels")


def test_a_cut_picture(passerby, ingested, scene, tmp_path):
    short = cut(next((scene / "queries").glob("*.jpg")), 0.3, tmp_path / "short.jpg")
    refused(passerby("query", short, "--data", ingested), "short.jpg is damaged or cut off")


def test_a_folder_instead_of_a_picture(passerby, ingested, tmp_path):
    refused(passerby("query", tmp_path, "--data", ingested), "is a folder; give one picture")


def test_a_folder_with_one_bad_picture_as_a_camera_says_so(passerby, tmp_path):
    frames = tmp_path / "frames"
    frames.mkdir()
    for k in range(3):
        cv2.imwrite(str(frames / f"{k}.png"), np.full((48, 64, 3), 60 * k, np.uint8))
    (frames / "1.png").write_text("no picture")
    run = passerby("ingest", f"door={frames}", *BUILT_IN, "--json")
    assert run.code == 0, run.err
    assert run.json["cameras"][0]["frames"] == 2
    assert "1.png" in run.err


@pytest.mark.parametrize("content", [[], ["readme.txt"]], ids=["empty", "without pictures"])
def test_a_folder_without_pictures_as_a_camera(passerby, tmp_path, content):
    frames = tmp_path / "frames"
    frames.mkdir()
    for name in content:
        (frames / name).write_text("text")
    refused(passerby("ingest", f"door={frames}", *BUILT_IN), "camera door", frames)


# --- Cameras and networks ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["query", "tracklets", "erase"])
def test_an_unknown_camera(passerby, ingested, command):
    arguments = ["missing.jpg"] if command == "query" else []
    run = passerby(command, *arguments, "--camera", "roof", "--data", ingested)
    refused(run, "camera 'roof' is not in the gallery; it holds cam1, cam2")


@pytest.fixture
def tiny_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one tiny embedder, ``tiny``, of dimension 3."""
    path = tmp_path / "models" / "tiny.onnx"
    path.parent.mkdir()
    path.write_bytes(_onnx_model(None))
    path.with_suffix(".toml").write_text(TINY_SIDECAR + THRESHOLDS)
    monkeypatch.setenv("PASSERBY_MODELS", str(path.parent))
    return path.parent


def test_an_embedder_of_another_dimension_than_the_gallery_s(passerby, own_gallery, clip, tiny_models):
    before = counts(passerby, own_gallery)
    run = passerby("ingest", f"door={clip}", "--detector", "motion", "--embedder", "tiny", "--data", own_gallery)
    refused(run, "stripes", "tiny")
    unharmed(passerby, own_gallery, before)


def test_a_network_that_gives_another_dimension_than_it_says(passerby, clip, tiny_models):
    sidecar = tiny_models / "tiny.toml"
    sidecar.write_text(sidecar.read_text().replace("dimension = 3", "dimension = 4"))
    run = passerby("ingest", f"door={clip}", "--detector", "motion", "--embedder", "tiny")
    refused(run, "tiny gives vectors of length 3, its description says 4")


def test_a_detector_where_an_embedder_is_wanted(passerby, clip):
    refused(passerby("ingest", f"door={clip}", "--detector", "motion", "--embedder", "hog"), "hog")


def test_a_network_that_nobody_knows(passerby, clip):
    refused(passerby("ingest", f"door={clip}", "--detector", "nonsense"), "unknown model 'nonsense'")


def test_a_damaged_network(passerby, clip, tiny_models):
    network = tiny_models / "tiny.onnx"
    network.write_bytes(network.read_bytes()[:40])
    refused(passerby("ingest", f"door={clip}", "--detector", "motion", "--embedder", "tiny"), "tiny.onnx", "damaged")


def test_a_network_with_one_flipped_bit(passerby, clip, tiny_models):
    from hashlib import sha256

    network, sidecar = tiny_models / "tiny.onnx", tiny_models / "tiny.toml"
    data = bytearray(network.read_bytes())
    sidecar.write_text(sidecar.read_text() + f'[[files]]\nname = "tiny.onnx"\nsha256 = "{sha256(data).hexdigest()}"\n')
    data[len(data) // 2] ^= 1
    network.write_bytes(data)
    run = passerby("ingest", f"door={clip}", "--detector", "motion", "--embedder", "tiny")
    refused(run, "tiny.onnx is damaged", "SHA-256")
    report = passerby("doctor", "--json")
    assert report.code == 1
    assert any("tiny.onnx is damaged" in problem for problem in report.json["problems"])


@pytest.mark.shared
def test_a_public_network_with_one_flipped_bit(passerby, clip, models, tmp_path, monkeypatch):
    folder = tmp_path / "models"
    folder.mkdir()
    data = bytearray((models / "yolox_nano.onnx").read_bytes())
    data[len(data) // 2] ^= 1
    (folder / "yolox_nano.onnx").write_bytes(data)
    monkeypatch.setenv("PASSERBY_MODELS", str(folder))
    run = passerby("ingest", f"door={clip}", "--detector", "yolox_nano", "--embedder", "stripes")
    refused(run, "yolox_nano.onnx is damaged", "passerby models pull yolox_nano")


def test_the_gallery_s_network_is_gone(passerby, clip, tiny_models, scene, monkeypatch):
    run = passerby("ingest", f"door={clip}", "--detector", "motion", "--embedder", tiny_models / "tiny.onnx")
    assert run.code == 0, run.err
    monkeypatch.delenv("PASSERBY_MODELS")
    photo = next((scene / "queries").glob("*.jpg"))
    refused(passerby("query", photo), "tiny")


def test_a_models_folder_that_is_none(passerby, clip, tmp_path, monkeypatch):
    monkeypatch.setenv("PASSERBY_MODELS", str(tmp_path / "nowhere"))
    refused(passerby("ingest", f"door={clip}"), "PASSERBY_MODELS names", "nowhere")
    report = passerby("doctor", "--json")
    assert report.code == 1
    assert "PASSERBY_MODELS names" in report.json["problems"][0]


# --- Folders and disks ------------------------------------------------------------------------------------------------


def test_an_unreadable_folder(passerby, tmp_path):
    folder = tmp_path / "loop"
    folder.symlink_to(folder)
    refused(passerby("ingest", f"door={folder}", *BUILT_IN), "camera door", folder)
    refused(passerby("cameras", "--data", folder), folder)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_one_may_not_read(passerby, tmp_path):
    folder = tmp_path / "closed"
    folder.mkdir(mode=0)
    refused(passerby("ingest", f"door={folder}", *BUILT_IN), "camera door", folder)
    refused(passerby("cameras", "--data", folder), folder)
    folder.chmod(0o700)


def test_a_file_where_a_folder_should_be(passerby, clip):
    refused(passerby("ingest", f"door={clip}/frames", *BUILT_IN), "camera door", clip)
    for arguments in (["cameras"], ["ingest", f"door={clip}", *BUILT_IN]):
        refused(passerby(*arguments, "--data", clip), f"{clip} is a file, not a gallery's folder")


def test_no_gallery_there(passerby, tmp_path):
    refused(passerby("cameras", "--data", tmp_path / "none"), "no gallery in", "passerby ingest")
    assert not (tmp_path / "none").exists()


def test_a_folder_with_another_database(passerby, tmp_path):
    folder = tmp_path / "other"
    folder.mkdir()
    with sqlite3.connect(folder / "gallery.sqlite") as database:
        database.execute("CREATE TABLE mine (a)")
    database.close()
    refused(passerby("cameras", "--data", folder), "not a gallery")


def test_a_gallery_of_a_newer_version(passerby, own_gallery):
    with sqlite3.connect(own_gallery / "gallery.sqlite") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    refused(passerby("cameras", "--data", own_gallery), "newer Passerby", "9999")


def test_a_damaged_gallery(passerby, own_gallery):
    for path in own_gallery.glob("gallery.sqlite-*"):
        path.unlink()
    (own_gallery / "gallery.sqlite").write_bytes(b"no database at all" * 100)
    refused(passerby("cameras", "--data", own_gallery), "is damaged", "restore a backup")
    report = passerby("doctor", "--data", own_gallery, "--json")
    assert report.code == 1
    assert "is damaged" in report.json["problems"][0]


def test_a_gallery_with_a_damaged_page(passerby, own_gallery):
    database = own_gallery / "gallery.sqlite"
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    data = bytearray(database.read_bytes())
    data[4096 * 3 : 4096 * 8] = bytes(4096 * 5)
    database.write_bytes(data)
    report = passerby("doctor", "--data", own_gallery, "--json")
    assert report.code == 1
    assert report.json["problems"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB; skips where none can be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4000k", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"a small file system cannot be mounted here: {error}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("left", [0, 60_000], ids=["from the beginning", "on the way"])
def test_a_full_disk_loses_nothing(passerby, small_disk, ingested, scene, left):
    gallery = small_disk / "gallery"
    shutil.copytree(ingested, gallery)
    before = counts(passerby, gallery)
    (small_disk / "filler").write_bytes(bytes(shutil.disk_usage(small_disk).free - left))
    run = passerby("ingest", f"roof={scene / 'cam1.mp4'}", *BUILT_IN, "--data", gallery)
    line = refused(run, "camera roof", gallery)
    assert "no space left" in line or "disk I/O error" in line
    (small_disk / "filler").unlink()
    after = counts(passerby, gallery)
    assert {camera: after[camera] for camera in before} == before
    assert passerby("doctor", "--data", gallery, "--json").json["problems"] == []
    run = passerby("ingest", f"roof={scene / 'cam1.mp4'}", *BUILT_IN, "--data", gallery)
    assert run.code == 0, run.err
    assert counts(passerby, gallery) == {**before, "roof": before["cam1"]}


def test_a_full_disk_for_tracks(passerby, small_disk, clip):
    (small_disk / "filler").write_bytes(bytes(shutil.disk_usage(small_disk).free))
    run = passerby("track", clip, "--out", small_disk / "out", *BUILT_IN)
    assert run.code in (1, 2)
    assert "disk is full" in run.error or "No space left" in run.error
    assert "free" in run.error


# --- Tracking and evaluation ------------------------------------------------------------------------------------------


def test_detections_that_are_none(passerby, tmp_path):
    refused(passerby("track", "--detections", tmp_path / "none.txt", "--out", tmp_path / "out"), "none.txt")
    (tmp_path / "det.txt").write_text("this is no table\n")
    refused(passerby("track", "--detections", tmp_path / "det.txt", "--out", tmp_path / "out"), "det.txt")


def test_truth_that_is_none(passerby, tmp_path):
    refused(passerby("evaluate", "mot", tmp_path / "gt.txt", tmp_path / "tracks.txt"), "gt.txt")
    refused(passerby("evaluate", "scene", tmp_path), f"{tmp_path} is not a scene")


def test_an_output_that_cannot_be_written(passerby, ingested, scene, clip):
    photo = next((scene / "queries").glob("*.jpg"))
    refused(passerby("query", photo, "--data", ingested, "--save", clip / "sheet"), "--save", clip)
    refused(passerby("query", photo, "--data", ingested, "--csv", clip.parent / "no" / "a.csv"), "--csv", "a.csv")
    refused(passerby("track", clip, "--out", clip / "out", *BUILT_IN), "--out", clip)
