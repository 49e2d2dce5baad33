"""What a network has learned before: a network file of ours, or weights that others published for its backbone."""

from dataclasses import asdict
from pathlib import Path

from gallery.errors import ModelError
from training.network import ReidNetwork
from training.network_settings import NetworkSettings
from training.pretrained import load_pretrained
from training.weights import Mismatch, apply_weights, read_network_file


def start_from(path: Path, network: ReidNetwork, *, allow_mismatch: bool) -> Mismatch:
    """Puts the weights of a file into a network, or those of a ``.pdparams`` into its backbone.

    Args:
        path: A file of ``save_network``, or a ``.pdparams``.
        network: It is changed.
        allow_mismatch: Whether weights that do not fit are left out, rather than refused.

    Returns:
        What did not fit.

    Raises:
        ModelError: If the file cannot be read, does not fit, or nothing in it fits.
    """
    if path.suffix == ".pdparams":
        return load_pretrained(network, path, allow_mismatch=allow_mismatch)
    file = read_network_file(path)
    try:
        mismatch = apply_weights(network, file.arrays, allow_mismatch=allow_mismatch)
    except ModelError as error:
        raise ModelError(
            f"cannot begin with {path}, a network of {options_of(file.settings)}: {error}, "
            "or leave out what does not fit: --allow-mismatch"
        ) from error
    if len(mismatch.missing) + len(mismatch.reshaped) == len(network.state_dict()):
        raise ModelError(f"nothing in {path} fits this network: {mismatch}; choose the file of this backbone")
    return mismatch


def options_of(settings: NetworkSettings) -> str:
    """The options of ``passerby train`` that make such a network, whatever the size of its images.

    >>> options_of(NetworkSettings("OSNet_x1_0", embedding=512, bnneck=False))
    '--backbone OSNet_x1_0 --embedding 512 --no-bnneck'
    """
    usual = NetworkSettings(settings.backbone, height=settings.height, width=settings.width)
    words = ["--backbone", settings.backbone]
    for name, value in asdict(settings).items():
        flag = name.replace("_", "-")
        if value == getattr(usual, name):
            continue
        words += [f"--{flag}" if value else f"--no-{flag}"] if isinstance(value, bool) else [f"--{flag}", str(value)]
    return " ".join(words)
