"""Writes PyTorch's two file formats byte by byte, so that the readers are tested where PyTorch is absent."""

import io
import pickle
import struct
import zipfile
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ELEMENTS = {
    "float32": "FloatStorage",
    "float16": "HalfStorage",
    "float64": "DoubleStorage",
    "int64": "LongStorage",
    "int32": "IntStorage",
    "uint8": "ByteStorage",
    "bool": "BoolStorage",
    "bfloat16": "BFloat16Storage",
}


@dataclass(frozen=True)
class Global:
    """A name that the pickle is to hold."""

    module: str
    name: str


@dataclass(frozen=True)
class Call:
    """A call that the pickle is to ask for."""

    function: Global
    arguments: tuple


@dataclass(frozen=True)
class StorageId:
    """A persistent id of a storage: its numbers stand in the file's list under ``key``."""

    kind: str
    key: str
    length: int
    more: tuple = ()


@dataclass(frozen=True)
class Shaped:
    """A tensor as ``torch.save`` describes it."""

    storage: StorageId
    offset: int
    shape: tuple
    strides: tuple
    parameter: bool = False


class Opcodes:
    """A pickler of protocol 2 for just what PyTorch writes: it can also write what no honest program does."""

    def __init__(self) -> None:
        self.out = io.BytesIO()
        self.out.write(b"\x80\x02")

    def write(self, value: object) -> None:
        out = self.out
        if isinstance(value, Shaped):
            call = Call(
                Global("torch._utils", "_rebuild_tensor_v2"),
                (value.storage, value.offset, value.shape, value.strides, False, OrderedDict()),
            )
            if value.parameter:
                call = Call(Global("torch._utils", "_rebuild_parameter"), (call, True, OrderedDict()))
            self.write(call)
        elif isinstance(value, StorageId):
            self.write(("storage", Global("torch", value.kind), value.key, "cpu", value.length, *value.more))
            out.write(b"Q")
        elif isinstance(value, Global):
            out.write(f"c{value.module}\n{value.name}\n".encode())
        elif isinstance(value, Call):
            self.write(value.function)
            self.write(value.arguments)
            out.write(b"R")
        elif isinstance(value, OrderedDict):
            out.write(b"ccollections\nOrderedDict\n)R")
            self.items(value)
        elif isinstance(value, dict):
            out.write(b"}")
            self.items(value)
        elif isinstance(value, tuple):
            out.write(b"(")
            for item in value:
                self.write(item)
            out.write(b"t")
        elif isinstance(value, list):
            out.write(b"](")
            for item in value:
                self.write(item)
            out.write(b"e")
        elif isinstance(value, str):
            raw = value.encode()
            out.write(b"X" + struct.pack("<I", len(raw)) + raw)
        elif isinstance(value, bool) or value is None:
            out.write({True: b"\x88", False: b"\x89", None: b"N"}[value])
        elif isinstance(value, int) and -(2**31) <= value < 2**31:
            out.write(b"J" + struct.pack("<i", value))
        elif isinstance(value, int):
            raw = value.to_bytes((value.bit_length() + 8) // 8, "little", signed=True)
            out.write(b"\x8a" + bytes([len(raw)]) + raw)
        elif isinstance(value, float):
            out.write(b"G" + struct.pack(">d", value))
        else:
            raise TypeError(type(value))

    def items(self, value: dict) -> None:
        self.out.write(b"(")
        for key, item in value.items():
            self.write(key)
            self.write(item)
        self.out.write(b"u")


def dump(value: object) -> bytes:
    """A pickle of the value."""
    opcodes = Opcodes()
    opcodes.write(value)
    return opcodes.out.getvalue() + b"."


class Storages:
    """Gives out storages for arrays: what the file has beside its pickle."""

    def __init__(self, order: str = "<") -> None:
        self.bytes: dict[str, bytes] = {}
        self.lengths: dict[str, int] = {}
        self.order = order

    def tensor(self, array: np.ndarray, *, kind: str | None = None, parameter: bool = False) -> Shaped:
        """The array as a tensor with a storage of its own; its memory is written as it lies, so strides matter."""
        flat = array.ravel(order="K")
        key = str(len(self.bytes))
        self.bytes[key] = flat.astype(flat.dtype.newbyteorder(self.order)).tobytes()
        self.lengths[key] = flat.size
        strides = tuple(step // array.itemsize for step in array.strides)
        return Shaped(
            StorageId(ELEMENTS[kind or str(array.dtype)], key, flat.size), 0, array.shape, strides, parameter=parameter
        )


def zip_file(path: Path, pickled: bytes, storages: dict[str, bytes], **entries: bytes) -> Path:
    """Writes the zip format of PyTorch 1.6 and later."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("archive/data.pkl", pickled)
        for name, content in entries.items():
            archive.writestr(f"archive/{name}", content)
        for key, content in storages.items():
            archive.writestr(f"archive/data/{key}", content)
        archive.writestr("archive/version", b"3\n")
    return path


def legacy_file(path: Path, pickled: bytes, storages: Storages) -> Path:
    """Writes the format before 1.6."""
    facts = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    with path.open("wb") as file:
        for value in (0x1950A86A20F9469CFC6C, 1001, facts):
            file.write(pickle.dumps(value, protocol=2))
        file.write(pickled)
        file.write(pickle.dumps(sorted(storages.bytes), protocol=2))
        for key in sorted(storages.bytes):
            file.write(struct.pack("<q", storages.lengths[key]) + storages.bytes[key])
    return path


def state_file(path: Path, arrays: dict[str, np.ndarray], *, entry: str = "", legacy: bool = False) -> Path:
    """Writes a state dict, or a checkpoint that has one, as ``torch.save`` does."""
    storages = Storages()
    state: dict = OrderedDict((name, storages.tensor(array)) for name, array in arrays.items())
    content = {entry: state, "epoch": 7} if entry else state
    if legacy:
        return legacy_file(path, dump(content), storages)
    return zip_file(path, dump(content), storages.bytes, byteorder=b"little")
