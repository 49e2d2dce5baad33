from dataclasses import replace
from pathlib import Path

import pytest

from gallery.errors import ModelError
from ingest.sidecar import read_sidecar
from ingest.thresholds import Thresholds

DETECTOR = """
kind = "detector"
decoding = "yolox"
summary = "walkers"
licence = "MIT"
confidence = 0.25
person_class = 3
strides = [8, 16]

[input]
width = 64
height = 32
colour = "rgb"
scale = 0.5
mean = [1.0, 2, 3]
std = [4.0, 5.0, 6.0]
resize = "letterbox"
pad = 7
"""
EMBEDDER = """
kind = "embedder"
licence = "MIT"
dimension = 128
[input]
width = 64
height = 128
colour = "bgr"
resize = "stretch"
[thresholds]
operating_point = 0.5
visit_similarity = 0.6
max_cosine_distance = 0.2
"""
SHA = "0123456789abcdef" * 4


def network_at(folder: Path, content: str, suffix: str = ".onnx") -> Path:
    (folder / "walkers.toml").write_text(content)
    path = folder / f"walkers{suffix}"
    path.write_bytes(b"network")
    return path


def test_a_detector_is_described(tmp_path: Path) -> None:
    network = read_sidecar(network_at(tmp_path, DETECTOR))
    assert (network.name, network.kind, network.decoding) == ("walkers", "detector", "yolox")
    assert (network.confidence, network.person_class, network.strides) == (0.25, 3, (8, 16))
    form = network.input
    assert (form.width, form.height, form.colour, form.resize, form.pad) == (64, 32, "rgb", "letterbox", 7)
    assert (form.scale, form.mean, form.std) == (0.5, (1.0, 2.0, 3.0), (4.0, 5.0, 6.0))
    assert [(file.name, file.sha256) for file in network.files] == [("walkers.onnx", "")]


def test_an_embedder_is_described_by_little(tmp_path: Path) -> None:
    network = read_sidecar(network_at(tmp_path, EMBEDDER, ".xml"))
    assert (network.kind, network.dimension, network.input.std) == ("embedder", 128, (1.0, 1.0, 1.0))
    assert network.thresholds == Thresholds(0.5, 0.6, 0.2)
    assert [file.name for file in network.files] == ["walkers.xml", "walkers.bin"]


def test_files_come_with_the_network_first(tmp_path: Path) -> None:
    files = "".join(f'[[files]]\nname = "walkers.{suffix}"\nsha256 = "{SHA}"\n' for suffix in ("bin", "xml"))
    network = read_sidecar(network_at(tmp_path, EMBEDDER + files, ".xml"))
    assert [(file.name, file.sha256) for file in network.files] == [("walkers.xml", SHA), ("walkers.bin", SHA)]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (('kind = "detector"', 'kind = "tracker"'), "'kind' must be one of detector, embedder, not 'tracker'"),
        (('licence = "MIT"', ""), "'licence' is missing"),
        (("confidence = 0.25", "confidence = 25"), "'confidence' must be a number from 0 to 1, not 25"),
        (("confidence", "confidense"), "'confidence' is missing"),
        (("pad = 7", "padding = 7"), "unknown key 'padding'"),
        (("width = 64", "width = 0"), "'width' must be a whole number from 1"),
        (("width = 64", "width = true"), "'width' must be a whole number"),
        (("std = [4.0, 5.0, 6.0]", "std = [4.0, 5.0]"), "'std' must be 3 numbers"),
        (("std = [4.0, 5.0, 6.0]", "std = [4.0, 0.0, 6.0]"), "must not be 0"),
        (("strides = [8, 16]", "strides = []"), "'strides' must be a list of whole numbers"),
        (("[input]", "[inputs]"), "'input' is missing"),
        (('decoding = "yolox"', 'decoding = "yolox'), "is not TOML"),
        (("pad = 7", f'pad = 7\n[[files]]\nname = "other.onnx"\nsha256 = "{SHA}"'), "files must name walkers.onnx"),
        (("pad = 7", 'pad = 7\n[[files]]\nname = "walkers.onnx"\nsha256 = "12"'), "64 hexadecimal digits"),
        (("pad = 7", f'pad = 7\n[[files]]\nname = "../walkers.onnx"\nsha256 = "{SHA}"'), "must have no folder"),
    ],
)
def test_a_fault_is_named(tmp_path: Path, change: tuple[str, str], complaint: str) -> None:
    assert change[0] in DETECTOR
    with pytest.raises(ModelError) as caught:
        read_sidecar(network_at(tmp_path, DETECTOR.replace(*change)))
    assert complaint in str(caught.value)
    assert str(tmp_path / "walkers.toml") in str(caught.value)


def test_a_missing_sidecar_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot read .*nowhere\.toml: No such file"):
        read_sidecar(tmp_path / "nowhere.onnx")


def test_the_fingerprint_follows_files_and_use_but_not_words(tmp_path: Path) -> None:
    network = read_sidecar(network_at(tmp_path, EMBEDDER))
    fingerprint = network.fingerprint(("a" * 64,))
    assert len(fingerprint) == 64
    assert network.fingerprint(("b" * 64,)) != fingerprint
    assert replace(network, input=replace(network.input, colour="rgb")).fingerprint(("a" * 64,)) != fingerprint
    assert replace(network, summary="another", licence="other").fingerprint(("a" * 64,)) == fingerprint
