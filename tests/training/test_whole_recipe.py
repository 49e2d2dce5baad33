"""The whole recipe of the system that came before, as docs/train.md gives it: from images of people to a tracked video."""

import json
import re
import shlex
from pathlib import Path

import pytest

from tests.api.conftest import passerby  # noqa: F401 (the fixture)
from tests.conftest import REPOSITORY
from training.weights import read_network_file

SMALL = [
    *("--backbone", "MobileNetV3_small_x0_25", "--embedding", "32", "--size", "64x32"),
    *("--iterations", "6", "--steps", "3,5", "--validate-every", "6", "--workers", "0"),
]
"""In place of a large network, published weights and hours."""


def documented() -> list[list[str]]:
    """The commands of the page's block that leads from ``passerby prepare`` to ``passerby track``."""
    text = (REPOSITORY / "docs" / "train.md").read_text()
    (block,) = (
        part
        for part in re.findall(r"```\n(.*?)```", text, re.S)
        if {"prepare", "track"} <= set(re.findall(r"passerby (\w+)", part))
    )
    return [shlex.split(line)[1:] for line in block.splitlines()]


def few_people(shared: Path, folder: Path) -> Path:
    """Some people of the shared training images in Market-1501's layout; those in its test folders are of ``choose``."""
    source = shared / "data" / "reid-cuhk"
    parts = json.loads((source / "splits.json").read_text())
    for name, people in (("bounding_box_train", parts["fit"][:48]), ("bounding_box_test", parts["choose"][:2])):
        (folder / name).mkdir(parents=True)
        for person in people:
            for image in (source / "bounding_box_train").glob(f"{person:04}_*"):
                (folder / name / image.name).symlink_to(image)
    (folder / "query").mkdir()
    for person in parts["choose"][:2]:
        image = min((source / "bounding_box_train").glob(f"{person:04}_*"))
        (folder / "query" / image.name).symlink_to(image)
    return folder


@pytest.fixture
def recipe(passerby, shared, tmp_path, monkeypatch):  # noqa: F811
    """The documented lines, and what runs one of them with what is added to it, in a folder as they find it."""
    monkeypatch.chdir(tmp_path)
    few_people(shared, tmp_path / "Market-1501")
    (tmp_path / "street.mp4").symlink_to(shared / "data" / "video" / "samihormi_Double1.mp4")

    def run(line, *more):
        done = passerby(*line, *more, "--json")
        assert done.code == 0, (line, done.err)
        return done.json

    return documented(), run


@pytest.mark.shared
def test_the_documented_lines_lead_from_images_to_a_tracked_video(recipe, tmp_path):
    (prepare, first, second, export, track), run = recipe
    published = first.index("--weights")  # needs a file that is not at hand here; test_pretrained.py reads such files

    run(prepare, "--hold-out", "0.25")
    one = run([*first[:published], *first[published + 2 :]], *SMALL, "--batch", "8")
    two = run(second, *SMALL, "--ids", "3", "--images", "2")
    for stage, loss, result in (("first", "arcmargin", one), ("second", "eml", two)):
        assert (tmp_path / stage / "log.csv").read_text().splitlines()[0].split(",")[4] == loss
        assert (result["steps"], result["people"]) == (6, 36)
        assert result["held_out"]["queries"] == 24
        assert read_network_file(tmp_path / stage / "best.npz").settings.embedding == 32

    exported = run(export)["files"]
    assert [(tmp_path / "exported" / name).is_file() for name in ("second.json", "second.onnx", "second.toml")] == [
        True
    ] * 3
    for file in exported:
        assert max(file["differences"].values()) <= 1e-4
    assert exported[-1]["found"]["queries"] == 24
    tracked = run(track, "--detector", "motion", "--fps", "5", "--threads", "1")
    assert tracked["frames"] > 10
    assert (tmp_path / "tracked" / "annotated.mp4").stat().st_size > 1000
