"""What a network file is: read from the TOML beside it, or from the catalogue.

A sidecar stands beside its network and has the same stem (``walkers.onnx``, ``walkers.toml``)::

    kind = "detector"              # or "embedder"
    decoding = "yolox"             # detectors only: "yolox", "ssd" or "paddledetection"
    summary = "YOLOX-Nano, trained on our car park"
    licence = "Apache-2.0"
    confidence = 0.3               # detectors only: the default threshold
    person_class = 0               # detectors only: the number of the class "person"
    strides = [8, 16, 32]          # yolox only
    dimension = 256                # embedders only: the length of the vectors

    [input]
    width = 416
    height = 416
    colour = "bgr"                 # or "rgb"
    scale = 1.0                    # pixel * scale, then - mean, then / std
    mean = [0.0, 0.0, 0.0]         # in the order of colour
    std = [1.0, 1.0, 1.0]
    resize = "letterbox"           # or "stretch"
    pad = 114                      # letterbox only: the grey beside the picture

    [thresholds]                   # embedders only; ingest/thresholds.py says what they mean
    operating_point = 0.38
    visit_similarity = 0.65
    max_cosine_distance = 0.4

    [[files]]                      # may be left out; with it, the files are checked
    name = "walkers.onnx"
    sha256 = "695e750a..."

A detector with ``decoding = "paddledetection"`` has in place of ``[input]`` the ``Preprocess`` list of its
``infer_cfg.yml``, one ``[[preprocess]]`` for each step (ingest/paddle_steps.py), and, where the network leaves its
post-processing out, ``strides`` and ``max_overlap``. Where that file lies beside the network no sidecar is needed
(ingest/infer_cfg.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Literal

from gallery.errors import ModelError
from ingest.paddle_steps import Step, read_steps
from ingest.thresholds import Thresholds
from ingest.toml_table import TomlTable, read_toml

Kind = Literal["detector", "embedder"]

COMPANIONS = {".xml": (".bin",), ".json": (".pdiparams",), ".pdmodel": (".pdiparams",)}
"""Suffixes of the files with the weights of a network file of the same stem."""

EXPORT_STEMS = ("model", "inference")
"""Paddle's exports are all called so: it is their folder that has the network's name."""

MAX_OVERLAP = 0.5
"""IoU above which PaddleDetection takes two boxes for one object, where a network leaves that to its user."""

_KINDS = ("detector", "embedder")
_DECODINGS = ("yolox", "ssd", "paddledetection")
_COLOURS = ("bgr", "rgb")
_RESIZES = ("stretch", "letterbox")


@dataclass(frozen=True)
class InputFormat:
    """What a network takes: ``(pixel * scale - mean) / std``.

    Attributes:
        width: Pixels.
        height: Pixels.
        colour: Order of the channels, "bgr" or "rgb".
        scale: Factor on the pixel values 0-255.
        mean: Taken off after scaling, in the order of ``colour``.
        std: Divided by after that, in the order of ``colour``.
        resize: "stretch" fills the input whatever the aspect, "letterbox" keeps it.
        pad: Pixel value beside a letterboxed picture.
    """

    width: int
    height: int
    colour: str = "bgr"
    scale: float = 1.0
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    std: tuple[float, ...] = (1.0, 1.0, 1.0)
    resize: str = "stretch"
    pad: int = 114


@dataclass(frozen=True)
class NetworkFile:
    """One file of a network.

    Attributes:
        name: Name upstream; the suffix says what it is.
        sha256: 64 hexadecimal digits, or "" where nothing is promised.
        url: Where it can be downloaded, or "".
    """

    name: str
    sha256: str = ""
    url: str = ""

    @property
    def suffix(self) -> str:
        """``.onnx``, ``.xml``, ``.bin``."""
        return Path(self.name).suffix

    def beside(self, network: Path) -> Path:
        """Where this file lies when the network file is there: an export's description keeps its name."""
        return network.with_name(self.name) if self.suffix == ".yml" else network.with_suffix(self.suffix)


@dataclass(frozen=True)
class Network:
    """The description of one network.

    Attributes:
        name: As in ``passerby models list``.
        kind: "detector" or "embedder".
        summary: One line for people.
        licence: Of the weights; an SPDX identifier where there is one.
        upstream: Page it comes from, or "".
        obtain: How to get it where no file can be downloaded, or "".
        input: What it takes; None where ``steps`` say it.
        files: The network first, then what belongs to it (the ``.bin`` of an ``.xml``).
        decoding: Detectors: how the output is read, "yolox", "ssd" or "paddledetection".
        confidence: Detectors: the default threshold, 0-1.
        person_class: Detectors: number of the class "person".
        strides: YOLOX, PicoDet: pixels of the input per cell of each grid.
        steps: PaddleDetection: how a picture is prepared.
        max_overlap: PaddleDetection: IoU above which two boxes are one person, where that is left to us.
        dimension: Embedders: length of the vectors.
        thresholds: Embedders: how similar is similar.
    """

    name: str
    kind: Kind
    summary: str
    licence: str
    upstream: str
    obtain: str
    input: InputFormat | None
    files: tuple[NetworkFile, ...]
    decoding: str = ""
    confidence: float = 0.5
    person_class: int = 0
    strides: tuple[int, ...] = ()
    steps: tuple[Step, ...] = ()
    max_overlap: float = MAX_OVERLAP
    dimension: int = 0
    thresholds: Thresholds | None = None

    def fingerprint(self, digests: tuple[str, ...]) -> str:
        """SHA-256 that changes with the files and with all that changes what the network computes from a picture."""
        use: tuple[object, ...] = (self.input, self.decoding, self.person_class, self.strides, self.dimension)
        if self.decoding == "paddledetection":
            use = (*use, self.steps, self.max_overlap)
        return sha256("\n".join([*digests, repr(use)]).encode()).hexdigest()


def network_name(path: Path) -> str:
    """The name of a network file: its stem, or that of its folder where the stem says nothing.

    >>> network_name(Path("nets/walkers.onnx")), network_name(Path("nets/ppyoloe/model.json"))
    ('walkers', 'ppyoloe')
    """
    return path.absolute().parent.name if path.stem in EXPORT_STEMS else path.stem


def sidecar_of(path: Path) -> Path:
    """Where the sidecar of a network file lies, whether it is there or not."""
    return path.with_suffix(".toml")


def read_sidecar(path: Path) -> Network:
    """The description of the network file at ``path`` by the TOML beside it.

    Raises:
        ModelError: If the sidecar cannot be read, lacks something or has something unknown.
    """
    sidecar = sidecar_of(path)
    network = describe(network_name(path), read_toml(sidecar), origin=str(sidecar))
    if network.files:
        return _checked_against(path, network)
    return replace(network, files=files_of(path))


def files_of(path: Path) -> tuple[NetworkFile, ...]:
    """A network file and the files of its weights, whose contents are not promised."""
    companions = [path.with_suffix(suffix) for suffix in COMPANIONS.get(path.suffix, ())]
    return tuple(NetworkFile(file.name) for file in (path, *companions))


def describe(name: str, content: Mapping[str, object], *, origin: str) -> Network:
    """A network from the table of its TOML.

    Args:
        name: Name of the network.
        content: The table.
        origin: The file it was read from, for messages.

    Raises:
        ModelError: If a key is missing, unknown, or has a wrong value.
    """
    table = TomlTable(content, origin)
    kind: Kind = "detector" if table.choice("kind", _KINDS) == "detector" else "embedder"
    detector, embedder = kind == "detector", kind == "embedder"
    decoding = table.choice("decoding", _DECODINGS) if detector else ""
    paddle = decoding == "paddledetection"
    network = Network(
        name=name,
        kind=kind,
        summary=table.text("summary", ""),
        licence=table.text("licence"),
        upstream=table.text("upstream", ""),
        obtain=table.text("obtain", ""),
        input=None if paddle else _input_format(table.table("input")),
        files=tuple(_file(entry) for entry in table.tables("files")),
        decoding=decoding,
        confidence=table.number("confidence", low=0.0, high=1.0) if detector else 0.0,
        person_class=table.whole("person_class", low=0) if detector else 0,
        strides=_strides(table, decoding),
        steps=read_steps([entry.all() for entry in table.tables("preprocess")], origin) if paddle else (),
        max_overlap=table.number("max_overlap", MAX_OVERLAP, low=0.0, high=1.0) if paddle else MAX_OVERLAP,
        dimension=table.whole("dimension", low=1) if embedder else 0,
        thresholds=_thresholds(table.table("thresholds")) if embedder else None,
    )
    table.refuse_the_rest()
    return network


def _strides(table: TomlTable, decoding: str) -> tuple[int, ...]:
    if decoding == "paddledetection":
        return table.wholes("strides", low=1, default=())
    return table.wholes("strides", low=1) if decoding == "yolox" else ()


def _checked_against(path: Path, network: Network) -> Network:
    """The network, if the files that its sidecar names are those of the network file at ``path``."""
    named = [file.name for file in network.files]
    wanted = [path.name, *(path.with_suffix(suffix).name for suffix in COMPANIONS.get(path.suffix, ()))]
    if sorted(named) != sorted(wanted):
        raise ModelError(f"{sidecar_of(path)}: files must name {', '.join(wanted)}, not {', '.join(named)}")
    return replace(network, files=tuple(sorted(network.files, key=lambda file: wanted.index(file.name))))


def _input_format(table: TomlTable) -> InputFormat:
    form = InputFormat(
        width=table.whole("width", low=1),
        height=table.whole("height", low=1),
        colour=table.choice("colour", _COLOURS),
        scale=table.number("scale", 1.0),
        mean=table.numbers("mean", (0.0, 0.0, 0.0)),
        std=table.numbers("std", (1.0, 1.0, 1.0)),
        resize=table.choice("resize", _RESIZES),
        pad=table.whole("pad", 114, low=0, high=255),
    )
    if 0.0 in form.std or form.scale == 0.0:
        raise ModelError(f"{table.origin}: scale and std must not be 0")
    table.refuse_the_rest()
    return form


def _thresholds(table: TomlTable) -> Thresholds:
    thresholds = Thresholds(
        operating_point=table.number("operating_point", low=-1.0, high=1.0),
        visit_similarity=table.number("visit_similarity", low=-1.0, high=1.0),
        max_cosine_distance=table.number("max_cosine_distance", low=0.0, high=2.0),
    )
    table.refuse_the_rest()
    return thresholds


def _file(table: TomlTable) -> NetworkFile:
    file = NetworkFile(table.text("name"), table.text("sha256").lower(), table.text("url", ""))
    if len(file.sha256) != 64 or not set(file.sha256) <= set("0123456789abcdef"):
        raise ModelError(f"{table.origin}: sha256 of {file.name} must be 64 hexadecimal digits, not '{file.sha256}'")
    if Path(file.name).name != file.name:
        raise ModelError(f"{table.origin}: a file's name must have no folder, not '{file.name}'")
    table.refuse_the_rest()
    return file
