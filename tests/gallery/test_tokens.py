"""Tokens in SQL: found by their digest alone, and not after their time."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from gallery import schema
from gallery.errors import GalleryError, QueryError
from gallery.tokens import TokenTable, digest


@pytest.fixture
def table(gallery):
    return TokenTable(gallery.database)


def test_a_token_is_found_until_it_is_removed(table):
    table.add("anna", "secret", "operator")
    assert (table.find("secret").name, table.find("secret").role) == ("anna", "operator")
    assert table.find("secret ") is None
    table.remove("anna")
    assert table.find("secret") is None
    with pytest.raises(QueryError, match="no token named 'anna'"):
        table.remove("anna")


def test_the_token_itself_is_nowhere(table, gallery):
    table.add("anna", "secret", "viewer")
    gallery.database.truncate_log(1.0)
    files = b"".join(path.read_bytes() for path in gallery.folder.glob("gallery.sqlite*"))
    assert b"secret" not in files
    assert digest("secret").encode() in files


def test_a_full_disk_keeps_nobody_out(table, gallery, monkeypatch):
    table.add("anna", "secret", "admin")

    def full():
        raise GalleryError("no space left")

    monkeypatch.setattr(gallery.database, "write", full)
    assert table.find("secret").name == "anna"


def test_it_ends_with_its_time(table):
    table.add("late", "old", "viewer", datetime.now(UTC) - timedelta(seconds=1))
    table.add("soon", "new", "viewer", datetime.now(UTC) + timedelta(days=1))
    assert table.find("old") is None
    assert table.find("new").name == "soon"
    assert [row.name for row in table.rows()] == ["late", "soon"]


def test_names_are_taken_once(table):
    table.add("anna", "one", "viewer")
    with pytest.raises(QueryError, match="a token named 'anna' already"):
        table.add("anna", "two", "admin")
    assert table.find("two") is None


def test_its_use_is_written_down_once_an_hour(table, gallery):
    table.add("anna", "secret", "viewer")
    assert table.rows()[0].used is None
    table.find("secret")
    first = table.rows()[0].used
    assert datetime.now(UTC) - first < timedelta(minutes=1)
    table.find("secret")
    assert table.rows()[0].used == first
    with gallery.database.write() as connection:
        connection.execute(sa.update(schema.tokens).values(used=schema.tokens.c.used - 3_700_000_000))
    table.find("secret")
    assert table.rows()[0].used > first
