"""``passerby train``: makes a Re-ID network."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api import train_options as options
from api.options import Json
from api.output import Column, plain, print_json, print_table, write
from api.stopping import Stopped, stopped_by_signals
from gallery.errors import ConfigError
from ingest.stop import Stop
from training.recipe import checked, flag, kept_settings, layered, read_recipe
from training.train_settings import KINDS, TrainSettings

if TYPE_CHECKING:
    from training.loop import TrainingResult


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(train)


def train(
    context: typer.Context,
    data: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME=]DATA...",
            help="Folders like Market-1501's, MSMT17's or CUHK03's, or list files; several are joined.",
            show_default=False,
        ),
    ] = None,
    out: options.Out = Path("run"),
    recipe: options.Recipe = None,
    resume: options.Resume = False,
    people: options.People = None,
    hold_out: options.HoldOut = None,
    skip_bad: options.SkipBad = None,
    backbone: options.Backbone = None,
    embedding: options.Embedding = None,
    pooling: options.Pooling = None,
    bnneck: options.BNNeck = None,
    last_stride: options.LastStride = None,
    ibn: options.Ibn = None,
    non_local: options.NonLocal = None,
    relu: options.Relu = None,
    unpadded_pool: options.UnpaddedPool = None,
    size: options.Size = None,
    loss: options.Loss = None,
    teacher: options.Teacher = None,
    sampler: options.SamplerName = None,
    ids: options.Ids = None,
    images: options.Images = None,
    batch: options.BatchSize = None,
    epochs: options.Epochs = None,
    iterations: options.Iterations = None,
    optimizer: options.Optimizer = None,
    lr: options.Lr = None,
    momentum: options.Momentum = None,
    weight_decay: options.WeightDecay = None,
    warmup: options.Warmup = None,
    schedule: options.ScheduleName = None,
    steps: options.Steps = None,
    factor: options.Factor = None,
    flip: options.Flip = None,
    crop: options.Crop = None,
    padding: options.Padding = None,
    erase: options.Erase = None,
    erase_fill: options.EraseFill = None,
    jitter: options.Jitter = None,
    augmix: options.Augmix = None,
    ema: options.Ema = None,
    clip: options.Clip = None,
    amp: options.Amp = None,
    weights: options.Weights = None,
    allow_mismatch: options.AllowMismatch = None,
    validate_every: options.ValidateEvery = None,
    seed: options.Seed = None,
    device: options.TrainDevice = None,
    workers: options.Workers = None,
    cache_mb: options.CacheMb = None,
    save_seconds: options.SaveSeconds = None,
    as_json: Json = False,
) -> None:
    """Train a Re-ID network on images of people, and keep the one that finds most of the people held out.

    Writes RUN/best.npz (the network, for `passerby export`), RUN/last.npz (all that --resume needs), settings.json,
    log.csv, validation.csv and events for TensorBoard. Ctrl-C leaves a checkpoint; the same command with --resume goes on.

    Example: passerby train market1501 --out run --backbone ResNet50 --epochs 120
    """
    # Parameters have the names of settings.
    stated = stated_settings({name: context.params[name] for name in KINDS}, recipe)
    settings = settings_of_run(out, stated, resume=resume)
    refuse_idle({name for name in KINDS if context.params[name] is not None}, settings)
    from api.train_progress import training_progress
    from training.loop import train as train_network
    from training.world import is_launched, launched_rank

    stop = Stop()
    try:
        with stopped_by_signals(stop, insistent=is_launched()), training_progress() as progress:
            result = train_network(settings, out.absolute(), resume=resume, watch=progress, stop=stop)
    except KeyboardInterrupt as error:
        kept = (
            "goes on from the last checkpoint" if (out / "last.npz").exists() else "begins again: no step was saved yet"
        )
        raise Stopped(f"stopped at once; the same command with --resume {kept}") from error
    if launched_rank() == 0:
        show(result, as_json=as_json)
    if result.stopped_by is not None:
        raise Stopped(
            f"stopped by {result.stopped_by} after step {result.steps}; --out {out} --resume goes on from there"
        )


def stated_settings(flags: Mapping[str, Any], recipe: str | None) -> dict[str, Any]:
    """What a recipe and, above it, flags say; paths of flags and recipes begin where the command is run.

    Args:
        flags: By the names of settings, None or empty where one is not given.
        recipe: A name or a file.

    Raises:
        ConfigError: If one of them does not exist, or is of the wrong kind.
    """
    given = {name: value for name, value in flags.items() if value not in (None, [], ())}
    if "steps" in given:
        given["steps"] = whole_numbers(given["steps"])
    said = layered({} if recipe is None else read_recipe(recipe), checked(given))
    for name in ("data", "people"):
        if name in said:
            said[name] = tuple(map(absolute, said[name]))
    if said.get("weights"):
        said["weights"] = absolute(said["weights"])
    if said.get("teacher"):  # names and files, with commas between them
        names = (name.strip() for name in said["teacher"].split(","))
        said["teacher"] = ",".join(absolute(name) if Path(name).exists() else name for name in names)
    if "hold_out" in said and not is_number(said["hold_out"]):
        said["hold_out"] = absolute(said["hold_out"])
    return said


def settings_of_run(out: Path, stated: Mapping[str, Any], *, resume: bool) -> TrainSettings:
    """All settings: those of the run that is resumed, else the defaults, and above them what is stated.

    Raises:
        ConfigError: If one is wrong, or nothing to learn from is named.
    """
    kept = kept_settings(out) if resume else {}
    settings = layered(kept, stated)
    if not settings.get("data") and resume:
        raise ConfigError(
            f"there is no run in {out} to go on with, and no data to begin one from; check --out, or name a folder"
        )
    if not settings.get("data") and (out / "settings.json").exists():
        raise ConfigError(
            f"{out} holds a run; go on with it by --resume, or name the data of another one and its --out"
        )
    if not settings.get("data"):
        raise ConfigError("there is nothing to learn from; name a folder: passerby train bounding_box_train --out run")
    return TrainSettings(**settings)


def refuse_idle(flags: Collection[str], settings: TrainSettings) -> None:
    """Refuses flags that change nothing beside the other settings.

    Raises:
        ConfigError: Naming the first one, and what it is for.
    """
    plain = settings.sampler == "plain"
    needs = {
        "batch": ("--sampler plain", plain),
        "ids": ("--sampler pk or camera", not plain),
        "images": ("--sampler pk or camera", not plain),
        "momentum": ("--optimizer sgd", settings.optimizer == "sgd"),
        "steps": ("--schedule piecewise", settings.schedule == "piecewise"),
        "factor": ("--schedule piecewise", settings.schedule == "piecewise"),
        "padding": ("--crop above 0", settings.crop > 0),
        "crop": ("--padding above 0", settings.padding > 0 or settings.crop == 0),
        "erase_fill": ("--erase above 0", settings.erase > 0),
        "allow_mismatch": ("--weights", settings.weights is not None),
    }
    for name, (what, there) in needs.items():
        if name in flags and not there:
            raise ConfigError(f"--{flag(name)} is for {what}, which this run is without; leave it out")


def whole_numbers(text: str) -> tuple[int, ...]:
    """Numbers with commas between them.

    Raises:
        ConfigError: If they are none.

    >>> whole_numbers("40,70")
    (40, 70)
    """
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise ConfigError(f"--steps {text!r} are no whole numbers; write them like 40,70") from error


def is_number(text: str) -> bool:
    """Whether a text is a number, however it is written."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def absolute(address: str) -> str:
    """``PATH`` or ``NAME=PATH`` with the path absolute, so that a run can be resumed from any folder."""
    name, equals, path = address.partition("=")
    if equals and name and "/" not in name and not Path(address).exists():
        return f"{name}={Path(path).absolute()}"
    return str(Path(address).absolute())


def show(result: "TrainingResult", *, as_json: bool) -> None:
    """What a run gave."""
    if as_json:
        print_json(result)
        return
    shown = plain(result)
    if isinstance(shown, dict):
        found = shown.pop("held_out")
        figures = {f"held-out {name}": value for name, value in found.items()} if isinstance(found, dict) else {}
        print_table(
            "Trained", ("", Column("", wraps=True)), [(k, v) for k, v in {**shown, **figures}.items() if v is not None]
        )
    if result.stopped_by is None and result.best is not None:
        measured = "" if result.held_out else " --data DATA"
        write("To search with it, export it to what runs everywhere:")
        write(f"  passerby export {result.run}{measured}")
