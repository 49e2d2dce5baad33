"""Questions that were asked, kept so that they can be refined and linked to."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy import Connection

from gallery import schema
from gallery.database import Database
from gallery.errors import QueryError
from gallery.instants import from_microseconds, to_microseconds
from gallery.tracklet import EmbedderIdentity
from gallery.tracklet_rows import now, pieces

MOST = 100_000
"""Questions that are kept; the oldest go first."""

_ID_BYTES = 16
"""Nobody guesses 128 bits, so whoever has the link of a question was given it."""

_FLOAT = np.dtype("<f4")
_queries = schema.queries.c
_parts = schema.query_tracklets.c


@dataclass(frozen=True, eq=False)
class Part:
    """One picture, or one tracklet, of the person who is asked for.

    Attributes:
        vectors: (Q, D) float32, unit length.
        picture: The person, as a JPEG file's bytes.
        facts: What is to be known of it later; anything that JSON can say.
    """

    vectors: NDArray[np.float32]
    picture: bytes
    facts: dict[str, Any]


@dataclass(frozen=True, eq=False)
class StoredQuestion:
    """A question as it was asked, and what was said of its answers.

    Attributes:
        id: Random and unguessable.
        embedder: Whose vectors it has; see ``embedder_key``.
        parts: At least one.
        created: UTC.
        own: Ids of the tracklets that it was made from.
        confirmed: Ids of those that were said to show the person.
        rejected: Ids of those that were said not to.
    """

    id: str
    embedder: str
    parts: tuple[Part, ...]
    created: datetime
    own: tuple[str, ...]
    confirmed: tuple[str, ...]
    rejected: tuple[str, ...]

    @property
    def vectors(self) -> NDArray[np.float32]:
        """(Q, D) float32: those of all parts."""
        return np.concatenate([part.vectors for part in self.parts])


def embedder_key(embedder: EmbedderIdentity) -> str:
    """An embedder in one text, for comparing.

    >>> embedder_key(EmbedderIdentity("stripes", "c0ffee", 16))
    'stripes 16 c0ffee'
    """
    return f"{embedder.name} {embedder.dimension} {embedder.sha256}"


class Questions:
    """The questions of a gallery.

    Those that were made from a tracklet, or confirmed by one, go with it when it is erased
    (``gallery.tracklet_rows.remove_tracklets``).

    Args:
        database: The gallery's.
        most: That are kept.
    """

    def __init__(self, database: Database, most: int = MOST) -> None:
        self._database, self._most = database, most

    def add(
        self, embedder: EmbedderIdentity, parts: Sequence[Part], own: Sequence[str] = (), *, asked_by: str = ""
    ) -> str:
        """Keeps a question, and forgets the oldest ones where there are too many; gives its id.

        Args:
            embedder: Whose vectors the parts have.
            parts: At least one.
            own: Ids of the tracklets that it was made from.
            asked_by: Who asked.

        Raises:
            QueryError: If one of the tracklets was erased meanwhile: then nothing of the question is kept.
        """
        id_ = secrets.token_urlsafe(_ID_BYTES)
        described = [
            {"vectors": len(part.vectors), "picture": len(part.picture), "facts": part.facts} for part in parts
        ]
        with self._database.write() as connection:
            numbers = _numbers(connection, own)
            connection.execute(
                sa.insert(schema.queries).values(
                    id=id_,
                    embedder=embedder_key(embedder),
                    vectors=np.concatenate([part.vectors for part in parts]).astype(_FLOAT).tobytes(),
                    question=json.dumps({"parts": described}),
                    picture=b"".join(part.picture for part in parts),
                    asked_by=asked_by,
                    created=now(),
                )
            )
            _insert_parts(connection, id_, list(numbers.values()), "own")
            self._forget_oldest(connection)
        return id_

    def get(self, id_: str) -> StoredQuestion | None:
        """A question by its id; None if there is none."""
        with self._database.read() as connection:
            row = connection.execute(sa.select(schema.queries).where(_queries.id == id_)).one_or_none()
            if row is None:
                return None
            joined = schema.query_tracklets.join(schema.tracklets, schema.tracklets.c.number == _parts.tracklet)
            statement = sa.select(schema.tracklets.c.id, _parts.part).select_from(joined).where(_parts.query == id_)
            said = connection.execute(statement.order_by(_parts.tracklet)).all()
        tracklets = {
            part: tuple(one.id for one in said if one.part == part) for part in ("own", "confirmed", "rejected")
        }
        return StoredQuestion(
            id=row.id,
            embedder=row.embedder,
            parts=_unpack(row.question, row.vectors, row.picture),
            created=from_microseconds(row.created),
            **tracklets,
        )

    def mark(
        self, id_: str, *, confirmed: Sequence[str] = (), rejected: Sequence[str] = (), neither: Sequence[str] = ()
    ) -> bool:
        """Keeps what was said of tracklets; what was said of the same ones before is forgotten.

        Args:
            id_: The question's.
            confirmed: Ids of tracklets that show the person.
            rejected: Ids of those that do not.
            neither: Ids of those of which nothing is said any more.

        Returns:
            Whether there is such a question.

        Raises:
            QueryError: If there is no such tracklet, one is said to be two things, or the question is made from it.
        """
        everything = [*confirmed, *rejected, *neither]
        twice = next((one for k, one in enumerate(everything) if one in everything[:k]), None)
        if twice is not None:
            raise QueryError(f"tracklet {twice!r} is named twice: it is confirmed, rejected or neither")
        with self._database.write() as connection:
            if connection.scalar(sa.select(_queries.id).where(_queries.id == id_)) is None:
                return False
            numbers = _numbers(connection, everything)
            of_this = _parts.query == id_
            own = connection.scalars(sa.select(_parts.tracklet).where(of_this, _parts.part == "own")).all()
            for one, number in numbers.items():
                if number in own:
                    raise QueryError(f"tracklet {one!r} is what the question is made from; mark others")
            for piece in pieces(list(numbers.values())):
                connection.execute(sa.delete(schema.query_tracklets).where(of_this, _parts.tracklet.in_(piece)))
            _insert_parts(connection, id_, [numbers[one] for one in confirmed], "confirmed")
            _insert_parts(connection, id_, [numbers[one] for one in rejected], "rejected")
        return True

    def remove(self, id_: str) -> bool:
        """Forgets a question; gives whether there was one."""
        with self._database.write() as connection:
            return _remove(connection, [id_]) > 0

    def remove_older_than(self, time: datetime) -> int:
        """Forgets the questions that were asked before a time; gives how many there were."""
        with self._database.write() as connection:
            old = sa.select(_queries.id).where(_queries.created < to_microseconds(time))
            return _remove(connection, connection.scalars(old).all())

    def _forget_oldest(self, connection: Connection) -> None:
        surplus = connection.execute(sa.select(sa.func.count(_queries.created))).scalar_one() - self._most
        if surplus > 0:
            oldest = sa.select(_queries.id).order_by(_queries.created).limit(surplus)
            _remove(connection, connection.scalars(oldest).all())


def _numbers(connection: Connection, ids: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    tracklets = schema.tracklets.c
    for piece in pieces(ids):
        rows = connection.execute(sa.select(tracklets.id, tracklets.number).where(tracklets.id.in_(piece)))
        found.update((row.id, row.number) for row in rows)
    for one in ids:
        if one not in found:
            raise QueryError(f"no tracklet {one!r} in the gallery: `passerby tracklets` lists them")
    return found


def _insert_parts(connection: Connection, id_: str, numbers: Sequence[int], part: str) -> None:
    rows = [{"query": id_, "tracklet": number, "part": part} for number in numbers]
    if rows:
        connection.execute(sa.insert(schema.query_tracklets), rows)


def _remove(connection: Connection, ids: Sequence[str]) -> int:
    for piece in pieces(ids):
        connection.execute(sa.delete(schema.query_tracklets).where(_parts.query.in_(piece)))
    return sum(
        connection.execute(sa.delete(schema.queries).where(_queries.id.in_(piece))).rowcount for piece in pieces(ids)
    )


def _unpack(question: str, vectors: bytes, picture: bytes) -> tuple[Part, ...]:
    described = json.loads(question)["parts"]
    rows = np.frombuffer(vectors, _FLOAT).astype(np.float32).reshape(sum(one["vectors"] for one in described), -1)
    parts, row, byte = [], 0, 0
    for one in described:
        parts.append(Part(rows[row : row + one["vectors"]], picture[byte : byte + one["picture"]], one["facts"]))
        row, byte = row + one["vectors"], byte + one["picture"]
    return tuple(parts)
