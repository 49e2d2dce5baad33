"""``passerby erase`` and ``passerby doctor``."""

from pathlib import Path

import pytest


def tracklets(passerby, folder) -> dict[str, dict]:
    listed = passerby("tracklets", "--data", folder, "--json").json["tracklets"]
    return {tracklet["id"]: tracklet for tracklet in listed}


def crops_on_disk(folder: Path) -> set[Path]:
    return set((folder / "crops").rglob("*.jpg"))


def test_nobody_to_ask_means_nothing_is_erased(passerby, own_gallery):
    before = tracklets(passerby, own_gallery), crops_on_disk(own_gallery)
    run = passerby("erase", "--camera", "cam1", "--data", own_gallery)
    assert (run.code, run.out) == (2, "")
    assert "nothing was erased; add --yes" in run.error
    assert (tracklets(passerby, own_gallery), crops_on_disk(own_gallery)) == before


def test_a_dry_run_counts_and_takes_nothing(passerby, own_gallery):
    before = tracklets(passerby, own_gallery), crops_on_disk(own_gallery)
    run = passerby("erase", "--camera", "cam1", "--dry-run", "--data", own_gallery, "--json")
    assert (run.code, run.err) == (0, "")
    assert run.json["dry_run"] is True
    assert run.json["erased"]["tracklets"] == sum(t["camera"] == "cam1" for t in before[0].values())
    assert (tracklets(passerby, own_gallery), crops_on_disk(own_gallery)) == before
    assert passerby("erase", "--camera", "cam1", "--dry-run", "--data", own_gallery).out.startswith("Would erase ")


def test_a_tracklet_goes_with_its_crops(passerby, own_gallery):
    before, files = tracklets(passerby, own_gallery), crops_on_disk(own_gallery)
    one = next(iter(before.values()))
    run = passerby("erase", "--tracklet", one["id"], "--yes", "--data", own_gallery, "--json")
    assert (run.code, run.err) == (0, "")
    assert run.json["erased"]["tracklets"] == 1
    assert set(tracklets(passerby, own_gallery)) == set(before) - {one["id"]}
    gone = files - crops_on_disk(own_gallery)
    assert Path(one["crop"]) in gone
    assert len(gone) == run.json["erased"]["crops"]
    assert passerby("doctor", "--data", own_gallery, "--json").json["problems"] == []


def test_one_is_not_called_several(passerby, own_gallery):
    one = next(iter(tracklets(passerby, own_gallery)))
    out = passerby("erase", "--tracklet", one, "--yes", "--data", own_gallery).out
    assert out.startswith("Erased 1 tracklet, ")


def test_a_camera_goes_with_all_that_is_known_of_it(passerby, own_gallery, scene):
    before = tracklets(passerby, own_gallery)
    assert passerby("erase", "--camera", "cam1", "--yes", "--data", own_gallery).code == 0
    left = tracklets(passerby, own_gallery)
    assert set(left) == {id_ for id_, tracklet in before.items() if tracklet["camera"] == "cam2"}
    listed = passerby("cameras", "--data", own_gallery, "--json").json["cameras"]
    assert [row["camera"] for row in listed] == ["cam2"]
    own = {path.name for path in crops_on_disk(own_gallery)}
    assert not {Path(t["crop"]).name for t in before.values() if t["camera"] == "cam1"} & own


def test_a_time_goes_from_every_camera(passerby, own_gallery):
    before = tracklets(passerby, own_gallery)
    until = "1970-01-01T00:00:10.000Z"
    run = passerby("erase", "--until", until, "--yes", "--data", own_gallery)
    assert run.code == 0, run.err
    left = tracklets(passerby, own_gallery)
    assert left == {id_: tracklet for id_, tracklet in before.items() if tracklet["start"] > until}
    assert len(left) < len(before)


def test_what_is_erased_is_no_answer_any_more(passerby, own_gallery, scene):
    photo = next((scene / "queries").glob("*_c1.jpg"))
    best = passerby("query", photo, "--data", own_gallery, "--json").json["sightings"][0]
    arguments = [part for id_ in best["tracklets"] for part in ("--tracklet", id_)]
    assert passerby("erase", *arguments, "--yes", "--data", own_gallery).code == 0
    answer = passerby("query", photo, "--data", own_gallery, "--json").json
    assert not any(set(best["tracklets"]) & set(s["tracklets"]) for s in answer["sightings"])


def test_what_is_not_there_cannot_be_erased(passerby, own_gallery):
    before = tracklets(passerby, own_gallery)
    run = passerby("erase", "--tracklet", "cam1-9", "--yes", "--data", own_gallery)
    assert run.code == 2
    assert "cam1-9" in run.error
    assert tracklets(passerby, own_gallery) == before


def test_the_doctor_finds_a_sound_gallery_sound(passerby, ingested):
    run = passerby("doctor", "--data", ingested)
    assert (run.code, run.err) == (0, "")
    assert run.out.rstrip().endswith("All is well.")
    report = passerby("doctor", "--data", ingested, "--json").json
    assert report["problems"] == []
    assert report["gallery"]["tracklets"] > 0
    assert report["libraries"]["numpy"]


@pytest.mark.parametrize("damage", ["missing", "damaged"])
def test_the_doctor_finds_a_crop_that_is_gone_or_damaged(passerby, own_gallery, damage):
    crop = sorted(crops_on_disk(own_gallery))[0]
    if damage == "missing":
        crop.unlink()
    else:
        crop.write_bytes(b"no JPEG")
    run = passerby("doctor", "--data", own_gallery)
    assert run.code == 1
    assert f"problem: crop {crop.stem}: the file is {damage}" in run.out
    assert "1 problem." in run.out
    assert passerby("doctor", "--data", own_gallery, "--json").json["problems"] == [
        f"crop {crop.stem}: the file is {damage}"
    ]


def test_the_doctor_names_a_gallery_that_is_not_there(passerby, tmp_path):
    run = passerby("doctor", "--data", tmp_path / "none", "--json")
    assert run.code == 1
    assert "no gallery in" in run.json["problems"][0]


def test_the_doctor_is_content_before_the_first_gallery(passerby, tmp_path, monkeypatch):
    monkeypatch.delenv("PASSERBY_DATA")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    run = passerby("doctor", "--json")
    assert run.code == 0
    assert run.json["gallery"] == "none yet"


def test_a_query_outlives_a_lost_crop(passerby, own_gallery, scene, tmp_path):
    photo = next((scene / "queries").glob("*_c1.jpg"))
    best = passerby("query", photo, "--data", own_gallery, "--json").json["sightings"][0]
    Path(best["crop"]).unlink()
    run = passerby("query", photo, "--data", own_gallery, "--save", tmp_path / "sheet", "--json")
    assert run.code == 0, run.err
    assert run.json["sightings"][0]["tracklets"] == best["tracklets"]
    assert not list((tmp_path / "sheet").glob("01-*.jpg"))
    assert (tmp_path / "sheet" / "contact-sheet.png").is_file()
