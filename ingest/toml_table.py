"""Reads a table (of TOML, or of YAML) key by key, and refuses what is missing, mistyped or unknown."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from gallery.errors import ModelError


def read_toml(path: Path) -> Mapping[str, object]:
    """The table in a TOML file.

    Raises:
        ModelError: If it cannot be read.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ModelError(f"{path} is not TOML: {error}") from error


class TomlTable:
    """One table; every key is asked for once, and what nobody asked for is an error.

    A default makes a key optional; without one it must be there. All methods raise ``ModelError``.

    Attributes:
        origin: File and table, for messages.
    """

    def __init__(self, content: Mapping[str, object], origin: str) -> None:
        self.origin = origin
        self._content = dict(content)

    def text(self, key: str, default: str | None = None) -> str:
        """A string."""
        value = self._take(key, default)
        if not isinstance(value, str):
            raise self._wrong(key, "a string", value)
        return value

    def choice(self, key: str, choices: Sequence[str], default: str | None = None) -> str:
        """One of some strings."""
        value = self.text(key, default)
        if value not in choices:
            raise self._wrong(key, f"one of {', '.join(choices)}", value)
        return value

    def truth(self, key: str, *, default: bool) -> bool:
        """True or false."""
        value = self._take(key, default)
        if not isinstance(value, bool):
            raise self._wrong(key, "true or false", value)
        return value

    def sides(self, key: str) -> tuple[int, int]:
        """(height, width), or one number for both."""
        value = self._take(key, None)
        first, second = value if isinstance(value, list | tuple) and len(value) == 2 else (value, value)
        return self._whole(key, first, 1, 10**4), self._whole(key, second, 1, 10**4)

    def number(self, key: str, default: float | None = None, *, low: float = -1e9, high: float = 1e9) -> float:
        """A number from ``low`` to ``high``."""
        return self._number(key, self._take(key, default), low, high)

    def whole(self, key: str, default: int | None = None, *, low: int = 0, high: int = 10**9) -> int:
        """A whole number from ``low`` to ``high``."""
        return self._whole(key, self._take(key, default), low, high)

    def numbers(self, key: str, default: tuple[float, ...], *, required: bool = False) -> tuple[float, ...]:
        """As many numbers as the default has; ``required`` makes the default an example only."""
        value = self._take(key, None if required else default)
        if not isinstance(value, list | tuple) or len(value) != len(default):
            raise self._wrong(key, f"{len(default)} numbers", value)
        return tuple(self._number(key, item, -1e9, 1e9) for item in value)

    def wholes(self, key: str, *, low: int, default: tuple[int, ...] | None = None) -> tuple[int, ...]:
        """One or more whole numbers."""
        value = self._take(key, default)
        if value == default:
            return default or ()
        if not isinstance(value, list) or not value:
            raise self._wrong(key, "a list of whole numbers", value)
        return tuple(self._whole(key, item, low, 10**9) for item in value)

    def texts(self, key: str) -> list[str]:
        """One or more strings."""
        value = self._take(key, None)
        if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
            raise self._wrong(key, "a list of strings", value)
        return value

    def mapping(self, key: str) -> "TomlTable":
        """A table inside this one; empty if the key is absent."""
        return self.table(key) if key in self._content else TomlTable({}, f"{self.origin}: [{key}]")

    def pass_over(self, key: str) -> None:
        """Takes a key, whatever it is, if it is there."""
        self._content.pop(key, None)

    def table(self, key: str) -> "TomlTable":
        """A table inside this one."""
        value = self._take(key, None)
        if not isinstance(value, dict):
            raise self._wrong(key, "a table", value)
        return TomlTable(value, f"{self.origin}: [{key}]")

    def tables(self, key: str) -> list["TomlTable"]:
        """A list of tables inside this one; empty if the key is absent."""
        value = self._take(key, ())
        if not isinstance(value, list | tuple) or not all(isinstance(item, dict) for item in value):
            raise self._wrong(key, "a list of tables", value)
        return [TomlTable(item, f"{self.origin}: [[{key}]]") for item in value]

    def all(self) -> dict[str, object]:
        """All keys that nobody asked for yet, as they are."""
        content, self._content = self._content, {}
        return content

    def all_tables(self) -> dict[str, Mapping[str, object]]:
        """All keys, each of which must be a table."""
        content = self.all()
        if not all(isinstance(value, dict) for value in content.values()):
            raise ModelError(f"{self.origin}: there must be tables only")
        return {key: value for key, value in content.items() if isinstance(value, dict)}

    def refuse_the_rest(self) -> None:
        """Raises if a key was not asked for: most likely it is misspelt."""
        if self._content:
            raise ModelError(f"{self.origin}: unknown key '{sorted(self._content)[0]}'; remove it or mend its spelling")

    def _take(self, key: str, default: object) -> object:
        if key not in self._content and default is None:
            raise ModelError(f"{self.origin}: '{key}' is missing")
        return self._content.pop(key, default)

    def _number(self, key: str, value: object, low: float, high: float) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
            raise self._wrong(key, f"a number from {low:g} to {high:g}", value)
        return float(value)

    def _whole(self, key: str, value: object, low: int, high: int) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise self._wrong(key, f"a whole number from {low} to {high}", value)
        return value

    def _wrong(self, key: str, wanted: str, value: object) -> ModelError:
        return ModelError(f"{self.origin}: '{key}' must be {wanted}, not {value!r}")
