"""Begin with weights that others have published for a backbone."""

from pathlib import Path

from gallery.errors import ModelError
from training.network import ReidNetwork
from training.published_names import published_names
from training.weights import Mismatch, apply_weights, read_pretrained


def load_pretrained(network: ReidNetwork, path: Path, *, allow_mismatch: bool = False) -> Mismatch:
    """Put the weights of a published ``.pdparams`` file into the network's backbone; its head stays as it is.

    Args:
        network: Of the same backbone as the file.
        path: A file of PaddleClas (of any of its generations of names) or of ``paddle.vision`` (ResNets only).
        allow_mismatch: Put in what fits and say what did not, instead of refusing.

    Returns:
        What did not fit; nothing where all did. The classifier of the file is no mismatch, it is left out.

    Raises:
        ModelError: If the file is missing, damaged or of another network; with the names that do not fit.

    Example:
        >>> network = build_network(NetworkSettings("ResNet101_vd"))  # doctest: +SKIP
        >>> load_pretrained(network, Path("ResNet101_vd_ssld_pretrained.pdparams"))  # doctest: +SKIP
    """
    backbone = network.settings.backbone
    arrays = read_pretrained(path)
    try:
        mismatch = apply_weights(network.backbone, published_names(backbone, arrays), allow_mismatch=allow_mismatch)
    except ModelError as error:
        raise ModelError(f"cannot begin {backbone} with {path}: {error}") from error
    if len(mismatch.missing) + len(mismatch.reshaped) == len(network.backbone.state_dict()):
        raise ModelError(f"nothing in {path} fits {backbone}: {mismatch}; choose the file of this network")
    return mismatch
