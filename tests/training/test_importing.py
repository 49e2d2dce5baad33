from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from gallery.errors import ConfigError, ModelError
from ingest.paddle_library import paddle
from tests.training import peer_networks as peers
from tests.training.torch_writer import state_file
from training.architectures import ARCHITECTURES, find_architecture, recognise
from training.importing import import_checkpoint
from training.network import NetworkSettings, build_network
from training.weights import load_network, save_network

IMAGES = np.random.default_rng(0).normal(size=(2, 3, 66, 34)).astype(np.float32)


def ours(network, images: np.ndarray = IMAGES) -> np.ndarray:
    with paddle.no_grad():
        return network(paddle.to_tensor(images)).numpy()


def close(found: np.ndarray, expected: np.ndarray) -> None:
    assert found.shape == expected.shape
    assert np.abs(expected).max() > 0.05
    assert np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max()


@pytest.mark.parametrize(("variant", "legacy"), [("", True), ("ibn", False), ("ain", False)])
def test_osnet_gives_what_torchreids_gives(tmp_path: Path, variant: str, legacy: bool):
    scale = "x1_0" if variant == "ibn" else "x0_25"
    state = peers.draw(peers.osnet_shapes(scale, variant))
    found = import_checkpoint(state_file(tmp_path / "n.pth", state, entry="state_dict", legacy=legacy))
    assert found.architecture == f"torchreid/osnet_{variant + '_' if variant else ''}{scale}"
    assert found.entry == "state_dict"
    assert found.dropped == ("classifier.weight", "classifier.bias")
    images = IMAGES[:, :, :64, :32]
    close(ours(found.network, images), peers.osnet(images, state, variant))


def test_resnet18_gives_what_torchvisions_gives(tmp_path: Path):
    state = peers.draw({**peers.resnet_shapes(18), "fc.weight": (11, 512), "fc.bias": (11,)})
    file = state_file(tmp_path / "n.pth", state)
    found = import_checkpoint(file)
    assert found.architecture == "torchvision/resnet18"
    assert found.dropped == ("fc.weight", "fc.bias")
    close(ours(found.network), peers.resnet(IMAGES, state, 18).mean((2, 3)))
    other = import_checkpoint(file, last_stride=1).network
    close(ours(other), peers.resnet(IMAGES, state, 18, last_stride=1).mean((2, 3)))
    assert np.abs(ours(found.network) - ours(other)).max() > 0.01


@pytest.mark.parametrize("zipped", [True, False])
def test_torchvision_itself_gives_the_same(tmp_path: Path, zipped: bool):
    torch = pytest.importorskip("torch")
    network = pytest.importorskip("torchvision.models").resnet18().eval()
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.2)
                module.running_var.uniform_(0.5, 1.5)
    torch.save({"state_dict": network.state_dict()}, tmp_path / "n.pth", _use_new_zipfile_serialization=zipped)
    found = import_checkpoint(tmp_path / "n.pth")
    network.fc = torch.nn.Identity()
    with torch.no_grad():
        close(ours(found.network), network(torch.from_numpy(IMAGES)).numpy())


@pytest.mark.parametrize(
    ("recipe", "ibn", "embedding", "height"),
    [("AGW", False, 64, 256), ("sbs", True, 0, 384)],
)
def test_fast_reids_baselines_give_what_theirs_give(
    tmp_path: Path, recipe: str, ibn: bool, embedding: int, height: int
):
    state = peers.draw(peers.fast_reid_shapes(recipe, 50, ibn=ibn, embedding=embedding))
    found = import_checkpoint(state_file(tmp_path / "n.pth", state, entry="model"))
    assert found.architecture == f"fast-reid/{recipe}_R50{'-ibn' if ibn else ''}"
    assert found.dropped == ("heads.weight",)
    assert (found.network.settings.height, found.network.settings.width) == (height, 128)
    expected = peers.fast_reid(IMAGES.astype(np.float64), state, 50, "avg" if recipe == "bagtricks" else "gem")
    close(ours(found.network), expected)


def peer_shapes(name: str) -> dict[str, tuple[int, ...]]:
    """The names and shapes of each architecture by formula."""
    project, network = name.split("/")
    if project == "fast-reid":
        recipe, rest = network.split("_R")
        return peers.fast_reid_shapes(recipe, int(rest.removesuffix("-ibn")), ibn=rest.endswith("-ibn"))
    if network.startswith("osnet"):
        *variant, scale = network.removeprefix("osnet_").replace("_x", " x", 1).split(" ")
        return peers.osnet_shapes(scale, variant[0] if variant else "")
    depth, _, rest = network.removeprefix("resnet").partition("_")
    shapes = peers.resnet_shapes(int(depth), ibn=rest == "ibn_a")
    if rest == "fc512":
        shapes |= {"fc.0.weight": (512, 2048), "fc.0.bias": (512,), **peers.norm_shapes("fc.1", 512)}
    return {**shapes, ("fc" if project == "torchvision" else "classifier") + ".weight": (11, 512)}


@lru_cache
def names_of(settings: NetworkSettings) -> tuple[str, ...]:
    return tuple(key.replace(".scale", ".weight") for key in build_network(settings).state_dict())


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_name_of_every_architecture_has_its_place(name: str):
    architecture = ARCHITECTURES[name]
    arrays = {key: np.broadcast_to(np.float32(1), shape) for key, shape in peer_shapes(name).items()}
    assert recognise(arrays).name == name
    kept = {
        key: array for key, array in arrays.items() if not architecture.dropped.match(key) and "num_batches" not in key
    }
    renamed = [architecture.rename(key, array) for key, array in kept.items()]
    assert len(set(renamed)) == len(renamed)
    if "101" in name or "152" in name or "x0_" in name:
        return  # the same rules as of the others: built once is enough
    expected = set(names_of(architecture.settings))
    if "resnet18" in name or "resnet34" in name:
        expected -= {key for key in expected if key.startswith("backbone.blocks.0.short.")}
    if "AGW" in name:
        expected -= {"pooling.p"}
    assert set(renamed) - {"fc.bias"} == expected


def test_half_precision_files_of_data_parallel_are_imported(tmp_path: Path):
    state = {
        f"module.{name}": array.astype(np.float16) if array.dtype == np.float32 else array
        for name, array in peers.draw(peers.osnet_shapes("x0_25")).items()
    }
    found = import_checkpoint(state_file(tmp_path / "n.pth", state))
    images = IMAGES[:, :, :64, :32]
    assert found.dropped == ("classifier.weight", "classifier.bias")
    rounded = {name.removeprefix("module."): array.astype(np.float32) for name, array in state.items()}
    close(ours(found.network, images), peers.osnet(images, rounded))


def test_older_files_of_fast_reid_name_their_neck_otherwise(tmp_path: Path):
    state = peers.draw(peers.fast_reid_shapes("bagtricks", 50))
    older = {
        name.replace("heads.bottleneck.0", "heads.bnneck").replace("heads.weight", "heads.classifier.weight"): array
        for name, array in state.items()
    }
    mean = np.array([123.675, 116.28, 103.53], np.float32).reshape(1, 3, 1, 1)
    older["pixel_mean"] = mean
    found = import_checkpoint(state_file(tmp_path / "n.pth", older, entry="model"))
    assert found.dropped == ("heads.classifier.weight", "pixel_mean")
    close(ours(found.network), peers.fast_reid(IMAGES.astype(np.float64), state, 50, "avg"))
    other = {"pixel_mean": mean / 255}
    with pytest.raises(ModelError, match="only networks with ImageNet's"):
        import_checkpoint(state_file(tmp_path / "n.pth", other), "fast-reid/bagtricks_R50")


@pytest.mark.parametrize(
    "settings",
    [
        NetworkSettings("ResNet18_slim", embedding=16, pooling="gem", ibn=True, height=64, width=32),
        NetworkSettings("ResNet18_slim", bnneck=False, last_stride=2),
        NetworkSettings("MobileNetV3_small_x0_35", embedding=8, bnneck=False),
        NetworkSettings("OSNet_ain_x0_25", embedding=8),
        NetworkSettings("ResNet18_vd"),
    ],
    ids=lambda settings: settings.backbone,
)
def test_a_twin_in_pytorch_comes_back(tmp_path: Path, settings: NetworkSettings):
    paddle.seed(3)
    network = build_network(settings)
    network.train()
    network(paddle.to_tensor(IMAGES))  # moves the statistics
    network.eval()
    linear = {f"{name}.weight" for name, layer in network.named_sublayers() if isinstance(layer, paddle.nn.Linear)}
    state = {}
    for name, value in network.state_dict().items():
        *parents, last = name.split(".")
        last = {"_mean": "running_mean", "_variance": "running_var", "scale": "weight"}.get(last, last)
        state[".".join([*parents, last])] = value.numpy().T if name in linear else value.numpy()
        if last == "running_var":
            state[".".join([*parents, "num_batches_tracked"])] = np.array(1)
    state["classifier.weight"] = np.zeros((3, network.dimension), np.float32)
    found = import_checkpoint(
        state_file(tmp_path / "n.pth", state),
        f"twin/{settings.backbone}",
        height=settings.height,
        width=settings.width,
        last_stride=settings.last_stride,
    )
    assert found.network.settings == settings
    assert found.dropped == ("classifier.weight",)
    np.testing.assert_array_equal(ours(found.network), ours(network))


def test_an_imported_network_is_kept_in_our_file(tmp_path: Path):
    state = peers.draw(peers.osnet_shapes("x0_25"))
    found = import_checkpoint(state_file(tmp_path / "n.pth", state), height=64, width=32)
    save_network(tmp_path / "n.npz", found.network)
    kept = load_network(tmp_path / "n.npz")
    assert (kept.settings.height, kept.settings.width, kept.settings.relu) == (64, 32, True)
    images = IMAGES[:, :, :64, :32]
    np.testing.assert_array_equal(ours(kept, images), ours(found.network, images))


def test_what_does_not_fit_is_named(tmp_path: Path):
    state = peers.draw(peers.osnet_shapes("x0_25"))
    path = tmp_path / "n.pth"
    other = {name: array for name, array in state.items() if name != "conv5.bn.running_mean"}
    other |= {"conv6.weight": np.ones(2, np.float32), "pruned.mask": np.ones(2, np.float32)}
    message = (
        r"n\.pth: its weights are not those of torchreid/osnet_x0_25: 1 missing \(backbone\.conv5\.bn\._mean\); "
        r"2 unexpected \(conv6\.weight, pruned\.mask\); name its architecture"
    )
    with pytest.raises(ModelError, match=message):
        import_checkpoint(state_file(path, other))
    with pytest.raises(ModelError, match=r"of another shape \(conv1\.conv\.weight, "):
        import_checkpoint(state_file(path, state), "torchreid/osnet_x0_5")
    with pytest.raises(ModelError, match=r"missing \(backbone\.stem.*unexpected \(conv1\.conv\.weight, "):
        import_checkpoint(state_file(path, state), "torchreid/resnet18")
    nan = {**state, "conv5.conv.weight": np.full((128, 128, 1, 1), np.nan, np.float32)}
    with pytest.raises(ModelError, match="not all finite"):
        import_checkpoint(state_file(path, nan))
    negative = {**state, "conv5.bn.running_var": np.full(128, -1, np.float32)}
    with pytest.raises(ModelError, match=r"n\.pth: the variances in conv5\.bn\.running_var are negative"):
        import_checkpoint(state_file(path, negative))
    huge = {**state, "conv5.conv.weight": np.full((128, 128, 1, 1), 3e38, np.float32)}
    with pytest.raises(ModelError, match=r"n\.pth: its network gives no finite numbers"):
        import_checkpoint(state_file(path, huge))
    whole = {**state, "conv5.bn.bias": np.ones(128, np.int64)}
    with pytest.raises(ModelError, match=r"conv5\.bn\.bias are not all finite numbers"):
        import_checkpoint(state_file(path, whole))


def test_sizes_that_no_network_has_are_refused(tmp_path: Path):
    path = state_file(tmp_path / "n.pth", peers.draw(peers.osnet_shapes("x0_25")))
    with pytest.raises(ConfigError, match="height is 0"):
        import_checkpoint(path, height=0)
    with pytest.raises(ConfigError, match="last_stride is 2"):
        import_checkpoint(path, last_stride=2)


def test_exponents_below_one_are_refused(tmp_path: Path):
    path = state_file(tmp_path / "n.pth", {"pooling.p": np.array([0.5], np.float32)})
    with pytest.raises(ModelError, match="exponent"):
        import_checkpoint(path, "twin/ResNet18_slim")


def test_shapes_that_no_head_has_are_refused(tmp_path: Path):
    ones = np.ones((4, 192, 3, 3), np.float32)
    state = {"fc.weight": ones, "fc.bias": np.ones(5, np.float32), "neck._mean": np.ones(4, np.float32)}
    with pytest.raises(ModelError, match=r"unexpected \(fc\.bias\); 1 of another shape \(fc\.weight\)"):
        import_checkpoint(state_file(tmp_path / "n.pth", state), "twin/ResNet18_slim")
    state = {"heads.weight": ones, "pixel_mean": np.ones(5, np.float32)}
    with pytest.raises(ModelError, match="its pixel_mean is"):
        import_checkpoint(state_file(tmp_path / "n.pth", state), "fast-reid/bagtricks_R50")


def test_architectures_that_are_not_known_are_refused_with_those_that_are(tmp_path: Path):
    with pytest.raises(ModelError, match=r"no architecture 'osnet'; use one of torchreid/osnet_x1_0,.*twin/BACKBONE"):
        find_architecture("osnet")
    with pytest.raises(ModelError, match="no architecture 'twin/VGG'"):
        find_architecture("twin/VGG")
    for state in (
        {"features.0.weight": np.ones((2, 2), np.float32)},
        {"layer1.0.conv1.weight": np.ones(1, np.float32)},
    ):
        with pytest.raises(ModelError, match="of no architecture that is known by them"):
            import_checkpoint(state_file(tmp_path / "n.pth", state))


def test_two_names_for_one_parameter_are_refused(tmp_path: Path):
    state = dict.fromkeys(("heads.bottleneck.0.bias", "heads.bnneck.bias"), np.ones(3, np.float32))
    with pytest.raises(
        ModelError, match=r"0\.bias and heads\.bnneck\.bias are both neck\.bias of fast-reid/bagtricks_R50"
    ):
        import_checkpoint(state_file(tmp_path / "n.pth", state), "fast-reid/bagtricks_R50")
