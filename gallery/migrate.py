"""Bringing the tables of a gallery up to date."""

import logging
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection

from gallery.database import Database
from gallery.errors import GalleryError
from gallery.schema import REVISION

_SCRIPTS = Path(__file__).parent / "migrations"


def migrate(database: Database, *, create: bool) -> None:
    """Run the scripts that are still missing, in one transaction: all of them or none.

    Args:
        database: What to bring up to date.
        create: Whether an empty database may become a gallery.

    Raises:
        GalleryError: If it is not a gallery, or a newer Passerby made it.
    """
    with database.read() as connection:
        if _checked(database, connection, create) == REVISION:
            return
    database.use_write_ahead_log()
    with database.write() as connection:
        if _checked(database, connection, create) != REVISION:
            _upgrade(connection)


def _checked(database: Database, connection: Connection, create: bool) -> str | None:
    """The revision, None for an empty database that may become a gallery."""
    revision = _revision(connection)
    if revision is None and (sa.inspect(connection).get_table_names() or not create):
        raise GalleryError(f"{database.place} holds a database that is not a gallery: name another folder by --data")
    if revision not in (None, REVISION) and revision not in known_revisions():
        raise GalleryError(
            f"gallery {database.place} was written by a newer Passerby (schema {revision}, here {REVISION}): "
            "install that version"
        )
    return revision


def known_revisions() -> list[str]:
    """The revisions of all scripts, newest first."""
    from alembic.script import ScriptDirectory

    return [script.revision for script in ScriptDirectory(str(_SCRIPTS)).walk_revisions()]


def _revision(connection: Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    revision = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return None if revision is None else str(revision)


def _upgrade(connection: Connection) -> None:
    # Here, because it takes longer than opening a gallery that needs no migration.
    from alembic import command
    from alembic.config import Config

    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
