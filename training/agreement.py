"""Whether a written network gives, in the runtime that will run it, what the network gave in training."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from gallery.errors import ModelError
from ingest.frame import Image
from ingest.paddle_library import paddle
from ingest.runtime import Runtime
from ingest.runtimes import open_runtime, usable_cores
from ingest.sidecar import InputFormat
from ingest.tensor import batches, resize
from training.description import input_format
from training.loader import to_tensor
from training.network import ReidNetwork

CROPS = 6
"""So many are compared."""

_BATCH = 4
"""Rows of a run: neither one, nor a divisor of ``CROPS``."""


def drawn_crops(count: int = CROPS, seed: int = 0) -> list[Image]:
    """Pictures of soft patches of colour, of several sizes: something to compare on where no image is at hand."""
    random = np.random.default_rng(seed)
    crops = []
    for _ in range(count):
        patches = random.integers(0, 256, (8, 4, 3), np.uint8)
        size = (int(random.integers(40, 120)), int(random.integers(100, 300)))
        crops.append(np.asarray(cv2.resize(patches, size, interpolation=cv2.INTER_CUBIC), np.uint8))
    return crops


def trained_embeddings(network: ReidNetwork, crops: Sequence[Image]) -> NDArray[np.float32]:
    """(N, D) float32 of the network itself, of crops made ready as in training."""
    form = input_format(network.settings)
    network.eval()
    with paddle.no_grad():
        images = paddle.to_tensor(to_tensor([resize(crop, form)[0] for crop in crops]))
        return np.asarray(network(images).numpy(), np.float32)


def runtime_embeddings(runtime: Runtime, form: InputFormat, crops: Sequence[Image]) -> NDArray[np.float32]:
    """(N, D) float32 of a written network, of crops made ready as for every embedder; not normalised."""
    parts = [runtime.run(batch.tensor)[0][: len(batch)] for batch in batches(crops, form, runtime.batch)]
    return np.concatenate(parts)


def runtimes_for(path: Path, *, batch: int = _BATCH, threads: int | None = None) -> dict[str, Runtime]:
    """The runtimes here that can run a written file, by name.

    Raises:
        ModelError: If one cannot load it.
    """
    if path.suffix == ".json":
        return {"Paddle Inference": open_runtime(path, batch=batch, threads=threads)}
    runtimes: dict[str, Runtime] = {"onnxruntime": open_runtime(path, batch=batch, threads=threads)}
    if find_spec("openvino") is not None:
        from ingest.runtime_openvino import OpenVinoRuntime

        runtimes["OpenVINO"] = OpenVinoRuntime(
            path, batch=batch, threads=threads or usable_cores(), device="cpu", precision="fp32"
        )
    return runtimes


def largest_difference(trained: NDArray[np.float32], exported: NDArray[np.float32]) -> float:
    """The largest difference of a number of an embedding, as a share of the largest number of that embedding.

    Unit vectors differ by no more in any number (up to the change of their length, which is of the same size).

    Args:
        trained: (N, D).
        exported: (N, D).

    Raises:
        ModelError: If a number is not finite, or an embedding is zero: such cannot be compared.

    >>> round(largest_difference(np.array([[1.0, -4.0]]), np.array([[1.0, -4.2]])), 3)
    0.05
    """
    scale = np.abs(trained).max(axis=1, keepdims=True)
    if not (np.isfinite(trained).all() and np.isfinite(exported).all() and (scale > 0).all()):
        raise ModelError("the network gives embeddings that are zero or not finite, so it is of no use; train it again")
    return float((np.abs(trained - exported) / scale).max())
