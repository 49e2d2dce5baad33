"""Options of ``passerby export``."""

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import typer

Text: TypeAlias = str | None
Real: TypeAlias = float | None
Several: TypeAlias = list[str] | None

Out = Annotated[Path, typer.Option(metavar="DIR", help="Folder for the files.")]
Name = Annotated[
    Text,
    typer.Option(
        metavar="NAME", help="Name of the files and of the embedder.", show_default="the run's or the file's name"
    ),
]
Format = Annotated[
    str,
    typer.Option("--format", metavar="FORM,FORM", help="paddle (NAME.json and NAME.pdiparams), onnx (NAME.onnx)."),
]
Weights = Annotated[
    Literal["fp32", "fp16"],
    typer.Option(help="How NAME.onnx stores weights; fp16 halves the file and rounds them. NAME.pdiparams keeps fp32."),
]
Mirror = Annotated[
    bool,
    typer.Option(
        "--mirror",
        help="Make the flip test a part of the network: an embedding is the mean of the image's and its mirror image's. "
        "Finds more, and takes twice the time.",
    ),
]
Int8 = Annotated[
    bool,
    typer.Option(
        "--int8",
        help="Also write NAME-int8.onnx, with weights and activations of 8 bits and thresholds of its own, and say what "
        "it loses of the mAP on --data.",
    ),
]
Calibrate = Annotated[
    Several,
    typer.Option(
        metavar="[NAME=]DATA",
        help="Images to calibrate --int8 on, such as those learned from; people of --data are left out. "
        "May be given again.",
        show_default="what the run learned from",
    ),
]
Data = Annotated[
    Several,
    typer.Option(
        metavar="[NAME=]DATA",
        help="People the network did not learn from, to measure thresholds and mAP on: a folder or list as for "
        "`passerby train`. May be given again.",
        show_default="whom the run held out",
    ),
]
People = Annotated[
    Several,
    typer.Option(
        metavar="FILE:NAME",
        help="Only these people of --data, a list in a JSON file; with several sets SET=FILE:NAME. May be given again.",
        show_default="everybody",
    ),
]
SkipBad = Annotated[
    bool,
    typer.Option(
        "--skip-bad", help="Leave out images of --data and --calibrate that cannot be read, rather than refuse them."
    ),
]
OperatingPoint = Annotated[
    Real,
    typer.Option(
        metavar="N",
        min=-1.0,
        max=1.0,
        help="Least similarity of a sighting in another camera that counts as found.",
        show_default="measured on --data",
    ),
]
VisitSimilarity = Annotated[
    Real,
    typer.Option(
        metavar="N",
        min=-1.0,
        max=1.0,
        help="Least similarity of two fragments of one visit to a camera.",
        show_default="measured on --data",
    ),
]
MaxCosineDistance = Annotated[
    Real,
    typer.Option(
        metavar="N",
        min=0.0,
        max=2.0,
        help="Largest distance at which a tracker takes a detection for a track's next.",
        show_default="measured on --data",
    ),
]
Summary = Annotated[
    Text, typer.Option(metavar="TEXT", help="One line for `passerby models list`.", show_default="its backbone")
]
Licence = Annotated[str, typer.Option(metavar="TEXT", help="Of the weights, and the terms of what they learned from.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")]
