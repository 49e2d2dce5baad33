"""Networks written for the runtimes, with their descriptions: whole, or not at all."""

from dataclasses import replace

import numpy as np
import pytest

from gallery.errors import ConfigError, ModelError
from ingest.models import load_embedder
from ingest.thresholds import Thresholds
from tests.training.exported_networks import network_of
from tests.training.runs import pictures
from training import export as module
from training.agreement import drawn_crops, trained_embeddings
from training.export import LARGEST_DIFFERENCE, LARGEST_DIFFERENCE_FP16, export
from training.export_request import Request
from training.held_out import GivenThresholds
from training.network_settings import NetworkSettings
from training.readers import read_training_set

GIVEN = GivenThresholds(0.5, 0.6, 0.3)

NETWORKS = {
    "a neck, IBN, GeM and last stride 2": NetworkSettings(
        "ResNet18_slim", embedding=16, pooling="gem", ibn=True, last_stride=2, height=64, width=32
    ),
    "bare": NetworkSettings("PPLCNet_x0_25", bnneck=False, height=64, width=32),
    "unpadded pooling and a ReLU": NetworkSettings(
        "ResNet18", embedding=16, unpadded_pool=True, relu=True, height=64, width=32
    ),
    "GhostNet": NetworkSettings("GhostNet_x0_5", pooling="gem", height=32, width=32),
}
"""A handful, and test_whole_recipe.py has a MobileNetV3; ``benchmarks/exports.py`` has them all."""


@pytest.fixture(scope="module")
def tiny():
    return network_of()


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    return read_training_set(pictures(tmp_path_factory.mktemp("held"), people=12))


def files(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("settings", NETWORKS.values(), ids=list(NETWORKS))
def test_both_forms_give_the_training_networks_embeddings(settings, tmp_path):
    network, crops = network_of(settings, least_variance=1.0), drawn_crops(3, seed=5)
    written = export(network, Request(out=tmp_path, name="n", thresholds=GIVEN))
    assert files(tmp_path) == ["n.json", "n.onnx", "n.pdiparams", "n.toml"]
    trained = trained_embeddings(network, crops)
    trained /= np.linalg.norm(trained, axis=1, keepdims=True)
    for file in written:
        assert max(file.differences.values()) <= LARGEST_DIFFERENCE
        embedder = load_embedder(str(file.path), threads=1)
        assert embedder.identity.dimension == network.dimension
        assert np.abs(embedder.embed(crops) - trained).max() <= LARGEST_DIFFERENCE
        assert embedder.thresholds == file.thresholds == Thresholds(0.5, 0.6, 0.3)


def test_half_precision_is_within_its_own_bound(tiny, tmp_path):
    paddle, onnx = export(tiny, Request(out=tmp_path, name="n", thresholds=GIVEN, weights="fp16"))
    assert (paddle.weights, onnx.weights) == ("fp32", "fp16")
    assert max(paddle.differences.values()) <= LARGEST_DIFFERENCE
    assert LARGEST_DIFFERENCE < max(onnx.differences.values()) <= LARGEST_DIFFERENCE_FP16


def test_held_out_people_give_thresholds_and_a_score(tiny, held, tmp_path):
    told = []
    paddle, onnx = export(
        tiny, Request(out=tmp_path, name="n", held=held), lambda done, total: told.append((done, total))
    )
    assert told == [(48, 48)]
    assert paddle.thresholds == onnx.thresholds != Thresholds(0.5, 0.6, 0.3)
    assert onnx.found.queries == 24
    assert 0 < onnx.found.mAP < 1
    text = (tmp_path / "n.toml").read_text()
    assert f"12 people who were held out (48 images, 24 queries): mAP {onnx.found.mAP:.4f}" in text


def test_a_file_alone_is_described_with_its_hash(tiny, tmp_path):
    export(tiny, Request(out=tmp_path, name="n", thresholds=GIVEN, forms=("onnx",)))
    assert files(tmp_path) == ["n.onnx", "n.toml"]
    load_embedder(str(tmp_path / "n.onnx"))
    (tmp_path / "n.onnx").write_bytes((tmp_path / "n.onnx").read_bytes()[:-1] + b"x")
    with pytest.raises(ModelError, match="damaged"):
        load_embedder(str(tmp_path / "n.onnx"))


def test_int8_has_thresholds_and_a_score_of_its_own(tiny, held, tmp_path):
    calibration = read_training_set(pictures(tmp_path / "fit", people=9))
    out = tmp_path / "out"
    request = Request(out=out, name="n", forms=("onnx",), held=held, calibration=calibration, weights="fp16")
    whole, int8 = export(tiny, request)
    assert files(out) == ["n-int8.onnx", "n-int8.toml", "n.onnx", "n.toml"]
    assert (int8.weights, int8.path.name) == ("int8", "n-int8.onnx")
    assert int8.lost == pytest.approx(whole.found.mAP - int8.found.mAP)
    assert int8.thresholds != whole.thresholds
    assert load_embedder(str(int8.path)).thresholds == int8.thresholds
    text = (out / "n-int8.toml").read_text()
    assert f"The network itself: mAP {whole.found.mAP:.4f}; INT8 changes it by {-int8.lost:+.4f}." in text


def test_int8_alone(tiny, held, tmp_path):
    calibration = read_training_set(pictures(tmp_path / "fit", people=9))
    (int8,) = export(tiny, Request(out=tmp_path / "out", name="n", forms=(), held=held, calibration=calibration))
    assert files(tmp_path / "out") == ["n-int8.onnx", "n-int8.toml"]
    assert int8.lost is not None


def test_who_is_measured_on_does_not_calibrate(held):
    request = Request(out=held.samples[0].path, name="n", held=held.only(["1", "2"]), calibration=held)
    others = request.calibration_images_of_others()
    assert others.people == tuple(str(person) for person in range(3, 13))
    with pytest.raises(ConfigError, match="all people of --calibrate are those of --data"):
        replace(request, held=held).calibration_images_of_others()


def test_what_is_there_stays_unless_told(tiny, tmp_path):
    request = Request(out=tmp_path, name="n", thresholds=GIVEN, forms=("onnx",))
    (tmp_path / "n.toml").write_text("mine")
    with pytest.raises(ConfigError, match=r"n\.toml is there already.*--overwrite"):
        export(tiny, request)
    assert (tmp_path / "n.toml").read_text() == "mine"
    export(tiny, replace(request, overwrite=True))
    assert files(tmp_path) == ["n.onnx", "n.toml"]
    assert (tmp_path / "n.toml").read_text() != "mine"


@pytest.mark.parametrize("there", [True, False])
def test_a_runtime_that_gives_others_leaves_nothing(tiny, tmp_path, monkeypatch, there):
    out = tmp_path / "out"
    if there:
        out.mkdir()
        (out / "n.toml").write_text("mine")
    monkeypatch.setattr(module, "LARGEST_DIFFERENCE", 1e-12)
    with pytest.raises(
        ModelError, match=r"n\.json gives embeddings in Paddle Inference that differ.*nothing was written"
    ):
        export(tiny, Request(out=out, name="n", thresholds=GIVEN, overwrite=True))
    assert files(tmp_path) == (["out"] if there else [])
    assert not there or (out / "n.toml").read_text() == "mine"


def test_half_precision_beyond_its_bound_says_what_to_do(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LARGEST_DIFFERENCE_FP16", 1e-12)
    with pytest.raises(ModelError, match="export with --weights fp32"):
        export(tiny, Request(out=tmp_path, name="n", thresholds=GIVEN, forms=("onnx",), weights="fp16"))


def test_a_folder_that_cannot_be_is_an_error(tiny, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"cannot write to .*file/out.*choose another folder for --out"):
        export(tiny, Request(out=tmp_path / "file" / "out", name="n", thresholds=GIVEN))


def test_paddle_alone_needs_no_onnx(tiny, held, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"needs the package onnx; pip install 'passerby\[train\]'"):
        export(tiny, Request(out=tmp_path, name="n", thresholds=GIVEN))
    with pytest.raises(ConfigError, match="needs the package onnx"):
        export(tiny, Request(out=tmp_path, name="n", held=held, forms=("paddle",), calibration=held))
    export(tiny, Request(out=tmp_path, name="n", thresholds=GIVEN, forms=("paddle",)))
    assert files(tmp_path) == ["n.json", "n.pdiparams", "n.toml"]


def test_a_network_that_says_nothing_is_refused(tmp_path):
    silent = network_of()
    silent.fc.weight.set_value(np.zeros(silent.fc.weight.shape, np.float32))
    silent.neck._mean.set_value(np.zeros(silent.dimension, np.float32))
    with pytest.raises(ModelError, match="zero or not finite"):
        export(silent, Request(out=tmp_path, name="n", thresholds=GIVEN))
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({}, "--data DIR.*--operating-point"),
        ({"thresholds": GivenThresholds(0.5, 0.6)}, "--max-cosine-distance"),
        ({"thresholds": GIVEN, "forms": ()}, "no form is named"),
    ],
)
def test_what_is_missing_is_named(tmp_path, request_, message):
    with pytest.raises(ConfigError, match=message):
        Request(out=tmp_path, name="n", **request_)


def test_int8_needs_people_to_measure_on(tmp_path, held):
    with pytest.raises(ConfigError, match="what INT8 loses"):
        Request(out=tmp_path, name="n", thresholds=GIVEN, calibration=held)
