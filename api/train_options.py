"""Options of ``passerby train``. What is not given has the recipe's value, else that of ``TrainSettings``."""

from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import typer

from training.train_settings import TrainSettings

_DEFAULTS = {field.name: field.default for field in fields(TrainSettings)}


def _option(name: str, metavar: str | None, text: str, shown: str | None = None) -> Any:
    default = _DEFAULTS[name]
    if shown is None:
        shown = f"{default:g}" if isinstance(default, float) else str(default)
    return typer.Option(f"--{name.replace('_', '-')}", metavar=metavar, help=text, show_default=shown)


def _switch(name: str, text: str) -> Any:
    flag = name.replace("_", "-")
    return typer.Option(f"--{flag}/--no-{flag}", help=text, show_default=f"{'' if _DEFAULTS[name] else 'no-'}{flag}")


Text: TypeAlias = str | None
Whole: TypeAlias = int | None
Real: TypeAlias = float | None
Switch: TypeAlias = bool | None

Out = Annotated[Path, typer.Option(metavar="RUN", help="Folder of the run.")]
Recipe = Annotated[
    Text,
    typer.Option(
        metavar="FILE|NAME",
        help="TOML file with these options as keys, or modern, arcmargin, eml; options override it.",
    ),
]
Resume = Annotated[
    bool,
    typer.Option("--resume", help="Go on with the run in --out, or begin it if there is none; needs no other option."),
]
People = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FILE:NAME",
        help="Learn from these people only, a list in a JSON file; with several sets SET=FILE:NAME. May be given again.",
        show_default="everybody",
    ),
]
HoldOut = Annotated[
    Text,
    _option(
        "hold_out",
        "SHARE|FILE:NAME|DATA",
        "People to choose the best network by: a share of those in DATA, kept out of learning; a list of them; another set; 0 for none.",
    ),
]
SkipBad = Annotated[Switch, _switch("skip_bad", "Leave out images that cannot be read, rather than refuse them.")]
Backbone = Annotated[Text, _option("backbone", "NAME", "Network that makes features; docs/train.md lists them.")]
Embedding = Annotated[Whole, _option("embedding", "N", "Numbers of the embedding.", "0, the backbone's channels")]
Pooling = Annotated[Literal["avg", "gem"] | None, _option("pooling", None, "How a feature map becomes a vector.")]
BNNeck = Annotated[Switch, _switch("bnneck", "Batch normalisation between metric and classified features.")]
LastStride = Annotated[Whole, _option("last_stride", "1|2", "Of the backbone's last stage.")]
Ibn = Annotated[Switch, _switch("ibn", "Normalise half the channels of early blocks by instance.")]
NonLocal = Annotated[Switch, _switch("non_local", "Attention over all places after some blocks.")]
Relu = Annotated[Switch, _switch("relu", "End the embedding in a ReLU, as torchreid's OSNet does.")]
UnpaddedPool = Annotated[Switch, _switch("unpadded_pool", "Max pooling of the stem without padding, as fast-reid's.")]
Size = Annotated[Text, _option("size", "HxW", "Height and width of the network's input, pixels.")]
Loss = Annotated[Text, _option("loss", "SUM", "Weighted sum of losses; docs/train.md lists them.")]
Teacher = Annotated[
    Text, _option("teacher", "NAME", "Embedder to distil from: a name of `passerby models list`, or a file.", "none")
]
SamplerName = Annotated[
    Literal["pk", "camera", "plain"] | None,
    _option(
        "sampler", None, "Batches of --ids people with --images each, those balanced over cameras, or --batch images."
    ),
]
Ids = Annotated[Whole, _option("ids", "P", "People in a batch.")]
Images = Annotated[Whole, _option("images", "K", "Images of each of them.")]
BatchSize = Annotated[Whole, _option("batch", "N", "Images in a batch of --sampler plain.")]
Epochs = Annotated[
    Whole, _option("epochs", "N", "Length of the run; --warmup, --steps and --validate-every count epochs.")
]
Iterations = Annotated[
    Whole, _option("iterations", "N", "Length of the run in batches instead; they count batches then.", "off")
]
Optimizer = Annotated[
    Literal["adam", "adamw", "sgd"] | None, _option("optimizer", None, "What moves the weights; sgd with --momentum.")
]
Lr = Annotated[Real, _option("lr", "N", "Learning rate after the warm-up.")]
Momentum = Annotated[Real, _option("momentum", "N", "Of --optimizer sgd.")]
WeightDecay = Annotated[Real, _option("weight_decay", "N", "Pull of the weights to 0.")]
Warmup = Annotated[Whole, _option("warmup", "N", "How long the learning rate rises.", "a twelfth of the run")]
ScheduleName = Annotated[
    Literal["constant", "piecewise", "cosine"] | None,
    _option("schedule", None, "What the learning rate does after that."),
]
Steps = Annotated[
    Text,
    _option("steps", "N,N", "When --schedule piecewise lowers the rate.", "a third and seven twelfths of the run"),
]
Factor = Annotated[Real, _option("factor", "N", "By what it is multiplied then.")]
Flip = Annotated[Real, _option("flip", "P", "Probability that an image is mirrored.")]
Crop = Annotated[Real, _option("crop", "P", "Probability that it is framed with black and cut back to its size.")]
Padding = Annotated[Whole, _option("padding", "N", "Width of that frame, pixels.")]
Erase = Annotated[Real, _option("erase", "P", "Probability that a rectangle of it is erased.")]
EraseFill = Annotated[
    Literal["random", "mean"] | None, _option("erase_fill", None, "With random pixels or the mean colour.")
]
Jitter = Annotated[Real, _option("jitter", "P", "Probability that its colours are changed.")]
Augmix = Annotated[Real, _option("augmix", "P", "Probability of a random mixture of changes.")]
Ema = Annotated[Real, _option("ema", "D", "Decay of a moving average of the weights, for example 0.999; 0 for none.")]
Clip = Annotated[Real, _option("clip", "N", "Largest norm of the gradient; 0 for no limit.")]
Amp = Annotated[Literal["off", "bf16", "fp16"] | None, _option("amp", None, "Half precision of the network, on a GPU.")]
Weights = Annotated[
    Text, _option("weights", "FILE", "Weights to start from: a network file (.npz), or Paddle's (.pdparams).", "random")
]
AllowMismatch = Annotated[
    Switch, _switch("allow_mismatch", "Leave out weights of that file that do not fit, and say which.")
]
ValidateEvery = Annotated[
    Whole,
    _option(
        "validate_every",
        "N",
        "How often held-out people are looked for and the best network is kept.",
        "a twentieth of the run",
    ),
]
Seed = Annotated[Whole, _option("seed", "N", "Of all that is random.")]
TrainDevice = Annotated[Literal["cpu", "cuda"] | None, _option("device", None, "Where the network is trained.")]
Workers = Annotated[Whole, _option("workers", "N", "Threads that read and change images.")]
CacheMb = Annotated[Whole, _option("cache_mb", "N", "Keep decoded images in memory up to N MB.")]
SaveSeconds = Annotated[Real, _option("save_seconds", "N", "Longest time that a crash may cost.")]
