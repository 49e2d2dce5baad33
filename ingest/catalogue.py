"""Which networks are known, which are installed, and how they are added and pulled.

Networks are looked for in the folders named by ``PASSERBY_MODELS``, then in the user's own folder; in each, directly or
in a folder of the network's name. Those that are part of the package lie in ``SHIPPED``, and their names are theirs.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from shutil import copyfile

from platformdirs import user_data_path

from gallery.errors import ModelError
from ingest.download import Progress, download, sha256_of
from ingest.infer_cfg import CONFIG_NAMES, config_beside, is_detector, network_in, read_infer_cfg
from ingest.runtimes import SUFFIXES, check_suffix
from ingest.sidecar import EXPORT_STEMS, Network, describe, network_name, read_sidecar, sidecar_of
from ingest.toml_table import TomlTable, read_toml

FOLDERS_VARIABLE = "PASSERBY_MODELS"

SHIPPED = Path(__file__).with_name("shipped")
"""Networks that this project's own code made, each with its description and its model card, ``NAME.md``."""


@dataclass(frozen=True)
class Installed:
    """A network whose file is there.

    Attributes:
        network: What it is.
        path: The network file.
    """

    network: Network
    path: Path

    @property
    def paths(self) -> tuple[Path, ...]:
        """The network file and those that belong to it, in the order of ``network.files``."""
        return (self.path, *(file.beside(self.path) for file in self.network.files[1:]))

    def fingerprint(self) -> str:
        """Checks all files and gives the SHA-256 that identifies this network and its description.

        Raises:
            ModelError: If a file is missing or is not the one that was promised.
        """
        return self.network.fingerprint(tuple(self._digests()))

    def _digests(self) -> Iterator[str]:
        for file, path in zip(self.network.files, self.paths, strict=True):
            if not path.is_file():
                raise ModelError(f"{self.path} needs {path.name} beside it; copy it there or download it again")
            digest = sha256_of(path)
            if file.sha256 and digest != file.sha256:
                raise _damaged(self.network, path, digest, file.sha256)
            yield digest


@cache
def known() -> Mapping[str, Network]:
    """The public networks of the catalogue by name."""
    path = Path(__file__).with_name("catalogue.toml")
    table = TomlTable(read_toml(path), str(path))
    return {name: describe(name, content, origin=f"{path}: [{name}]") for name, content in table.all_tables().items()}


def shipped() -> Mapping[str, Installed]:
    """The networks that are part of the package by name."""
    stems = sorted(sidecar.stem for sidecar in SHIPPED.glob("*.toml"))
    return {stem: _described(SHIPPED / f"{stem}.onnx") for stem in stems}


def user_folder() -> Path:
    """Where networks that are added or pulled are kept."""
    return user_data_path("passerby", appauthor=False) / "models"


def folders() -> list[Path]:
    """Where networks are looked for, first come first served.

    Raises:
        ModelError: If ``PASSERBY_MODELS`` names something that is not a folder.
    """
    named = [Path(part) for part in os.environ.get(FOLDERS_VARIABLE, "").split(os.pathsep) if part]
    for folder in named:
        if not folder.is_dir():
            raise ModelError(f"{FOLDERS_VARIABLE} names {folder}, which is not a folder; mend or unset it")
    return [folder.absolute() for folder in named] + [user_folder()]


def installed() -> list[Installed]:
    """All networks whose files are there: public ones, the package's, your own. Their contents are not checked yet."""
    public = [Installed(network, path) for network in known().values() if (path := _locate(network)) is not None]
    return [*public, *shipped().values(), *map(_described, _own().values())]


def find(name: str) -> Installed:
    """The installed network of that name.

    Raises:
        ModelError: If it is unknown, or known but not installed.
    """
    if name in known():
        network = known()[name]
        path = _locate(network)
        if path is None:
            raise ModelError(f"model '{name}' is not installed: {_how_to_get(network)}")
        return Installed(network, path)
    if name in (ours := shipped()):
        return ours[name]
    own = _own()
    if name not in own:
        for folder in folders():
            if config_beside(folder / name / EXPORT_STEMS[0]) is not None:
                return identify(folder / name)  # it was passed over, and this says why
        near = get_close_matches(name, [*known(), *ours, *own], n=3) or sorted(known())
        raise ModelError(f"unknown model '{name}'; near names: {', '.join(near)}")
    return _described(own[name])


def identify(path: Path) -> Installed:
    """What a network file anywhere is.

    The sidecar beside it says so, or the ``infer_cfg.yml`` of PaddleDetection, or the catalogue if it knows its SHA-256.

    Args:
        path: The file, or the folder of an export.

    Raises:
        ModelError: If it is missing, of a kind that cannot be run, or unknown and described by nothing.
    """
    if path.is_dir():
        path = network_in(path)
    check_suffix(path)
    if not path.is_file():
        raise ModelError(f"there is no network file {path}")
    if sidecar_of(path).is_file() or config_beside(path) is not None:
        return _described(path)
    digest = sha256_of(path)
    for network in known().values():
        if network.files[0].sha256 == digest:
            return Installed(network, path)
        if path.name == network.files[0].name:
            raise _damaged(network, path, digest, network.files[0].sha256)
    raise ModelError(f"{path} is unknown and nothing describes it; write {sidecar_of(path).name} beside it")


def add(path: Path) -> Installed:
    """Copies a network, the files that belong to it and its sidecar into the user's folder.

    Args:
        path: The network file, or the folder of an export.

    Raises:
        ModelError: If it is unknown or damaged, has the name of another, or cannot be copied.
    """
    source = identify(path)
    source.fingerprint()
    path, name, described = source.path, source.network.name, sidecar_of(source.path).is_file()
    if name in known() and source.network is not known()[name]:
        raise ModelError(f"'{name}' is the name of a public network; rename {path.name} and its sidecar, or its folder")
    if name in shipped():
        raise ModelError(f"'{name}' is the name of a network of the package; rename {path.name} and its sidecar")
    target = user_folder() / name / source.network.files[0].name
    copies = list(zip(source.paths, Installed(source.network, target).paths, strict=True))
    if described:
        copies.append((sidecar_of(path), sidecar_of(target)))
    # The network file goes last: until it is there, nothing is installed.
    for origin, copied in reversed(copies):
        _copy(origin, copied)
    return Installed(source.network, target)


def pull(name: str, on_progress: Progress | None = None) -> Installed:
    """Downloads a public network into the user's folder; files that are there and sound are left.

    Raises:
        ModelError: If the name is unknown, nothing can be downloaded, or a download fails.
    """
    if name not in known():
        raise ModelError(f"cannot pull '{name}'; public networks are {', '.join(sorted(known()))}")
    network = known()[name]
    target = user_folder() / name / network.files[0].name
    if not all(file.url for file in network.files):
        raise ModelError(f"'{name}' cannot be downloaded: {network.obtain}")
    # The network file comes last: until it is there, nothing is installed.
    for file in reversed(network.files):
        path = target.with_name(file.name)
        if not path.is_file() or sha256_of(path) != file.sha256:
            download(file.url, path, sha256=file.sha256, on_progress=on_progress)
    return Installed(network, target)


def _locate(network: Network) -> Path | None:
    name = network.files[0].name
    places = (place / name for folder in folders() for place in (folder, folder / network.name))
    return next((path for path in places if path.is_file()), None)


def _described(path: Path) -> Installed:
    """A network file by what lies beside it: its sidecar, else the description of PaddleDetection."""
    config = None if sidecar_of(path).is_file() else config_beside(path)
    return Installed(read_sidecar(path) if config is None else read_infer_cfg(config, path), path)


def _own() -> dict[str, Path]:
    """Networks that are described beside themselves, by name.

    The first found of a name counts; public names are the catalogue's, those of shipped networks the package's.
    """
    found: dict[str, Path] = {}
    taken = {*known(), *(path.stem for path in SHIPPED.glob("*.toml"))}
    for folder in folders():
        for sidecar in sorted([*folder.glob("*.toml"), *folder.glob("*/*.toml")]):
            for path in (sidecar.with_suffix(suffix) for suffix in SUFFIXES):
                if path.is_file() and network_name(path) not in taken:
                    found.setdefault(network_name(path), path)
        for path in _exports(folder):
            if path.absolute().parent.name not in taken and not sidecar_of(path).is_file():
                found.setdefault(path.absolute().parent.name, path)
    return found


def _exports(folder: Path) -> Iterator[Path]:
    """The detectors that PaddleDetection exported into this folder or one of those in it.

    Exports of other things are passed over, and folders in which it is not clear which file is the network.
    """
    for pattern in ("", "*/"):
        for place in sorted({config.parent for name in CONFIG_NAMES for config in folder.glob(pattern + name)}):
            config = config_beside(place / EXPORT_STEMS[0])
            if config is not None and is_detector(config):
                with suppress(ModelError):
                    yield network_in(place)


def _copy(origin: Path, target: Path) -> None:
    if target.exists() and origin.samefile(target):
        return
    partial = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        copyfile(origin, partial)
        partial.replace(target)
    except OSError as error:
        with suppress(OSError):
            partial.unlink()
        raise ModelError(f"cannot copy {origin} to {target}: {error.strerror}") from error


def _how_to_get(network: Network) -> str:
    get = network.obtain or f"run `passerby models pull {network.name}`"
    return f"{get}, or put its files in a folder named by {FOLDERS_VARIABLE}"


def _damaged(network: Network, path: Path, digest: str, wanted: str) -> ModelError:
    remedy = f"remove it and run `passerby models pull {network.name}`" if network.files[0].url else "copy it again"
    return ModelError(
        f"{path} is damaged or another version of {network.name}: "
        f"its SHA-256 is {digest[:16]}..., not {wanted[:16]}...; {remedy}"
    )
