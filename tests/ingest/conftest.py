"""Tiny real networks, written on the spot: each gives the mean of every channel, a vector of length 3."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

WriteNetwork = Callable[..., Path]

TINY_SIDECAR = """
kind = "embedder"
licence = "CC0-1.0"
dimension = 3

[input]
width = 8
height = 16
colour = "bgr"
resize = "stretch"
"""


@pytest.fixture
def tiny_onnx(tmp_path: Path) -> WriteNetwork:
    """Writes an ONNX file; a batch of None may vary. What it is told, two numbers per image, it gives back."""

    def write(name: str = "tiny.onnx", batch: int | None = None, told: str = "") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_onnx_model(batch, told.encode()))
        return path

    return write


@pytest.fixture
def tiny_openvino(tmp_path: Path) -> WriteNetwork:
    """Writes an OpenVINO .xml and .bin, made for batches of one."""
    openvino = pytest.importorskip("openvino")

    def write(name: str = "tiny.xml") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        ops = openvino.opset13
        data = ops.parameter([1, 3, 16, 8], np.float32, name="data")
        mean = ops.reduce_mean(data, ops.constant(np.array([2, 3])), keep_dims=False)
        openvino.serialize(openvino.Model([mean], [data], "tiny"), path)
        return path

    return write


@pytest.fixture
def no_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A user's folder of networks that is empty, and no ``PASSERBY_MODELS``; gives the folder."""
    monkeypatch.delenv("PASSERBY_MODELS", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    yield tmp_path / "home" / "passerby" / "models"


def _onnx_model(batch: int | None, told: bytes = b"") -> bytes:
    """The bytes of an ONNX model: GlobalAveragePool, then Flatten (protobuf, written field by field)."""
    nodes = [
        _field(1, b"data") + _field(2, b"pooled") + _field(4, b"GlobalAveragePool"),
        _field(1, b"pooled") + _field(2, b"vector") + _field(4, b"Flatten"),
    ]
    if told:
        nodes.append(_field(1, told) + _field(2, b"echo") + _field(4, b"Identity"))
    graph = b"".join(_field(1, node) for node in nodes) + _field(2, b"tiny")
    graph += _field(11, _value(b"data", [batch, 3, 16, 8])) + _field(12, _value(b"vector", [batch, 3]))
    if told:
        graph += _field(11, _value(told, [batch, 2])) + _field(12, _value(b"echo", [batch, 2]))
    return _number(1, 8) + _field(7, graph) + _field(8, _number(2, 13))


def _value(name: bytes, shape: list[int | None]) -> bytes:
    sizes = (_field(2, b"batch") if size is None else _number(1, size) for size in shape)
    tensor = _number(1, 1) + _field(2, b"".join(_field(1, size) for size in sizes))
    return _field(1, name) + _field(2, _field(1, tensor))


def _field(number: int, content: bytes) -> bytes:
    return (
        bytes([number << 3 | 2, len(content) & 0x7F | (0x80 if len(content) > 127 else 0)])
        + (bytes([len(content) >> 7]) if len(content) > 127 else b"")
        + content
    )


def _number(number: int, value: int) -> bytes:
    return bytes([number << 3, value])
