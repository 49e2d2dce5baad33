"""What was chosen for a gallery, beside what commands are told."""

import json

import sqlalchemy as sa

from gallery import schema
from gallery.database import Database


class SettingTable:
    """Settings by name, each what JSON can hold.

    Args:
        database: The gallery's.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str) -> object:
        """A setting, None where it was never chosen."""
        with self._database.read() as connection:
            value = connection.scalar(sa.select(schema.settings.c.value).where(schema.settings.c.name == name))
        return None if value is None else json.loads(value)

    def put(self, name: str, value: object) -> None:
        """Chooses a setting."""
        row = {"name": name, "value": json.dumps(value)}
        with self._database.write() as connection:
            connection.execute(sa.delete(schema.settings).where(schema.settings.c.name == name))
            connection.execute(sa.insert(schema.settings).values(**row))
