"""What a Re-ID network is made of, in numbers and names; light to import."""

import difflib
import json
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from gallery.errors import ConfigError

Pooling = Literal["avg", "gem"]

RESNETS = tuple(f"ResNet{depth}" for depth in (18, 34, 50, 101, 152))
RESNETS_VD = tuple(f"ResNet{depth}_vd" for depth in (18, 34, 50, 101, 152, 200))
MOBILENETS_V3 = tuple(
    f"MobileNetV3_{size}_x{scale}"
    for size in ("small", "large")
    for scale in ("0_25", "0_35", "0_5", "0_75", "1_0", "1_25")
)
GHOSTNETS = tuple(f"GhostNet_x{scale}" for scale in ("0_5", "1_0", "1_3"))
PP_LCNETS = tuple(f"PPLCNet_x{scale}" for scale in ("0_25", "0_35", "0_5", "0_75", "1_0", "1_5", "2_0", "2_5"))
OSNETS = (
    *(f"OSNet_x{scale}" for scale in ("0_25", "0_5", "0_75", "1_0")),
    "OSNet_ibn_x1_0",
    *(f"OSNet_ain_x{scale}" for scale in ("0_25", "0_5", "0_75", "1_0")),
)

BACKBONES: tuple[str, ...] = (
    "ResNet18_slim",
    *RESNETS,
    *RESNETS_VD,
    *MOBILENETS_V3,
    *GHOSTNETS,
    *PP_LCNETS,
    *OSNETS,
)
"""The names that ``NetworkSettings.backbone`` may have; those of PaddleClas where it has the same network."""

WITH_IBN = ("ResNet18_slim", *RESNETS, *RESNETS_VD)
"""Backbones that ``NetworkSettings.ibn`` is for; OSNet's IBN variants are backbones of their own."""

WITH_NON_LOCAL = ("ResNet50", "ResNet101", "ResNet50_vd", "ResNet101_vd")
"""Backbones that ``NetworkSettings.non_local`` is for."""

WITH_MAX_POOLING = (*RESNETS, *RESNETS_VD)
"""Backbones that ``NetworkSettings.unpadded_pool`` is for."""

_MOST_PIXELS, _LEAST_PIXELS = 1024, 32
_MOST_DIMENSIONS = 8192


@dataclass(frozen=True)
class NetworkSettings:
    """One Re-ID network, all but its weights.

    Attributes:
        backbone: One of ``BACKBONES``.
        embedding: Dimensions of the embedding, by a fully connected layer; 0 leaves the backbone's channels as they are.
        pooling: How the feature map becomes a vector: its mean, or GeM (arXiv 1711.02512) with a learned exponent.
        bnneck: Whether a batch normalisation without bias parts what pair losses see from what classifiers and searches
            see (arXiv 1903.07071).
        last_stride: Of the backbone's last stage: 1 keeps twice the height and width, which Re-ID gains by. OSNet's
            last stage has no other.
        ibn: Whether half the channels of the early blocks are normalised by instance (IBN-a, arXiv 1807.09441), which
            helps on cameras that were not trained on.
        non_local: Whether attention over all places follows some blocks, as in AGW (arXiv 2001.04193) and fast-reid's SBS.
        relu: Whether the embedding ends in a ReLU, as torchreid's OSNet does.
        unpadded_pool: Whether the stem's max pooling begins at the edge of the image, as in fast-reid.
        height: Of the images that it is made for, pixels.
        width: The same.

    Raises:
        ConfigError: If a value is not one of these.
    """

    backbone: str
    embedding: int = 0
    pooling: Pooling = "avg"
    bnneck: bool = True
    last_stride: Literal[1, 2] = 1
    ibn: bool = False
    non_local: bool = False
    relu: bool = False
    unpadded_pool: bool = False
    height: int = 256
    width: int = 128

    def __post_init__(self) -> None:
        if self.backbone not in BACKBONES:
            near = difflib.get_close_matches(str(self.backbone), BACKBONES, 1)
            meant = f"did you mean {near[0]}? There are" if near else "use one of"
            raise ConfigError(f"there is no backbone '{self.backbone}'; {meant} {', '.join(BACKBONES)}")
        for name in ("bnneck", "ibn", "non_local", "relu", "unpadded_pool"):
            if not isinstance(getattr(self, name), bool):
                raise ConfigError(f"{name} is {getattr(self, name)!r}; set it to true or false")
        _check_number("embedding", self.embedding, 0, _MOST_DIMENSIONS)
        _check_number("height", self.height, _LEAST_PIXELS, _MOST_PIXELS)
        _check_number("width", self.width, _LEAST_PIXELS, _MOST_PIXELS)
        if self.pooling not in get_args(Pooling):
            raise ConfigError(f"pooling is {self.pooling!r}; use one of {', '.join(get_args(Pooling))}")
        _check_number("last_stride", self.last_stride, 1, 2)
        if self.last_stride != 1 and self.backbone in OSNETS:
            raise ConfigError(
                f"last_stride is {self.last_stride}, but {self.backbone}'s last stage has none; set it to 1"
            )
        for name, backbones in (("ibn", WITH_IBN), ("non_local", WITH_NON_LOCAL), ("unpadded_pool", WITH_MAX_POOLING)):
            if getattr(self, name) and self.backbone not in backbones:
                raise ConfigError(
                    f"{self.backbone} cannot have {name}; leave it out, or use one of {', '.join(backbones)}"
                )

    def to_json(self) -> str:
        """One line that ``from_json`` reads."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "NetworkSettings":
        """The settings in a line of ``to_json``; keys that are left out have their defaults.

        Raises:
            ConfigError: If it is not such a line, or has a key or a value that does not exist.
        """
        try:
            values: Any = json.loads(text)
        except ValueError as error:
            raise ConfigError(f"the settings of the network are not JSON ({error}); write them by to_json") from error
        if not isinstance(values, dict) or "backbone" not in values:
            raise ConfigError(f"the settings of the network name no backbone: {text[:100]!r}")
        known = [field.name for field in fields(cls)]
        if unknown := sorted(set(values) - set(known)):
            raise ConfigError(f"a network has no setting {', '.join(unknown)}; there are {', '.join(known)}")
        return cls(**values)


def _check_number(name: str, value: object, least: int, most: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ConfigError(f"{name} is {value!r}; use a whole number from {least} to {most}")
