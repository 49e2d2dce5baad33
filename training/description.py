"""What an exported network says of itself: the TOML beside it, as ``ingest/sidecar.py`` reads it."""

import json
from collections.abc import Sequence

from ingest.sidecar import InputFormat, Network, NetworkFile
from ingest.thresholds import Thresholds
from training.loader import MEAN_RGB, STD_RGB
from training.network_settings import NetworkSettings


def input_format(settings: NetworkSettings) -> InputFormat:
    """How pictures are made ready for a network of ours; ``training.loader.to_tensor`` does the same."""
    return InputFormat(
        width=settings.width, height=settings.height, colour="rgb", scale=1 / 255, mean=MEAN_RGB, std=STD_RGB
    )


def description(
    name: str,
    settings: NetworkSettings,
    dimension: int,
    thresholds: Thresholds,
    *,
    summary: str,
    licence: str,
    files: tuple[NetworkFile, ...] = (),
) -> Network:
    """The description of an embedder.

    Args:
        name: Stem of its files.
        settings: What it is made of.
        dimension: Length of its vectors.
        thresholds: How similar is similar.
        summary: One line for people.
        licence: Of the weights.
        files: Those that the description holds for alone, with their SHA-256; none where it is shared.
    """
    return Network(
        name=name,
        kind="embedder",
        summary=summary,
        licence=licence,
        upstream="",
        obtain="",
        input=input_format(settings),
        files=files,
        confidence=0.0,
        dimension=dimension,
        thresholds=thresholds,
    )


def sidecar_text(network: Network, notes: Sequence[str]) -> str:
    """The TOML that gives this description again when it is read.

    Args:
        network: An embedder's.
        notes: Lines for people, above it.

    Raises:
        ValueError: If it is no embedder's.
    """
    form, thresholds = network.input, network.thresholds
    if form is None or thresholds is None:
        raise ValueError(f"{network.name} is no embedder")
    lines = [
        *(f"# {note}" for note in notes),
        f'kind = "{network.kind}"',
        f"summary = {_text(network.summary)}",
        f"licence = {_text(network.licence)}",
        f"dimension = {network.dimension}",
        "",
        "[input]",
        f"width = {form.width}",
        f"height = {form.height}",
        f'colour = "{form.colour}"',
        f"scale = {form.scale!r} # 1/255",
        f"mean = {list(form.mean)}",
        f"std = {list(form.std)}",
        f'resize = "{form.resize}"',
        "",
        "[thresholds]",
        f"operating_point = {thresholds.operating_point}",
        f"visit_similarity = {thresholds.visit_similarity}",
        f"max_cosine_distance = {thresholds.max_cosine_distance}",
    ]
    for file in network.files:
        lines += ["", "[[files]]", f"name = {_text(file.name)}", f'sha256 = "{file.sha256}"']
    return "\n".join(lines) + "\n"


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
