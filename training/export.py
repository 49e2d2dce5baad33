"""Writes a trained network for the runtimes that searching and tracking use, with the description that they read.

Everything is written and tried in a folder of its own first. Only what gives the embeddings of the training network is
put in its place; if anything fails nothing is left behind, and what was there stays.
"""

import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gallery.errors import ConfigError, ModelError
from ingest.download import sha256_of
from ingest.embedder import NetworkEmbedder
from ingest.frame import Image
from ingest.image import read_image
from ingest.library_output import nothing_printed
from ingest.paddle_library import FAILURES, paddle
from ingest.runtime import Runtime
from ingest.sidecar import NetworkFile, files_of
from ingest.thresholds import Thresholds
from training.agreement import (
    CROPS,
    drawn_crops,
    largest_difference,
    runtime_embeddings,
    runtimes_for,
    trained_embeddings,
)
from training.calibration import calibration_images
from training.description import description, input_format, sidecar_text
from training.export_request import INT8, Request, Written, refuse_existing
from training.folding import fold
from training.held_out import Worth, measure, refuse_unfit
from training.image_check import OnImage
from training.mirrored import mirrored
from training.network import ReidNetwork
from training.program import Program, read_trace, traced
from training.weights import load_network

LARGEST_DIFFERENCE = 1e-4
"""Of an embedding from that of the training network (see ``agreement.largest_difference``)."""

LARGEST_DIFFERENCE_FP16 = 2e-2
"""The same where weights are rounded to half precision, each by up to 1 / 2048 of itself."""


def open_network(path: Path) -> ReidNetwork:
    """The network in a file, on the CPU: GPUs round otherwise, and it is what files are compared with.

    Raises:
        ModelError: If it cannot be read.
    """
    paddle.device.set_device("cpu")
    return load_network(path)


def export(network: ReidNetwork, request: Request, on_image: OnImage | None = None) -> tuple[Written, ...]:
    """Writes a network.

    Args:
        network: With its weights, on the CPU; it is left in evaluation mode.
        request: What to write.
        on_image: Is told how many of the held-out images are embedded.

    Returns:
        A record for each network file.

    Raises:
        ConfigError: If files are there already, the folder cannot be written to, or thresholds cannot be measured.
        ModelError: If the network cannot be written, or a runtime gives other embeddings.
        SourceError: If an image cannot be read.
    """
    if ("onnx" in request.forms or request.calibration is not None) and find_spec("onnx") is None:
        raise ConfigError("writing ONNX needs the package onnx; pip install 'passerby[train]', or use --format paddle")
    if not request.overwrite:
        refuse_existing(request.targets())
    if request.held is not None:
        refuse_unfit(request.held, request.thresholds)
    data = None if request.calibration is None else request.calibration_images_of_others()
    calibration = None if data is None else calibration_images(data, input_format(network.settings))
    crops = _crops(request)
    if request.mirror:
        network = mirrored(network)
    with _folder_within(request.out) as folder:
        written = _Export(network, request, folder, crops, calibration, on_image).write()
        for path in request.targets():
            (folder / path.name).replace(path)
    return written


def write_paddle(path: Path, static: Any) -> None:
    """Writes Paddle's inference form of a trace (``program.traced``): ``path``, which ends in .json, and .pdiparams.

    Raises:
        ModelError: If Paddle cannot.
    """
    try:
        with warnings.catch_warnings(), nothing_printed():
            warnings.simplefilter("ignore")  # it explains what a saved function is
            paddle.jit.save(static, str(path.with_suffix("")))
    except FAILURES as error:
        raise ModelError(f"Paddle cannot write {path.name} ({error})") from error


def write_onnx_form(
    path: Path, network: ReidNetwork, program: Program, weights: Literal["fp32", "fp16"] = "fp32"
) -> None:
    """Writes the ONNX form of a folded program.

    Raises:
        ModelError: If an operation is not known there, or a weight does not fit.
    """
    from training.onnx_file import onnx_model, write_onnx

    height, width = network.settings.height, network.settings.width
    model = onnx_model(program, height=height, width=width, dimension=network.dimension, weights=weights)
    write_onnx(path, model)


@dataclass(frozen=True, eq=False)
class _Export:
    """One export on its way."""

    network: ReidNetwork
    request: Request
    folder: Path
    crops: list[Image]
    calibration: NDArray[np.float32] | None
    on_image: OnImage | None

    def write(self) -> tuple[Written, ...]:
        """Writes everything into ``folder``."""
        static = traced(self.network)
        forms = self.request.forms
        if "paddle" in forms:
            write_paddle(self._path(".json"), static)
        written: list[Written] = []
        program = None if forms == ("paddle",) and self.calibration is None else fold(read_trace(self.network, static))
        if program is not None and "onnx" in forms:
            write_onnx_form(self._path(".onnx"), self.network, program, self.request.weights)
        if forms:
            written += self._finished([self._path(".json" if form == "paddle" else ".onnx") for form in forms])
        if program is not None and self.calibration is not None:
            written.append(self._int8(self.calibration, program, written))
        return tuple(written)

    def _int8(self, images: NDArray[np.float32], program: Program, others: list[Written]) -> Written:
        """Writes, tries and describes the INT8 variant; what it loses is measured beside the network itself."""
        from training.quantise import quantise

        whole, path = self._path(".onnx", "-fp32"), self._path(".onnx", INT8)
        write_onnx_form(whole, self.network, program)
        quantise(whole, path, images)
        differences = self._differences(path)
        before = others[-1].found if others else None
        before = before or self._measured(whole).found
        worth = self._measured(path)
        lost = before.mAP - worth.found.mAP
        self._describe(
            [path],
            worth.thresholds,
            worth,
            INT8,
            [f"The network itself: mAP {before.mAP:.4f}; INT8 changes it by {-lost:+.4f}."],
        )
        return Written(
            path=self.request.out / path.name,
            weights="int8",
            bytes=path.stat().st_size,
            differences=differences,
            thresholds=worth.thresholds,
            found=worth.found,
            lost=lost,
        )

    def _finished(self, paths: list[Path]) -> Iterator[Written]:
        """Compares files of one description with the training network, and writes that description."""
        request = self.request
        differences = {path: self._compared(path) for path in paths}
        thresholds, worth = request.thresholds.complete(), None
        if request.held is not None:
            worth = self._measured(paths[-1])
            thresholds = worth.thresholds
        if thresholds is None:
            raise ValueError("a request has people or thresholds")
        self._describe(paths, thresholds, worth)
        for path in paths:
            yield Written(
                path=request.out / path.name,
                weights=request.weights if path.suffix == ".onnx" else "fp32",
                bytes=sum(path.with_name(file.name).stat().st_size for file in files_of(path)),
                differences=differences[path],
                thresholds=thresholds,
                found=worth.found if worth is not None and path == paths[-1] else None,
            )

    def _compared(self, path: Path) -> dict[str, float]:
        """The largest difference from the training network in each runtime that is here.

        Raises:
            ModelError: If one is too large.
        """
        half = path.suffix == ".onnx" and self.request.weights == "fp16"
        bound = LARGEST_DIFFERENCE_FP16 if half else LARGEST_DIFFERENCE
        differences = self._differences(path)
        for runtime, difference in differences.items():
            if not difference <= bound:
                remedy = "export with --weights fp32" if half else "leave this form out by --format, and report this"
                raise ModelError(
                    f"{path.name} gives embeddings in {runtime} that differ from the training network's by up to "
                    f"{difference:.1e} of their largest number, more than {bound:.0e}; nothing was written: {remedy}"
                )
        return differences

    def _differences(self, path: Path) -> dict[str, float]:
        trained = trained_embeddings(self.network, self.crops)
        form = input_format(self.network.settings)
        with nothing_printed():
            return {
                name: largest_difference(trained, runtime_embeddings(runtime, form, self.crops))
                for name, runtime in runtimes_for(path).items()
            }

    def _measured(self, path: Path) -> Worth:
        if self.request.held is None:
            raise ValueError("nobody is held out")
        runtime = next(iter(runtimes_for(path).values()))
        return measure(self._embedder(runtime), self.request.held, self.request.thresholds, self.on_image)

    def _embedder(self, runtime: Runtime) -> NetworkEmbedder:
        unknown = Thresholds(0.0, 0.0, 0.0)  # measuring needs none
        network = description("", self.network.settings, self.network.dimension, unknown, summary="", licence="")
        return NetworkEmbedder(network, runtime, sha256="")

    def _describe(
        self,
        paths: list[Path],
        thresholds: Thresholds,
        worth: Worth | None,
        variant: str = "",
        notes: Sequence[str] = (),
    ) -> None:
        request, settings = self.request, self.network.settings
        files = [
            NetworkFile(file.name, sha256_of(self.folder / file.name)) for path in paths for file in files_of(path)
        ]
        described = description(
            request.name + variant,
            settings,
            self.network.dimension,
            thresholds,
            summary=(request.summary or self._summary()) + (" (INT8)" if variant == INT8 else ""),
            licence=request.licence,
            files=tuple(files) if len(paths) == 1 else (),
        )
        lines = [*([] if worth is None else [self._note(worth)]), *notes]
        self._path(".toml", variant).write_text(sidecar_text(described, lines), encoding="utf-8")

    def _summary(self) -> str:
        settings = self.network.settings
        twice = ", each image and its mirror image" if self.request.mirror else ""
        return f"{settings.backbone}, {settings.height} high x {settings.width} wide{twice}, exported by passerby"

    def _note(self, worth: Worth) -> str:
        found, people = worth.found, 0 if self.request.held is None else len(self.request.held.people)
        return (
            f"On {people} people who were held out ({found.images} images, {found.queries} queries): "
            f"mAP {found.mAP:.4f}, rank-1 {found.rank1:.4f}."
        )

    def _path(self, suffix: str, variant: str = "") -> Path:
        return self.folder / f"{self.request.name}{variant}{suffix}"


def _crops(request: Request) -> list[Image]:
    """What is compared: images of the held-out people from all over the set, or drawn ones."""
    if request.held is None:
        return drawn_crops()
    samples = request.held.samples
    step = max(1, len(samples) // CROPS)
    return [read_image(sample.path) for sample in samples[::step][:CROPS]]


@contextmanager
def _folder_within(out: Path) -> Iterator[Path]:
    """A folder for what is not whole yet, on the same disk; it is gone at the end, and ``out`` too if it was made in vain.

    Raises:
        ConfigError: If the folder cannot be made, or the disk is full.
    """
    made = not out.exists()
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".export-", dir=out) as folder:
            yield Path(folder)
    except OSError as error:
        raise ConfigError(
            f"cannot write to {out} ({error.strerror or error}); choose another folder for --out, or free some space"
        ) from error
    finally:
        if made and out.is_dir() and not any(out.iterdir()):
            out.rmdir()
