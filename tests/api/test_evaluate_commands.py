"""``passerby evaluate`` on the rendered scene, and on text by hand."""

import pytest

from tests.api.conftest import BUILT_IN

SCENE_KEYS = {
    "queries", "rank1", "mAP", "sighting_precision", "sighting_recall", "sighting_f1", "not_found_correct",
    "absent_queries", "per_camera",
}  # fmt: skip


@pytest.fixture(scope="module")
def of_tracks(scene):
    """Options of an evaluation that takes a second: true tracks."""
    return ("evaluate", "scene", scene, *BUILT_IN, "--oracle", "tracks")


def test_a_scene_has_the_stable_keys(passerby, of_tracks):
    run = passerby(*of_tracks, "--json")
    assert run.code == 0, run.err
    scores = run.json
    assert set(scores) == SCENE_KEYS
    assert set(scores["per_camera"]) == {"cam1", "cam2"}
    assert all(0 <= scores[name] <= 1 for name in SCENE_KEYS - {"queries", "absent_queries", "per_camera"})
    assert all(camera["MOTA"] > 0.99 and camera["IDF1"] > 0.99 for camera in scores["per_camera"].values())


def test_people_read_tables(passerby, of_tracks):
    out = passerby(*of_tracks).out
    assert "sighting_recall" in out
    assert "cam2" in out


def test_the_gallery_that_people_work_with_stays_as_it_is(passerby, of_tracks, own_gallery, monkeypatch):
    monkeypatch.setenv("PASSERBY_DATA", str(own_gallery))
    before = passerby("cameras", "--json").out
    assert passerby(*of_tracks).code == 0
    assert passerby("cameras", "--json").out == before


def test_a_gallery_is_kept_where_that_is_said(passerby, of_tracks, tmp_path):
    assert passerby(*of_tracks, "--data", tmp_path / "kept").code == 0
    assert len(passerby("cameras", "--data", tmp_path / "kept", "--json").json["cameras"]) == 2


def test_a_gallery_with_other_tracks_in_it_is_refused(passerby, of_tracks, own_gallery):
    run = passerby(*of_tracks, "--data", own_gallery)
    assert run.code == 2
    assert "holds another ingest of camera cam1" in run.error


def test_tracks_are_scored(passerby, tmp_path):
    truth, result = tmp_path / "gt.txt", tmp_path / "tracks.txt"
    truth.write_text("".join(f"{frame},1,10,10,40,100,1,-1,-1,-1\n" for frame in range(1, 11)))
    result.write_text("".join(f"{frame},5,10,10,40,100,1,-1,-1,-1\n" for frame in range(1, 10)))
    run = passerby("evaluate", "mot", truth, result, "--json")
    assert run.code == 0, run.err
    assert run.json["MOTA"] == pytest.approx(0.9)
    assert {"MOTA", "IDF1", "HOTA", "id_switches", "fragments", "false_positives", "misses"} <= set(run.json)
    assert "0.9000" in passerby("evaluate", "mot", truth, result).out
