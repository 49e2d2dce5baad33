"""Exports of each family of PaddleDetection, from their folder to boxes that are known beforehand."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray

from ingest.models import load_detector

pytest.importorskip("paddle")
from tests.ingest import paddle_networks as networks

RED, LEAST = 204, 0.3
"""A person is so red, of 255, and that is the draw_threshold of the exports."""

HALF = {"type": "NormalizeImage", "is_scale": True, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}
PERMUTE = {"type": "Permute"}


def resize(*target: int, keep_ratio: bool = False) -> dict[str, object]:
    return {"type": "Resize", "target_size": list(target), "keep_ratio": keep_ratio, "interp": 2}


def write(folder: Path, arch: str, steps: Sequence[object], **more: object) -> Path:
    config = {
        "mode": "paddle",
        "draw_threshold": LEAST,
        "metric": "COCO",
        "use_dynamic_shape": False,
        "arch": arch,
        "min_subgraph_size": 3,
        "Preprocess": list(steps),
        "label_list": ["person", "car"],
        **more,
    }
    (folder / "infer_cfg.yml").write_text(yaml.safe_dump(config))
    return folder


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folders of one export of each form."""
    folders = {name: tmp_path_factory.mktemp(name) for name in FORMS}

    def model(name: str) -> Path:
        return folders[name] / "model.json"

    told = {"im_shape": [-1, 2], "scale_factor": [-1, 2]}
    networks.export(networks.Yolo(0.3), model("yolo"), im_shape=[-1, 2], image=[-1, 3, 96, 160], scale_factor=[-1, 2])
    write(folders["yolo"], "YOLO", [resize(96, 160), HALF, PERMUTE])
    networks.export(networks.PpYoloe(0.5), model("ppyoloe"), image=[-1, 3, 128, 128], scale_factor=[-1, 2])
    plain = {"type": "NormalizeImage", "is_scale": True, "mean": [0.9, 0.9, 0.9], "std": [1, 1, 1], "norm_type": "none"}
    write(folders["ppyoloe"], "PPYOLOE", [resize(128, 128), plain, PERMUTE])
    networks.export(networks.PpYoloe(0.3), model("picodet"), image=[1, 3, 96, 96], scale_factor=[1, 2])
    nms = {"name": "MultiClassNMS", "nms_threshold": 0.6, "keep_top_k": 100, "nms_top_k": 1000, "score_threshold": 0.3}
    write(folders["picodet"], "GFL", [resize(96, 96), HALF, PERMUTE], NMS=nms, fpn_stride=[8, 16, 32, 64])
    networks.export(networks.Grids(0.3, 90, 120, (16, 32)), model("grids"), image=[-1, 3, 90, 120])
    write(folders["grids"], "PicoDet", [resize(90, 120), HALF, PERMUTE], NMS=nms, fpn_stride=[16, 32])
    networks.export(networks.Yolo(40), model("ssd"), image=[-1, 3, 100, 100], **told)
    ssd = {"type": "NormalizeImage", "is_scale": False, "mean": [104, 117, 123], "std": [2, 1, 1]}
    write(folders["ssd"], "SSD", [resize(100, 100), ssd, PERMUTE])
    networks.export(networks.Rcnn(0.3), model("rcnn"), image=[-1, 3, -1, -1], **told)
    stride = {"type": "PadStride", "stride": 32}
    write(folders["rcnn"], "RCNN", [HALF, resize(80, 133, keep_ratio=True), PERMUTE, stride], mask=True)
    networks.export(networks.PpYoloe(150), model("yolox"), image=[-1, 3, 96, 96], scale_factor=[-1, 2])
    pad = {"type": "Pad", "size": [96, 96], "fill_value": [114.0, 114.0, 114.0]}
    write(folders["yolox"], "YOLOX", [resize(96, 96, keep_ratio=True), pad, PERMUTE])
    networks.export(networks.Jde(0.55), model("letterbox"), image=[-1, 3, 80, 120])
    letterbox = {"type": "LetterBoxResize", "target_size": [80, 120]}
    whole = {"type": "NormalizeImage", "is_scale": True, "mean": [0, 0, 0], "std": [1, 1, 1]}
    write(folders["letterbox"], "YOLO", [letterbox, whole, PERMUTE])
    return folders


def picture(height: int, width: int, person: Sequence[int], car: Sequence[int] = ()) -> NDArray[np.uint8]:
    """A dark picture with a red box, and a blue one."""
    image = np.zeros((height, width, 3), np.uint8)
    for box, channel in ((person, 2), (car, 0)):
        if len(box):
            image[box[1] : box[3], box[0] : box[2], channel] = RED
    return image


CONFIDENCES = {"ppyoloe": RED / 255, "ssd": (RED - 104) / 2, "yolox": float(RED), "letterbox": RED / 255}
"""What RED is to the network where that is not 0.6."""

PICTURES = {
    "as the input": (picture(96, 160, [20, 10, 60, 80], [90, 30, 140, 70]), [20, 10, 60, 80]),
    "upright": (picture(480, 200, [40, 60, 120, 360], [130, 10, 180, 60]), [40, 60, 120, 360]),
    "wide": (picture(120, 640, [300, 10, 380, 100], [500, 20, 600, 100]), [300, 10, 380, 100]),
    "tiny": (picture(12, 9, [2, 3, 6, 10]), [2, 3, 6, 10]),
}
"""Pictures with a person whose box is known."""

FORMS = ("yolo", "ppyoloe", "picodet", "grids", "ssd", "rcnn", "yolox", "letterbox")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("shape", PICTURES)
def test_the_box_of_the_person_comes_out(exports: dict[str, Path], form: str, shape: str) -> None:
    image, box = PICTURES[shape]
    detector = load_detector(str(exports[form]), threads=1, min_height_px=1)
    found = detector.detect([image])[0]
    assert len(found) == 1
    height, width = image.shape[:2]
    # One pixel of the input, which is what resizing blurs.
    blur = 1.01 * max(1.0, height / 80, width / 80)
    assert found.boxes[0] == pytest.approx(box, abs=blur)


@pytest.mark.parametrize("form", FORMS)
def test_the_networks_are_given_the_numbers_they_were_made_for(exports: dict[str, Path], form: str) -> None:
    image, box = picture(400, 400, [0, 0, 400, 400]), [0, 0, 400, 400]
    detector = load_detector(str(exports[form]), threads=1)
    if form == "grids":  # seven cells reach no further than this
        image, box = picture(90, 120, [20, 10, 100, 80]), [20, 10, 100, 80]
    found = detector.detect([image])[0]
    assert found.confidences.tolist() == [pytest.approx(CONFIDENCES.get(form, 0.6), abs=1e-4)]
    assert found.boxes[0] == pytest.approx(box, abs=0.01)


@pytest.mark.parametrize("form", FORMS)
def test_nobody_is_found_where_nobody_is(exports: dict[str, Path], form: str) -> None:
    detector = load_detector(str(exports[form]), threads=1, min_confidence=0.0, min_height_px=0)
    empty = [np.zeros(shape, np.uint8) for shape in ((100, 100, 3), (1, 1, 3), (1, 300, 3), (300, 1, 3))]
    cars = [picture(120, 160, [], [20, 10, 60, 90])]
    if form == "grids":  # it shares the person's box with the car, and there is none
        cars = []
    assert [len(found) for found in detector.detect([*empty, *cars])] == [0] * len(empty + cars)


def test_pictures_of_several_sizes_are_those_one_by_one(exports: dict[str, Path]) -> None:
    detector = load_detector(str(exports["rcnn"]), threads=1, min_height_px=1)
    images = [image for image, _ in PICTURES.values()]
    together = detector.detect(images)
    for image, found in zip(images, together, strict=True):
        assert np.array_equal(detector.detect([image])[0].boxes, found.boxes)


def test_the_threshold_is_the_files_unless_given(exports: dict[str, Path]) -> None:
    image = PICTURES["upright"][0]
    assert "min_confidence=0.3 " in load_detector(str(exports["yolo"]), threads=1).identity.settings
    assert len(load_detector(str(exports["yolo"]), threads=1, min_confidence=0.7).detect([image])[0]) == 0


def test_an_export_without_post_processing_needs_its_strides(exports: dict[str, Path], tmp_path: Path) -> None:
    from gallery.errors import ModelError

    for file in exports["grids"].iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    write(tmp_path, "PicoDet", [resize(90, 120), HALF, PERMUTE])
    with pytest.raises(ModelError, match="fpn_stride"):
        load_detector(str(tmp_path), threads=1).detect([PICTURES["wide"][0]])
    write(tmp_path, "PicoDet", [resize(60, 60), HALF, PERMUTE], fpn_stride=[16, 32])
    with pytest.raises(ModelError, match=r"takes \(1, 3, 90, 120\), not \(1, 3, 60, 60\)"):
        load_detector(str(tmp_path), threads=1).detect([PICTURES["wide"][0]])
