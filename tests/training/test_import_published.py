"""A published network by our importer: torchreid's OSNet x0.25 (MSMT17) gives here what its ONNX export gives.

The shared data has it as ONNX, in which PyTorch has put each normalisation into the convolution before it. Its weights
are taken out of that file, named as torchreid names them, with normalisations that only add the bias, and saved as
PyTorch saves them.
"""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest

from ingest.paddle_library import paddle
from tests.training.torch_writer import state_file
from training.importing import IMAGENET_MEAN, IMAGENET_STD, import_checkpoint

GRAPH, NODE, INITIALIZER = 7, 1, 5  # ModelProto.graph, GraphProto.node, GraphProto.initializer (onnx.proto)


def varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Numbers and values of a protobuf message."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
            yield key >> 3, value
            continue
        if key & 7 == 2:
            length, at = varint(data, at)
        else:
            length = {1: 8, 5: 4}[key & 7]
        yield key >> 3, data[at : at + length]
        at += length


def tensor(message: memoryview) -> tuple[str, np.ndarray]:
    """TensorProto: dims 1, name 8, raw_data 9."""
    shape: list[int] = []
    name, numbers = "", np.zeros(0, np.float32)
    for number, value in fields(message):
        if number == 1:
            shape.append(value)
        elif number == 8:
            name = bytes(value).decode()
        elif number == 9:
            numbers = np.frombuffer(value, np.float32)
    return name, numbers.reshape(shape) if numbers.size == np.prod(shape) else numbers


def layer_name(output: str) -> str:
    """The PyTorch name in "/conv2/conv2.0/conv2b/conv2b.1/conv2/Conv_output_0": conv2.0.conv2b.1.conv2."""
    parts = output.strip("/").split("/")[:-1]
    return ".".join(a for a, b in zip(parts, [*parts[1:], ""], strict=True) if not b.startswith(f"{a}."))


def torchreid_state(path: Path) -> dict[str, np.ndarray]:
    graph = next(value for number, value in fields(memoryview(path.read_bytes())) if number == GRAPH)
    parts = list(fields(graph))
    arrays = dict(tensor(value) for number, value in parts if number == INITIALIZER)
    state = {
        name: array for name, array in arrays.items() if not name.startswith("onnx::") and array.dtype == np.float32
    }
    for number, node in parts:
        if number != NODE:
            continue
        values = list(fields(node))
        inputs = [bytes(value).decode() for n, value in values if n == 1]
        outputs = [bytes(value).decode() for n, value in values if n == 2]
        if len(inputs) == 3 and inputs[1].startswith("onnx::Conv"):
            conv = layer_name(outputs[0])
            bias = arrays[inputs[2]]
            norm = f"{conv.rsplit('.', 1)[0]}.bn"
            state[f"{conv}.weight"] = arrays[inputs[1]]
            state[f"{norm}.weight"] = np.full_like(bias, np.sqrt(1 + 1e-5))
            state[f"{norm}.bias"] = bias
            state[f"{norm}.running_mean"] = np.zeros_like(bias)
            state[f"{norm}.running_var"] = np.ones_like(bias)
    return state


@pytest.mark.shared
def test_a_published_osnet_gives_the_same_here(models: Path, shared: Path, tmp_path: Path):
    path = models / "osnet_x0_25_msmt17.onnx"
    found = import_checkpoint(state_file(tmp_path / "osnet_x0_25_msmt17.pth", torchreid_state(path)))
    assert found.architecture == "torchreid/osnet_x0_25"
    crops = sorted((shared / "data" / "reid-cuhk" / "bounding_box_train").glob("*.jpg"))[::1000][:8]
    images = np.stack([cv2.resize(cv2.imread(str(crop)), (128, 256))[:, :, ::-1] for crop in crops]) / 255
    images = ((images - IMAGENET_MEAN) / IMAGENET_STD).transpose(0, 3, 1, 2).astype(np.float32)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (name,) = (value.name for value in session.get_inputs())
    theirs = np.concatenate([session.run(None, {name: image[None]})[0] for image in images])
    with paddle.no_grad():
        ours = found.network(paddle.to_tensor(images)).numpy()
    difference = np.abs(ours - theirs).max() / np.abs(theirs).max()
    assert len(crops) == 8
    assert difference < 1e-5, difference
