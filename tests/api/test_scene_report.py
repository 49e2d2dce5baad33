"""``evaluate scene --report``: the scores with how they were made, and nothing overwritten that is not its own."""

import json

import pytest

from api.scene_report import scene_record, write_scene_report
from gallery.errors import ConfigError
from tests.api.conftest import BUILT_IN
from tests.api.evaluation_reports import SCENE_SCORES, SCENE_SETTINGS, write_reports
from tests.api.test_market_report import MADE


def test_a_scene_is_kept_as_it_is_printed(passerby, scene, tmp_path):
    place = tmp_path / "reports" / "scene"
    run = passerby("evaluate", "scene", scene, *BUILT_IN, "--oracle", "tracks", "--report", place, "--json")
    assert run.code == 0, run.err
    assert f"report: {place / 'result.json'}" in run.err
    kept = json.loads((place / "result.json").read_text())
    assert {name: kept[name] for name in run.json} == run.json
    assert (kept["detector"], kept["embedder"]["name"], kept["oracle"]) == ("motion", "stripes", "tracks")
    assert kept["source"] == str(scene)


def test_only_reports_on_scenes_are_replaced(passerby, scene, tmp_path):
    record = scene_record(SCENE_SCORES, SCENE_SETTINGS, made=MADE)
    assert write_scene_report(tmp_path / "one", record) == write_scene_report(tmp_path / "one", record)
    write_reports(tmp_path, tmp_path / "market")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    for place in (tmp_path / "reports" / "weak", tmp_path / "mine"):
        with pytest.raises(ConfigError, match="not of a report"):
            write_scene_report(place, record)
    run = passerby("evaluate", "scene", scene, *BUILT_IN, "--report", tmp_path / "mine")
    assert run.code == 2
    assert "notes.txt" in run.error
