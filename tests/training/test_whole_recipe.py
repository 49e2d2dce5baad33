"""The whole recipe of the system that came before, as docs/train.md gives it: from images of people to a tracked video."""

import json
import re
import shlex
from pathlib import Path

import pytest

from tests.api.conftest import passerby  # noqa: F401 (the fixture)
from tests.conftest import REPOSITORY

SMALL = [
    *("--backbone", "MobileNetV3_small_x0_25", "--embedding", "32", "--size", "64x32"),
    *("--iterations", "6", "--steps", "3,5", "--validate-every", "6", "--workers", "0"),
]
"""In place of a large network, published weights and hours."""

FIRST, SECOND = ["--batch", "8"], ["--ids", "3", "--images", "2"]


def documented() -> list[list[str]]:
    """The commands of the page's block that begins with ``passerby prepare Market-1501`` and ends with a tracked video."""
    text = (REPOSITORY / "docs" / "train.md").read_text()
    (block,) = (part for part in re.findall(r"```\n(.*?)```", text, re.S) if "passerby track" in part)
    return [shlex.split(line)[1:] for line in block.splitlines()]


def few_people(shared: Path, folder: Path) -> Path:
    """Some people of the shared training images in Market-1501's layout; those in its test folders are of ``choose``."""
    source = shared / "data" / "reid-cuhk"
    parts = json.loads((source / "splits.json").read_text())
    for name, people in (("bounding_box_train", parts["fit"][:12]), ("bounding_box_test", parts["choose"][:2])):
        (folder / name).mkdir(parents=True)
        for person in people:
            for image in (source / "bounding_box_train").glob(f"{person:04}_*"):
                (folder / name / image.name).symlink_to(image)
    (folder / "query").mkdir()
    for person in parts["choose"][:2]:
        image = min((source / "bounding_box_train").glob(f"{person:04}_*"))
        (folder / "query" / image.name).symlink_to(image)
    return folder


@pytest.mark.shared
def test_the_documented_lines_lead_from_images_to_a_tracked_video(passerby, shared, tmp_path, monkeypatch):  # noqa: F811
    pytest.importorskip("api.export_command", reason="passerby export is not there yet")
    monkeypatch.chdir(tmp_path)
    few_people(shared, tmp_path / "Market-1501")
    (tmp_path / "street.mp4").symlink_to(shared / "data" / "video" / "samihormi_Double1.mp4")
    prepare, first, second, export, track = documented()
    assert (first[0], second[0]) == ("train", "train")

    weights = first.index("--weights")
    steps = [
        [*prepare, "--hold-out", "0.25"],
        [*first[:weights], *first[weights + 2 :], *SMALL, *FIRST],
        [*second, *SMALL, *SECOND],
        export,
        [*track, "--detector", "motion", "--fps", "5", "--threads", "1"],
    ]
    said = []
    for step in steps:
        run = passerby(*step, "--json")
        assert run.code == 0, (step, run.err)
        said.append(run.json)
    one, two = said[1], said[2]
    assert (one["steps"], two["steps"], one["people"]) == (6, 6, 9)
    assert "arcmargin" in (tmp_path / "first" / "log.csv").read_text().splitlines()[0]
    assert "eml" in (tmp_path / "second" / "log.csv").read_text().splitlines()[0]
    tracked = said[4]
    assert tracked["frames"] > 10
    assert (tmp_path / "tracked" / "annotated.mp4").stat().st_size > 1000
