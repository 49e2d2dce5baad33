"""``passerby export``: a trained network for the runtimes that searching and tracking use."""

from collections.abc import Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api import export_options as options
from api.options import Json
from api.output import print_json, print_table, say, write
from api.progress import progress_bars
from gallery.errors import ConfigError

if TYPE_CHECKING:
    from training.export_request import Form, Written
    from training.samples import TrainingSet


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(export)


def export(
    network: Annotated[
        Path,
        typer.Argument(metavar="NETWORK", help="Folder of a run, whose best.npz is meant, or a network file (.npz)."),
    ],
    out: options.Out = Path("exported"),
    name: options.Name = None,
    form: options.Format = "paddle,onnx",
    weights: options.Weights = "fp32",
    mirror: options.Mirror = False,
    int8: options.Int8 = False,
    calibrate: options.Calibrate = None,
    data: options.Data = None,
    people: options.People = None,
    skip_bad: options.SkipBad = False,
    operating_point: options.OperatingPoint = None,
    visit_similarity: options.VisitSimilarity = None,
    max_cosine_distance: options.MaxCosineDistance = None,
    summary: options.Summary = None,
    licence: options.Licence = "not stated",
    overwrite: options.Overwrite = False,
    as_json: Json = False,
) -> None:
    """Write a network for searching and tracking: as a Paddle inference model and in ONNX.

    NAME.toml beside the files describes them; its thresholds are measured on people the network did not learn from, or
    given. Every file is loaded into the runtimes that are installed and must give the training network's embeddings.
    A run's folder brings the people it held out, and the images it learned from for --int8; a network file alone needs
    them named.

    Example: passerby export run --int8
    """
    source = network_file(network)
    called = named(source, name)
    forms = chosen_forms(form)
    for option, text in (("--summary", summary or ""), ("--licence", licence)):
        if not text.isprintable():
            raise ConfigError(f"{option} {text!r} is not one line of text; write it without line breaks")
    run = source.parent if (source.parent / "settings.json").is_file() else None
    refuse_idle(int8=int8, calibrate=calibrate, data=data, people=people, skip_bad=skip_bad, run=run)
    if weights == "fp16" and "onnx" not in forms:
        raise ConfigError("--weights fp16 is for ONNX files, and Paddle's form keeps fp32; add onnx to --format")
    if find_spec("paddle") is None:
        raise ConfigError("exporting needs PaddlePaddle, which is not installed; pip install 'passerby[train]'")

    from training.export import export as write_network
    from training.export import open_network
    from training.export_request import Request, refuse_existing, target_files
    from training.held_out import GivenThresholds

    if not overwrite:
        refuse_existing(target_files(out, called, forms, int8=int8))  # before images are read
    loaded = open_network(source)
    thresholds = GivenThresholds(operating_point, visit_similarity, max_cosine_distance)
    held = images_of(data, people or (), skip_bad=skip_bad)
    calibration = images_of(calibrate, (), skip_bad=skip_bad)
    if run is not None and ((held is None and (int8 or not thresholds.complete())) or (int8 and calibration is None)):
        held, calibration = images_of_run(run, held, calibration, int8=int8)
    request = Request(
        out=out,
        name=called,
        forms=forms,
        weights=weights,
        thresholds=thresholds,
        held=held,
        mirror=mirror,
        calibration=calibration,
        summary=summary or "",
        licence=licence,
        overwrite=overwrite,
    )
    with progress_bars("images") as bars:
        written = write_network(loaded, request, lambda done, total: bars("embedded", done, total))
    show(written, as_json=as_json)


def refuse_idle(
    *,
    int8: bool,
    calibrate: Sequence[str] | None,
    data: Sequence[str] | None,
    people: Sequence[str] | None,
    skip_bad: bool,
    run: Path | None,
) -> None:
    """Refuses options that change nothing, or lack what they need.

    Raises:
        ConfigError: Naming the option and the remedy.
    """
    if people and not data:
        raise ConfigError("--people names people of --data, which is missing; name the images, too")
    if skip_bad and not (data or calibrate):
        # A run that left out an image less may have held out other people, so its images are read as it read them.
        raise ConfigError(
            "--skip-bad is for images of --data and --calibrate, and none are named; name some, or leave it out"
        )
    if calibrate and not int8:
        raise ConfigError("--calibrate is for --int8, which is missing; add it, or leave --calibrate out")
    if int8 and run is None and not calibrate:
        raise ConfigError(
            "--int8 needs images to calibrate on, such as those learned from; name them by --calibrate DATA"
        )
    if int8 and run is None and not data:
        raise ConfigError(
            "--int8 measures what it loses on people the network did not learn from; name them by --data DATA and, if not "
            "all of them, --people FILE:PART"
        )


def images_of_run(
    run: Path, held: "TrainingSet | None", calibration: "TrainingSet | None", *, int8: bool
) -> "tuple[TrainingSet | None, TrainingSet | None]":
    """What is not named otherwise: the people that a run held out to measure on, those it learned from to calibrate on."""
    from training.learning_sets import sets_of_run

    sets = sets_of_run(run)
    if held is None and sets.held is not None:
        say(f"measured on the {len(sets.held.people)} people whom {run} held out")
    if int8 and calibration is None:
        say(f"calibrated on the images that {run} learned from")
        calibration = sets.fit
    return sets.held if held is None else held, calibration


def network_file(path: Path) -> Path:
    """The network file that is meant: itself, or the best one of a run.

    Raises:
        ConfigError: If there is none.
    """
    if not path.is_dir():
        return path
    best = path / "best.npz"
    if not best.is_file():
        raise ConfigError(f"{path} holds no best.npz; name the folder of a run that has validated, or a network file")
    return best


def named(source: Path, name: str | None) -> str:
    """What the embedder is called.

    Raises:
        ConfigError: If files cannot be called so, or the catalogue has another network of that name.
    """
    from ingest.catalogue import known
    from ingest.models import BUILT_IN
    from ingest.sidecar import EXPORT_STEMS

    found = name if name is not None else source.absolute().parent.name if source.name == "best.npz" else source.stem
    if not found or Path(found).name != found or found.startswith((".", "-")) or not found.isprintable():
        raise ConfigError(f"an embedder cannot be called {found!r}; choose another --name, without slashes")
    if (
        found in known()
        or found in EXPORT_STEMS
        or found == "auto"
        or any(found in names for names in BUILT_IN.values())
    ):
        raise ConfigError(f"'{found}' already means another network; choose another name by --name")
    return found


def chosen_forms(text: str) -> "tuple[Form, ...]":
    """The forms of ``--format``, in the order in which they are written.

    Raises:
        ConfigError: If one is unknown.
    """
    known: tuple[Form, ...] = ("paddle", "onnx")
    wanted = [part.strip() for part in text.split(",")]
    for part in wanted:
        if part not in known:
            raise ConfigError(f"--format {text!r} names an unknown form {part!r}; there are {', '.join(known)}")
    return tuple(form for form in known if form in wanted)


def images_of(data: Sequence[str] | None, people: Sequence[str], *, skip_bad: bool) -> "TrainingSet | None":
    """The images that are named, None if none are."""
    from training.readers import read_training_sets

    if not data:
        return None
    with progress_bars("images") as bars:
        found = read_training_sets(
            data, people=people, skip_bad=skip_bad, on_image=lambda done, total: bars("read", done, total)
        )
    if found.left_out:
        say(f"{len(found.left_out)} images of {' '.join(data)} are left out")
    return found


def show(written: "Sequence[Written]", *, as_json: bool) -> None:
    """What was written, how far it is from the training network, and what comes next."""
    if as_json:
        print_json({"files": [asdict(file) for file in written]})
        return
    rows = [
        (
            str(file.path),
            file.weights,
            f"{file.bytes / 1e6:.2f}",
            ", ".join(f"{runtime} {difference:.1e}" for runtime, difference in file.differences.items()),
        )
        for file in written
    ]
    print_table("Exported", ("file", "weights", "MB", "largest difference"), rows)
    thresholds = [
        (
            file.path.stem,
            file.thresholds.operating_point,
            file.thresholds.visit_similarity,
            file.thresholds.max_cosine_distance,
            None if file.found is None else file.found.mAP,
            None if file.found is None else file.found.rank1,
            file.lost,
        )
        for file in written
    ]
    columns = (
        "embedder",
        "operating point",
        "visit similarity",
        "max cosine distance",
        "held-out mAP",
        "rank-1",
        "mAP lost",
    )
    print_table("Described", columns, thresholds)
    shown = next((file for file in reversed(written) if file.weights != "int8"), written[-1])
    write("Use it where it lies, or keep it under its name:")
    write(f"  passerby track VIDEO --embedder {shown.path}")
    write(f"  passerby models add {shown.path}")
