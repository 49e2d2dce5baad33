"""Who may ask a server: names, roles and the digests of their tokens, never the tokens themselves."""

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from gallery import schema
from gallery.database import Database
from gallery.errors import GalleryError, QueryError
from gallery.instants import from_microseconds, optional_instant, optional_microseconds, to_microseconds
from gallery.roles import Role

_USE_STEP_MICROSECONDS = 3_600_000_000
"""The time of use is written down once an hour: a write for each request would be too much."""


@dataclass(frozen=True)
class TokenRow:
    """A token that was given out.

    Attributes:
        name: Whose it is.
        role: What they may do.
        created: UTC.
        expires: UTC, None for never.
        used: UTC, to the hour; None while it was not.
    """

    name: str
    role: Role
    created: datetime
    expires: datetime | None
    used: datetime | None


class TokenTable:
    """The tokens of a gallery.

    Args:
        database: The gallery's.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, name: str, token: str, role: Role, expires: datetime | None = None) -> TokenRow:
        """Takes a token from now on.

        Raises:
            QueryError: If the name is taken.
        """
        row = TokenRow(name, role, datetime.now(UTC), expires, None)
        values = {
            "name": name,
            "digest": digest(token),
            "role": role,
            "created": to_microseconds(row.created),
            "expires": optional_microseconds(expires),
        }
        with self._database.write() as connection:
            try:
                connection.execute(sa.insert(schema.tokens).values(**values))
            except IntegrityError as error:
                raise QueryError(
                    f"there is a token named {name!r} already; remove it first, or choose another name"
                ) from error
        return row

    def rows(self) -> list[TokenRow]:
        """All of them, by name; those that have expired, too."""
        with self._database.read() as connection:
            return [_row(row) for row in connection.execute(sa.select(schema.tokens).order_by(schema.tokens.c.name))]

    def remove(self, name: str) -> None:
        """Takes a token no longer.

        Raises:
            QueryError: If there is none of that name.
        """
        with self._database.write() as connection:
            gone = connection.execute(sa.delete(schema.tokens).where(schema.tokens.c.name == name)).rowcount
        if not gone:
            raise QueryError(f"there is no token named {name!r}")

    def find(self, token: str) -> TokenRow | None:
        """Whose token it is, None if it is nobody's, or has expired."""
        now = datetime.now(UTC)
        with self._database.read() as connection:
            found = connection.execute(sa.select(schema.tokens).where(schema.tokens.c.digest == digest(token))).first()
        if found is None or (found.expires is not None and from_microseconds(found.expires) <= now):
            return None
        moment = to_microseconds(now)
        if found.used is None or moment - found.used > _USE_STEP_MICROSECONDS:
            with suppress(GalleryError), self._database.write() as connection:  # a full disk must keep nobody out
                connection.execute(
                    sa.update(schema.tokens).where(schema.tokens.c.name == found.name).values(used=moment)
                )
        return _row(found)


def digest(token: str) -> str:
    """What is kept of a token. It is random and long, so that a plain hash of it cannot be guessed backwards.

    >>> digest("x")[:8]
    '2d711642'
    """
    return hashlib.sha256(token.encode()).hexdigest()


def _row(row: "sa.Row[tuple[object, ...]]") -> TokenRow:
    return TokenRow(
        row.name,
        row.role,
        from_microseconds(row.created),
        optional_instant(row.expires),
        optional_instant(row.used),
    )
