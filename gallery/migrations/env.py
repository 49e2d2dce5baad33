"""How Alembic runs the scripts: all in one transaction of the connection that ``gallery.migrate`` hands over."""

from alembic import context
from sqlalchemy import Connection

from gallery.schema import metadata


def run() -> None:
    connection = context.config.attributes["connection"]
    if not isinstance(connection, Connection):
        raise TypeError("gallery.migrate hands over the connection")
    context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


run()
