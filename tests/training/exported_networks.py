"""Networks to export: small, with weights and statistics as training leaves them."""

import numpy as np

from ingest.paddle_library import nn, paddle
from training.network import ReidNetwork, build_network
from training.network_settings import NetworkSettings

TINY = NetworkSettings("PPLCNet_x0_25", embedding=16, height=64, width=32)


def network_of(settings: NetworkSettings = TINY, seed: int = 0, *, least_variance: float = 0.0) -> ReidNetwork:
    """Random weights; batch normalisations have the statistics of random pictures, but no variance below the least."""
    paddle.seed(seed)
    network = build_network(settings)
    for layer in network.sublayers():
        if isinstance(layer, nn.BatchNorm2D):
            layer._momentum = 0.0
    network.train()
    with paddle.no_grad():
        network(paddle.to_tensor(images(settings, 6)))
    for layer in network.sublayers():
        if isinstance(layer, nn.BatchNorm2D):  # see benchmarks/exports.py
            layer._variance.set_value(paddle.clip(layer._variance, min=least_variance))
    if network.neck is not None:
        random = np.random.default_rng(seed)
        network.neck._mean.set_value(random.normal(0, 0.1, network.dimension).astype(np.float32))
        network.neck._variance.set_value(random.uniform(0.5, 2, network.dimension).astype(np.float32))
    network.eval()
    return network


def images(settings: NetworkSettings = TINY, count: int = 3) -> np.ndarray:
    """(count, 3, H, W) float32, like normalised ones."""
    return np.random.default_rng(count).normal(size=(count, 3, settings.height, settings.width)).astype(np.float32)


def embeddings(network: ReidNetwork, batch: np.ndarray) -> np.ndarray:
    with paddle.no_grad():
        return network(paddle.to_tensor(batch)).numpy()
