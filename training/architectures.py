"""The networks of other projects that are imported, and how each is built here.

Sources of the names and the settings: torchreid (github.com/KaiyangZhou/deep-person-reid, ``torchreid/models``),
fast-reid (github.com/JDAI-CV/fast-reid, ``fastreid/modeling`` and ``configs``) and torchvision
(``torchvision/models/resnet.py``). All three take RGB normalised by ImageNet's mean and deviation, as ours do.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from gallery.errors import ModelError
from training.network_settings import BACKBONES, NetworkSettings
from training.pickled_values import Array
from training.resnet import BLOCKS
from training.torch_names import Rename, as_here, of_fast_reid, of_osnet, of_resnet

TWIN = "twin/"
"""Before the name of a backbone of ours: a network of ours that was trained in PyTorch under our names."""

_OSNETS = (
    *(f"osnet_{scale}" for scale in ("x1_0", "x0_75", "x0_5", "x0_25")),
    "osnet_ibn_x1_0",
    *(f"osnet_ain_{scale}" for scale in ("x1_0", "x0_75", "x0_5", "x0_25")),
)
_DEPTHS = (18, 34, 50, 101, 152)


@dataclass(frozen=True)
class Architecture:
    """A network of another project.

    Attributes:
        name: "PROJECT/NETWORK", as that project calls it.
        settings: The same network of ours.
        rename: From its names of parameters to ours.
        dropped: Pattern of the parameters that only its training needed.
    """

    name: str
    settings: NetworkSettings
    rename: Rename
    dropped: re.Pattern[str]


def find_architecture(name: str) -> Architecture:
    """The architecture of that name.

    Raises:
        ModelError: There is none.
    """
    backbone = name.removeprefix(TWIN)
    if backbone != name and backbone in BACKBONES:
        return Architecture(name, NetworkSettings(backbone), as_here, re.compile(r"classifiers?\."))
    if name not in ARCHITECTURES:
        raise ModelError(
            f"there is no architecture '{name}'; use one of {', '.join(ARCHITECTURES)}, or {TWIN}BACKBONE for a network of "
            f"ours that was trained in PyTorch, where BACKBONE is one of {', '.join(BACKBONES)}"
        )
    return ARCHITECTURES[name]


def recognise(arrays: Mapping[str, Array]) -> Architecture:
    """The architecture that the arrays are of, by their names and shapes.

    Raises:
        ModelError: They are of none that is known.
    """
    if any(name.startswith("heads.") for name in arrays):
        found = f"fast-reid/{_fast_reid(arrays)}"
    elif "conv1.conv.weight" in arrays:
        found = f"torchreid/{_osnet(arrays)}"
    elif any(name.startswith("classifier.") for name in arrays):
        found = f"torchreid/{_torchreid_resnet(arrays)}"
    else:
        found = f"torchvision/resnet{_depth(arrays, '')}"
    if found not in ARCHITECTURES:
        raise ModelError(
            f"its parameters ({', '.join(list(arrays)[:4])}, ...) are of no architecture that is known by them; name it, "
            f"if it is one of {', '.join(ARCHITECTURES)}, or {TWIN}BACKBONE for a network of ours from PyTorch"
        )
    return ARCHITECTURES[found]


def _fast_reid(arrays: Mapping[str, Array]) -> str:
    recipe = "bagtricks"
    if any(name.startswith("backbone.NL_") for name in arrays):
        recipe = "sbs" if "heads.pool_layer.p" in arrays else "AGW"
    return f"{recipe}_R{_depth(arrays, 'backbone.')}" + ("-ibn" if "backbone.layer1.0.bn1.IN.weight" in arrays else "")


def _osnet(arrays: Mapping[str, Array]) -> str:
    stem = arrays["conv1.conv.weight"]
    scale = {64: "x1_0", 48: "x0_75", 32: "x0_5", 16: "x0_25"}.get(stem.shape[0] if stem.ndim else 0, "?")
    if "conv2.0.conv2.0.layers.0.conv1.weight" in arrays:
        return f"osnet_ain_{scale}"
    return f"osnet_ibn_{scale}" if "conv2.0.IN.weight" in arrays else f"osnet_{scale}"


def _torchreid_resnet(arrays: Mapping[str, Array]) -> str:
    ibn = "_ibn_a" if "layer1.0.bn1.IN.weight" in arrays else ""
    return f"resnet{_depth(arrays, '')}{ibn}" + ("_fc512" if "fc.0.weight" in arrays else "")


def _depth(arrays: Mapping[str, Array], prefix: str) -> int:
    """By the blocks of each stage; 0 if no ResNet has so many."""
    counts = tuple(
        sum(f"{prefix}layer{stage}.{block}.conv1.weight" in arrays for block in range(64)) for stage in (1, 2, 3, 4)
    )
    deep = f"{prefix}layer1.0.conv3.weight" in arrays
    return next((depth for depth, blocks in BLOCKS.items() if blocks == counts and (depth >= 50) == deep), 0)


def _torchreid() -> dict[str, NetworkSettings]:
    osnets = {name: NetworkSettings(name.replace("osnet", "OSNet"), embedding=512, relu=True) for name in _OSNETS}
    resnets = {f"resnet{depth}": NetworkSettings(f"ResNet{depth}", bnneck=False, last_stride=2) for depth in _DEPTHS}
    return {
        **osnets,
        **resnets,
        "resnet50_fc512": NetworkSettings("ResNet50", embedding=512, relu=True),
        "resnet50_ibn_a": NetworkSettings("ResNet50", bnneck=False, last_stride=2, ibn=True),
    }


def _fast_reid_settings(recipe: str, depth: int, *, ibn: bool) -> NetworkSettings:
    return NetworkSettings(
        f"ResNet{depth}",
        pooling="avg" if recipe == "bagtricks" else "gem",
        ibn=ibn,
        non_local=recipe != "bagtricks",
        unpadded_pool=True,
        height=384 if recipe == "sbs" else 256,
    )


def _architectures() -> list[Architecture]:
    found = []
    for name, settings in _torchreid().items():
        rename = of_osnet if name.startswith("osnet") else of_resnet(int(settings.backbone.removeprefix("ResNet")))
        found.append(Architecture(f"torchreid/{name}", settings, rename, re.compile(r"classifier\.")))
    for recipe in ("bagtricks", "AGW", "sbs"):
        for depth in (50, 101):
            for ibn in (False, True):
                name = f"fast-reid/{recipe}_R{depth}{'-ibn' if ibn else ''}"
                settings = _fast_reid_settings(recipe, depth, ibn=ibn)
                dropped = re.compile(r"heads\.(weight$|classifier\.|cls_layer\.)|pixel_(mean|std)$")
                found.append(Architecture(name, settings, of_fast_reid(depth), dropped))
    for depth in _DEPTHS:
        settings = NetworkSettings(f"ResNet{depth}", bnneck=False, last_stride=2)
        found.append(Architecture(f"torchvision/resnet{depth}", settings, of_resnet(depth), re.compile(r"fc\.")))
    return found


ARCHITECTURES: dict[str, Architecture] = {architecture.name: architecture for architecture in _architectures()}
"""By name."""
