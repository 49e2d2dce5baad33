"""What was looked at: which times of which cameras, and what is missing in between."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import pairwise

import sqlalchemy as sa
from sqlalchemy import Connection

from gallery import schema
from gallery.ingest_rows import spans_of
from gallery.instants import from_microseconds
from gallery.reading import camera_ids
from gallery.rows import Coverage, Span

_ingests = schema.ingests.c
_SEEN = sa.select(_ingests.camera, _ingests.since, _ingests.until, _ingests.gaps).where(
    _ingests.since.is_not(None), _ingests.until.is_not(None)
)


def coverage(
    connection: Connection, cameras: Sequence[str] | None, since: datetime | None, until: datetime | None
) -> list[Coverage]:
    """Coverage of each camera by all its ingests, finished or not, inside a window of time."""
    names = camera_ids(connection, cameras)
    seen = tuple(tuple(row) for row in connection.execute(_SEEN).all())
    return list(_coverage(tuple(names.items()), seen, since, until))


_Ingest = tuple[int, int, int, str]
"""Camera, since, until and gaps, as SQL has them."""


@lru_cache(maxsize=32)
def _coverage(
    names: tuple[tuple[str, int], ...], ingests: tuple[_Ingest, ...], since: datetime | None, until: datetime | None
) -> tuple[Coverage, ...]:
    """Remembered, since every question asks and ingests change seldom."""
    seen: dict[int, list[Span]] = {camera: [] for _, camera in names}
    for camera, first, last, gaps in ingests:
        if camera in seen:
            seen[camera] += without((from_microseconds(first), from_microseconds(last)), spans_of(gaps))
    return tuple(_summed(name, clip(union(seen[camera]), since, until)) for name, camera in names)


def without(span: Span, gaps: Iterable[Span]) -> list[Span]:
    """The pieces of a span that lie outside all gaps, in order."""
    rest = []
    since, end = span
    for gap_since, gap_until in sorted(gaps):
        if gap_until <= since or gap_since >= end:
            continue
        if gap_since > since:
            rest.append((since, gap_since))
        since = max(since, gap_until)
    if since < end or span[0] == end:
        rest.append((since, end))
    return rest


def union(spans: Iterable[Span]) -> list[Span]:
    """The same time by the fewest spans, in order."""
    joined: list[Span] = []
    for since, until in sorted(spans):
        if joined and since <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], until))
        else:
            joined.append((since, until))
    return joined


def clip(spans: Iterable[Span], since: datetime | None, until: datetime | None) -> list[Span]:
    """What of the spans lies inside a window."""
    clipped = []
    for start, end in spans:
        first = start if since is None else max(start, since)
        last = end if until is None else min(end, until)
        if first <= last:
            clipped.append((first, last))
    return clipped


def _summed(camera: str, spans: Sequence[Span]) -> Coverage:
    if not spans:
        return Coverage(camera=camera, since=None, until=None, gaps=())
    gaps = tuple((before[1], after[0]) for before, after in pairwise(spans))
    return Coverage(camera=camera, since=spans[0][0], until=spans[-1][1], gaps=gaps)
