import sqlite3

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext

from gallery import migrate, schema
from gallery.database import Database
from gallery.errors import GalleryError


@pytest.fixture
def database(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/gallery.sqlite", tmp_path)
    yield database
    database.close()


def tables(database):
    with database.read() as connection:
        return set(sa.inspect(connection).get_table_names())


def test_the_scripts_make_just_the_tables_that_the_code_uses(database):
    migrate.migrate(database, create=True)
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []


def test_the_code_knows_the_newest_script():
    assert migrate.known_revisions()[0] == schema.REVISION


def test_migrating_again_changes_nothing(database):
    migrate.migrate(database, create=True)
    with database.read() as connection:
        before = connection.execute(sa.select(schema.meta)).all()
    migrate.migrate(database, create=True)
    with database.read() as connection:
        assert connection.execute(sa.select(schema.meta)).all() == before


def test_the_database_is_in_write_ahead_mode(database, tmp_path):
    migrate.migrate(database, create=True)
    with sqlite3.connect(tmp_path / "gallery.sqlite") as plain:
        assert plain.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    plain.close()


def test_every_connection_is_safe_and_overwrites_what_is_erased(database):
    with database.read() as connection:
        values = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("synchronous", "foreign_keys", "secure_delete", "busy_timeout")
        }
    assert values == {"synchronous": 2, "foreign_keys": 1, "secure_delete": 1, "busy_timeout": 30_000}


def test_a_script_that_fails_leaves_no_tables(database, monkeypatch):
    def fail(connection, op_tables=schema.metadata):
        upgrade(connection)
        raise RuntimeError("power cut")

    upgrade = migrate._upgrade
    monkeypatch.setattr(migrate, "_upgrade", fail)
    with pytest.raises(RuntimeError, match="power cut"):
        migrate.migrate(database, create=True)
    assert tables(database) == set()


def test_an_older_gallery_keeps_what_it_holds(database):
    with database.write() as connection:
        config = Config()
        config.set_main_option("script_location", str(migrate._SCRIPTS))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(sa.insert(schema.cameras).values(name="door"))
    assert "jobs" not in tables(database)
    migrate.migrate(database, create=False)
    with database.read() as connection:
        assert connection.scalars(sa.select(schema.cameras.c.name)).all() == ["door"]
        assert connection.scalars(sa.select(schema.jobs.c.id)).all() == []


def test_a_newer_gallery_is_refused(database):
    migrate.migrate(database, create=True)
    with database.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(GalleryError, match=r"written by a newer Passerby \(schema 9999, here 0002\)"):
        migrate.migrate(database, create=False)


def test_somebody_elses_database_is_refused_and_left_alone(database):
    with database.write() as connection:
        connection.execute(sa.text("CREATE TABLE invoices (id INTEGER)"))
    with pytest.raises(GalleryError, match="holds a database that is not a gallery"):
        migrate.migrate(database, create=True)
    assert tables(database) == {"invoices"}


def test_an_empty_database_becomes_a_gallery_only_when_asked(database):
    with pytest.raises(GalleryError, match="not a gallery"):
        migrate.migrate(database, create=False)
    migrate.migrate(database, create=True)
    assert "tracklets" in tables(database)
