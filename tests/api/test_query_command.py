"""Questions on the command line, about people of a rendered scene."""

import csv
import json

import cv2
import pytest

SIGHTING_KEYS = {
    "rank", "camera", "start", "end", "start_seconds", "end_seconds", "similarity", "probability", "tracklets", "crop",
}  # fmt: skip


@pytest.fixture
def photo(scene):
    """Somebody whom both cameras see, as the first one took the picture."""
    return next(
        path
        for path in sorted((scene / "queries").glob("*_c1.jpg"))
        if path.with_name(path.name[:5] + "c2.jpg").exists()
    )


def test_a_photo_gives_the_stable_keys(passerby, ingested, photo):
    run = passerby("query", photo, "--data", ingested, "--json")
    assert run.code == 0, run.err
    answer = run.json
    assert {"query", "answer", "sightings", "coverage"} <= set(answer)
    assert answer["answer"] in {"found", "not_found"}
    assert answer["sightings"], "the list always holds the most similar ones"
    for k, sighting in enumerate(answer["sightings"], start=1):
        assert set(sighting) == SIGHTING_KEYS
        assert sighting["rank"] == k
        assert sighting["probability"] is None
        assert cv2.imread(sighting["crop"]) is not None
    similarities = [sighting["similarity"] for sighting in answer["sightings"]]
    assert similarities == sorted(similarities, reverse=True)
    assert {row["camera"] for row in answer["coverage"]} == {"cam1", "cam2"}


def test_most_people_are_found_in_the_other_camera(passerby, ingested, scene):
    with (scene / "visits.csv").open() as file:
        visits = [row for row in csv.DictReader(file) if row["camera"] == "cam2"]
    right = []
    for photo in sorted((scene / "queries").glob("*_c1.jpg")):
        mine = [row for row in visits if int(row["person"]) == int(photo.name[:4])]
        if mine:
            answer = passerby("query", photo, "--camera", "cam2", "--data", ingested, "--json").json
            right.append(answer["answer"] == "found" and any(meet(answer["sightings"][0], visit) for visit in mine))
    assert sum(right) > len(right) / 2 >= 1


def meet(sighting, visit):
    """Whether the two overlap in time."""
    begins_before_its_end = sighting["start_seconds"] <= float(visit["end_seconds"])
    return begins_before_its_end and sighting["end_seconds"] >= float(visit["start_seconds"])


def test_filters_keep_to_their_camera_and_time(passerby, ingested, photo):
    answer = passerby(
        "query", photo, "--camera", "cam2", "--since", "1970-01-01T00:00:10Z", "--until", "1970-01-01T00:00:20Z",
        "--data", ingested, "--json",
    ).json  # fmt: skip
    assert all(
        s["camera"] == "cam2" and s["end_seconds"] >= 10 and s["start_seconds"] <= 20 for s in answer["sightings"]
    )
    assert [row["camera"] for row in answer["coverage"]] == ["cam2"]


def test_top_limits_the_list(passerby, ingested, photo):
    assert len(passerby("query", photo, "--top", 1, "--data", ingested, "--json").json["sightings"]) == 1


def test_a_tracklet_is_not_its_own_answer(passerby, ingested):
    tracklet = passerby("tracklets", "--data", ingested, "--json").json["tracklets"][0]["id"]
    answer = passerby("query", "--tracklet", tracklet, "--data", ingested, "--json").json
    assert answer["sightings"]
    assert all(tracklet not in sighting["tracklets"] for sighting in answer["sightings"])


def test_a_box_on_a_stored_frame_is_the_tracklet_under_it(passerby, ingested):
    listed = passerby("tracklets", "--boxes", "--data", ingested, "--json").json["tracklets"][0]
    middle = listed["boxes"][len(listed["boxes"]) // 2]
    box = ",".join(str(edge) for edge in middle[1:])
    run = passerby("query", "--at", f"{listed['camera']},{middle[0] / 10}", "--box", box, "--data", ingested, "--json")
    assert run.json["query"]["tracklets"] == [listed["id"]]


def test_a_box_on_a_stored_frame_where_nobody_was_followed_reads_the_video_again(passerby, ingested):
    run = passerby("query", "--at", "cam1,1.5", "--box", "5,5,45,95", "--data", ingested, "--json")
    assert run.code == 0, run.err
    assert run.json["query"]["tracklets"] == []
    assert run.json["query"]["box"] == [5, 5, 45, 95]


def test_save_and_csv(passerby, ingested, photo, tmp_path):
    passerby(
        "query",
        photo,
        "--data",
        ingested,
        "--save",
        tmp_path / "sheet",
        "--csv",
        tmp_path / "out.csv",
        "--top",
        3,
        "--json",
    )
    assert cv2.imread(str(tmp_path / "sheet" / "contact-sheet.png")).shape[0] > 200
    assert len(list((tmp_path / "sheet").glob("0*.jpg"))) == 3
    with (tmp_path / "out.csv").open() as file:
        assert [row["rank"] for row in csv.DictReader(file)] == ["1", "2", "3"]


def test_reranking_keeps_the_same_sightings_and_similarities(passerby, ingested, photo):
    plain = passerby("query", photo, "--data", ingested, "--top", 100, "--json").json["sightings"]
    reranked = passerby("query", photo, "--data", ingested, "--top", 100, "--rerank", "--json").json["sightings"]
    assert {(*s["tracklets"], s["similarity"]) for s in plain} == {(*s["tracklets"], s["similarity"]) for s in reranked}


def test_people_read_a_table(passerby, ingested, photo):
    run = passerby("query", photo, "--data", ingested)
    assert "operating point" in run.out
    assert "cam2" in run.out


def test_cameras_and_tracklets_have_their_stable_keys(passerby, ingested):
    cameras = passerby("cameras", "--data", ingested, "--json").json["cameras"]
    assert [set(row) >= {"camera", "source", "since", "until", "tracklets", "state"} for row in cameras] == [True, True]
    assert [row["state"] for row in cameras] == ["done", "done"]
    listed = passerby("tracklets", "--camera", "cam1", "--data", ingested, "--json").json["tracklets"]
    assert len(listed) == cameras[0]["tracklets"]
    assert set(listed[0]) == {"id", "camera", "start", "end", "frames", "confidence", "crop"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "exactly one"),
        (("--tracklet", "x", "--at", "cam1,1"), "exactly one"),
        (("--tracklet", "x", "--box", "1,1,50,50"), "--box goes with"),
        (("--tracklet", "nobody-000001"), "nobody-000001"),
        (("--at", "cam1,1.0"), "needs the person's box"),
        (("--at", "cam9,1.0", "--box", "1,1,50,90"), "'cam9' is not in the gallery"),
        (("--at", "cam1", "--box", "1,1,50,90"), "CAMERA,TIME"),
        (("--at", "cam1,3600", "--box", "1,1,50,90"), "no frame at"),
        (("--at", "cam1,1.5", "--box", "1,1,3,3"), "too little"),
        (("photo.jpg", "--camera", "roof"), "'roof' is not in the gallery; it holds cam1, cam2"),
        (("photo.jpg", "--since", "yesterday"), "'yesterday' is not a time"),
        (("photo.jpg",), "photo.jpg"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_in_one_line(passerby, ingested, arguments, message):
    run = passerby("query", *arguments, "--data", ingested)
    assert run.code == 2
    assert message in run.error


def test_an_empty_gallery_says_what_to_do(passerby, photo, tmp_path):
    run = passerby("query", photo)
    assert run.code == 2
    assert "ingest" in run.error


def test_json_errors_leave_standard_output_empty(passerby, ingested):
    run = passerby("query", "missing.jpg", "--data", ingested, "--json")
    assert (run.code, run.out) == (2, "")


def test_json_is_one_object(passerby, ingested, photo):
    out = passerby("query", photo, "--data", ingested, "--json").out
    assert out.count("\n") == 1
    json.loads(out)
