"""What less effort and shared networks look like on the command line."""

import json

import cv2
import numpy as np
import pytest

from gallery import schema
from gallery.store import Gallery
from ingest.preview import PreviewedSource
from tests.ingest.videos import write_video

BUILT_IN = ("--detector", "hog", "--embedder", "stripes", "--threads", 1)


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    """Twelve small frames, in which nothing moves."""
    image = np.random.default_rng(0).integers(0, 255, (96, 96, 3)).astype(np.uint8)
    return write_video(tmp_path_factory.mktemp("short") / "short.mp4", [image] * 12)


def settings(folder):
    """What decides the tracklets of each ingest of a gallery, oldest first."""
    with Gallery.open(folder) as gallery, gallery.database.read() as connection:
        rows = connection.execute(schema.ingests.select().order_by(schema.ingests.c.id)).all()
        return [json.loads(row.settings) for row in rows]


def test_each_choice_reaches_the_ingest(passerby, short, tmp_path):
    for choice in ([], ["--every-frame"], ["--detect-fps", 5], ["--embed", "needed"]):
        run = passerby("ingest", f"door={short}", *BUILT_IN, *choice, "--json")
        assert run.code == 0, run.err
    usual, whole, sparse, needed = settings(tmp_path / "gallery")
    assert ("still" in usual["watch"], "still" in whole["watch"]) == (True, False)
    assert sparse["watch"].startswith("every=5 ")
    assert (usual["embed"], needed["embed"].split()[0]) == ("all", "needed")  # of the built-in embedder


def test_shared_networks_give_what_processes_give(passerby, short, tmp_path):
    cameras = (f"door={short}", f"yard={short}")
    shared = passerby("ingest", *cameras, *BUILT_IN, "--runner", "shared", "--json")
    assert (shared.code, [one["frames"] for one in shared.json["cameras"]]) == (0, [12, 12])
    again = passerby("ingest", *cameras, *BUILT_IN, "--runner", "processes")
    assert "door: " in again.err
    assert again.err.count("was ingested before with these settings") == 2
    assert len(settings(tmp_path / "gallery")) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--detect-fps", 0], "--detect-fps 0 is out of range"),
        (["--embed", "some"], "--embed"),
        (["--runner", "ray"], "--runner"),
        (["--detector", "motion", "--detect-fps", 5], "motion learns from every frame"),
    ],
)
def test_bad_choices_are_one_line(passerby, short, options, message):
    run = passerby("ingest", f"door={short}", "--embedder", "stripes", *options)
    assert run.code == 2
    assert message in run.error


def test_an_unknown_embedder_is_refused_before_anything_is_made(passerby, short, tmp_path):
    run = passerby("ingest", f"door={short}", "--detector", "hog", "--embedder", "nobody")
    assert (run.code, "unknown model 'nobody'" in run.error) == (2, True)
    assert not (tmp_path / "gallery").exists()


def test_tracking_a_still_video_finds_the_same_with_and_without(passerby, short, tmp_path):
    for option in ("--skip-still", "--every-frame"):
        run = passerby("track", short, "--out", tmp_path / option[2:], *BUILT_IN, option, "--json")
        assert (run.code, run.json["frames"]) == (0, 12)
    assert (tmp_path / "skip-still" / "tracks.txt").read_bytes() == (tmp_path / "every-frame/tracks.txt").read_bytes()


def test_a_moving_camera_is_part_of_what_an_ingest_is_known_by(passerby, short, tmp_path):
    for choice in ([], ["--moving-camera"]):
        run = passerby("ingest", f"door={short}", *BUILT_IN, *choice)
        assert run.code == 0, run.err
    fixed, moving = settings(tmp_path / "gallery")
    assert "camera_motion" not in fixed
    assert moving["camera_motion"].startswith("sparse flow")


@pytest.mark.shared
@pytest.mark.parametrize(
    ("choice", "said"), [([], "low_confidence=0.1"), (["--low-confidence", 0.2], "low_confidence=0.2")]
)
def test_boxes_of_low_confidence_are_asked_of_a_network(passerby, short, tmp_path, models, monkeypatch, choice, said):
    monkeypatch.setenv("PASSERBY_MODELS", str(models))
    network = ("--detector", "yolox_nano", "--embedder", "stripes", "--threads", 1)
    run = passerby("ingest", f"door={short}", *network, *choice)
    assert run.code == 0, run.err
    assert passerby("ingest", f"door={short}", *network, "--low-confidence", 1).code == 0
    low, none = settings(tmp_path / "gallery")
    assert said in low["detector"][1]
    assert "low_confidence" not in none["detector"][1]
    assert ("high_confidence=0.3" in low["tracker"], "high_confidence" in none["tracker"]) == (True, False)


def test_the_newest_picture_is_written_while_a_camera_is_read_and_goes_at_its_end(
    passerby, short, tmp_path, monkeypatch
):
    seen = []

    def spy(self, image):
        write(self, image)
        seen.append(cv2.imread(str(self._path)).shape)

    write = PreviewedSource._write
    monkeypatch.setattr(PreviewedSource, "_write", spy)
    run = passerby("ingest", f"door={short}", *BUILT_IN, "--preview", tmp_path / "previews")
    assert run.code == 0, run.err
    assert len(seen) == 1, "the first frame; the next one would be due in two seconds"
    assert list((tmp_path / "previews").iterdir()) == []


def test_previews_change_nothing_of_what_is_kept(passerby, short, tmp_path):
    for name, option in (("a", ()), ("b", ("--preview", tmp_path / "previews"))):
        assert passerby("ingest", f"door={short}", *BUILT_IN, *option, "--data", tmp_path / name).code == 0
    assert settings(tmp_path / "a") == settings(tmp_path / "b")
