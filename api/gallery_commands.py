"""``passerby erase`` and ``passerby doctor``: the gallery itself."""

import sys
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from api.options import Data, Json, Since, Until, data_folder
from api.output import Column, plain, print_json, print_table, say, write
from api.texts import known, parse_window
from api.tokens_command import user
from gallery.errors import ConfigError, GalleryError, PasserbyError

LIBRARIES = (
    "numpy",
    "scipy",
    "opencv-python-headless",
    "av",
    "onnxruntime",
    "onnxruntime-gpu",
    "openvino",
    "faiss-cpu",
    "faiss-gpu",
    "sqlalchemy",
    "paddlepaddle",
    "paddlepaddle-gpu",
)


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command()(erase)
    app.command()(doctor)


def erase(
    tracklet: Annotated[list[str] | None, typer.Option(metavar="ID", help="A tracklet; may be given again.")] = None,
    camera: Annotated[list[str] | None, typer.Option(metavar="NAME", help="A camera; may be given again.")] = None,
    since: Since = None,
    until: Until = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Erase tracklets for good, with their vectors and crops.

    Those go that fit everything given; a camera named alone goes with all that is known of it.

    Example: passerby erase --camera door --until 2024-05-01T00:00:00Z --yes
    """
    times = parse_window(since, until)
    if not any((tracklet, camera, *times)):
        raise ConfigError("say what to erase: --tracklet ID, --camera NAME, --since TIME or --until TIME")
    from gallery.audit import AuditLog
    from gallery.store import Gallery

    with Gallery.open(data_folder(data)) as gallery:
        known([row.name for row in gallery.cameras()], camera or [], "camera")
        would = gallery.erase(tracklets=tracklet, cameras=camera, since=times[0], until=times[1], trial=True)
        what = f"{counted(would.tracklets, 'tracklet')}, {counted(would.vectors, 'vector')} and {counted(would.crops, 'crop')}"
        if not dry_run and not yes and not confirmed(what):
            raise ConfigError("nothing was erased; add --yes to erase without being asked")
        done = would if dry_run else gallery.erase(tracklets=tracklet, cameras=camera, since=times[0], until=times[1])
        if not dry_run:
            AuditLog(gallery.database).note(
                user(), "erase", tracklets=done.tracklets, cameras=camera, since=since, until=until, ids=tracklet
            )
    if as_json:
        print_json({"erased": done, "dry_run": dry_run})
    else:
        write(f"{'Would erase' if dry_run else 'Erased'} {what}.")
    if not dry_run and not done.complete:
        say("another process is reading: the last bytes are overwritten when the gallery is opened next")


def counted(number: int, thing: str) -> str:
    """A number of things in words.

    >>> counted(1, "crop"), counted(2, "crop")
    ('1 crop', '2 crops')
    """
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def confirmed(what: str) -> bool:
    """Asks on a terminal; elsewhere nobody can answer."""
    return sys.stdin.isatty() and typer.confirm(f"Erase {what} for good?", err=True)


def doctor(data: Data = None, as_json: Json = False) -> None:
    """Check the gallery and the networks, and show what is in use.

    The exit code is 1 if something is wrong.

    Example: passerby doctor
    """
    from ingest.runtime_onnx import available_providers

    folder = data_folder(data)
    libraries = {name: version for name in LIBRARIES if (version := library_version(name))}
    models, problems = installed_models()
    report: dict[str, object] = {
        "python": sys.version.split()[0],
        "libraries": libraries,
        "providers": available_providers(),
        "models": models,
        "data": folder,
    }
    problems += gallery_report(folder, report, asked=data is not None)
    if as_json:
        print_json({**report, "problems": problems})
    else:
        print_table("Passerby", ("", Column("", wraps=True)), [(key, in_words(value)) for key, value in report.items()])
        for problem in problems:
            write(f"problem: {problem}")
        write("All is well." if not problems else f"{counted(len(problems), 'problem')}.")
    if problems:
        raise typer.Exit(1)


def gallery_report(folder: Path, report: dict[str, object], *, asked: bool) -> list[str]:
    """Adds the gallery's state to the report, and returns what is wrong with it."""
    from gallery.check import check
    from gallery.store import Gallery

    if not asked and not folder.exists():
        report["gallery"] = "none yet"
        return []
    try:
        with Gallery.open(folder) as gallery:
            result = check(gallery, deep=True)
    except GalleryError as error:
        return [str(error)]
    report["gallery"] = {"schema": result.schema, **result.counts, "index": result.snapshot}
    report["unfinished"] = result.unfinished
    return list(result.problems)


def library_version(name: str) -> str | None:
    """The installed version of a library, None where it is not there."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def installed_models() -> tuple[list[str], list[str]]:
    """Names of the networks that are installed, and what is wrong with their files."""
    from ingest.catalogue import installed

    try:
        there = installed()
    except PasserbyError as error:
        return [], [str(error)]
    problems = []
    for model in there:
        try:
            model.fingerprint()
        except PasserbyError as error:
            problems.append(str(error))
    return [model.network.name for model in there], problems


def in_words(value: object) -> str:
    """A part of the report as people read it.

    >>> in_words({"numpy": "2.1", "scipy": "1.14"}), in_words([])
    ('numpy 2.1, scipy 1.14', 'none')
    """
    value = plain(value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {in_words(item)}" for key, item in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(in_words(item) for item in value) or "none"
    return "-" if value is None else str(value)
