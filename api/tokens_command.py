"""``passerby tokens``: who may ask a server of this gallery."""

import getpass
import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from api.options import Data, Json, at_least_one, data_folder
from api.output import Column, print_json, print_table, say, write
from api.texts import CAMERA_NAME
from gallery.errors import ConfigError
from gallery.roles import Role
from ingest.address import shown

if TYPE_CHECKING:
    from gallery.tokens import TokenRow

tokens = typer.Typer(
    help="Tokens of people and programs that ask a server: give out, list, remove.\n\n"
    "Example: passerby tokens add anna --role operator",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Whose token it is.")]


def register(app: typer.Typer) -> None:
    """Adds the command group."""
    app.add_typer(tokens, name="tokens")


def new_token() -> str:
    """A token of 256 random bits."""
    return secrets.token_urlsafe(32)


def token_name(name: str) -> str:
    """Checks a token's name.

    Raises:
        ConfigError: If it is not allowed.
    """
    if not CAMERA_NAME.fullmatch(name):
        raise ConfigError(
            f"token name {shown(name)!r} is not allowed: use 1-64 letters, digits, '_', '.', '-' or spaces, "
            "a letter or digit first"
        )
    return name


def user() -> str:
    """Who is at the command line, as the audit log names them."""
    try:
        return f"cli:{getpass.getuser()}"
    except (OSError, KeyError):
        return "cli"


@tokens.command("add")
def add(
    name: Name,
    role: Annotated[
        Role,
        typer.Option(
            help="A viewer asks, an operator also runs cameras and jobs, an admin also erases and gives out tokens."
        ),
    ] = "viewer",
    days: Annotated[
        int | None, typer.Option(metavar="N", callback=at_least_one, help="Take it for so many days only.")
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Give out a token. It is shown this once: the gallery keeps only its digest.

    Example: passerby tokens add anna --role operator --days 90
    """
    from gallery.audit import AuditLog
    from gallery.store import Gallery
    from gallery.tokens import TokenTable

    if days is not None and days > MOST_DAYS:
        raise ConfigError(f"--days {days} is too large; give at most {MOST_DAYS}")
    expires = None if days is None else datetime.now(UTC) + timedelta(days=days)
    token = new_token()
    with Gallery.open(data_folder(data), create=True) as gallery:
        row = TokenTable(gallery.database).add(token_name(name), token, role, expires)
        AuditLog(gallery.database).note(user(), "token added", name=name, role=role)
    if as_json:
        print_json({**token_json(row), "token": token})
        return
    say(f"token of {name}, {role}; it is not shown again:")
    write(token)


MOST_DAYS = 36_500


@tokens.command("list")
def list_tokens(data: Data = None, as_json: Json = False) -> None:
    """List who has a token, and what for. The tokens themselves are nowhere.

    Example: passerby tokens list
    """
    from gallery.store import Gallery
    from gallery.tokens import TokenTable

    with Gallery.open(data_folder(data)) as gallery:
        rows = TokenTable(gallery.database).rows()
    if as_json:
        print_json({"tokens": [token_json(row) for row in rows]})
        return
    columns = ("name", "role", Column("created (UTC)"), Column("expires (UTC)"), Column("last used (UTC)"))
    print_table("Tokens", columns, [(row.name, row.role, row.created, row.expires, row.used) for row in rows])


@tokens.command("remove")
def remove(name: Name, data: Data = None, as_json: Json = False) -> None:
    """Take a token no longer; servers that run refuse it from the next request on.

    Example: passerby tokens remove anna
    """
    from gallery.audit import AuditLog
    from gallery.store import Gallery
    from gallery.tokens import TokenTable

    with Gallery.open(data_folder(data)) as gallery:
        TokenTable(gallery.database).remove(name)
        AuditLog(gallery.database).note(user(), "token removed", name=name)
    if as_json:
        print_json({"removed": name})
    else:
        write(f"The token of {name} is taken no longer.")


def token_json(row: "TokenRow") -> dict[str, object]:
    """A token as JSON."""
    return {
        "name": row.name,
        "role": row.role,
        "created": row.created,
        "expires": row.expires,
        "last_used": row.used,
    }
