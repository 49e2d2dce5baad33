"""What is asked of an export, and what it gave."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from gallery.errors import ConfigError
from ingest.thresholds import Thresholds
from training.held_out import GivenThresholds
from training.samples import TrainingSet
from training.validation import Validation

Form = Literal["paddle", "onnx"]

FORMS: tuple[Form, ...] = ("paddle", "onnx")
"""``NAME.json`` with ``NAME.pdiparams`` for Paddle Inference; ``NAME.onnx`` for onnxruntime."""

INT8 = "-int8"
"""Follows the name of a network's INT8 variant."""

_SUFFIXES: dict[Form, tuple[str, ...]] = {"paddle": (".pdiparams", ".json"), "onnx": (".onnx",)}


@dataclass(frozen=True)
class Request:
    """What to write.

    Attributes:
        out: The folder.
        name: Stem of the files, and the embedder's name.
        forms: Some of ``FORMS``; none where only an INT8 variant is wanted.
        weights: How an ONNX file stores them, "fp32" or "fp16"; Paddle's form keeps fp32.
        thresholds: Those that are known.
        held: People to measure the others on, and how well the network finds them.
        mirror: Embed the mirror image of each image, too (see ``MirroredNetwork``).
        calibration: Images to calibrate an INT8 variant on; None makes none.
        summary: One line for people; by default what the network is made of.
        licence: Of the weights.
        overwrite: Replace files that are there.

    Raises:
        ConfigError: If something is missing.
    """

    out: Path
    name: str
    forms: tuple[Form, ...] = FORMS
    weights: Literal["fp32", "fp16"] = "fp32"
    thresholds: GivenThresholds = field(default_factory=GivenThresholds)
    held: TrainingSet | None = None
    mirror: bool = False
    calibration: TrainingSet | None = None
    summary: str = ""
    licence: str = "not stated"
    overwrite: bool = False

    def __post_init__(self) -> None:
        if not self.forms and self.calibration is None:
            raise ConfigError(f"no form is named; name some of {', '.join(FORMS)}")
        if self.held is None and self.thresholds.complete() is None:
            raise ConfigError(
                "an embedder needs to know how similar is similar; name images of people whom the network did not learn "
                "from (--data DIR, and whom of them by --people FILE:PART), or give all of --operating-point, "
                "--visit-similarity and --max-cosine-distance"
            )
        if self.calibration is not None and self.held is None:
            raise ConfigError(
                "what INT8 loses is measured on people whom the network did not learn from; name them by --data DIR and, "
                "if not all of them, --people FILE:PART"
            )

    def calibration_images_of_others(self) -> TrainingSet:
        """Those of ``calibration`` that show nobody who is measured on.

        Raises:
            ConfigError: If there are none.
        """
        if self.calibration is None or self.held is None:
            raise ValueError("there is no INT8 variant without images and people")
        held = {sample.path.resolve() for sample in self.held.samples}
        # By people and not by images: who is measured on must be new to what measures.
        known = {s.label for s in self.calibration.samples if s.path.resolve() in held}
        others = [name for label, name in enumerate(self.calibration.people) if label not in known]
        if not others:
            raise ConfigError(
                "all people of --calibrate are those of --data; calibrate on the people whom the network learned from"
            )
        return self.calibration.only(others)

    def targets(self) -> list[Path]:
        """All files that are to be there; those that make a network known come last."""
        return target_files(self.out, self.name, self.forms, int8=self.calibration is not None)


def target_files(out: Path, name: str, forms: Sequence[Form], *, int8: bool) -> list[Path]:
    """The files of an export, a network file after what belongs to it."""
    suffixes = [suffix for form in forms for suffix in _SUFFIXES[form]]
    names = [f"{name}{suffix}" for suffix in ([".toml", *suffixes] if suffixes else [])]
    if int8:
        names += [f"{name}{INT8}.toml", f"{name}{INT8}.onnx"]
    return [out / name for name in names]


def refuse_existing(files: Sequence[Path]) -> None:
    """Refuses to replace files.

    Raises:
        ConfigError: If one of them is there.
    """
    there = [path for path in files if path.exists()]
    if there:
        raise ConfigError(f"{there[0]} is there already; choose another --out or --name, or replace it by --overwrite")


@dataclass(frozen=True)
class Written:
    """One network file that was written.

    Attributes:
        path: The file.
        weights: How they are stored: "fp32", "fp16" or "int8".
        bytes: Size of it and of the file of its weights.
        differences: The largest difference of its embeddings from those of the training network, by runtime.
        thresholds: What its description says.
        found: How well it finds the held-out people; None where it was not tried on any.
        lost: INT8: the mAP that the network itself has more; None for others.
    """

    path: Path
    weights: str
    bytes: int
    differences: dict[str, float]
    thresholds: Thresholds
    found: Validation | None = None
    lost: float | None = None
