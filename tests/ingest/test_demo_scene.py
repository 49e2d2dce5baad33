"""The rendered demo scene: its files, its truth, and that it is the same every time."""

import csv
import dataclasses
import json
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from gallery.errors import ConfigError
from ingest.demo_camera import DemoCamera
from ingest.demo_cast import ABSENT, LOOK_ALIKES, PASSERS
from ingest.demo_lens import LOOKS, Lens
from ingest.demo_scene import SceneSettings, demo_cameras, render_scene

SMALL = SceneSettings(seed=3, seconds=30, cameras=3, people=6, fps=4, width=320, height=180)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("demo") / "scene"
    render_scene(out, settings=SMALL, workers=1)
    return out


def visits_of(scene: Path) -> list[dict[str, str]]:
    with (scene / "visits.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def truth_of(scene: Path, camera: str) -> list[list[float]]:
    with (scene / f"{camera}_gt.txt").open() as file:
        return [[float(cell) for cell in row] for row in csv.reader(file)]


def test_has_every_file_of_a_scene(scene: Path) -> None:
    files = {path.name for path in scene.iterdir()}
    cameras = {f"cam{number}{end}" for number in (1, 2, 3) for end in (".mp4", "_gt.txt")}
    assert files == cameras | {"visits.csv", "queries", "offsets.json", "scene.json"}
    assert json.loads((scene / "offsets.json").read_text()) == {"cam1": 0.0, "cam2": 0.0, "cam3": 0.0}
    settings = json.loads((scene / "scene.json").read_text())
    assert (settings["seed"], settings["fps"], settings["cameras"]) == (3, 4, ["1", "2", "3"])


def test_videos_are_h264_of_the_size_asked_for(scene: Path) -> None:
    with av.open(str(scene / "cam2.mp4")) as video:
        stream = video.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (stream.width, stream.height, stream.average_rate) == (320, 180, 4)
        assert sum(1 for _ in video.decode(stream)) == 30 * 4


def test_same_settings_give_the_same_bytes_however_many_processes_draw(scene: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    render_scene(tmp_path / "again", settings=SMALL, workers=2, progress=lambda done, total: told.append((done, total)))
    files = sorted(path.relative_to(scene) for path in scene.rglob("*") if path.is_file())
    assert files == sorted(p.relative_to(tmp_path / "again") for p in (tmp_path / "again").rglob("*") if p.is_file())
    for file in files:
        assert (scene / file).read_bytes() == (tmp_path / "again" / file).read_bytes(), file
    assert told[-1] == (360, 360)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_another_seed_sends_people_elsewhere() -> None:
    ways = [
        [
            (visit.person.number, visit.camera, visit.walk.start)
            for camera in demo_cameras(one)
            for visit in camera.visits
        ]
        for one in (SMALL, dataclasses.replace(SMALL, seed=4))
    ]
    assert ways[0] != ways[1]


def test_visits_are_the_first_and_last_rows_of_the_truth(scene: Path) -> None:
    for camera in ("cam1", "cam2", "cam3"):
        rows = truth_of(scene, camera)
        spans = [v for v in visits_of(scene) if v["camera"] == camera]
        for visit in spans:
            first, last = int(visit["first_frame"]), int(visit["last_frame"])
            frames = {int(row[0]) for row in rows if row[1] == int(visit["person"]) and first <= row[0] <= last}
            assert {first, last} <= frames
            assert float(visit["start_seconds"]) == pytest.approx((first - 1) / 4)
            assert float(visit["end_seconds"]) == pytest.approx((last - 1) / 4)
        for row in rows:
            assert any(
                int(v["person"]) == row[1] and int(v["first_frame"]) <= row[0] <= int(v["last_frame"]) for v in spans
            )


def test_nobody_is_in_two_places_and_returns_are_well_apart() -> None:
    settings = SceneSettings()
    visits = defaultdict(list)
    for camera in demo_cameras(settings):
        for visit in camera.visits:
            visits[visit.person.number].append((visit.walk.start, visit.walk.end, visit.camera))
    assert set(visits) == {person.number for person in PASSERS}
    returns = 0
    for times in visits.values():
        times.sort()
        for (_, end, before), (start, _, after) in pairwise(times):
            assert start - end >= 2.5
            if before == after:
                assert start - end >= 12
        returns += len(times) - len({camera for _, _, camera in times})
        assert times[0][0] >= 2.0
        assert times[-1][1] < settings.seconds
    assert returns >= 2
    assert sum(len(times) == 1 for times in visits.values()) >= 3


def test_boxes_of_the_truth_lie_inside_the_picture(scene: Path) -> None:
    for camera in ("cam1", "cam2", "cam3"):
        rows = np.array(truth_of(scene, camera))
        assert len(rows) > 50
        assert (rows[:, 2:4] >= 0).all()
        assert (rows[:, 2] + rows[:, 4] <= 320).all()
        assert (rows[:, 3] + rows[:, 5] <= 180).all()
        assert ((rows[:, 9] >= 0.05) & (rows[:, 9] <= 1)).all()


def test_a_box_is_exactly_round_what_is_drawn() -> None:
    camera = demo_cameras(SMALL)[1]
    bright = dataclasses.replace(camera.place, shadow_strength=0.0, screens=())
    visit = camera.visits[0]
    alone = DemoCamera(bright, Lens(LOOKS[1], 320, 180, seed=0), [visit])
    seen = 0
    for time in np.linspace(visit.walk.start, visit.walk.end, 12):
        image, truth = alone.scene(float(time))
        changed = np.abs(image.astype(int) - bright.plate).max(axis=2) > 60
        if not truth or truth[0].visibility < 1:
            continue
        seen += 1
        rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
        left, top, width, height = truth[0].box
        assert left <= columns[0] <= left + 4
        assert top <= rows[0] <= top + 4
        assert left + width - 4 <= columns[-1] + 1 <= left + width
        assert top + height - 4 <= rows[-1] + 1 <= top + height
    assert seen >= 4


def test_who_is_behind_a_screen_is_less_visible() -> None:
    camera = demo_cameras(SMALL)[1]
    times = np.arange(0, 30, 0.25)
    free = DemoCamera(dataclasses.replace(camera.place, screens=()), camera.lens, camera.visits)
    hidden = [sum(entry.visibility for entry in camera.scene(float(time))[1]) for time in times]
    all_seen = [sum(entry.visibility for entry in free.scene(float(time))[1]) for time in times]
    assert all(a <= b + 1e-9 for a, b in zip(hidden, all_seen, strict=True))
    assert sum(hidden) < sum(all_seen) - 1


def test_every_person_and_camera_with_a_visit_is_asked_for_and_so_are_the_absent(scene: Path) -> None:
    asked = {path.name for path in (scene / "queries").iterdir()}
    visited = {f"{int(v['person']):04d}_c{v['camera'][3:]}.jpg" for v in visits_of(scene)}
    assert asked == visited | {f"{person.number:04d}_c0.jpg" for person in ABSENT}
    for name in asked:
        picture = cv2.imread(str(scene / "queries" / name))
        assert picture is not None
        assert picture.shape[0] > picture.shape[1]
        assert picture.shape[0] >= 30


def test_look_alikes_differ_in_one_piece_only() -> None:
    cast = {person.number: person for person in PASSERS}
    for one, other in LOOK_ALIKES:
        fields = [field.name for field in dataclasses.fields(cast[one]) if field.name != "number"]
        different = [name for name in fields if getattr(cast[one], name) != getattr(cast[other], name)]
        assert len(different) == 1, (one, other, different)


def test_no_two_people_are_dressed_alike() -> None:
    everybody = PASSERS + ABSENT
    assert len({person.number for person in everybody}) == len(everybody)
    assert len({(p.top, p.bottom, p.bag, p.hat) for p in everybody}) == len(everybody)


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep me")
    with pytest.raises(ConfigError, match="not empty"):
        render_scene(tmp_path, settings=SMALL)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("seconds", 5.0, "seconds is 5"),
        ("cameras", 9, "cameras is 9"),
        ("people", 0, "people is 0"),
        ("width", 321, "even"),
    ],
)
def test_settings_out_of_range_are_refused(setting: str, value: float, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        dataclasses.replace(SMALL, **{setting: value})
