"""The networks that are part of the package."""

import os
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gallery.errors import ModelError
from ingest.catalogue import SHIPPED, add, find, installed, shipped
from ingest.demo_scene import SceneSettings, demo_cameras
from ingest.demo_walk import Visit, Walk
from ingest.models import load_embedder

Write = Callable[..., Path]
pytestmark = pytest.mark.usefixtures("no_models")
NAMES = ("passerby-small", "passerby-small-int8")
ROOT = Path(__file__).resolve().parents[2]

SIDECAR = 'kind = "embedder"\nlicence = "CC0-1.0"\ndimension = 3\n[input]\nwidth = 8\nheight = 16\n'
SIDECAR += 'colour = "bgr"\nresize = "stretch"\n'
SIDECAR += "[thresholds]\noperating_point = 0.5\nvisit_similarity = 0.6\nmax_cosine_distance = 0.2\n"


def test_the_package_has_these_and_nothing_else() -> None:
    assert tuple(shipped()) == NAMES
    assert sorted(path.stem for path in SHIPPED.glob("*.onnx")) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_each_is_small_described_and_checked(name: str) -> None:
    model = find(name)
    assert model.path.stat().st_size <= 6_000_000
    assert model.network.files[0].sha256, "the sidecar promises the file's SHA-256"
    assert len(model.fingerprint()) == 64
    assert "CUHK" in model.network.licence
    assert "research" in model.network.licence


@pytest.mark.parametrize("name", NAMES)
def test_each_has_a_card(name: str) -> None:
    card = (SHIPPED / f"{name}.md").read_text()
    for heading in ("## Data and its terms", "## How it was made", "## Scores", "## Limits"):
        assert heading in card
    assert "python -m benchmarks.embedder" in card


def test_the_notice_names_the_terms_of_the_data() -> None:
    notice = (ROOT / "NOTICE").read_text()
    assert "passerby-small" in notice
    assert "CUHK01" in notice
    assert "CUHK03" in notice


@pytest.mark.parametrize("name", NAMES)
def test_each_knows_a_drawn_person_again(name: str) -> None:
    cameras = demo_cameras(SceneSettings(seed=7))
    chance = random.Random(1)
    people = list({visit.person.number: visit.person for visit in cameras[0].visits}.values())[:6]
    crops = [
        camera.portrait(Visit(person, number, Walk.random(person, camera.place, 0.0, chance)))
        for number, camera in enumerate(cameras[:2])
        for person in people
    ]
    vectors = load_embedder(name, threads=1).embed(crops)
    assert vectors.shape == (12, 128)
    similarity = vectors[:6] @ vectors[6:].T
    assert (similarity.argmax(axis=1) == np.arange(6)).mean() > 0.8


def test_their_names_are_theirs(tiny_onnx: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tiny_onnx("models/passerby-small.onnx")
    own.with_suffix(".toml").write_text(SIDECAR)
    monkeypatch.setenv("PASSERBY_MODELS", str(own.parent) + os.pathsep + str(tmp_path))
    assert find("passerby-small").path == SHIPPED / "passerby-small.onnx"
    assert [model.network.name for model in installed()].count("passerby-small") == 1
    with pytest.raises(ModelError, match="'passerby-small' is the name of a network of the package; rename"):
        add(own)
