"""The TOML beside an exported network."""

from dataclasses import replace

import numpy as np
import pytest

from ingest.sidecar import NetworkFile, read_sidecar
from ingest.tensor import to_tensor as runtime_tensor
from ingest.thresholds import Thresholds
from tests.training.exported_networks import TINY
from training.description import description, input_format, sidecar_text
from training.loader import to_tensor

THRESHOLDS = Thresholds(0.5, 0.625, 0.25)


def test_what_is_written_is_what_is_read(tmp_path):
    files = (NetworkFile("walkers.onnx", "ab" * 32),)
    said = description(
        "walkers", TINY, 16, THRESHOLDS, summary='of "our" car park, Straße 7 \U0001f6b6', licence="a\\b", files=files
    )
    (tmp_path / "walkers.toml").write_text(sidecar_text(said, ["Measured on 3 people."]), encoding="utf-8")
    (tmp_path / "walkers.onnx").touch()
    assert read_sidecar(tmp_path / "walkers.onnx") == said
    assert (tmp_path / "walkers.toml").read_text().startswith("# Measured on 3 people.\n")


@pytest.mark.parametrize("suffix", [".onnx", ".json"])
def test_without_files_it_holds_for_every_form(tmp_path, suffix):
    said = description("walkers", TINY, 16, THRESHOLDS, summary="", licence="MIT")
    (tmp_path / "walkers.toml").write_text(sidecar_text(said, []), encoding="utf-8")
    read = read_sidecar(tmp_path / f"walkers{suffix}")
    assert replace(read, files=()) == said
    assert read.files[0].name == f"walkers{suffix}"


def test_pixels_become_what_they_are_in_training():
    ramp = np.arange(256, dtype=np.uint8)
    picture = np.stack([ramp, ramp[::-1], np.roll(ramp, 100)], axis=-1)[None]
    assert np.abs(runtime_tensor([picture], input_format(TINY)) - to_tensor([picture])).max() < 1e-6


def test_only_embedders_are_described():
    said = description("walkers", TINY, 16, THRESHOLDS, summary="", licence="MIT")
    with pytest.raises(ValueError, match="no embedder"):
        sidecar_text(replace(said, thresholds=None), [])
