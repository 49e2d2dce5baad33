from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gallery.errors import ModelError
from ingest.catalogue import known, shipped
from ingest.models import (
    AUTO_DETECTORS,
    AUTO_EMBEDDERS,
    AUTO_STILL_DETECTORS,
    BUILT_IN,
    load_detector,
    load_embedder,
    load_gallery_embedder,
    load_still_detector,
    resolve_detector,
    resolve_embedder,
)

Write = Callable[..., Path]
pytestmark = pytest.mark.usefixtures("no_models")

SIDECAR = 'kind = "embedder"\nlicence = "CC0-1.0"\ndimension = 3\n[input]\nwidth = 8\nheight = 16\n'
SIDECAR += 'colour = "bgr"\nresize = "stretch"\n'
SIDECAR += "[thresholds]\noperating_point = 0.5\nvisit_similarity = 0.6\nmax_cosine_distance = 0.2\n"


def described(path: Path) -> Path:
    path.with_suffix(".toml").write_text(SIDECAR)
    return path


def test_auto_names_only_what_exists_and_ends_with_what_is_always_there() -> None:
    for order in (AUTO_DETECTORS, AUTO_STILL_DETECTORS):
        assert all(known()[name].kind == "detector" for name in order[:-1])
        assert order[-1] in BUILT_IN["detector"]
    assert all(known()[name].kind == "embedder" for name in AUTO_EMBEDDERS[:-1])
    assert AUTO_EMBEDDERS[-1] in shipped()


def test_auto_takes_what_is_built_in_where_nothing_is_installed() -> None:
    assert load_detector().identity.name == "motion"
    assert load_embedder(threads=1).identity.name == "passerby-small"


def test_auto_never_falls_back_to_what_was_not_asked_for() -> None:
    with pytest.raises(
        ModelError, match="no embedder that is installed runs on the device tensorrt; name one that does"
    ):
        load_embedder(device="tensorrt")


@pytest.mark.parametrize("name", ["hog", "motion"])
def test_built_in_detectors_take_the_settings(name: str) -> None:
    assert load_detector(name, min_confidence=0.125, min_height_px=77).identity.name == name
    settings = load_detector(name, min_confidence=0.125, min_height_px=77).identity.settings
    assert "0.125" in settings
    assert "77" in settings


@pytest.mark.shared
def test_auto_takes_the_best_that_is_installed(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openvino")
    monkeypatch.setenv("PASSERBY_MODELS", str(models))
    assert load_detector(threads=1).identity.name == "person-detection-retail-0013"
    assert load_embedder(threads=1).identity.name == "person-reidentification-retail-0277"


@pytest.mark.shared
def test_auto_leaves_out_what_cannot_run_here(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSERBY_MODELS", str(models))
    monkeypatch.setattr("ingest.models.is_installed", lambda suffix: suffix != ".xml")
    assert load_detector(threads=1).identity.name == "yolox_nano"
    assert load_embedder(threads=1).identity.name == "osnet_x0_25_msmt17"


@pytest.mark.shared
def test_a_damaged_file_is_refused_never_passed_over(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = bytearray((models / "yolox_nano.onnx").read_bytes())
    content[1000] ^= 1
    (tmp_path / "yolox_nano.onnx").write_bytes(content)
    monkeypatch.setenv("PASSERBY_MODELS", str(tmp_path))
    for name in ("auto", "yolox_nano", str(tmp_path / "yolox_nano.onnx")):
        with pytest.raises(ModelError, match="damaged or another version of yolox_nano"):
            load_detector(name)


def test_an_explicit_name_never_falls_back() -> None:
    with pytest.raises(ModelError, match="'person-detection-retail-0013' is not installed"):
        load_detector("person-detection-retail-0013")
    with pytest.raises(ModelError, match="unknown model 'strips'"):
        load_embedder("strips")


def test_a_path_with_a_sidecar_is_a_network(tiny_onnx: Write) -> None:
    path = described(tiny_onnx())
    embedder = load_embedder(str(path), threads=1)
    assert (embedder.identity.name, embedder.identity.dimension) == ("tiny", 3)
    assert embedder.embed([np.full((20, 10, 3), (3, 0, 4), np.uint8)])[0] == pytest.approx([0.6, 0, 0.8], abs=1e-6)


def test_the_identity_follows_the_description(tiny_onnx: Write) -> None:
    path = described(tiny_onnx())
    before = load_embedder(str(path), threads=1).identity
    path.with_suffix(".toml").write_text(SIDECAR.replace('"bgr"', '"rgb"'))
    after = load_embedder(str(path), threads=1).identity
    assert (after.name, after.dimension) == (before.name, before.dimension)
    assert after.sha256 != before.sha256


@pytest.mark.parametrize("file", ["net.json", "net.pdmodel", "net.onnx", "net.xml"])
def test_a_suffix_makes_a_path(file: str) -> None:
    with pytest.raises(ModelError, match=f"there is no network file {file}"):
        load_detector(file)


def test_a_network_of_the_other_kind_is_refused(tiny_onnx: Write) -> None:
    with pytest.raises(ModelError, match="is not of the kind detector"):
        load_detector(str(described(tiny_onnx())))


def test_openvino_is_asked_for_where_it_is_missing(tiny_openvino: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = described(tiny_openvino())
    monkeypatch.setattr("ingest.runtimes.is_installed", lambda suffix: suffix != ".xml")
    with pytest.raises(ModelError, match=r"pip install 'passerby\[openvino\]'"):
        load_embedder(str(path))


def test_what_auto_means_can_be_asked_without_loading(tiny_onnx: Write) -> None:
    assert (resolve_detector("auto"), resolve_embedder("auto")) == ("motion", "passerby-small")
    assert resolve_detector("hog") == "hog"
    path = str(described(tiny_onnx()))
    assert resolve_embedder(path) == path
    with pytest.raises(ModelError, match="'yolox_nano' is not installed"):
        resolve_detector("yolox_nano")


@pytest.mark.parametrize("name", ["auto", "motion", "hog"])
def test_nothing_moves_in_a_single_picture(name: str) -> None:
    assert load_still_detector(name).identity.name == "hog"


@pytest.mark.shared
def test_a_single_picture_gets_the_best_that_is_installed(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSERBY_MODELS", str(models))
    monkeypatch.setattr("ingest.models.is_installed", lambda suffix: suffix != ".xml")
    assert load_still_detector("motion", threads=1).identity.name == "yolox_nano"


def test_a_gallery_gets_its_own_embedder_or_none(
    tiny_onnx: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = described(tiny_onnx())
    monkeypatch.setenv("PASSERBY_MODELS", str(tmp_path))
    identity = load_embedder("tiny", threads=1).identity
    assert load_gallery_embedder(identity, threads=1).identity == identity
    path.with_suffix(".toml").write_text(SIDECAR.replace('"bgr"', '"rgb"'))
    with pytest.raises(ModelError, match="made with another version of tiny"):
        load_gallery_embedder(identity, threads=1)
