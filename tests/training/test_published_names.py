import numpy as np
import pytest

from gallery.errors import ModelError
from ingest.paddle_library import paddle
from tests.training import published_weights as published
from training.network import NetworkSettings, build_network
from training.published_names import published_names

LISTS = {
    "ResNet50_vd current": ("ResNet50_vd", published.resnet_vd(50, "current")),
    "ResNet50_vd dygraph": ("ResNet50_vd", published.resnet_vd(50, "dygraph")),
    "ResNet50_vd static": ("ResNet50_vd", published.resnet_vd(50, "static")),
    "ResNet101_vd current": ("ResNet101_vd", published.resnet_vd(101, "current")),
    "ResNet101_vd dygraph": ("ResNet101_vd", published.resnet_vd(101, "dygraph")),
    "ResNet101_vd static": ("ResNet101_vd", published.resnet_vd(101, "static")),
    "ResNet34_vd static": ("ResNet34_vd", published.resnet_vd(34, "static")),
    "ResNet50 current": ("ResNet50", published.resnet50("current")),
    "ResNet50 dygraph": ("ResNet50", published.resnet50("dygraph")),
    "ResNet50 static": ("ResNet50", published.resnet50("static")),
    "ResNet50 vision": ("ResNet50", published.resnet50("vision")),
    "MobileNetV3 current": ("MobileNetV3_small_x0_35", published.mobilenet_v3_small_x0_35("current")),
    "MobileNetV3 dygraph": ("MobileNetV3_small_x0_35", published.mobilenet_v3_small_x0_35("dygraph")),
    "MobileNetV3 static": ("MobileNetV3_small_x0_35", published.mobilenet_v3_small_x0_35("static")),
    "GhostNet current": ("GhostNet_x0_5", published.ghostnet_x0_5("current")),
    "GhostNet static": ("GhostNet_x0_5", published.ghostnet_x0_5("static")),
    "PPLCNet": ("PPLCNet_x0_25", published.pplcnet_x0_25()),
    "OSNet": ("OSNet_x0_25", published.osnet_x0_25()),
}


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize(("backbone", "shapes"), LISTS.values(), ids=LISTS.keys())
def test_every_name_and_shape_is_a_parameter_of_ours(backbone: str, shapes: published.Shapes, stride):
    if stride == 2 and backbone.startswith("OSNet"):
        stride = 1
    arrays = {name: np.broadcast_to(np.float32(0), shape) for name, shape in shapes.items()}
    with paddle.LazyGuard():  # without values: the names and shapes are what is looked at
        ours = build_network(NetworkSettings(backbone, last_stride=stride)).backbone.state_dict()
    found = {name: array.shape for name, array in published_names(backbone, arrays).items()}
    assert found == {name: tuple(value.shape) for name, value in ours.items()}


def test_generations_of_names_mean_the_same_parameters():
    current = published.filled(published.resnet_vd(18, "current"))
    for generation in ("dygraph", "static"):
        renamed = dict(zip(published.resnet_vd(18, generation), current.values(), strict=True))
        found = published_names("ResNet18_vd", renamed)
        assert list(found) == [name for name in current if not name.startswith("fc.")]
        assert all(found[name] is current[name] for name in found)


def test_what_wraps_a_backbone_is_taken_off_and_heads_are_left_out():
    one = np.zeros(1)
    arrays = {
        "Student.backbone.conv1.conv.weight": one,
        "backbone.blocks2.0.dw_conv.bn.bias": one,
        "neck.bn.weight": one,
    }
    assert list(published_names("PPLCNet_x0_25", arrays)) == ["conv1.conv.weight", "blocks2.0.dw_conv.bn.bias"]


def test_two_names_for_one_parameter_are_refused():
    arrays = {"stem.0.conv.weight": np.zeros(1), "conv1_1._conv.weight": np.zeros(1)}
    with pytest.raises(ModelError, match=r"two arrays are called stem\.0\.conv\.weight"):
        published_names("ResNet18_vd", arrays)


def test_paddles_own_resnet18_gives_the_same_feature_map():
    from paddle.vision.models import resnet18

    paddle.seed(0)
    theirs = resnet18(num_classes=-1, with_pool=False)
    ours = build_network(NetworkSettings("ResNet18", last_stride=2)).backbone
    named = published_names("ResNet18", {name: value.numpy() for name, value in theirs.state_dict().items()})
    # PaddleClas's first block convolves its shortcut, Paddle's does not: ours becomes the identity.
    eye = {"conv.weight": np.eye(64, dtype=np.float32)[:, :, None, None], "bn.weight": np.full(64, np.sqrt(1 + 1e-5))}
    eye |= {"bn.bias": np.zeros(64), "bn._mean": np.zeros(64), "bn._variance": np.ones(64)}
    for name, value in ours.state_dict().items():
        part = name.removeprefix("blocks.0.short.")
        value.set_value((eye[part] if part != name else named[name]).astype(np.float32))
    ours.eval()
    theirs.eval()
    images = paddle.to_tensor(np.random.default_rng(0).normal(size=(2, 3, 64, 32)).astype(np.float32))
    with paddle.no_grad():
        np.testing.assert_allclose(ours(images).numpy(), theirs(images).numpy(), rtol=1e-4, atol=1e-4)
