import os
from pathlib import Path

import pytest
import yaml

from gallery.errors import ModelError
from ingest.catalogue import SHIPPED, add, find, identify, installed
from ingest.infer_cfg import network_in
from ingest.models import load_detector
from ingest.paddle_steps import NormalizeImage, Resize

pytestmark = pytest.mark.usefixtures("no_models")

CONFIG: dict[str, object] = {
    "mode": "paddle",
    "draw_threshold": 0.4,
    "metric": "COCO",
    "use_dynamic_shape": False,
    "arch": "PicoDet",
    "min_subgraph_size": 3,
    "Preprocess": [
        {"type": "Resize", "target_size": [320, 416], "keep_ratio": False, "interp": 2},
        {"type": "NormalizeImage", "is_scale": False, "mean": [1, 2, 3], "std": [4, 5, 6]},
        {"type": "Permute"},
    ],
    "label_list": ["bicycle", "Person"],
    "NMS": {
        "name": "MultiClassNMS",
        "nms_threshold": 0.6,
        "keep_top_k": 100,
        "nms_top_k": 1000,
        "score_threshold": 0.1,
    },
    "fpn_stride": [8, 16, 32, 64],
}


def added() -> list[str]:
    """Names of the installed networks that are no part of the package."""
    return [there.network.name for there in installed() if there.path.parent != SHIPPED]


def write(folder: Path, file: str = "infer_cfg.yml", network: str = "model.json", **changes: object) -> Path:
    """An export whose network is not one; what is None is left out."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {key: value for key, value in {**CONFIG, **changes}.items() if value is not None}
    (folder / file).write_text(yaml.safe_dump(config))
    path = folder / network
    path.write_bytes(b"network")
    if path.suffix != ".onnx":
        path.with_suffix(".pdiparams").write_bytes(b"weights")
    return folder


def use(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("PASSERBY_MODELS", str(folder))


def test_an_export_describes_itself(tmp_path: Path) -> None:
    there = identify(write(tmp_path / "picodet_s"))
    network = there.network
    assert there.path == tmp_path / "picodet_s" / "model.json"
    assert (network.name, network.kind, network.decoding) == ("picodet_s", "detector", "paddledetection")
    assert (network.confidence, network.person_class, network.max_overlap) == (0.4, 1, 0.6)
    assert network.strides == (8, 16, 32, 64)
    assert network.steps == (
        Resize((320, 416), keep_ratio=False, interpolation=2),
        NormalizeImage(1.0, (1.0, 2.0, 3.0), (4.0, 5.0, 6.0)),
    )
    assert [path.name for path in there.paths] == ["model.json", "model.pdiparams", "infer_cfg.yml"]
    assert identify(there.path) == there


@pytest.mark.parametrize("network", ["model.pdmodel", "inference.json", "inference.pdmodel", "picodet_320.onnx"])
@pytest.mark.parametrize("file", ["infer_cfg.yml", "inference.yml"])
def test_exports_of_other_names(tmp_path: Path, network: str, file: str) -> None:
    there = identify(write(tmp_path / "mine", file, network))
    assert (there.network.name, there.path.name) == ("mine", network)
    assert there.paths[-1].name == file
    assert all(path.is_file() for path in there.paths)


@pytest.mark.parametrize(
    ("labels", "number"),
    [(["pedestrian"], 0), (["car", "pedestrian", "person"], 2), (["Pedestrian", "people"], 0)],
)
def test_people_are_found_among_the_labels(tmp_path: Path, labels: list[str], number: int) -> None:
    assert identify(write(tmp_path, label_list=labels)).network.person_class == number


def test_what_is_left_out_has_a_default(tmp_path: Path) -> None:
    network = identify(write(tmp_path, NMS=None, fpn_stride=None, draw_threshold=None, arch="YOLO")).network
    assert (network.confidence, network.max_overlap, network.strides) == (0.5, 0.5, ())


def test_keys_that_change_no_box_are_passed_over(tmp_path: Path) -> None:
    identify(write(tmp_path, mask=True, tracker={"a": 1}, Hpi={"b": 2}, Global={"model_name": "x"}, export_onnx=True))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"arch": "HRNet"}, "arch 'HRNet' is no people detector that can be used; those are YOLO, PPYOLOE"),
        ({"arch": "S2ANet"}, "arch 'S2ANet' is no people detector"),
        ({"label_list": ["cat", "dog"]}, "none of its classes is person or pedestrian: cat, dog"),
        ({"label_list": None}, "'label_list' is missing"),
        ({"label_list": []}, "'label_list' must be a list of strings"),
        ({"Preprocess": None}, "must have Permute once"),
        ({"Preprocess": [{"type": "EvalAffine"}]}, "'EvalAffine' is not known"),
        ({"Preprocess": "Resize"}, "'Preprocess' must be a list of tables"),
        ({"draw_threshold": 50}, "'draw_threshold' must be a number from 0 to 1"),
        ({"fpn_stride": [8, "x"]}, "'fpn_stride' must be a whole number"),
        ({"NMS": {"nms_threshold": 0.5, "soft": True}}, "[NMS]: unknown key 'soft'"),
        ({"with_background": True}, "PaddleDetection before 2.0"),
        ({"tiling": 4}, "unknown key 'tiling'"),
    ],
)
def test_a_fault_is_named(tmp_path: Path, changes: dict[str, object], complaint: str) -> None:
    with pytest.raises(ModelError) as caught:
        identify(write(tmp_path, **changes))
    assert complaint in str(caught.value)
    assert str(tmp_path / "infer_cfg.yml") in str(caught.value)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "must be a table"),
        (b"- a\n- b", "must be a table"),
        (b"1: 2", "must be a table"),
        (b"arch: [", "is not YAML"),
        (b"arch: \xff\xfe", "is not YAML"),
        (b"arch: !!python/object/apply:os.getcwd []", "is not YAML"),
    ],
)
def test_what_is_no_description_is_refused(tmp_path: Path, content: bytes, complaint: str) -> None:
    folder = write(tmp_path / "net")
    (folder / "infer_cfg.yml").write_bytes(content)
    with pytest.raises(ModelError, match=complaint) as caught:
        identify(folder)
    assert "\n" not in str(caught.value)


def test_a_folder_must_have_one_network(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"there is no network in .*model\.json, model\.pdmodel"):
        load_detector(f"{tmp_path}{os.sep}")
    write(tmp_path)
    write(tmp_path, network="other.onnx")
    with pytest.raises(ModelError, match=r"several networks in .*\(model\.json, other\.onnx\); name the file"):
        network_in(tmp_path)
    assert identify(tmp_path / "other.onnx").path.name == "other.onnx"


def test_an_export_is_found_by_the_name_of_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(tmp_path / "nets" / "ppyoloe_s")
    use(monkeypatch, tmp_path / "nets")
    assert find("ppyoloe_s") == identify(folder)
    use(monkeypatch, folder)
    assert added() == ["ppyoloe_s"]


def test_exports_of_other_things_are_no_detectors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "keypoints", arch="HRNet")
    write(tmp_path / "attributes", "inference.yml", arch=None)
    use(monkeypatch, tmp_path)
    assert added() == []
    with pytest.raises(ModelError, match="arch 'HRNet' is no people detector"):
        find("keypoints")
    with pytest.raises(ModelError, match="unknown model 'attributes'"):
        find("attributes")


def test_a_folder_of_two_networks_does_not_stand_in_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "converted")
    write(tmp_path / "converted", network="model.onnx")
    write(tmp_path / "clear")
    use(monkeypatch, tmp_path)
    assert added() == ["clear"]
    with pytest.raises(ModelError, match="several networks in"):
        find("converted")


def test_every_file_counts_for_the_fingerprint(tmp_path: Path) -> None:
    there = identify(write(tmp_path / "net"))
    prints = {there.fingerprint()}
    for name in ("model.json", "model.pdiparams", "infer_cfg.yml"):
        path = there.path.with_name(name)
        path.write_bytes(path.read_bytes() + b"\n")
        prints.add(identify(there.path).fingerprint())
    assert len(prints) == 4
    there.path.with_suffix(".pdiparams").unlink()
    with pytest.raises(ModelError, match=r"needs model\.pdiparams beside it"):
        there.fingerprint()


def test_adding_a_folder_copies_what_belongs_to_the_network(tmp_path: Path, no_models: Path) -> None:
    folder = write(tmp_path / "walkers")
    (folder / "readme.txt").write_text("not needed")
    added = add(folder)
    assert sorted(path.name for path in (no_models / "walkers").iterdir()) == [
        "infer_cfg.yml",
        "model.json",
        "model.pdiparams",
    ]
    assert added == find("walkers")
    assert added.fingerprint() == identify(folder).fingerprint()
    assert add(added.path.parent) == added


def test_an_export_must_not_have_the_name_of_a_public_network(tmp_path: Path, no_models: Path) -> None:
    with pytest.raises(ModelError, match="'picodet_xs_320' is the name of a public network"):
        add(write(tmp_path / "picodet_xs_320"))
    assert not no_models.exists()


def test_a_sidecar_comes_first(tmp_path: Path) -> None:
    folder = write(tmp_path / "net")
    (folder / "model.toml").write_text(
        'kind = "detector"\ndecoding = "paddledetection"\nlicence = "MIT"\nconfidence = 0.1\nperson_class = 7\n'
        'strides = [8, 16]\nmax_overlap = 0.7\n[[preprocess]]\ntype = "Resize"\ntarget_size = 64\n'
        '[[preprocess]]\ntype = "Permute"\n'
    )
    network = identify(folder).network
    assert (network.name, network.licence, network.confidence, network.person_class) == ("net", "MIT", 0.1, 7)
    assert (network.strides, network.max_overlap, network.input) == ((8, 16), 0.7, None)
    assert network.steps == (Resize((64, 64), keep_ratio=True, interpolation=1),)
    (folder / "model.toml").write_text((folder / "model.toml").read_text() + "[input]\nwidth = 3\n")
    with pytest.raises(ModelError, match="unknown key 'input'"):
        identify(folder)
