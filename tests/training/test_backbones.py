import re
from functools import lru_cache

import numpy as np
import pytest

from ingest.paddle_library import paddle
from training.backbones import build_backbone
from training.network_settings import (
    BACKBONES,
    OSNETS,
    WITH_IBN,
    WITH_MAX_POOLING,
    WITH_NON_LOCAL,
    NetworkSettings,
)
from training.non_local import NonLocal
from training.residual_block import BasicBlock
from training.resnet import BLOCKS

# Millions of parameters with a classifier of 1000 things, as published by PaddleClas, to the digits that it gives; what
# its networks have between our feature map and that classifier is counted as (in, out) of a matrix without biases.
PUBLISHED = {
    "ResNet18": (11.690, 512, None),
    "ResNet34": (21.800, 512, None),
    "ResNet50": (25.560, 2048, None),
    "ResNet101": (44.550, 2048, None),
    "ResNet152": (60.190, 2048, None),
    "ResNet18_vd": (11.710, 512, None),
    "ResNet34_vd": (21.820, 512, None),
    "ResNet50_vd": (25.580, 2048, None),
    "ResNet101_vd": (44.570, 2048, None),
    "ResNet152_vd": (60.210, 2048, None),
    "ResNet200_vd": (74.740, 2048, None),
    "MobileNetV3_small_x0_35": (1.660, 1280, 200),
    "MobileNetV3_small_x0_5": (1.900, 1280, 288),
    "MobileNetV3_small_x0_75": (2.370, 1280, 432),
    "MobileNetV3_small_x1_0": (2.940, 1280, 576),
    "MobileNetV3_small_x1_25": (3.620, 1280, 720),
    "MobileNetV3_large_x0_35": (2.100, 1280, 336),
    "MobileNetV3_large_x0_5": (2.670, 1280, 480),
    "MobileNetV3_large_x0_75": (3.910, 1280, 720),
    "MobileNetV3_large_x1_0": (5.470, 1280, 960),
    "MobileNetV3_large_x1_25": (7.440, 1280, 1200),
    "GhostNet_x0_5": (2.6, 1280, 480),
    "GhostNet_x1_0": (5.2, 1280, 960),
    "GhostNet_x1_3": (7.3, 1280, 1248),
    "PPLCNet_x0_25": (1.5, 1280, 128),
    "PPLCNet_x0_35": (1.6, 1280, 176),
    "PPLCNet_x0_5": (1.9, 1280, 256),
    "PPLCNet_x0_75": (2.4, 1280, 384),
    "PPLCNet_x1_0": (3.0, 1280, 512),
    "PPLCNet_x1_5": (4.5, 1280, 768),
    "PPLCNet_x2_0": (6.5, 1280, 1024),
    "PPLCNet_x2_5": (9.0, 1280, 1280),
}

# Torchreid's model zoo, with its embedding of 512 (a matrix, its bias and its normalisation), to the digits that it gives.
TORCHREID = {
    "OSNet_x0_25": 0.2,
    "OSNet_x0_5": 0.6,
    "OSNet_x0_75": 1.3,
    "OSNet_x1_0": 2.2,
    "OSNet_ibn_x1_0": 2.2,
    "OSNet_ain_x1_0": 2.2,
}

SMALL = {
    "ResNet18_slim": 192,
    "ResNet18_vd": 512,
    "ResNet50": 2048,
    "MobileNetV3_small_x0_25": 144,
    "MobileNetV3_large_x0_25": 240,
    "GhostNet_x0_5": 480,
    "PPLCNet_x0_25": 128,
    "OSNet_x0_25": 128,
    "OSNet_ain_x0_25": 128,
}


def images(batch: int = 2, height: int = 64, width: int = 32):
    return paddle.to_tensor(np.random.default_rng(0).normal(size=(batch, 3, height, width)).astype(np.float32))


def parameters(name: str) -> int:
    with paddle.LazyGuard():  # they are counted, not drawn
        backbone = build_backbone(NetworkSettings(name))
    return sum(value.size for value in backbone.parameters() if not value.stop_gradient)


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_are_as_many_as_published(name):
    millions, features, taken = PUBLISHED[name]
    between = 0 if taken is None else taken * features
    count = (parameters(name) + between + features * 1000 + 1000) / 1e6
    digits = 1 if name.startswith(("GhostNet", "PPLCNet")) else 2
    # PaddleClas's table is rounded unevenly (5.480 stands as 5.470).
    assert count == pytest.approx(millions, abs=0.6 * 10**-digits if digits == 1 else 0.03)


@pytest.mark.parametrize("name", TORCHREID)
def test_osnets_have_as_many_parameters_as_torchreids(name):
    backbone = parameters(name)
    channels = {"5": 128, "0": 512}[name[-1]] if name != "OSNet_x0_5" else 256
    channels = 384 if name == "OSNet_x0_75" else channels
    assert round((backbone + channels * 512 + 3 * 512) / 1e6, 1) == TORCHREID[name]


def test_every_backbone_is_in_a_table_or_a_scale_of_one():
    others = set(BACKBONES) - set(PUBLISHED) - set(TORCHREID)
    assert others == {
        "ResNet18_slim",
        "MobileNetV3_small_x0_25",
        "MobileNetV3_large_x0_25",
        "OSNet_ain_x0_25",
        "OSNet_ain_x0_5",
        "OSNet_ain_x0_75",
    }
    assert parameters("MobileNetV3_small_x0_25") < parameters("MobileNetV3_small_x0_35")
    assert parameters("MobileNetV3_large_x0_25") < parameters("MobileNetV3_large_x0_35")
    assert parameters("OSNet_ain_x0_25") < parameters("OSNet_ain_x0_5") < parameters("OSNet_ain_x0_75")


@pytest.mark.parametrize(("name", "channels"), SMALL.items())
def test_feature_maps_have_their_shape_and_are_finite(name, channels):
    backbone = build_backbone(NetworkSettings(name))
    assert backbone.channels == channels
    for training in (True, False):
        backbone.train() if training else backbone.eval()
        found = backbone(images())
        assert found.shape == [2, channels, 4, 2]
        assert np.isfinite(found.numpy()).all()


@pytest.mark.parametrize("name", [name for name in SMALL if name not in (*OSNETS, "ResNet50")])
def test_a_last_stride_of_2_halves_the_map_with_the_same_parameters(name):
    paddle.seed(0)
    fine = build_backbone(NetworkSettings(name, last_stride=1))
    coarse = build_backbone(NetworkSettings(name, last_stride=2))
    assert {key: value.shape for key, value in coarse.state_dict().items()} == {
        key: value.shape for key, value in fine.state_dict().items()
    }
    assert coarse(images(1)).shape == [1, coarse.channels, 2, 1]


@lru_cache
def lazily(name, **values):
    with paddle.LazyGuard():  # it is looked at, not run
        return build_backbone(NetworkSettings(name, **values))


def layers(name, kind, **values):
    return [layer for layer in lazily(name, **values).sublayers() if isinstance(layer, kind)]


@pytest.mark.parametrize("name", [name for name in BACKBONES if name not in OSNETS])
def test_every_backbone_has_the_last_stride_that_it_is_given(name):
    def halved(**values):
        found = layers(name, (paddle.nn.Conv2D, paddle.nn.AvgPool2D), **values)
        strides = [layer._stride if isinstance(layer, paddle.nn.Conv2D) else [layer.ksize] for layer in found]
        return sum(stride[0] == 2 for stride in strides)

    # The convolution, and that of the shortcut (or the pooling in its place) where it has one.
    assert halved(last_stride=2) - halved() == (2 if name.startswith(("ResNet", "Ghost")) else 1)


@pytest.mark.parametrize("name", WITH_IBN)
def test_every_resnet_has_ibn_if_it_is_asked_for(name):
    blocks = sum(BLOCKS[int(re.findall(r"\d+", name)[0])][:3])
    assert len(layers(name, paddle.nn.InstanceNorm2D, ibn=True)) == blocks
    assert not layers(name, paddle.nn.InstanceNorm2D)


@pytest.mark.parametrize("name", WITH_NON_LOCAL)
def test_non_local_is_there_if_it_is_asked_for(name):
    assert len(layers(name, NonLocal, non_local=True)) == (5 if "50" in name else 11)
    assert not layers(name, NonLocal)


@pytest.mark.parametrize("name", WITH_MAX_POOLING)
def test_every_max_pooling_is_unpadded_if_it_is_asked_for(name):
    for values, padding, ceil_mode in (({}, 1, False), ({"unpadded_pool": True}, 0, True)):
        (pool,) = layers(name, paddle.nn.MaxPool2D, **values)
        assert (pool.padding, pool.ceil_mode) == (padding, ceil_mode)


@pytest.mark.parametrize("name", ["ResNet18_slim", "ResNet18_vd", "PPLCNet_x0_25"])
def test_sizes_that_do_not_halve_evenly_work(name):
    backbone = build_backbone(NetworkSettings(name, last_stride=2))
    assert backbone(images(1, 70, 41)).shape[2:] == [3, 2]


def test_ibn_makes_early_blocks_blind_to_contrast_of_half_their_channels():
    """Half of the channels do not see that an image has twice the contrast; without IBN all do."""
    block = build_backbone(NetworkSettings("ResNet18_slim", ibn=True)).blocks[0].conv0
    plain = build_backbone(NetworkSettings("ResNet18_slim")).blocks[0].conv0
    block.eval()
    plain.eval()
    x = paddle.to_tensor(np.random.default_rng(0).normal(size=(1, 32, 16, 8)).astype(np.float32))
    changes = [np.abs((layer(2 * x) - layer(x)).numpy()).max(axis=(0, 2, 3)) for layer in (block, plain)]
    assert (changes[0][:16] < 1e-3).all()
    assert (changes[0][16:] > 1e-2).all()
    assert (changes[1] > 1e-2).all()


@pytest.mark.parametrize("name", ["ResNet18_slim", "ResNet50", "ResNet50_vd"])
def test_ibn_is_in_the_first_three_stages_only(name):
    with paddle.LazyGuard():
        backbone = build_backbone(NetworkSettings(name, ibn=True))
    found = [index for index, block in enumerate(backbone.blocks) if hasattr(block.conv0.bn, "IN")]
    assert found == list(range(6 if name == "ResNet18_slim" else 13))


def test_vd_shortcuts_see_every_pixel_and_plain_ones_one_in_four():
    for pooled, seen in ((True, 4), (False, 1)):
        block = BasicBlock(8, 16, 2, short=True, pooled=pooled)
        block.eval()
        x = paddle.zeros([1, 8, 2, 2])
        x.stop_gradient = False
        block.short(block.pool(x)).sum().backward()
        assert (np.abs(x.grad.numpy()).sum(axis=(0, 1)) > 0).sum() == seen


def test_an_unpadded_pool_begins_at_the_edge():
    with paddle.LazyGuard():
        padded, unpadded = (
            build_backbone(NetworkSettings("ResNet18", unpadded_pool=which)).pool for which in (False, True)
        )
    x = paddle.arange(16, dtype="float32").reshape([1, 1, 4, 4])
    assert padded(x).numpy().ravel().tolist() == [5, 7, 13, 15]
    assert unpadded(x).numpy().ravel().tolist() == [10, 11, 14, 15]


def test_non_local_blocks_begin_as_nothing_and_stand_where_fast_reid_has_them():
    with paddle.LazyGuard():
        backbone = build_backbone(NetworkSettings("ResNet50", non_local=True))
        deep = build_backbone(NetworkSettings("ResNet101", non_local=True))
    assert list(backbone.non_local.keys()) == ["5", "6", "10", "11", "12"]
    assert list(deep.non_local.keys()) == ["5", "6", *(str(number) for number in range(21, 30))]


def test_non_local_is_the_sum_over_all_pairs_of_places():
    paddle.seed(0)
    layer = NonLocal(6)
    layer.eval()
    x = paddle.to_tensor(np.random.default_rng(0).normal(size=(2, 6, 3, 2)).astype(np.float32))
    assert np.array_equal(layer(x).numpy(), x.numpy())
    layer.bn.weight.set_value(np.ones(6, np.float32))
    g, theta, phi = (part(x).numpy().reshape(2, 6) for part in (layer.g, layer.theta, layer.phi))
    weight, bias = layer.out.weight.numpy()[:, 0, 0, 0], layer.out.bias.numpy()
    slow = x.numpy().reshape(2, 6, 6).copy()
    for image in range(2):
        for place in range(6):
            y = sum(theta[image, place] * phi[image, other] * g[image, other] for other in range(6)) / 6
            slow[image, :, place] += (weight * y + bias) / np.sqrt(1 + 1e-5)
    np.testing.assert_allclose(layer(x).numpy().reshape(2, 6, 6), slow, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["OSNet_x0_25", "OSNet_ain_x0_25"])
def test_osnets_streams_differ_in_what_they_see(name):
    """A stream of n layers of 3×3 sees 2n + 1 pixels."""
    block = build_backbone(NetworkSettings(name)).conv3[0]
    block.eval()
    for layers, stream in enumerate((block.conv2a, block.conv2b, block.conv2c, block.conv2d), start=1):
        x = paddle.ones([1, 24, 13, 13])
        x.stop_gradient = False
        for layer in stream.sublayers(include_self=True):
            if isinstance(layer, paddle.nn.Conv2D):
                layer.weight.set_value(paddle.ones_like(layer.weight))
        stream(x)[0, 0, 6, 6].backward()
        assert (x.grad.numpy().sum(axis=(0, 1)) > 0).sum() == (2 * layers + 1) ** 2


def test_osnet_ain_normalises_by_instance_where_its_paper_says():
    places = {"OSNet_x0_25": ["none"] * 6, "OSNet_ain_x0_25": ["inside", "inside", "none", "inside", "inside", "none"]}
    places["OSNet_ibn_x1_0"] = ["outside", "outside", "none", "none", "none", "none"]
    for name, expected in places.items():
        with paddle.LazyGuard():
            backbone = build_backbone(NetworkSettings(name))
        blocks = [block for stage in (backbone.conv2, backbone.conv3, backbone.conv4) for block in list(stage)[:2]]
        assert [block.instance for block in blocks] == expected
        assert isinstance(backbone.conv1.bn, paddle.nn.InstanceNorm2D) == (name != "OSNet_x0_25")
