"""The networks of other projects that are imported: how each is built here, and what each calls its parameters.

Sources of the names and of the settings: torchreid (github.com/KaiyangZhou/deep-person-reid, ``torchreid/models``),
fast-reid (github.com/JDAI-CV/fast-reid, ``fastreid/modeling`` and ``configs``) and torchvision
(``torchvision/models/resnet.py``). All three take RGB normalised by ImageNet's mean and deviation, as ours do.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from gallery.errors import ModelError
from training.network_settings import BACKBONES, NetworkSettings
from training.pickled_values import Array
from training.resnet import BLOCKS, NON_LOCAL

Rules = tuple[tuple[re.Pattern[str], str], ...]

TWIN = "twin/"
"""Before the name of a backbone of ours: a network of ours that was trained in PyTorch under our names."""


@dataclass(frozen=True)
class Architecture:
    """A network of another project.

    Attributes:
        name: "PROJECT/NETWORK", as that project calls it.
        settings: The same network of ours.
        rules: Patterns of its parameters' names, and what they become; the first that fits holds.
        classifier: Pattern of the parameters that only its training needed.
    """

    name: str
    settings: NetworkSettings
    rules: Rules
    classifier: re.Pattern[str]


def find_architecture(name: str) -> Architecture:
    """The architecture of that name.

    Raises:
        ModelError: There is none.
    """
    if name.startswith(TWIN) and name.removeprefix(TWIN) in BACKBONES:
        settings = NetworkSettings(name.removeprefix(TWIN), bnneck=False)
        return Architecture(name, settings, (), re.compile(r"classifiers?\."))
    if name not in ARCHITECTURES:
        raise ModelError(
            f"there is no architecture '{name}'; use one of {', '.join(ARCHITECTURES)}, or {TWIN}BACKBONE for a network of "
            f"ours that was trained in PyTorch, where BACKBONE is one of {', '.join(BACKBONES)}"
        )
    return ARCHITECTURES[name]


def recognise(arrays: Mapping[str, Array]) -> str:
    """Name of the architecture that the arrays are of, by their names and shapes.

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
        names = ", ".join(list(arrays)[:6])
        raise ModelError(
            f"it is of no architecture that is known (its parameters begin with {names}); name it by --architecture if it "
            f"is one of {', '.join(ARCHITECTURES)}, or {TWIN}BACKBONE"
        )
    return found


def _fast_reid(arrays: Mapping[str, Array]) -> str:
    recipe = "bagtricks"
    if any(name.startswith("backbone.NL_") for name in arrays):
        recipe = "sbs" if "heads.pool_layer.p" in arrays else "agw"
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


_DROPPED = re.compile(r"classifier\.")

_OSNET: Rules = (
    (re.compile(r"fc\.0\.(weight|bias)"), r"fc.\1"),
    (re.compile(r"fc\.1\.(\w+)"), r"neck.\1"),
    (re.compile(r"(conv\d\.\d\.conv2)\.0\.layers\.0\.(.+)"), r"backbone.\1a.\2"),
    (re.compile(r"(conv\d\.\d\.conv2)\.1\.layers\.(.+)"), r"backbone.\1b.\2"),
    (re.compile(r"(conv\d\.\d\.conv2)\.2\.layers\.(.+)"), r"backbone.\1c.\2"),
    (re.compile(r"(conv\d\.\d\.conv2)\.3\.layers\.(.+)"), r"backbone.\1d.\2"),
    (re.compile(r"pool([23])\.0\.(.+)"), r"backbone.conv\1.2.0.\2"),
    (re.compile(r"(conv\d\..+)"), r"backbone.\1"),
)


def _resnet(depth: int, prefix: str = "", *, non_local: bool = False) -> Rules:
    """Torchvision's names, which everybody took over: stages of blocks here, one row of blocks there."""
    rules = [
        (re.compile(rf"{prefix}conv1\.(\w+)"), r"backbone.stem.0.conv.\1"),
        (re.compile(rf"{prefix}bn1\.(\w+)"), r"backbone.stem.0.bn.\1"),
    ]
    first = 0
    for stage, count in enumerate(BLOCKS[depth], start=1):
        for block in range(count):
            here, there = rf"{prefix}layer{stage}\.{block}\.", rf"backbone.blocks.{first + block}."
            for conv in range(3):
                rules += [
                    (re.compile(rf"{here}conv{conv + 1}\.(\w+)"), rf"{there}conv{conv}.conv.\1"),
                    (re.compile(rf"{here}bn{conv + 1}\.(.+)"), rf"{there}conv{conv}.bn.\1"),
                ]
            rules += [
                (re.compile(rf"{here}downsample\.0\.(\w+)"), rf"{there}short.conv.\1"),
                (re.compile(rf"{here}downsample\.1\.(\w+)"), rf"{there}short.bn.\1"),
            ]
        first += count
        if non_local:
            blocks = NON_LOCAL[depth][stage - 1]
            for number in range(blocks):
                here, there = rf"{prefix}NL_{stage}\.{number}\.", rf"backbone.non_local.{first - blocks + number}."
                rules += [
                    (re.compile(rf"{here}(g|theta|phi)\.(\w+)"), rf"{there}\1.\2"),
                    (re.compile(rf"{here}W\.0\.(\w+)"), rf"{there}out.\1"),
                    (re.compile(rf"{here}W\.1\.(\w+)"), rf"{there}bn.\1"),
                ]
    return tuple(rules)


_FC: Rules = _OSNET[:2]

_FAST_REID_HEAD: Rules = (
    (re.compile(r"heads\.pool_layer\.p"), r"pooling.p"),
    (re.compile(r"heads\.bottleneck\.[01]\.(bias|running_\w+|num_batches_tracked)"), r"neck.\1"),
    (re.compile(r"heads\.(?:bottleneck\.1|bnneck)\.(\w+)"), r"neck.\1"),
    (re.compile(r"heads\.bottleneck\.0\.(weight)"), r"heads.bottleneck.0.weight"),  # of a layer or of the neck
)

_FAST_REID_DROPPED = re.compile(r"heads\.(weight|classifier\.|cls_layer\.)|pixel_(mean|std)$")


def _torchreid_architectures() -> list[Architecture]:
    found = []
    for variant, scales in (("", ("x1_0", "x0_75", "x0_5", "x0_25")), ("ibn_", ("x1_0",))):
        for scale in scales:
            settings = NetworkSettings(f"OSNet_{variant}{scale}", embedding=512, relu=True)
            found.append(Architecture(f"torchreid/osnet_{variant}{scale}", settings, _OSNET, _DROPPED))
    for scale in ("x1_0", "x0_75", "x0_5", "x0_25"):
        settings = NetworkSettings(f"OSNet_ain_{scale}", embedding=512, relu=True)
        found.append(Architecture(f"torchreid/osnet_ain_{scale}", settings, _OSNET, _DROPPED))
    for depth in (18, 34, 50, 101, 152):
        settings = NetworkSettings(f"ResNet{depth}", bnneck=False, last_stride=2)
        found.append(Architecture(f"torchreid/resnet{depth}", settings, _resnet(depth), _DROPPED))
    settings = NetworkSettings("ResNet50", embedding=512, relu=True)
    found.append(Architecture("torchreid/resnet50_fc512", settings, (*_FC, *_resnet(50)), _DROPPED))
    settings = NetworkSettings("ResNet50", bnneck=False, last_stride=2, ibn=True)
    found.append(Architecture("torchreid/resnet50_ibn_a", settings, _resnet(50), _DROPPED))
    return found


def _fast_reid_architectures() -> list[Architecture]:
    found = []
    for recipe in ("bagtricks", "agw", "sbs"):
        for depth in (50, 101):
            for ibn in (False, True):
                settings = NetworkSettings(
                    f"ResNet{depth}",
                    pooling="avg" if recipe == "bagtricks" else "gem",
                    ibn=ibn,
                    non_local=recipe != "bagtricks",
                    unpadded_pool=True,
                    height=384 if recipe == "sbs" else 256,
                )
                rules = (*_FAST_REID_HEAD, *_resnet(depth, r"backbone\.", non_local=settings.non_local))
                name = f"fast-reid/{recipe}_R{depth}" + ("-ibn" if ibn else "")
                found.append(Architecture(name, settings, rules, _FAST_REID_DROPPED))
    return found


def _torchvision_architectures() -> list[Architecture]:
    found = []
    for depth in (18, 34, 50, 101, 152):
        settings = NetworkSettings(f"ResNet{depth}", bnneck=False, last_stride=2)
        found.append(Architecture(f"torchvision/resnet{depth}", settings, _resnet(depth), re.compile(r"fc\.")))
    return found


ARCHITECTURES: dict[str, Architecture] = {
    architecture.name: architecture
    for architecture in (
        *_torchreid_architectures(),
        *_fast_reid_architectures(),
        *_torchvision_architectures(),
    )
}
"""By name."""
