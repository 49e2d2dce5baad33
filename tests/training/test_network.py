import numpy as np

from ingest.paddle_library import paddle
from training.network import NetworkSettings, build_network


def images(batch: int = 2, height: int = 64, width: int = 32, seed: int = 0):
    return paddle.to_tensor(np.random.default_rng(seed).normal(size=(batch, 3, height, width)).astype(np.float32))


def parameters(network) -> int:
    return sum(p.size for p in network.parameters() if not p.stop_gradient)


def test_the_slim_network_has_its_shape():
    network = build_network(NetworkSettings("ResNet18_slim", embedding=256))
    assert network.dimension == 256
    assert network.backbone(images()).shape == [2, 192, 4, 2]
    assert network(images()).shape == [2, 256]
    assert parameters(network) < 2.1e6, parameters(network)
