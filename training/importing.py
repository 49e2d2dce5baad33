"""Makes a network of ours from a checkpoint of another project, without running anything of it.

The weights come out of the file by ``training/pickled.py``, get our names by ``training/torch_names.py``, and must fit
the same network of ours to the last one: an unknown or missing parameter is an error that names it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from gallery.errors import ModelError
from ingest.paddle_library import nn, paddle
from training.architectures import TWIN, Architecture, find_architecture, recognise
from training.network import ReidNetwork, build_network
from training.network_settings import NetworkSettings
from training.pickled import read_pickled_arrays
from training.pickled_values import Array
from training.weights import Mismatch, apply_weights

IMAGENET_MEAN = (0.485, 0.456, 0.406)
"""RGB, of pixels from 0 to 1: what all networks that are imported take off, and divide by."""

IMAGENET_STD = (0.229, 0.224, 0.225)

_FIXED_EXPONENT = 3.0
"""p of fast-reid's ``GeneralizedMeanPooling``, which AGW has: it is no parameter there."""


@dataclass(frozen=True)
class Imported:
    """A network from elsewhere.

    Attributes:
        network: In evaluation mode.
        architecture: Name of what it was imported as.
        entry: The checkpoint's entry with the weights; "" where they were the whole file.
        dropped: Parameters that only its training needed: left out.
        passed_over: Classes of foreign objects in the file, which were not made.
    """

    network: ReidNetwork
    architecture: str
    entry: str
    dropped: tuple[str, ...]
    passed_over: tuple[str, ...]


def import_checkpoint(
    path: Path,
    architecture: str | None = None,
    *,
    entry: str | None = None,
    height: int | None = None,
    width: int | None = None,
    last_stride: Literal[1, 2] | None = None,
) -> Imported:
    """Makes a network of ours from a checkpoint of PyTorch.

    Args:
        path: ``.pth``, ``.pt`` or ``.pth.tar``.
        architecture: A name of ``ARCHITECTURES``, or "twin/BACKBONE"; found by the parameters' names if left out.
        entry: Entry of the checkpoint with the weights, where it has several.
        height: Of the images that it was trained on, pixels; by default the usual one of the architecture.
        width: The same.
        last_stride: Of the backbone's last stage, where it is not the usual one of the architecture.

    Raises:
        ModelError: Not such a file, or the weights are not of that architecture.
        ConfigError: The size or the stride is none that a network may have.
    """
    found = read_pickled_arrays(path, entry)
    try:
        arrays = _without_module(found.arrays)
        kind = find_architecture(architecture) if architecture else recognise(arrays)
        _check_normalisation(arrays)
        dropped = tuple(name for name in arrays if kind.dropped.match(name))
        theirs = _our_names({name: array for name, array in arrays.items() if name not in dropped}, kind)
        kept = {name: arrays[their_name] for name, their_name in theirs.items()}
        network = build_network(_settings(kind, kept, height, width, last_stride))
        _apply(network, _fitted(kept, network), theirs, kind)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    network.eval()
    _check_output(path, network)
    return Imported(network, kind.name, found.entry, dropped, found.passed_over)


def origin(path: Path, found: Imported) -> dict[str, object]:
    """What a network file says of where its weights come from; JSON can hold it."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "file": path.name,
        "sha256": digest,
        "architecture": found.architecture,
        "entry": found.entry,
        "dropped": list(found.dropped),
        "colour": "rgb",
        "mean": list(IMAGENET_MEAN),
        "std": list(IMAGENET_STD),
    }


def _without_module(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Without what PyTorch's DataParallel puts before all names."""
    wrapped = all(name.startswith("module.") for name in arrays)
    return {name.removeprefix("module.") if wrapped else name: array for name, array in arrays.items()}


def _check_normalisation(arrays: Mapping[str, Array]) -> None:
    """Older files of fast-reid hold what they take off the pixels: it must be what ours do."""
    for name, expected in (("pixel_mean", IMAGENET_MEAN), ("pixel_std", IMAGENET_STD)):
        found = arrays.get(name)
        if found is None:
            continue
        if found.size != 3 or not np.allclose(found.ravel(), np.multiply(expected, 255), rtol=1e-3):
            raise ModelError(f"its {name} is {found.ravel()[:3].tolist()}; only networks with ImageNet's are imported")


def _our_names(arrays: Mapping[str, Array], kind: Architecture) -> dict[str, str]:
    """Their names by ours, without the counts of batches that PyTorch's normalisations keep."""
    theirs: dict[str, str] = {}
    for name, array in arrays.items():
        if name.rsplit(".", 1)[-1] == "num_batches_tracked":
            continue
        ours = kind.rename(name, array)
        if ours in theirs:
            raise ModelError(f"its parameters {theirs[ours]} and {name} are both {ours} of {kind.name}")
        theirs[ours] = name
    return theirs


def _apply(network: ReidNetwork, arrays: Mapping[str, Array], theirs: Mapping[str, str], kind: Architecture) -> None:
    """Puts the weights in; what does not fit is said by the file's own names."""
    for name, array in arrays.items():
        if name.endswith("_variance") and (array < 0).any():  # a ReLU hides what comes of that
            raise ModelError(f"the variances in {theirs.get(name, name)} are negative: the file is damaged")
    mismatch = apply_weights(network, arrays, allow_mismatch=True)
    if mismatch:
        unexpected = tuple(theirs.get(name, name) for name in mismatch.unexpected)
        reshaped = tuple(theirs.get(name, name) for name in mismatch.reshaped)
        raise ModelError(
            f"its weights are not those of {kind.name}: {Mismatch(mismatch.missing, unexpected, reshaped)}; "
            "name its architecture, if it is another"
        )


def _settings(
    kind: Architecture,
    arrays: Mapping[str, Array],
    height: int | None,
    width: int | None,
    last_stride: Literal[1, 2] | None,
) -> NetworkSettings:
    """The architecture's, with what the parameters show of this network's head."""
    usual = kind.settings
    embedding = arrays["fc.weight"].shape[0] if "fc.weight" in arrays and arrays["fc.weight"].ndim else 0
    settings = replace(
        usual,
        embedding=int(embedding),
        bnneck=any(name.startswith("neck.") for name in arrays),
        pooling="gem" if "pooling.p" in arrays else usual.pooling,
        relu=usual.relu and embedding > 0,
        height=usual.height if height is None else height,
        width=usual.width if width is None else width,
        last_stride=usual.last_stride if last_stride is None else last_stride,
    )
    if kind.name.startswith(TWIN):
        settings = replace(
            settings,
            ibn=any(".bn.IN." in name for name in arrays),
            non_local=any(".non_local." in name for name in arrays),
        )
    return settings


def _fitted(arrays: dict[str, Array], network: ReidNetwork) -> dict[str, Array]:
    """In Paddle's shapes and by Paddle's names; what is the same in another form takes the network's form."""
    fitted = {name: array.astype(np.float32) if array.dtype.kind == "f" else array for name, array in arrays.items()}
    for name, layer in network.named_sublayers():
        weight = fitted.get(f"{name}.weight")
        if weight is None:
            continue
        if isinstance(layer, nn.Linear) and weight.shape[2:] in {(), (1, 1)}:  # (out, in) there, also as a convolution
            fitted[f"{name}.weight"] = weight.reshape(weight.shape[:2]).T
        elif isinstance(layer, nn.InstanceNorm2D):
            fitted[f"{name}.scale"] = fitted.pop(f"{name}.weight")
    mean, bias = fitted.get("neck._mean"), fitted.get("fc.bias")
    if mean is not None and bias is not None and mean.shape == bias.shape and _has_no_bias(network.fc):
        # A bias before a normalisation: taken off its mean it does the same.
        fitted["neck._mean"] = mean - fitted.pop("fc.bias")
    if network.settings.pooling == "gem":
        exponent = fitted.setdefault("pooling.p", np.array([_FIXED_EXPONENT], np.float32))
        if not (exponent >= 1).all():
            raise ModelError(f"its GeM pooling has the exponent {exponent.ravel()[:3].tolist()}; ours are at least 1")
    return {**fitted, **_first_shortcut(fitted, network)}


def _has_no_bias(layer: nn.Layer | None) -> bool:
    return layer is not None and layer.bias is None


def _first_shortcut(arrays: Mapping[str, Array], network: ReidNetwork) -> dict[str, Array]:
    """ResNet18's and 34's first block has a plain shortcut elsewhere: here it convolves, by the identity then."""
    prefix = "backbone.blocks.0.short."
    if network.settings.backbone not in {"ResNet18", "ResNet34"} or any(name.startswith(prefix) for name in arrays):
        return {}
    layer = network.backbone.blocks[0].short
    channels = layer.conv.weight.shape[0]
    return {
        f"{prefix}conv.weight": np.eye(channels, dtype=np.float32)[:, :, None, None],
        f"{prefix}bn.weight": np.full(channels, np.sqrt(1 + layer.bn._epsilon), np.float32),
        f"{prefix}bn.bias": np.zeros(channels, np.float32),
        f"{prefix}bn._mean": np.zeros(channels, np.float32),
        f"{prefix}bn._variance": np.ones(channels, np.float32),
    }


def _check_output(path: Path, network: ReidNetwork) -> None:
    """Damaged weights may be finite and still give nothing: one image of noise shows it."""
    noise = np.random.default_rng(0).normal(size=(1, 3, network.settings.height, network.settings.width))
    images = paddle.to_tensor(noise.astype(np.float32))
    with paddle.no_grad():
        outputs = network.backbone(images), network(images)  # GeM pooling makes numbers of what is none
    if not all(np.isfinite(output.numpy()).all() for output in outputs):
        raise ModelError(f"{path}: its network gives no finite numbers; the file is damaged")
