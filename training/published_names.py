"""Names of parameters in what PaddleClas and Paddle publish, as our backbones have them.

PaddleClas has named the same networks in three ways: in its static graphs (1.x, ``res2a_branch2a_weights``), in its first
dygraph release (2.0, ``bb_0_0.conv0._conv.weight``) and since (``blocks.0.conv0.conv.weight``, which are ours). Paddle
itself (``paddle.vision``) names ResNets as torchvision does (``layer1.0.conv1.weight``). Each is known here.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Any

from numpy.typing import NDArray

from gallery.errors import ModelError
from training.network_settings import RESNETS, RESNETS_VD
from training.resnet import BLOCKS

Rule = tuple[str, str | Callable[[re.Match[str]], str]]
"""A pattern at the start of a name, and what takes its place."""

_WRAPPERS: tuple[Rule, ...] = ((r"Student\.", ""), (r"backbone\.", ""))
"""What a distillation and a Re-ID model of PaddleClas put before the names of their backbone."""

_HEADS: dict[str, tuple[str, ...]] = {
    "ResNet": (r"fc\.", r"fc_0\.", r"out\."),
    "MobileNetV3": (r"fc\.", r"fc_(weights|offset)", r"out\.", r"last_conv\.", r"last_1x1_conv_weights"),
    "GhostNet": (r"fc_[01][._]",),
    "PPLCNet": (r"fc\.", r"last_conv\."),
    "OSNet": (r"fc\.", r"classifier\."),
}
"""The classifiers of 1000 things, which a Re-ID network has no use for."""

_REID_HEADS = (r"neck\.", r"head\.")
"""What a Re-ID model of PaddleClas has beside its backbone."""

_STATIC = {"scale": "weight", "offset": "bias", "mean": "_mean", "variance": "_variance"}
_ENDING = r"_(?:(?P<weights>weights)|(?:bn_)?(?P<kind>scale|offset|mean|variance))$"
"""Of a convolution's parameter, or its normalisation's, in a static graph."""

_BRANCHES = {"2a": "conv0", "2b": "conv1", "2c": "conv2", "1": "short"}


def published_names(backbone: str, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The same arrays by the names of our backbone, without the heads that it does not have.

    Args:
        backbone: Which one, as in ``BACKBONES``.
        arrays: By the names of their publisher; a name that is not known stays as it is.

    Raises:
        ModelError: If two names mean the same parameter.
    """
    family = next(family for family in _HEADS if backbone.startswith(family))
    heads = re.compile("|".join((*_HEADS[family], *_REID_HEADS)))
    rules = _rules(backbone)
    ours: dict[str, NDArray[Any]] = {}
    for name, array in arrays.items():
        bare = _first_of_each(name, [_WRAPPERS[:1], _WRAPPERS[1:]])
        if heads.match(bare):
            continue
        new = _first_of_each(bare, [rules]).replace("._conv.", ".conv.").replace("._batch_norm.", ".bn.")
        if new in ours:
            raise ModelError(f"two arrays are called {new}, one of them {name}; is this one network's file?")
        ours[new] = array
    return ours


def _first_of_each(name: str, groups: Sequence[Sequence[Rule]]) -> str:
    """``name`` after the first rule of each group that fits it."""
    for rules in groups:
        for pattern, new in rules:
            if match := re.match(pattern, name):
                name = (new if isinstance(new, str) else new(match)) + name[match.end() :]
                break
    return name


def _rules(backbone: str) -> tuple[Rule, ...]:
    if backbone in (*RESNETS, *RESNETS_VD):
        return _resnet(BLOCKS[int(re.findall(r"\d+", backbone)[0])])
    return {"MobileNetV3": _MOBILENET_V3, "GhostNet": _GHOSTNET}.get(backbone.split("_")[0], ())


def _static_part(match: re.Match[str]) -> str:
    """What ``_ENDING`` found, as ours."""
    return "conv.weight" if match["weights"] else "bn." + _STATIC[match["kind"]]


def _resnet(stages: tuple[int, ...]) -> tuple[Rule, ...]:
    firsts = (0, *accumulate(stages))

    def dygraph(match: re.Match[str]) -> str:
        return f"blocks.{firsts[int(match[1])] + int(match[2])}."

    def lettered(match: re.Match[str]) -> str:
        block = int(match["number"] or ord(match["letter"]) - ord("a"))
        return f"blocks.{firsts[int(match['stage']) - 2] + block}."

    def static(match: re.Match[str]) -> str:
        return f"{lettered(match)}{_BRANCHES[match['branch']]}." + _static_part(match)

    def static_stem(match: re.Match[str]) -> str:
        return f"stem.{int(match['number'] or 1) - 1}." + _static_part(match)

    def vision(match: re.Match[str]) -> str:
        kind = "conv" if match[3] == "conv" else "bn"
        return f"blocks.{firsts[int(match[1]) - 1] + int(match[2])}.conv{int(match[4]) - 1}.{kind}."

    def vision_short(match: re.Match[str]) -> str:
        return f"blocks.{firsts[int(match[1]) - 1] + int(match[2])}.short.{'conv' if match[3] == '0' else 'bn'}."

    block = r"(?P<stage>[2-5])(?P<letter>[a-z])(?P<number>\d*)"
    return (
        (r"conv1_([123])\._", lambda match: f"stem.{int(match[1]) - 1}._"),
        (r"conv\._", "stem.0._"),
        (r"bb_([0-3])_(\d+)\.", dygraph),
        (rf"res{block}\.", lettered),
        (rf"(?:res|bn){block}_branch(?P<branch>1|2[abc]){_ENDING}", static),
        (rf"(?:conv1|bnv1|bn_conv1)(?:_(?P<number>[123]))?{_ENDING}", static_stem),
        (r"conv1\.", "stem.0.conv."),
        (r"bn1\.", "stem.0.bn."),
        (r"layer([1-4])\.(\d+)\.(conv|bn)([123])\.", vision),
        (r"layer([1-4])\.(\d+)\.downsample\.([01])\.", vision_short),
    )


_MOBILENET_PARTS = {"expand": "expand_conv", "depthwise": "bottleneck_conv", "linear": "linear_conv"}
_MOBILENET_V3: tuple[Rule, ...] = (
    (r"conv1\.", "conv."),
    (r"conv(\d+)\.", lambda match: f"blocks.{int(match[1]) - 2}."),
    (r"conv1" + _ENDING, lambda match: "conv." + _static_part(match)),
    (r"conv_last" + _ENDING, lambda match: "last_second_conv." + _static_part(match)),
    (
        r"conv(?P<block>\d+)_se_(?P<number>[12])_(?P<what>weights|offset)$",
        lambda match: (
            f"blocks.{int(match['block']) - 2}.mid_se.conv{match['number']}."
            + ("weight" if match["what"] == "weights" else "bias")
        ),
    ),
    (
        r"conv(?P<block>\d+)_(?P<part>expand|depthwise|linear)" + _ENDING,
        lambda match: f"blocks.{int(match['block']) - 2}.{_MOBILENET_PARTS[match['part']]}." + _static_part(match),
    ),
)

_GHOST_PARTS = {
    "depthwise_depthwise": "depthwise_conv",
    "shortcut_depthwise_depthwise": "shortcut_depthwise",
    "shortcut_conv": "shortcut_conv",
    **{
        f"ghost_module_{number}_{part}": f"ghost_module_{number}.{part}"
        for number in (1, 2)
        for part in ("primary_conv", "cheap_operation")
    },
}
_GHOSTNET: tuple[Rule, ...] = (
    (r"(?P<part>conv1|conv_last)" + _ENDING, lambda match: f"{match['part']}." + _static_part(match)),
    (
        r"(?P<block>_ghostbottleneck_\d+)_se_(?P<number>[12])_(?P<what>weights|offset)$",
        lambda match: (
            f"{match['block']}.se_block.{'squeeze' if match['number'] == '1' else 'excitation'}."
            + ("weight" if match["what"] == "weights" else "bias")
        ),
    ),
    (
        rf"(?P<block>_ghostbottleneck_\d+)_(?P<part>{'|'.join(_GHOST_PARTS)})" + _ENDING,
        lambda match: f"{match['block']}.{_GHOST_PARTS[match['part']]}." + _static_part(match),
    ),
)
