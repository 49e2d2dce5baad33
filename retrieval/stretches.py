"""A camera's time as a row of stretches, each shown by one recording."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from gallery.coverage import without
from gallery.rows import IngestRow

MOMENT = timedelta(microseconds=1)
"""Times are whole microseconds: a span that ends with a moment ends before the next one."""


@dataclass(frozen=True)
class Stretch:
    """A piece of time without a gap.

    Attributes:
        since: Its first moment, UTC.
        until: The first moment that is not in it any more.
        ingest: What shows it.
    """

    since: datetime
    until: datetime
    ingest: IngestRow

    @property
    def has_video(self) -> bool:
        """Whether frames were kept."""
        return not self.ingest.is_live


def stretches(ingests: Sequence[IngestRow]) -> list[Stretch]:
    """Stretches in the order of time; none overlap.

    Where several ingests saw the same moment, the last of them in the order given shows it, and a recording rather
    than a live camera: as ``Recordings.at`` chooses.
    """
    parts = [
        (since, until + MOMENT, (not ingest.is_live, place), ingest)
        for place, ingest in enumerate(ingests)
        if ingest.since is not None and ingest.until is not None
        for since, until in without((ingest.since, ingest.until), ingest.gaps)
    ]
    parts.sort(key=lambda part: part[0], reverse=True)
    edges = sorted({edge for since, until, _, _ in parts for edge in (since, until)})
    open_: list[tuple[bool, int, datetime, IngestRow]] = []
    row: list[Stretch] = []
    for since, until in pairwise(edges):
        while parts and parts[-1][0] <= since:
            _, end, (recorded, place), ingest = parts.pop()
            heapq.heappush(open_, (not recorded, -place, end, ingest))
        while open_ and open_[0][2] <= since:
            heapq.heappop(open_)
        if open_:
            ingest = open_[0][3]
            if row and row[-1].until == since and row[-1].ingest is ingest:
                row[-1] = Stretch(row[-1].since, until, ingest)
            else:
                row.append(Stretch(since, until, ingest))
    return row
