"""Checkpoints and embeddings of other projects' networks. Runs in their own environment and imports nothing of ours.

    PYTHON benchmarks/imports_peers.py OUT NAME... [--torchreid DIR] [--fast-reid DIR]

For each NAME ("torchreid/osnet_x1_0", "fast-reid/sbs_R50", "torchvision/resnet50", ...) the network is built by the
project's own public code with random weights and statistics that no fresh network has, saved as the project saves it
(torchreid's ``save_checkpoint`` with the optimiser's state, fast-reid's ``Checkpointer``, ``torch.save`` of a torchvision
state dict in the legacy format of its published files), and run on random images. Into OUT go NAME.pth and NAME.npz
(``images`` (B, H, W, 3) uint8 RGB, ``embeddings`` (B, D)), with "/" as "_". A line is printed for each, "made NAME" or why it
cannot be built; then it waits for a line of input, so that large files can be deleted first.

DIR are checkouts of github.com/KaiyangZhou/deep-person-reid and github.com/JDAI-CV/fast-reid, run as they are.
"""

import argparse
import contextlib
import importlib
import re
import sys
import types
from pathlib import Path

import numpy as np
import torch

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
BATCH = 3
KEPT: list[object] = []
"""What must not be freed."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("names", nargs="+")
    parser.add_argument("--torchreid", type=Path)
    parser.add_argument("--fast-reid", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    if any(not name.startswith("torchreid") for name in options.names):
        import_torchvision()
    for name in options.names:
        project, network = name.split("/")
        torch.manual_seed(sum(name.encode()))
        try:
            made = {"torchreid": torchreid, "fast-reid": fast_reid, "torchvision": torchvision}[project]
            file, images, embeddings = made(network, options)
        except ImportError as error:
            print(f"{name}: {error}", flush=True)
        else:
            target = options.out / name.replace("/", "_")
            file.replace(target.with_suffix(".pth"))
            np.savez(target.with_suffix(".npz"), images=images, embeddings=embeddings)
            print(f"made {name}", flush=True)
        sys.stdin.readline()


def import_torchvision() -> None:
    """Also where its compiled part is of another build than PyTorch: the operators for boxes are not needed here."""
    library = None
    for _ in range(20):
        try:
            importlib.import_module("torchvision")
        except RuntimeError as error:
            missing = re.search(r"operator torchvision::(\w+) does not exist", str(error))
            if missing is None:
                raise
            for name in [name for name in sys.modules if name.startswith("torchvision")]:
                del sys.modules[name]
            library = library or torch.library.Library("torchvision", "DEF")
            library.define(f"{missing[1]}(Tensor x) -> Tensor")
            KEPT.append(library)
        else:
            return


def randomise(network: torch.nn.Module) -> torch.nn.Module:
    """Gives every normalisation a mean, a variance, a scale and a shift of its own, and GeM an exponent."""
    with torch.no_grad():
        for module in network.modules():
            if getattr(module, "running_mean", None) is not None:
                module.running_mean.normal_(0, 0.2)
                module.running_var.uniform_(0.5, 1.5)
            if "Norm" in type(module).__name__ and getattr(module, "weight", None) is not None:
                module.weight.uniform_(0.5, 1.5)
                module.bias.normal_(0, 0.2)
            if type(module).__name__ == "GeneralizedMeanPoolingP":
                module.p.fill_(3.37)
            if isinstance(module, torch.nn.Linear) and module.bias is not None:
                module.bias.normal_(0, 0.2)
    return network.eval()


def settle_non_local(network: torch.nn.Module, images: np.ndarray) -> None:
    """Gives the normalisations of non-local blocks the statistics of these images.

    Such a block multiplies three convolutions of what comes in: with drawn statistics a deep network would overflow.
    """

    def settle(norm: torch.nn.Module, values: torch.Tensor) -> None:
        norm.running_mean.copy_(values.mean((0, 2, 3)))
        norm.running_var.copy_(values.var((0, 2, 3)))

    hooks = [
        module.W[0].register_forward_hook(lambda _layer, _inputs, values, norm=module.W[1]: settle(norm, values))
        for module in network.modules()
        if type(module).__name__ == "Non_local"
    ]
    embeddings_of(network, images, normalised=False)
    for hook in hooks:
        hook.remove()


def random_images(height: int, width: int) -> np.ndarray:
    """(BATCH, height, width, 3) uint8, smooth enough to look like something."""
    rng = np.random.default_rng(height)
    coarse = torch.from_numpy(rng.uniform(0, 255, (BATCH, 3, height // 8, width // 8)).astype(np.float32))
    smooth = torch.nn.functional.interpolate(coarse, size=(height, width), mode="bilinear")
    return smooth.numpy().round().astype(np.uint8).transpose(0, 2, 3, 1)


def embeddings_of(network: torch.nn.Module, images: np.ndarray, *, normalised: bool) -> np.ndarray:
    """What the network gives; it gets pixels, or RGB that is normalised."""
    pixels = torch.from_numpy(images.transpose(0, 3, 1, 2).astype(np.float32))
    if normalised:
        pixels = (pixels / 255 - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None]
    with torch.no_grad():
        return network(pixels).numpy()


def torchreid(name: str, options: argparse.Namespace) -> tuple[Path, np.ndarray, np.ndarray]:
    """By torchreid/models and its ``save_checkpoint``, whose package files import more than they need: left out."""
    if options.torchreid is None:
        raise ImportError("--torchreid is not given")
    for package in ("torchreid", "torchreid.models", "torchreid.utils"):
        module = types.ModuleType(package)
        module.__path__ = [str(options.torchreid / package.replace(".", "/"))]
        sys.modules.setdefault(package, module)
    file = (
        "osnet_ain"
        if "ain" in name
        else "osnet"
        if "osnet" in name
        else "resnet_ibn_a"
        if "ibn_a" in name
        else "resnet"
    )
    make = getattr(importlib.import_module(f"torchreid.models.{file}"), name)
    network = make(num_classes=751, pretrained=False, loss="softmax")
    optimiser = torch.optim.Adam(network.parameters(), amsgrad=True)
    network.train()
    network(torch.randn(2, 3, 64, 32)).sum().backward()
    optimiser.step()
    randomise(network)
    images = random_images(256, 128)
    embeddings = embeddings_of(network, images, normalised=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, 60)
    state = {
        "state_dict": network.state_dict(),
        "epoch": 60,
        "rank1": np.float64(0.5),
        "optimizer": optimiser.state_dict(),
        "scheduler": schedule.state_dict(),
    }
    with contextlib.redirect_stdout(sys.stderr):
        importlib.import_module("torchreid.utils.torchtools").save_checkpoint(state, str(options.out / "torchreid"))
    return options.out / "torchreid" / "model.pth.tar-60", images, embeddings


def fast_reid(name: str, options: argparse.Namespace) -> tuple[Path, np.ndarray, np.ndarray]:
    """By its own configuration of that name for Market-1501, its ``build_model`` and its ``Checkpointer``."""
    if options.fast_reid is None:
        raise ImportError("--fast-reid is not given")
    sys.path.insert(0, str(options.fast_reid))
    config = importlib.import_module("fastreid.config").get_cfg()
    path = options.fast_reid / "configs" / "Market1501" / f"{name}.yml"
    if not path.is_file():  # not every depth has a file of its own
        path = path.with_name(path.name.replace("R101", "R50"))
    config.merge_from_file(str(path))
    config.MODEL.BACKBONE.DEPTH = "101x" if "R101" in name else "50x"
    config.MODEL.DEVICE = "cpu"
    config.MODEL.BACKBONE.PRETRAIN = False
    config.MODEL.HEADS.NUM_CLASSES = 751
    network = randomise(importlib.import_module("fastreid.modeling").build_model(config))
    images = random_images(*config.INPUT.SIZE_TEST)
    settle_non_local(network, images)
    embeddings = embeddings_of(network, images, normalised=False)
    checkpointer = importlib.import_module("fastreid.utils.checkpoint").Checkpointer(network, str(options.out))
    checkpointer.save("fast-reid", epoch=119, metric=0.9)
    return options.out / "fast-reid.pth", images, embeddings


def torchvision(name: str, options: argparse.Namespace) -> tuple[Path, np.ndarray, np.ndarray]:
    """A published file is its state dict in the legacy format; the embedding is what its ``fc`` gets."""
    network = randomise(getattr(importlib.import_module("torchvision.models"), name)(weights=None))
    torch.save(network.state_dict(), options.out / "torchvision.pth", _use_new_zipfile_serialization=False)
    network.fc = torch.nn.Identity()
    images = random_images(256, 128)
    return options.out / "torchvision.pth", images, embeddings_of(network, images, normalised=True)


if __name__ == "__main__":
    main()
