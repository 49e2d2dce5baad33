import numpy as np
import pytest

from ingest.paddle_library import paddle
from training.ghostnet import GhostBottleneck
from training.mobilenet_v3 import InvertedResidual
from training.neck import BNNeck
from training.network import NetworkSettings, build_network
from training.non_local import NonLocal
from training.osnet import OmniScaleBlock
from training.pp_lcnet import SeparableBlock
from training.residual_block import Bottleneck


def images(batch: int = 4, seed: int = 0):
    return paddle.to_tensor(np.random.default_rng(seed).normal(size=(batch, 3, 64, 32)).astype(np.float32))


def slim(**options):
    paddle.seed(0)
    return build_network(NetworkSettings("ResNet18_slim", **options))


def trained(network) -> int:
    return sum(value.size for value in network.parameters() if not value.stop_gradient)


def test_the_slim_network_is_as_small_as_it_must_be():
    network = slim(embedding=256)
    assert network.dimension == 256
    assert network.backbone(images()).shape == [4, 192, 4, 2]
    assert network(images()).shape == [4, 256]
    assert trained(network) == 1_947_808 - 192 + 192 * 256 + 256


def test_without_an_embedding_it_has_the_backbones_channels():
    network = slim()
    assert network.fc is None
    assert network.dimension == 192
    assert network(images()).shape == [4, 192]


def test_the_same_seed_gives_the_same_network():
    first, second = slim(embedding=32), slim(embedding=32)
    assert all(
        np.array_equal(first.state_dict()[name].numpy(), value.numpy()) for name, value in second.state_dict().items()
    )


def test_the_neck_normalises_what_classifiers_see_and_not_what_pair_losses_see():
    network = slim(embedding=16)
    features = network.features(images(8))
    embedding = features.embedding.numpy()
    np.testing.assert_allclose(embedding.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(embedding.std(axis=0), 1, atol=0.05)
    metric = features.metric.numpy()
    spread = (metric - metric.mean(axis=0)) / np.sqrt(metric.var(axis=0) + 1e-5)
    np.testing.assert_allclose(embedding, spread, atol=1e-3)


def test_a_trained_neck_searches_as_paddles_own_normalisation(tmp_path):
    network = slim(embedding=16)
    network(images())
    neck, own = network.neck, paddle.nn.BatchNorm1D(16)
    for name, value in own.state_dict().items():
        value.set_value(neck.state_dict()[name].numpy() + 0.1)
        neck.state_dict()[name].set_value(value.numpy())
    neck.eval()
    own.eval()
    x = paddle.to_tensor(np.random.default_rng(0).normal(size=(3, 16)).astype(np.float32))
    np.testing.assert_allclose(neck(x).numpy(), own(x).numpy(), rtol=1e-6)
    neck.train()
    neck(x)
    assert np.abs(neck._mean.numpy() - own._mean.numpy()).max() > 1e-3


def test_the_necks_bias_stays_at_zero():
    network = slim(embedding=16)
    optimizer = paddle.optimizer.SGD(0.5, parameters=network.parameters())
    (network(images()) ** 3 + network(images())).sum().backward()
    optimizer.step()
    assert np.array_equal(network.neck.bias.numpy(), np.zeros(16))
    assert not np.array_equal(network.neck.weight.numpy(), np.ones(16))


def test_without_a_neck_both_are_the_same_tensor():
    network = slim(bnneck=False, embedding=16)
    features = network.features(images())
    assert features.embedding is features.metric
    assert network.fc.bias is not None
    assert slim(embedding=16).fc.bias is None


def test_gem_pooling_is_another_embedding_with_one_more_number_to_learn():
    average, gem = slim(bnneck=False), slim(bnneck=False, pooling="gem")
    average.eval()
    gem.eval()
    found = gem(images()).numpy()
    assert (found >= average(images()).numpy() - 1e-5).all()
    assert trained(gem) == trained(average) + 1
    gem(images()).sum().backward()
    assert gem.pooling.p.grad.item() != 0


def test_a_relu_at_the_end_is_for_the_embedding_alone():
    features = slim(relu=True).features(images())
    assert features.embedding.numpy().min() == 0
    assert slim().features(images()).embedding.numpy().min() < 0


def test_forward_is_the_embedding():
    network = slim(embedding=8)
    network.eval()
    assert np.array_equal(network(images()).numpy(), network.features(images()).embedding.numpy())


@pytest.mark.skipif(not paddle.is_compiled_with_cuda(), reason="Paddle mixes precisions on GPUs only")
@pytest.mark.parametrize("pooling", ["avg", "gem"])
def test_it_trains_in_mixed_precision(pooling):
    network = slim(embedding=16, pooling=pooling, ibn=True)
    with paddle.amp.auto_cast(level="O1", dtype="float16"):
        features = network.features(images())
        loss = (features.embedding.astype("float32") ** 2).mean() + (features.metric.astype("float32") ** 2).mean()
    loss.backward()
    gradients = [value.grad.numpy() for value in network.parameters() if not value.stop_gradient]
    assert all(np.isfinite(gradient).all() for gradient in gradients)
    assert any(np.abs(gradient).max() > 0 for gradient in gradients)


def test_its_normalisations_become_synchronised_ones():
    network = paddle.nn.SyncBatchNorm.convert_sync_batchnorm(slim(ibn=True))
    kinds = [type(layer).__name__ for layer in network.sublayers()]
    assert not [kind for kind in kinds if kind.startswith("BatchNorm")]
    assert kinds.count("SyncBatchNorm") == 2 + 16 + 3  # stem, blocks, shortcuts
    assert isinstance(network.neck, BNNeck)


def test_it_is_exported_for_any_batch(tmp_path):
    network = slim(embedding=16, pooling="gem", ibn=True, relu=True)
    network(images())  # so that the statistics are not those of the start
    assert_exports(network, [3, 64, 32], tmp_path)


def test_the_blocks_of_all_families_are_exported(tmp_path):
    blocks = [
        Bottleneck(8, 4, 2, short=True, pooled=True, ibn=True),
        NonLocal(16),
        InvertedResidual((16, 24, 16), 5, 1, excite=True, activation="hardswish", shortcut=True),
        GhostBottleneck((16, 32, 16), 3, 1, excite=True, reduces=True),
        SeparableBlock(16, 64, 3, 1, excite=True),
        OmniScaleBlock(64, 64, "inside"),
    ]
    assert_exports(paddle.nn.Sequential(*blocks), [8, 16, 8], tmp_path)


def assert_exports(layer, shape, folder):
    """The file gives what the layer gives, for a batch of one and of three."""
    layer.eval()
    spec = paddle.static.InputSpec([None, *shape], "float32", "image")
    paddle.jit.save(layer, str(folder / "layer"), input_spec=[spec])
    exported = paddle.jit.load(str(folder / "layer"))
    for batch in (1, 3):
        x = paddle.to_tensor(np.random.default_rng(1).normal(size=(batch, *shape)).astype(np.float32))
        np.testing.assert_allclose(exported(x).numpy(), layer(x).numpy(), rtol=1e-4, atol=1e-4)
