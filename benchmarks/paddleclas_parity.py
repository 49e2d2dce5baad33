"""Our backbones beside PaddleClas's own, with the same weights: how far their feature maps are apart.

    python -m benchmarks.paddleclas_parity [NAME...]

``PADDLECLAS`` names a checkout of PaddleClas (its current layout, or that of its release 2.0); only the files that
define networks are run.
"""

import importlib
import os
import sys
import types
import warnings
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np

from ingest.paddle_library import paddle
from training.network import BACKBONES, NetworkSettings, build_network
from training.network_settings import GHOSTNETS, MOBILENETS_V3, PP_LCNETS, RESNETS, RESNETS_VD
from training.published_names import published_names
from training.weights import apply_weights

FAMILIES = {
    ("resnet", "legendary_models.resnet"): RESNETS,
    ("resnet_vd", "legendary_models.resnet"): RESNETS_VD,
    ("mobilenet_v3", "legendary_models.mobilenet_v3"): MOBILENETS_V3,
    ("ghostnet", "model_zoo.ghostnet"): GHOSTNETS,
    ("pp_lcnet", "legendary_models.pp_lcnet"): PP_LCNETS,
}


def main() -> None:
    source = os.environ.get("PADDLECLAS")
    if not source:
        print("set PADDLECLAS to a checkout of PaddleClas: left out")
        return
    paddle.seed(0)
    seed = np.random.default_rng(0)
    images = paddle.to_tensor(seed.normal(size=(2, 3, 128, 64)).astype(np.float32))
    print(f"{'backbone':26} parameters  largest difference (1 is the largest value)")
    for name, theirs in peers(Path(source), sys.argv[1:] or BACKBONES):
        ours = build_network(NetworkSettings(name, last_stride=2)).backbone
        scatter(theirs, images, seed)
        arrays = {key: value.numpy() for key, value in theirs.state_dict().items()}
        apply_weights(ours, published_names(name, arrays))
        ours.eval()
        theirs.eval()
        with paddle.no_grad():
            expected, found = feature_map(theirs, images), ours(images).numpy()
        count = sum(value.size for value in ours.state_dict().values())
        apart = np.abs(expected - found).max() / np.abs(expected).max()
        print(f"{name:26} {count:10,}  {apart:.2e}", flush=True)


def peers(source: Path, wanted: Collection[str]) -> Iterator[tuple[str, "paddle.nn.Layer"]]:
    """Each wanted backbone that both have, of that checkout, with fresh weights."""
    legacy = (source / "ppcls" / "modeling" / "architectures").is_dir()
    root = "ppcls.modeling.architectures" if legacy else "ppcls.arch.backbone"
    for package in ("ppcls", "ppcls.modeling", root, f"{root}.legendary_models", f"{root}.model_zoo", "ppcls.utils"):
        sys.modules[package] = types.ModuleType(package)
        sys.modules[package].__path__ = [str(source.joinpath(*package.split(".")))]
    loading, log = types.ModuleType("ppcls.utils.save_load"), types.ModuleType("ppcls.utils.logger")
    loading.load_dygraph_pretrain = loading.get_weights_path_from_url = None
    log.warning = lambda *_: None
    sys.modules["ppcls.utils.save_load"], sys.modules["ppcls.utils.logger"] = loading, log
    sys.modules["ppcls.utils"].logger = log
    for (old, new), names in FAMILIES.items():
        path = f"{root}.{old if legacy else new}"
        try:
            module = importlib.import_module(path)
        except ModuleNotFoundError:
            print(f"{path}: not in this checkout")
            continue
        for name in names:
            if name in wanted and hasattr(module, name):
                with paddle.utils.unique_name.guard():
                    yield name, getattr(module, name)()


def scatter(network: "paddle.nn.Layer", images: "paddle.Tensor", seed: np.random.Generator) -> None:
    """Give the normalisations scales and statistics that differ, so that a wrong name shows.

    The statistics are those of the images: with others, values grow from block to block until rounding decides what
    GhostNet's gates cut.
    """
    for layer in network.sublayers():
        if isinstance(layer, paddle.nn.BatchNorm | paddle.nn.BatchNorm2D):
            layer.weight.set_value(seed.uniform(0.5, 1.5, layer.weight.shape).astype(np.float32))
            layer.bias.set_value(seed.uniform(-0.1, 0.1, layer.bias.shape).astype(np.float32))
            layer._momentum = 0.0  # all of this batch, nothing of before
    network.train()
    with warnings.catch_warnings(), paddle.no_grad():
        warnings.simplefilter("ignore")
        network(images)


def feature_map(network: "paddle.nn.Layer", images: "paddle.Tensor") -> np.ndarray:
    """What the network pools at its end."""
    seen = []
    pool = next(
        layer for name, layer in network.named_children() if name in {"avg_pool", "pool2d_avg", "pool2d_gap", "pool"}
    )
    pool.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].numpy()))
    network(images)
    return seen[-1]


if __name__ == "__main__":
    main()
