"""What a Re-ID network is made of, in numbers and names; light to import."""

import json
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from gallery.errors import ConfigError

Pooling = Literal["avg", "gem"]

BACKBONES: tuple[str, ...] = ("ResNet18_slim",)
"""The names that ``NetworkSettings.backbone`` may have; those of PaddleClas where it has the same network."""

WITH_IBN: tuple[str, ...] = ("ResNet18_slim",)
"""Backbones that ``NetworkSettings.ibn`` is for."""

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
        last_stride: Of the backbone's last stage: 1 keeps twice the height and width, which Re-ID gains by.
        ibn: Whether half the channels of the early blocks are normalised by instance (IBN-a, arXiv 1807.09441), which
            helps on cameras that were not trained on.
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
    height: int = 256
    width: int = 128

    def __post_init__(self) -> None:
        if self.backbone not in BACKBONES:
            raise ConfigError(f"there is no backbone '{self.backbone}'; use one of {', '.join(BACKBONES)}")
        for name in ("bnneck", "ibn"):
            if not isinstance(getattr(self, name), bool):
                raise ConfigError(f"{name} is {getattr(self, name)!r}; set it to true or false")
        _check_number("embedding", self.embedding, 0, _MOST_DIMENSIONS)
        _check_number("height", self.height, _LEAST_PIXELS, _MOST_PIXELS)
        _check_number("width", self.width, _LEAST_PIXELS, _MOST_PIXELS)
        if self.pooling not in get_args(Pooling):
            raise ConfigError(f"pooling is {self.pooling!r}; use one of {', '.join(get_args(Pooling))}")
        _check_number("last_stride", self.last_stride, 1, 2)
        if self.ibn and self.backbone not in WITH_IBN:
            raise ConfigError(f"{self.backbone} has no IBN variant; leave ibn out, or use one of {', '.join(WITH_IBN)}")

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
