"""Recipes: settings of a training run in a TOML file, with the names of the flags; three come with the package."""

import difflib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from importlib import resources
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, get_args, get_origin

from gallery.errors import ConfigError
from training.train_settings import CHOICES, KINDS, TrainSettings

RECIPES = ("modern", "arcmargin", "eml")
"""Those of the package."""


def read_recipe(name: str) -> dict[str, Any]:
    """What a recipe sets, by the names of ``TrainSettings``.

    Args:
        name: One of ``RECIPES``, or a TOML file.

    Raises:
        ConfigError: If there is no such recipe, it is no TOML, or it has a key or a value that does not exist.
    """
    if name in RECIPES:
        text = resources.files("training").joinpath("recipes", f"{name}.toml").read_text()
    else:
        try:
            text = Path(name).read_text()
        except FileNotFoundError as error:
            raise ConfigError(
                f"there is no recipe {name!r}; use one of {', '.join(RECIPES)}, or the path of a TOML file"
            ) from error
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"recipe {name} cannot be read ({error}); name a TOML file") from error
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name} is no TOML file: {error}; write lines like `lr = 3.5e-4`") from error
    try:
        return checked({key.replace("-", "_"): value for key, value in table.items()})
    except ConfigError as error:
        raise ConfigError(f"recipe {name}: {error}") from error


def checked(values: Mapping[str, Any], *, complete: bool = False) -> dict[str, Any]:
    """Settings of the right names and kinds; lists have become tuples.

    Args:
        values: By name.
        complete: Whether all settings are there, those that count for nothing too.

    Raises:
        ConfigError: If a name or a kind is wrong, or both lengths of a run are set.
    """
    names = [field.name for field in fields(TrainSettings)]
    for name in values:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"did you mean {flag(near[0])}?" if near else f"there are {', '.join(map(flag, names))}"
            raise ConfigError(f"there is no setting {flag(name)}; {hint}")
    if not complete and "epochs" in values and values.get("iterations"):
        raise ConfigError("epochs and iterations are both set; a run has one length, leave one out")
    return {name: _as_kind(name, value, KINDS[name]) for name, value in values.items()}


def kept_settings(run: Path) -> dict[str, Any]:
    """The settings that stand in a run's folder, none if nothing stands there yet.

    Raises:
        ConfigError: If they cannot be read.
    """
    path = run / "settings.json"
    try:
        return checked(json.loads(path.read_text()), complete=True)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError, ConfigError) as error:
        raise ConfigError(f"{path}: cannot be read ({error}); restore it, or begin a new run") from error


def layered(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of several layers, the last one counting; a length replaces the other kind of length.

    >>> layered({"iterations": 12000, "lr": 0.1}, {"epochs": 3})
    {'lr': 0.1, 'epochs': 3}
    """
    found: dict[str, Any] = {}
    for layer in layers:
        for name, other in (("epochs", "iterations"), ("iterations", "epochs")):
            if layer.get(name):
                found.pop(other, None)
        found |= layer
    return found


def flag(name: str) -> str:
    """How a setting is written in recipes and, after two dashes, on the command line."""
    return name.replace("_", "-")


def _as_kind(name: str, value: Any, kind: Any) -> Any:
    if get_origin(kind) is UnionType:
        if value is None:
            return None
        (kind,) = (one for one in get_args(kind) if one is not NoneType)
    if get_origin(kind) is tuple:
        if not isinstance(value, list | tuple):
            raise ConfigError(f"{flag(name)} is {value!r}; write a list")
        return tuple(_as_kind(name, item, get_args(kind)[0]) for item in value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if name == "hold_out" and isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:g}"
    if type(value) is not (str if name in CHOICES else kind):
        wanted = {int: "a whole number", float: "a number", str: "a text in quotes", bool: "true or false"}
        raise ConfigError(f"{flag(name)} is {value!r}; write {wanted.get(kind, wanted[str])}")
    return value
