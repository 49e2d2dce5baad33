"""OSNet x0.25 trained on MSMT17, out of torchreid's ONNX export in the project's shared data, as a network of ours.

Convolutions of both come in the same order; the export has the batch normalisations of most of them in their weights. That
it is the same network is checked by its embeddings.
"""

from pathlib import Path

import numpy as np
import onnx

from ingest.paddle_library import nn, paddle
from training.network import ReidNetwork, build_network
from training.network_settings import NetworkSettings


def read_osnet(path: Path) -> ReidNetwork:
    """The network in an ONNX file of torchreid's ``osnet_x0_25``, in evaluation mode."""
    graph = onnx.load(path).graph
    values = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    weights = {}
    for node in graph.node:
        if node.op_type == "Conv":
            weights.setdefault(node.input[1], [values[name] for name in node.input[1:]])  # gates are shared
    network = build_network(NetworkSettings("OSNet_x0_25", embedding=512, relu=True))
    network.eval()
    layers = network.sublayers()
    convolutions = [k for k, layer in enumerate(layers) if isinstance(layer, nn.Conv2D)]
    for k, (weight, *bias) in zip(convolutions, weights.values(), strict=True):
        layers[k].weight.set_value(weight.copy())
        if bias and layers[k].bias is not None:
            layers[k].bias.set_value(bias[0].copy())
        elif bias:
            norm = next(layer for layer in layers[k:] if isinstance(layer, nn.BatchNorm2D))
            norm.bias.set_value(bias[0].copy())
            norm._variance.set_value(np.full_like(bias[0], 1 - norm._epsilon))
    product = next(node for node in graph.node if node.op_type == "Gemm")
    normal = next(node for node in graph.node if node.op_type == "BatchNormalization")
    scale, shift, mean, variance = (values[name].copy() for name in normal.input[1:])
    network.fc.weight.set_value(values[product.input[1]].T.copy())
    network.neck.weight.set_value(scale)
    network.neck.bias.set_value(shift)
    network.neck._mean.set_value(mean - values[product.input[2]])  # our layer before the neck has no bias
    network.neck._variance.set_value(variance)
    _check(network, path)
    return network


def _check(network: ReidNetwork, path: Path) -> None:
    from ingest.runtimes import open_runtime

    images = np.random.default_rng(0).normal(size=(2, 3, 256, 128)).astype(np.float32)
    theirs = open_runtime(path, batch=2).run(images)[0]
    with paddle.no_grad():
        ours = network(paddle.to_tensor(images)).numpy()
    assert np.abs(ours - theirs).max() < 1e-4 * np.abs(theirs).max(), f"{path} is another network"
