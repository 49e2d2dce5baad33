"""Runs the operations of a pickle without running anything that it names.

Python's own ``pickle`` imports the functions that a file names, and calls them. This machine is a second one for the
same instructions (their table is in ``pickletools``, protocols 0 to 5), in which names stay names and calls give the
records of ``training/pickled_values.py``. It checks every length against the file before it takes anything, has no
recursion, and a bound on the number of steps, so that a small file costs little whatever it says.
"""

import struct
from collections.abc import Callable

from gallery.errors import ModelError
from training.pickled_values import ArrayShell, ElementType, Name, Opaque, build, call, find, plain_key

MAX_STEPS = 2_000_000
"""Operations in one pickle. A training run's checkpoint of a large network has some ten thousands."""

Persistent = Callable[[object], object]

_MARK = object()


class PickleMachine:
    """Reads one pickle out of ``data`` from ``start`` on.

    Args:
        data: Bytes of the file.
        start: Where the pickle begins.
        persistent: What a persistent id stands for (PyTorch's storages); ``None`` where there must be none.
    """

    def __init__(self, data: bytes | memoryview, start: int = 0, persistent: Persistent | None = None) -> None:
        self.position = start
        self.passed_over: set[str] = set()
        self._data = memoryview(data)
        self._persistent = persistent
        self._stack: list[object] = []
        self._memo: dict[int, object] = {}
        self._copied = 0

    def read(self) -> object:
        """The object that the pickle describes; ``position`` is after its last byte then.

        Raises:
            ModelError: Damaged, of another kind, or asking for what no file of weights needs.
        """
        try:
            for _ in range(MAX_STEPS):
                code = self.take(1)[0]
                if code == _STOP:
                    return self._stack.pop()
                self._step(code)
        except (IndexError, KeyError, TypeError, ValueError, struct.error) as error:
            raise ModelError(f"its pickle is damaged at byte {self.position}, or is none") from error
        raise ModelError(f"its pickle has more than {MAX_STEPS} operations: it holds more than network weights")

    def _step(self, code: int) -> None:
        operation = _OPERATIONS.get(code)
        if operation is None:
            raise ModelError(
                f"its pickle is damaged at byte {self.position}, or is none (operation {code:#04x} is not one of weights)"
            )
        operation(self)

    # What the operations are made of.

    def push(self, value: object) -> None:
        """Puts a value on the stack."""
        self._stack.append(value)

    def pop(self) -> object:
        """Takes a value from the stack."""
        value = self._stack.pop()
        if value is _MARK:
            raise ValueError("a mark where a value was expected")
        return value

    def drop(self) -> None:
        """Takes a value or a mark from the stack."""
        self._stack.pop()

    def top(self) -> object:
        """The value on top of the stack."""
        return self._stack[-1]

    def since_mark(self) -> list[object]:
        """Takes all values above the last mark, and the mark."""
        at = len(self._stack) - 1
        while self._stack[at] is not _MARK:
            at -= 1
            if at < 0:
                raise ValueError("no mark on the stack")
        values = self._stack[at + 1 :]
        del self._stack[at:]
        return values

    def take(self, count: int) -> memoryview:
        """The next bytes."""
        if count < 0 or self.position + count > len(self._data):
            raise ValueError("a length beyond the end of the file")
        taken = self._data[self.position : self.position + count]
        self.position += count
        return taken

    def line(self) -> str:
        """The text up to the end of the line."""
        window = bytes(self._data[self.position : self.position + 4096])
        text = window[: window.index(b"\n")]
        self.position += len(text) + 1
        return text.decode("utf-8")

    def number(self, code: str) -> int:
        """A little-endian whole number of the ``struct`` code."""
        value: int = struct.unpack(f"<{code}", self.take(struct.calcsize(code)))[0]
        return value

    def counted(self, code: str) -> memoryview:
        """Bytes behind their count."""
        return self.take(self.number(code))

    def text(self, code: str, encoding: str = "utf-8") -> str:
        """Text behind the count of its bytes."""
        return str(self.counted(code), encoding, "surrogatepass" if encoding == "utf-8" else "strict")

    def remember(self, index: int) -> None:
        """Keeps the value on top of the stack in the memo."""
        self._memo[index] = self._stack[-1]

    def recall(self, index: int) -> None:
        """Puts a value of the memo on the stack."""
        self.push(self._memo[index])

    def memoize(self) -> None:
        """Keeps the value on top of the stack under the next number."""
        self.remember(len(self._memo))

    def name(self, module: object, name: object) -> None:
        """Puts a name on the stack, if weights may have it."""
        if not isinstance(module, str) or not isinstance(name, str):
            raise TypeError("a name is no text")
        self.push(find(module, name))

    def call(self, arguments: object, function: object) -> None:
        """Puts on the stack what a call gives."""
        if not isinstance(arguments, tuple):
            raise TypeError("a call has no tuple of arguments")
        if isinstance(function, Opaque):
            self.push(function)
            return
        if not isinstance(function, Name):
            raise TypeError("a call of something that is no name")
        made = call(function, arguments)
        if isinstance(made, Opaque):
            self.passed_over.add(str(made.name))
        elif isinstance(made, bytes | tuple | dict):
            self._count(len(made))
        self.push(made)

    def _count(self, size: int) -> None:
        """Counts what was copied: once each, the file's content cannot be more than the file."""
        self._copied += size
        if self._copied > len(self._data):
            raise ModelError("its pickle copies the same content over and over: it is made to fill the memory")

    def append(self, values: list[object]) -> None:
        """Adds items to the list, or the opaque object, on top of the stack."""
        target = self.top()
        if isinstance(target, list):
            target.extend(values)
        elif not isinstance(target, Opaque):
            raise TypeError("items for something that is no list")

    def set_items(self, values: list[object]) -> None:
        """Adds keys and values to the dictionary, or the opaque object, on top of the stack."""
        target = self.top()
        if isinstance(target, dict):
            for key, value in zip(values[::2], values[1::2], strict=True):
                target[plain_key(key)] = value
        elif not isinstance(target, Opaque):
            raise TypeError("keys for something that is no dictionary")

    def build(self) -> None:
        """Gives the object below the top its state. The attributes of dictionaries and foreign objects are left."""
        state, value = self.pop(), self.top()
        if isinstance(value, ElementType | ArrayShell):
            self._count(build(value, state))
        elif not isinstance(value, Opaque | dict):
            raise TypeError("a state for something that has none")

    def storage(self) -> None:
        """Puts on the stack what a persistent id stands for."""
        identity = self.pop()
        if self._persistent is None:
            raise ModelError("its pickle refers to data outside of it: the file is damaged, or of an unknown kind")
        self.push(self._persistent(identity))


def _integer(machine: PickleMachine) -> None:
    text = machine.line()
    machine.push({"00": False, "01": True}.get(text) if text in {"00", "01"} else int(text))


def _float(machine: PickleMachine) -> None:
    machine.push(struct.unpack(">d", machine.take(8))[0])


def _dictionary(machine: PickleMachine) -> None:
    values = machine.since_mark()
    machine.push({})
    machine.set_items(values)


def _tuple(machine: PickleMachine, count: int) -> None:
    values = [machine.pop() for _ in range(count)]
    machine.push(tuple(reversed(values)))


def _pop(machine: PickleMachine) -> None:
    machine.drop()


def _pop_mark(machine: PickleMachine) -> None:
    machine.since_mark()


def _frame(machine: PickleMachine) -> None:
    machine.number("Q")  # a hint for readers of streams


def _opaque_set(machine: PickleMachine) -> None:
    machine.since_mark()
    machine.push(Opaque(Name("builtins", "frozenset")))


def _one_item(machine: PickleMachine) -> None:
    value, key = machine.pop(), machine.pop()
    machine.set_items([key, value])


def _named_call(machine: PickleMachine) -> None:
    arguments, function = machine.pop(), machine.pop()
    machine.call(arguments, function)


def _call_with_keywords(machine: PickleMachine) -> None:
    machine.pop()
    _named_call(machine)


def _stack_name(machine: PickleMachine) -> None:
    name, module = machine.pop(), machine.pop()
    machine.name(module, name)


def _protocol(machine: PickleMachine) -> None:
    version = machine.number("B")
    if version > 5:
        raise ModelError(f"its pickle has protocol {version}; protocols up to 5 are read")


_STOP = ord(".")

_OPERATIONS: dict[int, Callable[[PickleMachine], None]] = {
    # values
    ord("N"): lambda m: m.push(None),
    0x88: lambda m: m.push(True),
    0x89: lambda m: m.push(False),
    ord("I"): _integer,
    ord("J"): lambda m: m.push(m.number("i")),
    ord("K"): lambda m: m.push(m.number("B")),
    ord("M"): lambda m: m.push(m.number("H")),
    ord("L"): lambda m: m.push(int(m.line().rstrip("L"))),
    0x8A: lambda m: m.push(int.from_bytes(m.counted("B"), "little", signed=True)),
    ord("F"): lambda m: m.push(float(m.line())),
    ord("G"): _float,
    ord("X"): lambda m: m.push(m.text("I")),
    0x8C: lambda m: m.push(m.text("B")),
    0x8D: lambda m: m.push(m.text("Q")),
    ord("T"): lambda m: m.push(m.text("I", "latin-1")),
    ord("U"): lambda m: m.push(m.text("B", "latin-1")),
    ord("B"): lambda m: m.push(m.counted("I")),
    ord("C"): lambda m: m.push(bytes(m.counted("B"))),
    0x8E: lambda m: m.push(m.counted("Q")),
    0x96: lambda m: m.push(m.counted("Q")),
    # containers
    ord("("): lambda m: m.push(_MARK),
    ord("0"): _pop,
    ord("1"): _pop_mark,
    ord("2"): lambda m: m.push(m.top()),
    ord("]"): lambda m: m.push([]),
    ord("l"): lambda m: m.push(m.since_mark()),
    ord("a"): lambda m: m.append([m.pop()]),
    ord("e"): lambda m: m.append(m.since_mark()),
    ord(")"): lambda m: m.push(()),
    ord("t"): lambda m: m.push(tuple(m.since_mark())),
    0x85: lambda m: _tuple(m, 1),
    0x86: lambda m: _tuple(m, 2),
    0x87: lambda m: _tuple(m, 3),
    ord("}"): lambda m: m.push({}),
    ord("d"): _dictionary,
    ord("s"): _one_item,
    ord("u"): lambda m: m.set_items(m.since_mark()),
    0x8F: lambda m: m.push(Opaque(Name("builtins", "set"))),
    0x90: lambda m: m.append(m.since_mark()),
    0x91: _opaque_set,
    # memo
    ord("p"): lambda m: m.remember(int(m.line())),
    ord("q"): lambda m: m.remember(m.number("B")),
    ord("r"): lambda m: m.remember(m.number("I")),
    0x94: lambda m: m.memoize(),
    ord("g"): lambda m: m.recall(int(m.line())),
    ord("h"): lambda m: m.recall(m.number("B")),
    ord("j"): lambda m: m.recall(m.number("I")),
    # names and objects
    ord("c"): lambda m: m.name(m.line(), m.line()),
    0x93: _stack_name,
    ord("R"): _named_call,
    0x81: _named_call,
    0x92: _call_with_keywords,
    ord("b"): lambda m: m.build(),
    ord("Q"): lambda m: m.storage(),
    # frames
    0x80: _protocol,
    0x95: _frame,
}
"""The instructions of ``pickletools``. Left out: out-of-band buffers, extension codes, text persistent ids, and the
instances and quoted strings of protocol 0, which no weights are written with."""
