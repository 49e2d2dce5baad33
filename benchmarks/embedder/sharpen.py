"""Turns a network's embedding so that it parts people best: a linear discriminant, folded into its last layer."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.embedder.bank import people_of
from benchmarks.embedder.teacher import Discriminant
from ingest.frame import Image
from training.agreement import runtime_embeddings, runtimes_for
from training.description import input_format
from training.export import write_onnx_form
from training.folding import fold
from training.mirrored import mirrored
from training.network import ReidNetwork
from training.program import read_trace, traced
from training.weights import load_network, save_network

SHRINKAGE = 3.0
"""Best of 0.3, 1, 3 and 10 on the ``choose`` people (``python -m benchmarks.embedder.steps``)."""


def sharpen(network: Path, data: Path, out: Path) -> None:
    """Writes the network whose embeddings e become (e - mean) @ matrix.

    The discriminant is fitted to the ``fit`` people's crops, each with its mirror image, as it will be used.

    Args:
        network: A network file with a fully connected layer and without a neck.
        data: The Market-1501 folder, with ``splits.json``.
        out: The network file to write.
    """
    loaded = load_network(network)
    images = people_of(data, "fit")
    vectors = embeddings(loaded, [cv2.imread(str(image.path)) for image in images], mirror=True)
    people = np.array([image.person for image in images])
    found = Discriminant.fit(vectors, people, dimensions=loaded.dimension, shrinkage=SHRINKAGE)
    weight, bias = loaded.fc.weight.numpy(), loaded.fc.bias.numpy()
    loaded.fc.weight.set_value((weight @ found.matrix).astype(np.float32))
    loaded.fc.bias.set_value(((bias - found.mean) @ found.matrix).astype(np.float32))
    save_network(out, loaded)


def embeddings(network: ReidNetwork, crops: Sequence[Image], *, mirror: bool) -> NDArray[np.float32]:
    """(N, D) of crops, not normalised.

    Args:
        network: Any of ours.
        crops: BGR, of any size.
        mirror: Whether each is the mean of the crop's and its mirror image's.
    """
    asked, form = mirrored(network) if mirror else network, input_format(network.settings)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "network.onnx")
        write_onnx_form(path, asked, fold(read_trace(asked, traced(asked))))
        return runtime_embeddings(runtimes_for(path, batch=16)["onnxruntime"], form, crops)
