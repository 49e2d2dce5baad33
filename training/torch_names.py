"""What torchreid, fast-reid and torchvision call the parameters that have other names here.

Each function takes a name and the array of that name, and gives our name. One that it does not know it leaves as it
is: no network of ours has it, so the import is refused with that name.
"""

import re
from collections.abc import Callable

from training.pickled_values import Array
from training.resnet import BLOCKS, NON_LOCAL

Rename = Callable[[str, Array], str]

_STATISTICS = {"running_mean": "_mean", "running_var": "_variance"}

_STEM = re.compile(r"(conv|bn)1\.(\w+)")
_BLOCK = re.compile(r"layer([1-4])\.(\d+)\.(conv|bn|downsample\.)(\d)\.(.+)")
_NON_LOCAL = re.compile(r"NL_([1-4])\.(\d+)\.(g|theta|phi|W\.0|W\.1)\.(\w+)")
_STREAM = re.compile(r"(conv\d\.\d\.conv2)\.([0-3])\.layers\.(\d)\.(.+)")
_POOL = re.compile(r"pool([23])\.0\.(.+)")


def as_here(name: str, _array: Array) -> str:
    """A network of ours in PyTorch: only the statistics of normalisations have another name there."""
    *parents, last = name.split(".")
    return ".".join((*parents, _STATISTICS.get(last, last)))


def of_osnet(name: str, array: Array) -> str:
    """Torchreid's OSNet: AIN's streams and poolings stand in lists; ``fc`` is a layer and its normalisation."""
    if head := _fully_connected(name, array):
        return head
    if stream := _STREAM.fullmatch(name):
        stem, number, layer, rest = stream.groups()
        name = f"{stem}{'abcd'[int(number)]}.{rest if number == '0' else f'{layer}.{rest}'}"
    elif pool := _POOL.fullmatch(name):
        name = f"conv{pool[1]}.2.0.{pool[2]}"
    return as_here(f"backbone.{name}" if name.startswith("conv") else name, array)


def of_resnet(depth: int) -> Rename:
    """Torchvision's ResNet, and torchreid's, which has its names and may have an ``fc`` of a layer and its normalisation."""

    def rename(name: str, array: Array) -> str:
        return _fully_connected(name, array) or as_here(_resnet_name(name, depth) or name, array)

    return rename


def of_fast_reid(depth: int) -> Rename:
    """Fast-reid's baselines on ResNet.

    ``bottleneck`` is the normalisation of the neck, or the embedding's convolution and that one.
    """

    def rename(name: str, array: Array) -> str:
        if name == "heads.pool_layer.p":
            return "pooling.p"
        if name.startswith("heads.bottleneck.") and array.ndim == 4:
            return "fc.weight"
        if name.startswith(("heads.bottleneck.", "heads.bnneck.")):
            return as_here(f"neck.{name.rsplit('.', 1)[1]}", array)
        inner = name.removeprefix("backbone.")
        return as_here((_resnet_name(inner, depth) if inner != name else None) or name, array)

    return rename


def _fully_connected(name: str, array: Array) -> str | None:
    if name.startswith("fc.0."):
        return name.replace("fc.0.", "fc.")
    return as_here(name.replace("fc.1.", "neck."), array) if name.startswith("fc.1.") else None


def _resnet_name(name: str, depth: int) -> str | None:
    """Stages of blocks there are one row of blocks here."""
    if stem := _STEM.fullmatch(name):
        return f"backbone.stem.0.{stem[1]}.{stem[2]}"
    if block := _BLOCK.fullmatch(name):
        stage, number, kind, part, rest = block.groups()
        row = _first(depth, int(stage)) + int(number)
        if int(number) >= BLOCKS[depth][int(stage) - 1]:
            return None
        if kind == "downsample.":
            return f"backbone.blocks.{row}.short.{('conv', 'bn')[int(part)]}.{rest}" if part in "01" else None
        return f"backbone.blocks.{row}.conv{int(part) - 1}.{kind}.{rest}"
    if (other := _NON_LOCAL.fullmatch(name)) and depth in NON_LOCAL:
        stage, number, part, rest = other.groups()
        row = _first(depth, int(stage) + 1) - NON_LOCAL[depth][int(stage) - 1] + int(number)
        return f"backbone.non_local.{row}.{ {'W.0': 'out', 'W.1': 'bn'}.get(part, part) }.{rest}"
    return None


def _first(depth: int, stage: int) -> int:
    """Which of all blocks is the first of a stage."""
    return sum(BLOCKS[depth][: stage - 1])
