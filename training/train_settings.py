"""All that decides what a training run learns: one flat, frozen record whose names are those of flags and recipes."""

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

from gallery.errors import ConfigError
from training.schedule import ScheduleKind

OptimiserName = Literal["sgd", "adam", "adamw"]

RANGES: Mapping[str, tuple[float, float]] = {
    "embedding": (0, 8192),
    "last_stride": (1, 2),
    "ids": (2, 4096),
    "images": (2, 256),
    "batch": (2, 65_536),
    "epochs": (1, 1_000_000),
    "iterations": (0, 1_000_000_000),
    "lr": (1e-12, 1e3),
    "momentum": (0, 0.9999),
    "weight_decay": (0, 1),
    "factor": (0, 1),
    "warmup": (0, 1_000_000_000),
    "flip": (0, 1),
    "crop": (0, 1),
    "padding": (0, 256),
    "erase": (0, 1),
    "jitter": (0, 1),
    "augmix": (0, 1),
    "ema": (0, 0.999999),
    "clip": (0, 1e6),
    "validate_every": (0, 1_000_000_000),
    "seed": (0, 2**31 - 1),
    "workers": (0, 256),
    "cache_mb": (0, 10_000_000),
    "save_seconds": (0, 1e9),
}
"""Least and largest value of the others that are numbers."""

HOW_ONLY = frozenset({"device", "workers", "cache_mb", "save_seconds"})
"""Settings that say how a run is computed, not what it learns: it may be resumed with others."""

VALIDATIONS = 20
"""How often a run is validated where nothing is said."""

_SIZE = re.compile(r"(\d+)x(\d+)")


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """One training run. The defaults are the recipe ``modern``.

    ``warmup``, ``steps`` and ``validate_every`` count what the length of the run counts: epochs, or iterations.

    Attributes:
        data: Folders and list files to learn from, ``PATH`` or ``NAME=PATH``.
        people: Who of them, each ``FILE:NAME``, a list of people in a JSON file; all if none is named.
        hold_out: Whom to validate on: a share of the people, "0" for none; ``FILE:NAME``, a list of them; or another set.
        skip_bad: Whether unreadable images are left out rather than refused.
        backbone: A name of ``BACKBONES``.
        embedding: Dimensions, 0 for the backbone's channels.
        pooling: ``avg`` or ``gem``.
        bnneck: Whether a batch normalisation parts metric features from classified ones.
        last_stride: Of the backbone's last stage, 1 or 2.
        ibn: Whether early blocks normalise half their channels by instance.
        non_local: Whether attention over all places follows some blocks.
        relu: Whether the embedding ends in a ReLU, as torchreid's OSNet does.
        unpadded_pool: Whether the stem's max pooling begins at the edge, as in fast-reid.
        size: Of the network's input, ``HEIGHTxWIDTH`` in pixels.
        loss: A weighted sum, as ``Objective.parse`` reads it.
        teacher: A network to distil from: its name or file.
        sampler: ``pk`` (``ids`` people with ``images`` images each), ``camera`` (the same, balanced over cameras), ``plain``.
        ids: People in a batch.
        images: Images of each.
        batch: Images in a batch of ``plain``.
        epochs: Length of the run.
        iterations: Its length in batches instead; 0 for ``epochs``.
        optimizer: ``adam``, ``adamw`` or ``sgd`` (with momentum).
        lr: Learning rate after the warm-up.
        momentum: Of ``sgd``.
        weight_decay: Strength of it.
        warmup: How long the rate rises; None for a twelfth of the run.
        schedule: ``constant``, ``piecewise`` or ``cosine``.
        steps: When ``piecewise`` multiplies the rate by ``factor``; none for a third and seven twelfths of the run.
        factor: By what.
        flip: Probability that an image is mirrored.
        crop: Probability that it is framed with black and cut back to its size somewhere.
        padding: Width of that frame, pixels.
        erase: Probability that a rectangle is erased.
        erase_fill: What with: ``random`` pixels or the ``mean`` colour.
        jitter: Probability that brightness, contrast, saturation and hue are changed.
        augmix: Probability of a random mixture of changes.
        ema: Decay of the moving average of the weights, 0 for none.
        clip: Largest norm of the gradient, 0 for no limit.
        amp: Arithmetic on a GPU: ``off``, ``bf16`` or ``fp16``.
        weights: A file to start from, ``.npz`` or ``.pdparams``; None for random weights.
        allow_mismatch: Whether weights of that file that do not fit are left out rather than refused.
        validate_every: How often held-out people are looked for and the best network is kept; 0 for a twentieth of the run.
        seed: Of all randomness.
        device: ``cpu`` or ``cuda``.
        workers: Threads that read and change images; 0 for the training's own.
        cache_mb: Decoded images are kept in memory up to this size, 2^20 bytes.
        save_seconds: Least time between two checkpoints that nothing but time asks for; a crash costs as much.

    Raises:
        ConfigError: If a value is out of range, or would do nothing.
    """

    data: tuple[str, ...]
    people: tuple[str, ...] = ()
    hold_out: str = "0.1"
    skip_bad: bool = False
    backbone: str = "ResNet50"
    embedding: int = 0
    pooling: Literal["avg", "gem"] = "avg"
    bnneck: bool = True
    last_stride: int = 1
    ibn: bool = False
    non_local: bool = False
    relu: bool = False
    unpadded_pool: bool = False
    size: str = "256x128"
    loss: str = "softmax(smoothing=0.1) + triplet(margin=0.3, mining=hard)"
    teacher: str | None = None
    sampler: Literal["pk", "camera", "plain"] = "pk"
    ids: int = 16
    images: int = 4
    batch: int = 64
    epochs: int = 120
    iterations: int = 0
    optimizer: OptimiserName = "adam"
    lr: float = 3.5e-4
    momentum: float = 0.9
    weight_decay: float = 5e-4
    warmup: int | None = None
    schedule: ScheduleKind = "piecewise"
    steps: tuple[int, ...] = ()
    factor: float = 0.1
    flip: float = 0.5
    crop: float = 1.0
    padding: int = 10
    erase: float = 0.5
    erase_fill: Literal["random", "mean"] = "random"
    jitter: float = 0.0
    augmix: float = 0.0
    ema: float = 0.0
    clip: float = 0.0
    amp: Literal["off", "bf16", "fp16"] = "off"
    weights: str | None = None
    allow_mismatch: bool = False
    validate_every: int = 0
    seed: int = 0
    device: Literal["cpu", "cuda"] = "cpu"
    workers: int = 2
    cache_mb: int = 0
    save_seconds: float = 300.0

    def __post_init__(self) -> None:
        for name, words in CHOICES.items():
            if getattr(self, name) not in words:
                raise ConfigError(f"{name} is {getattr(self, name)!r}; use one of {', '.join(words)}")
        for name, (least, most) in RANGES.items():
            value = getattr(self, name)
            if value is not None and not least <= value <= most:
                raise ConfigError(f"{name} is {value:g}; use {least:g} to {most:g}")
        if not self.data:
            raise ConfigError("there is nothing to learn from; name a folder of images or a list file")
        if _SIZE.fullmatch(self.size) is None:
            raise ConfigError(f"size is {self.size!r}; write height and width like 256x128")
        _share(self.hold_out)
        for name in ("steps", "warmup"):
            latest = max(self.steps, default=0) if name == "steps" else self.warmup or 0
            if latest >= self.length:
                raise ConfigError(f"{name} {latest} lies beyond the run's {self.length} {self.unit}; set it lower")
        if any(later <= earlier for earlier, later in zip((0, *self.steps), self.steps, strict=False)):
            raise ConfigError(f"steps are {', '.join(map(str, self.steps))}; write them in rising order, from 1 on")

    @property
    def height(self) -> int:
        """Of the network's input, pixels."""
        return int(self.size.split("x")[0])

    @property
    def width(self) -> int:
        """Of the network's input, pixels."""
        return int(self.size.split("x")[1])

    @property
    def unit(self) -> str:
        """What the length of the run is counted in."""
        return "iterations" if self.iterations else "epochs"

    @property
    def length(self) -> int:
        """How many epochs, or iterations, the run has."""
        return self.iterations or self.epochs

    @property
    def warmup_length(self) -> int:
        """How many of them the rate rises."""
        return self.length // 12 if self.warmup is None else self.warmup

    @property
    def milestones(self) -> tuple[int, ...]:
        """After how many of them ``piecewise`` lowers the rate."""
        return self.steps or tuple(sorted({math.ceil(self.length / 3), math.ceil(self.length * 7 / 12)}))

    @property
    def validation_period(self) -> int:
        """After how many of them the held-out people are looked for again."""
        return self.validate_every or math.ceil(self.length / VALIDATIONS)

    @property
    def hold_out_share(self) -> float | None:
        """Share of the people that is held out; None where ``hold_out`` names them."""
        return _share(self.hold_out)

    def to_json(self) -> dict[str, Any]:
        """By name, as JSON has them."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


def _share(text: str) -> float | None:
    try:
        share = float(text)
    except ValueError:
        return None
    if not 0 <= share <= 0.9:
        raise ConfigError(f"hold_out is {text}; use 0 to 0.9, FILE:NAME, or another set of people")
    return share


KINDS: Mapping[str, Any] = get_type_hints(TrainSettings)
"""Of each setting."""

CHOICES = {name: get_args(kind) for name, kind in KINDS.items() if get_origin(kind) is Literal}
"""Settings that are one of a few words."""
