"""What the names and calls in a pickle of network weights mean. Nothing here imports or calls what a file names.

A pickle is a program: it names functions and has them called. Here a name stays a name, and a call gives one of a few
records that describe an array, or an :class:`Opaque` that stands for something foreign (the ``argparse.Namespace`` of
a training run, say) and takes whatever is done to it without effect.

Three kinds of names are told apart:

* the known ones, which make dictionaries, NumPy arrays and PyTorch tensors;
* foreign ones, of packages that a training run uses, classes of PyTorch and Paddle, and a few data types of Python's
  own library: passed over;
* every other name of Python's library, of NumPy, of PyTorch and of Paddle. No weights need ``os.system`` or
  ``builtins.eval``: a file with such a name was made to do harm, or is not a file of weights. It is refused.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gallery.errors import ModelError

MAX_DIMENSIONS = 8
"""Of an array or a tensor."""

MAX_NAME = 300
"""Characters of the name of a function or class."""

Array = NDArray[Any]


@dataclass(frozen=True)
class Name:
    """A function or class that the pickle names, by module and name."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(frozen=True)
class Opaque:
    """A foreign object, which is not made: only the name of its class is known."""

    name: Name


@dataclass(frozen=True)
class Storage:
    """Numbers in a row that tensors look into.

    Attributes:
        key: Its name among the storages of the file.
        element: Type of its numbers, a key of :data:`ELEMENTS`.
        start: First of its numbers that is its own, where it is a part of the storage of that key.
        length: How many numbers.
        whole: How many numbers the storage of that key has.
    """

    key: str
    element: str
    start: int
    length: int
    whole: int


@dataclass(frozen=True)
class Tensor:
    """A PyTorch tensor: where its numbers stand in a storage. ``shape`` and ``strides`` count numbers."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.shape) != len(self.strides) or len(self.shape) > MAX_DIMENSIONS:
            raise ModelError(
                f"a tensor has {len(self.shape)} sizes and {len(self.strides)} strides: the file is damaged"
            )
        if not all(_is_count(number) for number in (self.offset, *self.shape, *self.strides)):
            raise ModelError("a tensor has sizes that are no whole numbers: the file is damaged")
        last = self.offset + sum((size - 1) * stride for size, stride in zip(self.shape, self.strides, strict=True))
        if 0 in self.shape:
            last = self.offset - 1
        if last >= self.storage.length or prod(self.shape) > self.storage.length:
            raise ModelError(
                f"a tensor of shape {self.shape} reaches beyond its {self.storage.length} stored numbers: "
                "the file is damaged, or made to do harm"
            )


@dataclass
class ElementType:
    """A NumPy type in the making: a BUILD sets its byte order."""

    code: str
    order: str = "<"

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """The type, in its byte order."""
        return np.dtype(self.order + self.code)


@dataclass
class ArrayShell:
    """A NumPy array in the making: a BUILD fills it."""

    array: Array | None = field(default=None)


ELEMENTS: dict[str, str] = {
    "DoubleStorage": "f8",
    "FloatStorage": "f4",
    "HalfStorage": "f2",
    "BFloat16Storage": "bf16",
    "LongStorage": "i8",
    "IntStorage": "i4",
    "ShortStorage": "i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "b1",
}
"""PyTorch's storages and the type of their numbers: NumPy's codes, and ``bf16``, which NumPy has not."""

_ARRAY_CODES = ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1")

_PASSED_OVER = {
    "argparse": {"Namespace"},
    "pathlib": {"Path", "PosixPath", "PurePath", "PurePosixPath", "PureWindowsPath", "WindowsPath"},
    "pathlib._local": {"Path", "PosixPath", "PurePath", "PurePosixPath", "PureWindowsPath", "WindowsPath"},
    "datetime": {"date", "datetime", "time", "timedelta", "timezone"},
    "types": {"SimpleNamespace"},
    "collections": {"Counter", "defaultdict", "deque"},
    "builtins": {
        "bool",
        "bytearray",
        "complex",
        "dict",
        "float",
        "frozenset",
        "int",
        "list",
        "long",
        "object",
        "range",
        "set",
        "slice",
        "str",
        "unicode",
        "xrange",
    },
    "numpy": {"bool_", "float16", "float32", "float64", "int32", "int64"},
    "torch": {"Size", "device", "bfloat16", "bool", "float16", "float32", "float64", "int32", "int64", "uint8"},
}
"""Harmless names of the guarded packages that make no arrays."""

_GUARDED = frozenset(sys.stdlib_module_names) | {"commands", "copy_reg", "numpy", "torch", "paddle"}

_OLD_MODULES = {"__builtin__": "builtins", "copy_reg": "copyreg"}
"""What Python 3 calls modules of Python 2; pickles of protocol 2 use the old names."""


def find(module: str, name: str) -> Name:
    """The name, if a file of weights may have it.

    Raises:
        ModelError: It may not: the file could do harm if it were loaded in the usual way, or holds no plain weights.
    """
    if not (module + name).isprintable() or len(module + name) > MAX_NAME:
        raise ModelError("the file has a name of a function that cannot be one: it is damaged, or made to do harm")
    found = Name(_OLD_MODULES.get(module, module), name)
    top = found.module.split(".")[0]
    known = (found.module, found.name) in _CALLS or (found.module == "torch" and name in ELEMENTS)
    if known or top not in _GUARDED or name in _PASSED_OVER.get(found.module, ()):
        return found
    if top in {"torch", "paddle"} and name.split(".")[-1][:1].isupper():  # a class: of an optimiser, a layer, ...
        return found
    raise ModelError(
        f"the file asks for {found}, which plain weights do not need: it may be made to run commands where it is loaded; "
        "unless you know why it is there, do not load it with other programs either"
    )


def call(name: Name, arguments: tuple[object, ...]) -> object:
    """What a call of the name gives: an array's description, a plain value, or something opaque."""
    made = _CALLS.get((name.module, name.name))
    return Opaque(name) if made is None else made(*arguments)


def build(value: ElementType | ArrayShell, state: object) -> int:
    """Gives an array or its type its state, as BUILD does. Returns the array's bytes."""
    if not isinstance(state, tuple):
        raise ModelError("an array has no state: the file is damaged")
    if isinstance(value, ElementType):
        order = state[1]
        if not isinstance(order, str) or order not in "<>|=" or any(part is not None for part in state[2:5]):
            raise ModelError("an array has a type of several parts: only plain numbers are read")
        value.order = order
        return 0
    if value.array is not None:
        raise ModelError("an array is filled twice: the file is damaged")
    _version, shape, element, by_columns, numbers = state
    value.array = _array(numbers, shape, element, "F" if by_columns else "C")
    return value.array.nbytes


def _array(numbers: object, shape: object, element: object, order: object) -> Array:
    """An array as a view on its numbers in the file."""
    if isinstance(numbers, str):  # the byte strings of Python 2
        numbers = numbers.encode("latin-1")
    if not isinstance(numbers, bytes | memoryview) or not isinstance(element, ElementType):
        raise ModelError("an array holds objects: only arrays of plain numbers are read")
    if not isinstance(shape, tuple) or len(shape) > MAX_DIMENSIONS or not all(_is_count(size) for size in shape):
        raise ModelError(f"an array has no shape of up to {MAX_DIMENSIONS} whole numbers: the file is damaged")
    if prod(shape) * element.dtype.itemsize != len(numbers):
        raise ModelError(f"an array of shape {shape} has {len(numbers)} bytes of numbers: the file is damaged")
    flat: Array = np.frombuffer(numbers, element.dtype)
    return flat.reshape(shape, order="F" if order == "F" else "C")


def _is_count(number: object) -> bool:
    return type(number) is int and 0 <= number < 2**63


def _frombuffer(numbers: object, element: object, shape: object, order: object) -> ArrayShell:
    return ArrayShell(_array(numbers, shape, element, order))


def _reconstruct(_kind: object, _shape: object, _code: object) -> ArrayShell:
    return ArrayShell()


def _dtype(code: object, *_flags: object) -> ElementType:
    if not isinstance(code, str) or code not in _ARRAY_CODES:
        kind = repr(code) if isinstance(code, str) else type(code).__name__
        raise ModelError(f"an array has numbers of type {kind:.40}; these are read: {', '.join(_ARRAY_CODES)}")
    return ElementType(code)


def _scalar(element: object, number: object = None) -> Array:
    return _array(number, (), element, "C")


def _tensor(storage: object, offset: object, shape: object, strides: object, *_more: object) -> Tensor:
    if not isinstance(storage, Storage) or not isinstance(shape, tuple) or not isinstance(strides, tuple):
        raise ModelError("a tensor has no storage: the file is damaged")
    return Tensor(storage, offset, shape, strides)  # type: ignore[arg-type] # the record checks it


def _parameter(tensor: object, *_more: object) -> object:
    return tensor


def _dictionary(pairs: object = ()) -> dict[object, object]:
    if not isinstance(pairs, list | tuple):
        raise ModelError("an OrderedDict is not made of pairs: the file is damaged")
    return {plain_key(key): value for key, value in pairs}


def _tuple(items: object = ()) -> tuple[object, ...]:
    if not isinstance(items, list | tuple):
        raise ModelError("a tuple is not made of items: the file is damaged")
    return tuple(items)


def _encode(text: object, code: object) -> bytes:
    if not isinstance(text, str) or code != "latin1":
        raise ModelError("the file has bytes in another code than latin1: the file is damaged")
    return text.encode("latin-1")


def _bytes(*content: object) -> bytes:
    if content:
        raise ModelError("the file makes bytes of an object: the file is damaged")
    return b""


def _reconstructor(kind: object, *_more: object) -> Opaque:
    if not isinstance(kind, Name):
        raise ModelError("an object has no class: the file is damaged")
    return Opaque(kind)


def _never(*_arguments: object) -> object:
    raise ModelError("the file calls a type of arrays directly: the file is damaged")


def plain_key(key: object) -> object:
    """The key of a dictionary, if it is a plain one: the hash of a deeply nested tuple would overflow the stack."""
    if key is None or isinstance(key, str | int | float | bytes):
        return key
    raise ModelError(f"a dictionary has a key of type {type(key).__name__}: only names and numbers are read")


_CALLS: dict[tuple[str, str], Callable[..., object]] = {
    ("collections", "OrderedDict"): _dictionary,
    ("builtins", "tuple"): _tuple,
    ("builtins", "bytes"): _bytes,
    ("_codecs", "encode"): _encode,
    ("copyreg", "_reconstructor"): _reconstructor,
    ("numpy", "ndarray"): _never,
    ("numpy", "dtype"): _dtype,
    ("torch._utils", "_rebuild_tensor"): _tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    ("torch._utils", "_rebuild_parameter_with_state"): _parameter,
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _reconstruct for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "scalar"): _scalar for core in ("core", "_core")},
    **{(f"numpy.{core}.numeric", "_frombuffer"): _frombuffer for core in ("core", "_core")},
}
"""What the known calls give."""
