"""Networks exported by PaddleDetection: described by the ``infer_cfg.yml`` that its export writes beside them.

PaddleX's exports call the same file ``inference.yml``. Of the file is read what changes the boxes; everything else that
PaddleDetection is known to write (``ppdet/engine/export_utils.py``) is passed over, and what it is not known to write is
an error, since it might change them too.
"""

from collections.abc import Mapping
from pathlib import Path

import yaml

from gallery.errors import ModelError
from ingest.paddle_steps import read_steps
from ingest.sidecar import EXPORT_STEMS, MAX_OVERLAP, Network, NetworkFile, files_of
from ingest.toml_table import TomlTable

CONFIG_NAMES = ("infer_cfg.yml", "inference.yml")

FAMILIES = (
    "YOLO",
    "PPYOLOE",
    "YOLOX",
    "YOLOF",
    "PicoDet",
    "GFL",
    "RCNN",
    "SSD",
    "RetinaNet",
    "FCOS",
    "TTFNet",
    "TOOD",
    "DETR",
    "EfficientDet",
    "ByteTrack",
)
"""Values of ``arch`` whose networks give upright boxes with a class each."""

PEOPLE = ("person", "pedestrian")
"""Labels that mean people, the surer one first."""

_NETWORK_SUFFIXES = (".json", ".pdmodel")
_PASSED_OVER = (
    "mode",
    "metric",
    "min_subgraph_size",
    "use_dynamic_shape",
    "mask",
    "tracker",
    "export_onnx",
    "export_eb",
    "image_shape",
    "Global",
    "Hpi",
)
_NMS_PASSED_OVER = ("name", "keep_top_k", "nms_top_k", "score_threshold", "nms_eta", "normalized", "background_label")


def config_beside(path: Path) -> Path | None:
    """The description of a detector that lies beside a network file; None where there is none."""
    files = (path.with_name(name) for name in CONFIG_NAMES)
    return next((file for file in files if file.is_file() and "arch" in _read(file)), None)


def network_in(folder: Path) -> Path:
    """The network file of a folder that holds one network.

    Raises:
        ModelError: If there is none, or more than one.
    """
    exports = (folder / f"{stem}{suffix}" for stem in EXPORT_STEMS for suffix in _NETWORK_SUFFIXES)
    others = sorted([*folder.glob("*.onnx"), *folder.glob("*.xml")])
    found = [*(path for path in exports if path.is_file()), *others]
    if not found:
        wanted = ", ".join(f"{EXPORT_STEMS[0]}{suffix}" for suffix in _NETWORK_SUFFIXES)
        raise ModelError(
            f"there is no network in {folder}: it must have {wanted}, the same as inference.*, or an .onnx or .xml file"
        )
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise ModelError(f"there are several networks in {folder} ({names}); name the file that is meant")
    return found[0]


def is_detector(config: Path) -> bool:
    """Whether a description is of a detector that can be used here; exports of other things are no error in a scan."""
    return _read(config).get("arch") in FAMILIES


def read_infer_cfg(config: Path, path: Path) -> Network:
    """The description of the network file at ``path`` by the ``infer_cfg.yml`` beside it.

    Raises:
        ModelError: If it cannot be read, is of no detector, or has something that is not known here.
    """
    table = TomlTable(_read(config), str(config))
    arch = table.text("arch")
    if arch not in FAMILIES:
        raise ModelError(
            f"{config}: arch '{arch}' is no people detector that can be used; those are {', '.join(FAMILIES)}"
        )
    if table.truth("with_background", default=False):
        raise ModelError(f"{config}: with_background is of PaddleDetection before 2.0; export the network again")
    labels = _labels(table, config)
    nms = table.mapping("NMS")
    network = Network(
        name=config.absolute().parent.name,
        kind="detector",
        summary=f"PaddleDetection {arch}, {len(labels)} classes; exported, described by {config.name}",
        licence="that of its weights; the export does not say",
        upstream="",
        obtain="",
        input=None,
        files=(*files_of(path), NetworkFile(config.name)),
        decoding="paddledetection",
        confidence=table.number("draw_threshold", 0.5, low=0.0, high=1.0),
        person_class=next(labels.index(label) for label in PEOPLE if label in labels),
        strides=table.wholes("fpn_stride", low=1, default=()),
        steps=read_steps([step.all() for step in table.tables("Preprocess")], str(config)),
        max_overlap=nms.number("nms_threshold", MAX_OVERLAP, low=0.0, high=1.0),
    )
    for key in _NMS_PASSED_OVER:
        nms.pass_over(key)
    for key in _PASSED_OVER:
        table.pass_over(key)
    nms.refuse_the_rest()
    table.refuse_the_rest()
    return network


def _labels(table: TomlTable, config: Path) -> list[str]:
    labels = [label.casefold() for label in table.texts("label_list")]
    if not set(labels) & set(PEOPLE):
        raise ModelError(f"{config}: none of its classes is {' or '.join(PEOPLE)}: {', '.join(labels)}")
    return labels


def _read(config: Path) -> Mapping[str, object]:
    try:
        content = yaml.safe_load(config.read_bytes())
    except OSError as error:
        raise ModelError(f"cannot read {config}: {error.strerror}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ModelError(f"{config} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise ModelError(f"{config} is no description of a network: it must be a table of names and values")
    return content
