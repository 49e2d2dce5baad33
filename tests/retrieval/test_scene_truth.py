"""Reading a scene, and saying what is wrong with it."""

import numpy as np
import pytest

from gallery.errors import SourceError
from retrieval.scene_truth import SceneQuery, Visit, read_scene


def test_a_scene_is_read_whole(tiny_scene):
    truth = read_scene(tiny_scene)
    assert truth.videos == {"cam1": tiny_scene / "cam1.mp4", "cam2": tiny_scene / "cam2.mp4"}
    assert truth.visits[0] == Visit(1, "cam1", 1, 25)
    assert len(truth.visits) == 5
    assert truth.queries[0] == SceneQuery(tiny_scene / "queries" / "0001_c1.jpg", 1, "cam1")
    assert truth.queries[3].camera is None
    camera = truth.cameras["cam2"]
    assert np.all(np.diff(camera.frames) >= 0)
    assert camera.people[camera.at(6)].tolist() == [2, 3]
    assert camera.boxes[camera.at(6)][1].tolist() == [100, 40, 124, 104]


def test_visits_of_a_query_are_those_in_other_cameras(tiny_scene):
    truth = read_scene(tiny_scene)
    of = {query.image.stem: truth.visits_of(query) for query in truth.queries}
    assert of["0001_c1"] == [Visit(1, "cam2", 28, 55)]
    assert of["0003_c2"] == of["0004_c0"] == []


def test_cameras_may_have_other_names_than_numbers(fresh_scene):
    (fresh_scene / "queries" / "0001_c1.jpg").rename(fresh_scene / "queries" / "0001_c1+.jpg")
    assert read_scene(fresh_scene).queries[0].camera == "cam1+"


def test_paths_are_absolute(fresh_scene, monkeypatch):
    monkeypatch.chdir(fresh_scene.parent)
    assert read_scene(fresh_scene.relative_to(fresh_scene.parent)).videos["cam1"].is_absolute()


def test_a_camera_without_anybody_is_a_camera(fresh_scene):
    (fresh_scene / "cam1_gt.txt").write_text("")
    assert len(read_scene(fresh_scene).cameras["cam1"].frames) == 0


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("visits.csv", None, "is not a scene: visits.csv is missing"),
        ("visits.csv", "person,camera\n1,cam1\n", "column 'first_frame' is missing"),
        ("visits.csv", "person,camera,first_frame,last_frame\n1,cam1,1\n", "visits.csv is not a table of visits"),
        ("visits.csv", "person,camera,first_frame,last_frame\nx,cam1,1,2\n", "visits.csv is not a table of visits"),
        ("visits.csv", "person,camera,first_frame,last_frame\n1,cam9,1,2\n", r"names cam9, but there is no cam9\.mp4"),
        ("visits.csv", b"\xff\xfe\x00", "visits.csv is not a table of visits"),
        ("cam1_gt.txt", None, r"cam1_gt\.txt is not MOTChallenge truth .*No such file"),
        ("cam1_gt.txt", "1,1,2,3,4\n1,1,2,3,4\n", r"cam1_gt\.txt is not MOTChallenge truth"),
        ("cam1_gt.txt", "1,1,2,3,4,5,1,-1,-1,x\n", r"cam1_gt\.txt is not MOTChallenge truth"),
        ("cam1_gt.txt", b"\xff\xfe\x00", r"cam1_gt\.txt is not MOTChallenge truth"),
    ],
)
def test_what_is_wrong_is_named(fresh_scene, file, content, message):
    path = fresh_scene / file
    path.unlink()
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(SourceError, match=message):
        read_scene(fresh_scene)


def test_a_scene_has_videos_and_queries(fresh_scene, tmp_path):
    for query in (fresh_scene / "queries").iterdir():
        query.unlink()
    with pytest.raises(SourceError, match=r"it holds 2 videos \(cam\*\.mp4\) and 0 queries"):
        read_scene(fresh_scene)
    with pytest.raises(SourceError, match="nowhere is not a scene"):
        read_scene(tmp_path / "nowhere")
