"""The audit log: who did what, each line sealed together with the one before."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from gallery import schema
from gallery.database import Database
from gallery.instants import from_microseconds
from gallery.tracklet_rows import now

START = "0" * 64
"""What stands in place of the line before the first one."""


@dataclass(frozen=True)
class AuditLine:
    """One thing that was done.

    Attributes:
        seq: From 1, without gaps.
        time: UTC.
        who: Name of a token, or ``cli:`` and the user of the machine.
        action: What, in one or two words: ``query``, ``erase``.
        detail: Of it.
        digest: SHA-256 of the digest before and of all the above.
    """

    seq: int
    time: datetime
    who: str
    action: str
    detail: Mapping[str, object]
    digest: str


@dataclass(frozen=True)
class AuditCheck:
    """Whether the log is what was written.

    Attributes:
        lines: How many there are.
        broken: The first line that is not what was written, or does not follow the one before; None if all do.
        head: Digest of the last line. Kept elsewhere, it also shows whether lines are missing at the end.
    """

    lines: int
    broken: int | None
    head: str


class AuditLog:
    """Lines are only added. May be used from several threads and processes.

    Args:
        database: The gallery's.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, who: str, action: str, **detail: object) -> None:
        """Writes a line; ``detail`` must be what JSON can hold."""
        time, text = now(), json.dumps(detail, sort_keys=True, ensure_ascii=False)
        with self._database.write() as connection:
            last = connection.execute(
                sa.select(schema.audit.c.seq, schema.audit.c.digest).order_by(schema.audit.c.seq.desc()).limit(1)
            ).first()
            seq, before = (1, START) if last is None else (last.seq + 1, last.digest)
            sealed = seal(before, seq, time, who, action, text)
            row = {"seq": seq, "time": time, "who": who, "action": action, "detail": text, "digest": sealed}
            connection.execute(sa.insert(schema.audit).values(**row))

    def lines(self, limit: int = 100, before: int | None = None) -> list[AuditLine]:
        """The newest lines first.

        Args:
            limit: Most to give.
            before: Only those older than this one.
        """
        log = schema.audit.c
        statement = sa.select(schema.audit).order_by(log.seq.desc()).limit(limit)
        if before is not None:
            statement = statement.where(log.seq < before)
        with self._database.read() as connection:
            return [
                AuditLine(row.seq, from_microseconds(row.time), row.who, row.action, json.loads(row.detail), row.digest)
                for row in connection.execute(statement)
            ]

    def verify(self) -> AuditCheck:
        """Computes every seal anew."""
        before, expected = START, 1
        with self._database.read() as connection:
            for row in connection.execute(sa.select(schema.audit).order_by(schema.audit.c.seq)):
                sealed = seal(before, row.seq, row.time, row.who, row.action, row.detail)
                if row.seq != expected or sealed != row.digest:
                    return AuditCheck(expected - 1, expected, before)
                before, expected = sealed, expected + 1
        return AuditCheck(expected - 1, None, before)


def seal(before: str, seq: int, time: int, who: str, action: str, detail: str) -> str:
    """The digest of a line, 64 hex digits."""
    line = json.dumps([before, seq, time, who, action, detail], ensure_ascii=False)
    return hashlib.sha256(line.encode()).hexdigest()
