"""The audit log notices every change to it."""

import threading

import pytest
import sqlalchemy as sa

from gallery import schema
from gallery.audit import START, AuditLog, seal


@pytest.fixture
def log(gallery):
    log = AuditLog(gallery.database)
    for number in range(4):
        log.note("anna", "query", number=number, text="Straße")
    return log


def test_an_untouched_log_is_whole(log):
    assert AuditLog.verify(log).broken is None
    lines = log.lines()
    assert [line.seq for line in lines] == [4, 3, 2, 1]
    assert lines[0].detail == {"number": 3, "text": "Straße"}
    assert log.verify().head == lines[0].digest
    assert lines[-1].digest == seal(START, 1, *_told(log, 1))


def _told(log, seq):
    with log._database.read() as connection:
        row = connection.execute(sa.select(schema.audit).where(schema.audit.c.seq == seq)).one()
    return row.time, row.who, row.action, row.detail


@pytest.mark.parametrize("column", ["who", "action", "detail", "digest", "time"])
def test_a_changed_line_is_found(log, gallery, column):
    value = 7 if column == "time" else "x"
    with gallery.database.write() as connection:
        connection.execute(sa.update(schema.audit).where(schema.audit.c.seq == 2).values({column: value}))
    found = log.verify()
    assert (found.broken, found.lines) == (2, 1)


def test_a_line_that_was_taken_out_is_found(log, gallery):
    with gallery.database.write() as connection:
        connection.execute(sa.delete(schema.audit).where(schema.audit.c.seq == 2))
    assert log.verify().broken == 2


def test_lines_cut_off_at_the_end_show_in_the_head(log, gallery):
    before = log.verify().head
    with gallery.database.write() as connection:
        connection.execute(sa.delete(schema.audit).where(schema.audit.c.seq == 4))
    assert log.verify().broken is None
    assert log.verify().head != before


def test_pieces(log):
    assert [line.seq for line in log.lines(2)] == [4, 3]
    assert [line.seq for line in log.lines(2, before=3)] == [2, 1]


def test_many_writers_make_one_chain(log):
    threads = [threading.Thread(target=log.note, args=(f"t{k}", "query")) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (log.verify().lines, log.verify().broken) == (12, None)
