"""``passerby audit``: who asked a server what, and whether the log is what was written."""

import json
from typing import Annotated

import typer

from api.options import Data, Json, at_least_one, data_folder
from api.output import Column, print_json, print_table, write

audit = typer.Typer(
    help="The audit log: who did what.\n\nExample: passerby audit verify", no_args_is_help=True, rich_markup_mode=None
)


def register(app: typer.Typer) -> None:
    """Adds the command group."""
    app.add_typer(audit, name="audit")


@audit.command("list")
def list_lines(
    limit: Annotated[int, typer.Option(metavar="N", callback=at_least_one, help="Most lines, the newest first.")] = 100,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """List who did what, the newest first.

    Example: passerby audit list --limit 20
    """
    from gallery.audit import AuditLog
    from gallery.store import Gallery

    with Gallery.open(data_folder(data)) as gallery:
        lines = AuditLog(gallery.database).lines(limit)
    if as_json:
        print_json({"lines": lines})
        return
    columns = ("seq", "time (UTC)", "who", "action", Column("detail", spare=1))
    rows = [(one.seq, one.time, one.who, one.action, json.dumps(one.detail, ensure_ascii=False)) for one in lines]
    print_table("Audit log", columns, rows)


@audit.command()
def verify(data: Data = None, as_json: Json = False) -> None:
    """Check that no line was changed, left out or put in; exit code 1 if one was.

    Keep the head elsewhere: only that shows whether lines were cut off at the end.

    Example: passerby audit verify
    """
    from gallery.audit import AuditLog
    from gallery.store import Gallery

    with Gallery.open(data_folder(data)) as gallery:
        found = AuditLog(gallery.database).verify()
    if as_json:
        print_json({"lines": found.lines, "broken": found.broken, "head": found.head})
    elif found.broken is None:
        write(f"{found.lines} lines, each as it was written. Head: {found.head}")
    else:
        write(f"Line {found.broken} is not what was written; the {found.lines} before it are.")
    if found.broken is not None:
        raise typer.Exit(1)
