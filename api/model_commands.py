"""``passerby models``: which networks there are, and how to get them."""

from pathlib import Path
from typing import Annotated

import typer

from api.import_command import import_network
from api.options import Json
from api.output import Column, print_json, print_table, say, write
from api.progress import progress_bars

models = typer.Typer(
    help="Networks: list, download or add them.\n\nExample: passerby models list",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def register(app: typer.Typer) -> None:
    """Adds the command group."""
    models.command("import")(import_network)
    app.add_typer(models, name="models")


@models.command("list")
def list_models(as_json: Json = False) -> None:
    """List the networks that are known, and which are installed.

    Example: passerby models list
    """
    from ingest.catalogue import installed, known
    from ingest.models import BUILT_IN

    there = {model.network.name: model for model in installed()}
    networks = {**known(), **{name: model.network for name, model in there.items()}}
    rows: list[dict[str, object]] = [
        {
            "name": name,
            "kind": kind,
            "installed": True,
            "licence": "Apache-2.0",
            "summary": "part of the package",
            "path": None,
        }
        for kind, names in BUILT_IN.items()
        for name in names
    ]
    rows += [
        {
            "name": name,
            "kind": network.kind,
            "installed": name in there,
            "licence": network.licence,
            "summary": network.summary,
            "path": there[name].path if name in there else None,
        }
        for name, network in networks.items()
    ]
    if as_json:
        print_json({"models": rows})
        return
    table = [(r["name"], r["kind"], "yes" if r["installed"] else "no", r["licence"], r["summary"]) for r in rows]
    columns = ("name", "kind", "installed", Column("licence", wraps=True), Column("about", spare=1, wraps=True))
    print_table("Networks", columns, table)


@models.command()
def pull(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name of `passerby models list`.")],
    as_json: Json = False,
) -> None:
    """Download a network that is known.

    An interrupted download goes on where it stopped.

    Example: passerby models pull yolox_nano
    """
    from ingest.catalogue import pull as download

    with progress_bars("bytes") as bars:
        model = download(name, lambda file, done, total: bars(file, done, total))
    say(f"licence: {model.network.licence}")
    show(model.network.name, model.path, as_json=as_json)


@models.command()
def add(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="Network file, or the folder of a Paddle export; an unknown one needs a description FILE.toml beside it.",
        ),
    ],
    as_json: Json = False,
) -> None:
    """Add a network file of your own.

    It is copied to where networks are kept, and can be named like the others then.

    Example: passerby models add networks/reid.onnx
    """
    from ingest.catalogue import add as keep

    model = keep(file)
    show(model.network.name, model.path, as_json=as_json)


def show(name: str, path: Path, *, as_json: bool) -> None:
    """Where a network is now."""
    if as_json:
        print_json({"name": name, "path": path})
    else:
        write(f"{name}: {path}")
