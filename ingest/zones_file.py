"""The file of zones: one section for each camera, checked to the last point."""

import tomllib
from collections.abc import Sequence
from pathlib import Path

from gallery.errors import ConfigError
from ingest.zones import Polygon, Zones, polygon_of

FRACTIONS = (1.0, 1.0)
LARGEST_SIDE = 100_000
MOST_POLYGONS = 100


def read_zones(path: Path) -> dict[str, Zones]:
    """Zones by camera.

    A section is named like its camera. ``ignore`` and ``mask`` are lists of polygons, as fractions of the picture from
    0 to 1; with ``size = [WIDTH, HEIGHT]`` they are pixels of a picture of that size.

    Raises:
        ConfigError: If the file cannot be read, is not TOML, or holds anything that is no zone.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}); check the path") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(
            f"{path} is not TOML ({error}); write sections like [door] with `mask = [[[x, y], ...]]`"
        ) from error
    if not content:
        raise ConfigError(f"{path} names no camera; write a section like [door] for each")
    return {camera: zones_section(section, f"{path}, [{camera}]") for camera, section in content.items()}


def zones_of(path: Path, cameras: Sequence[str]) -> dict[str, Zones]:
    """The zones of some cameras; the file may speak of others too.

    Every one of them needs a section, an empty one if it has no zones: a misspelt name must not leave a camera unmasked.

    Raises:
        ConfigError: As ``read_zones`` does, or if a camera has no section.
    """
    known = read_zones(path)
    for camera in cameras:
        if camera not in known:
            raise ConfigError(
                f"{path} has no section for camera {camera!r}, only {', '.join(known)}; mend the name, or add "
                f"an empty section [{_key(camera)}] if it has no zones"
            )
    return {camera: known[camera] for camera in cameras}


def zones_of_one(path: Path, camera: str | None) -> Zones:
    """The zones of the camera of that name, or of the file's only one.

    Raises:
        ConfigError: As ``zones_of`` does, or if no name is given and the file has several.
    """
    known = read_zones(path)
    if camera is None and len(known) > 1:
        raise ConfigError(f"{path} has several cameras ({', '.join(known)}); say which with --camera NAME")
    name = next(iter(known)) if camera is None else camera
    return zones_of(path, [name])[name]


def zones_section(section: object, where: str) -> Zones:
    """The zones of one camera, as a section of the file has them.

    Raises:
        ConfigError: If it holds anything that is no zone; ``where`` is named.
    """
    if not isinstance(section, dict):
        raise ConfigError(f"{where} is no section; write [door] on a line of its own, and `mask = ...` below it")
    unknown = sorted(set(section) - {"ignore", "mask", "size"})
    if unknown:
        raise ConfigError(f"{where}: unknown key '{unknown[0]}'; there are ignore, mask and size")
    size = _size(section["size"], where) if "size" in section else FRACTIONS
    return Zones(*(_polygons(section.get(name, []), size, f"{where}: {name}") for name in ("ignore", "mask")))


def _size(given: object, where: str) -> tuple[float, float]:
    if (
        not isinstance(given, list)
        or len(given) != 2
        or not all(isinstance(side, int) and not isinstance(side, bool) and 1 <= side <= LARGEST_SIDE for side in given)
    ):
        raise ConfigError(f"{where}: size {given!r} is not [WIDTH, HEIGHT] in whole pixels, for example [1920, 1080]")
    return float(given[0]), float(given[1])


def _polygons(given: object, size: tuple[float, float], where: str) -> tuple[Polygon, ...]:
    if not isinstance(given, list):
        raise ConfigError(
            f"{where} is not a list of polygons; write {where.rsplit(' ', 1)[-1]} = [[[x, y], [x, y], [x, y]]]"
        )
    if len(given) > MOST_POLYGONS:
        raise ConfigError(f"{where} has {len(given)} polygons; give at most {MOST_POLYGONS}")
    return tuple(polygon_of(points, size, f"{where}, polygon {number}") for number, points in enumerate(given, start=1))


def _key(camera: str) -> str:
    """A name as TOML writes it."""
    return camera if camera.replace("-", "").replace("_", "").isalnum() and camera.isascii() else f'"{camera}"'
