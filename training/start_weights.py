"""What a network has learned before: a network file of ours, or weights that Paddle's zoo publishes for its backbone."""

from pathlib import Path

from gallery.errors import ModelError
from training.network import ReidNetwork
from training.watch import Watch
from training.weights import apply_weights, read_network_file, read_pretrained


def start_from(path: Path, network: ReidNetwork, watch: Watch, *, allow_mismatch: bool) -> None:
    """Puts the weights of a file into a network, or those of a ``.pdparams`` into its backbone.

    Args:
        path: A file of ``save_network``, or a ``.pdparams``.
        network: It is changed.
        watch: Is told what did not fit.
        allow_mismatch: Whether weights that do not fit are left out, rather than refused.

    Raises:
        ModelError: If the file cannot be read, does not fit, or nothing in it fits.
    """
    if path.suffix == ".pdparams":
        target, arrays = network.backbone, read_pretrained(path)
    else:
        target, arrays = network, read_network_file(path).arrays
    try:
        mismatch = apply_weights(target, arrays, allow_mismatch=allow_mismatch)
    except ModelError as error:
        raise ModelError(f"{path}: {error}; or leave out what does not fit by --allow-mismatch") from error
    if mismatch:
        if len(mismatch.missing) + len(mismatch.reshaped) == len(target.state_dict()):
            raise ModelError(f"{path}: nothing in it is of this network ({mismatch}); check --backbone")
        watch.note(f"{path}: {mismatch}; left out")
