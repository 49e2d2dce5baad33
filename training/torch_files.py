"""Where the tensors of PyTorch's files keep their numbers: the zip format of 1.6 and later, and the one before.

Zip format (``torch.save`` since 1.6): an uncompressed zip with one folder, in it ``data.pkl`` (a pickle with a
persistent id for each storage), ``data/KEY`` (the numbers of a storage) and, since 2.1, ``byteorder``.

Legacy format: four pickles (a magic number, the version 1001, facts of the machine, the object), a fifth with the
keys of the storages, then for each key the count of its numbers (int64) and the numbers.
"""

import re
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from zipfile import ZIP_STORED, BadZipFile, ZipFile

import numpy as np

from gallery.errors import ModelError
from training.pickle_machine import PickleMachine
from training.pickled_values import ELEMENTS, Array, Name, Storage, Tensor

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
"""First pickle of a legacy file (pytorch/torch/serialization.py, ``MAGIC_NUMBER``)."""

LEGACY_VERSION = 1001

_KEY = re.compile(r"[A-Za-z0-9_]{1,64}")

Numbers = Callable[[str], "bytes | memoryview"]
"""The bytes of the storage of a key."""


class TorchFile:
    """An opened PyTorch file: its object, and the numbers that its tensors look into.

    Attributes:
        content: The object, with :class:`~training.pickled_values.Tensor` for each tensor.
        passed_over: Names of foreign classes in it.
    """

    def __init__(self, content: object, passed_over: set[str], order: str, numbers: Numbers) -> None:
        self.content = content
        self.passed_over = passed_over
        self._order = order
        self._numbers = numbers

    def array(self, tensor: Tensor) -> Array:
        """A copy of the tensor's numbers, in C order and in the machine's byte order; bfloat16 as float32.

        Raises:
            ModelError: The file holds fewer numbers than it says.
        """
        storage = tensor.storage
        code = "u2" if storage.element == "bf16" else storage.element
        dtype = np.dtype(self._order + code)
        numbers = self._numbers(storage.key)
        if len(numbers) != storage.whole * dtype.itemsize:
            raise ModelError(f"storage {storage.key} has {len(numbers)} bytes, not {storage.whole * dtype.itemsize}")
        whole = np.frombuffer(numbers, dtype)
        part = whole[storage.start : storage.start + storage.length][tensor.offset :]
        steps = [
            stride * dtype.itemsize if size > 1 else 0
            for size, stride in zip(tensor.shape, tensor.strides, strict=True)
        ]
        try:
            view = np.lib.stride_tricks.as_strided(part, tensor.shape, steps, writeable=False)
        except (ValueError, OverflowError) as error:
            raise ModelError(f"a tensor has the shape {tensor.shape}: the file is damaged") from error
        if storage.element == "bf16":
            return widen_bfloat16(view)
        return np.array(view, dtype=dtype.newbyteorder("="), order="C")


def widen_bfloat16(bits: Array) -> Array:
    """The float32 numbers whose upper halves these uint16 are.

    >>> widen_bfloat16(np.array([0x3F80, 0xC000], np.uint16))
    array([ 1., -2.], dtype=float32)
    """
    wide = np.zeros(bits.shape, np.uint32)
    np.left_shift(bits, 16, out=wide, dtype=np.uint32)
    return wide.view(np.float32)


def read_storage_id(identity: object) -> Storage | Name:
    """The storage that a persistent id stands for; in a legacy file of a whole network it may be a class.

    Raises:
        ModelError: It is none.
    """
    if isinstance(identity, tuple) and len(identity) == 4 and identity[0] == "module" and isinstance(identity[1], Name):
        return identity[1]
    if not isinstance(identity, tuple) or len(identity) not in {5, 6} or identity[0] != "storage":
        raise ModelError("its pickle refers to something that is no storage of numbers")
    _word, kind, key, _device, length = identity[:5]
    if not isinstance(kind, Name) or kind.module != "torch" or kind.name not in ELEMENTS:
        raise ModelError(f"a storage has an unknown kind; these are read: {', '.join(ELEMENTS)}")
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise ModelError("a storage has a name that PyTorch does not give: the file is damaged, or made to do harm")
    if type(length) is not int or not 0 <= length < 2**48:
        raise ModelError(f"storage {key} has an impossible length: the file is damaged")
    start, own = 0, length
    if len(identity) == 6 and identity[5] is not None:
        _view, start, own = identity[5]
        if type(start) is not int or type(own) is not int or start < 0 or own < 0 or start + own > length:
            raise ModelError(f"a part of storage {key} reaches beyond it: the file is damaged")
    return Storage(key, ELEMENTS[kind.name], start, own, length)


@contextmanager
def open_zip(path: Path) -> Iterator[TorchFile]:
    """Opens a file of the zip format. The numbers are read when they are asked for.

    Raises:
        ModelError: Not such a file, damaged, or made to do harm.
    """
    try:
        with ZipFile(path) as archive:
            root = _root(archive, path.stat().st_size)
            program = archive.read(f"{root}data.pkl")
            order = archive.read(f"{root}byteorder") if f"{root}byteorder" in archive.NameToInfo else b"little"
            if order not in {b"little", b"big"}:
                raise ModelError("its byte order is neither little nor big: it is damaged")
            machine = PickleMachine(program, persistent=read_storage_id)
            content = machine.read()

            def numbers(key: str) -> bytes:
                if f"{root}data/{key}" not in archive.NameToInfo:
                    raise ModelError(f"storage {key} is missing: the file is damaged")
                return archive.read(f"{root}data/{key}")

            yield TorchFile(content, machine.passed_over, "<" if order == b"little" else ">", numbers)
    except (BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError, struct.error) as error:
        raise ModelError(f"it is a damaged zip file ({error}); copy or download it again") from error


def _root(archive: ZipFile, size: int) -> str:
    """The folder in the archive that PyTorch's entries stand in; all that are read are plain, and within the file."""
    entries = archive.infolist()
    names = {entry.filename for entry in entries}
    roots = [name.removesuffix("data.pkl") for name in names if name.count("/") <= 1 and name.endswith("data.pkl")]
    if len(roots) != 1:
        raise ModelError("it is a zip file without PyTorch's data.pkl; network files (.npz) need no import")
    root = roots[0]
    if f"{root}constants.pkl" in names:
        raise ModelError("it is a TorchScript program; save the network's state_dict() instead")
    if len(names) != len(entries):
        raise ModelError("two of its entries have the same name: it is damaged, or made to do harm")
    ours = [e for e in entries if e.filename.startswith((f"{root}data.pkl", f"{root}data/", f"{root}byteorder"))]
    if any(entry.compress_type != ZIP_STORED for entry in ours):
        raise ModelError("its entries are compressed, which PyTorch does not do: save it with torch.save")
    if sum(entry.file_size for entry in ours) > size:
        raise ModelError("its entries overlap: it is damaged, or made to do harm")
    return root


def read_legacy(data: bytes) -> TorchFile:
    """Reads a file of the legacy format.

    Raises:
        ModelError: Damaged, or made to do harm.
    """
    storages: dict[str, Storage] = {}

    def persistent(identity: object) -> Storage | Name:
        storage = read_storage_id(identity)
        if isinstance(storage, Name):
            return storage
        known = storages.setdefault(storage.key, storage)
        if (known.element, known.whole) != (storage.element, storage.whole):
            raise ModelError(f"storage {storage.key} has two kinds: the file is damaged")
        return storage

    position = 0
    parts: list[object] = []
    passed_over: set[str] = set()
    for number in range(5):
        machine = PickleMachine(data, position, persistent if number == 3 else None)
        parts.append(machine.read())
        passed_over |= machine.passed_over
        position = machine.position
    _magic, version, machine_facts, content, keys = parts
    if type(version) is not int or version != LEGACY_VERSION:
        raise ModelError(
            f"it has not version {LEGACY_VERSION} of PyTorch's legacy format, which is the one that is read"
        )
    little = not isinstance(machine_facts, dict) or machine_facts.get("little_endian") is not False
    where = _find_storages(data, position, keys, storages, "<" if little else ">")

    def numbers(key: str) -> memoryview:
        if key not in where:
            raise ModelError(f"storage {key} is missing: the file is damaged")
        return where[key]

    return TorchFile(content, passed_over, "<" if little else ">", numbers)


def _find_storages(
    data: bytes, position: int, keys: object, storages: Mapping[str, Storage], order: str
) -> dict[str, memoryview]:
    """The bytes of each storage behind the pickles of a legacy file."""
    if not isinstance(keys, list):
        raise ModelError("it has no list of storages: the file is damaged")
    where: dict[str, memoryview] = {}
    view = memoryview(data)
    for key in keys:
        if not isinstance(key, str) or key not in storages or key in where:
            raise ModelError("its list of storages is not the one of its tensors: the file is damaged")
        if position + 8 > len(data):
            raise ModelError(f"it ends before storage {key}: the file is incomplete")
        count = int(struct.unpack_from(f"{order}q", data, position)[0])
        storage = storages[key]
        width = 2 if storage.element == "bf16" else np.dtype(storage.element).itemsize
        end = position + 8 + storage.whole * width
        if count != storage.whole or end > len(data):
            raise ModelError(f"storage {key} has not its {storage.whole} numbers: the file is incomplete")
        where[key] = view[position + 8 : end]
        position = end
    return where
