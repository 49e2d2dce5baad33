"""Which recording shows which moment of a camera, beside a slow, obvious version."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest

from gallery.rows import IngestRow
from retrieval.piece import span_at
from retrieval.stretches import MOMENT, Stretch, stretches

EPOCH = datetime.fromtimestamp(0, UTC)


def at(second):
    return EPOCH + timedelta(seconds=second)


def ingest(name, since, until, *gaps, live=False):
    return IngestRow(
        source=name,
        source_hash="live x" if live else name,
        start=at(since),
        since=at(since),
        until=at(until),
        state="done",
        gaps=tuple((at(a), at(b)) for a, b in gaps),
    )


def told(row):
    seconds = [((s.since - EPOCH).total_seconds(), (s.until - MOMENT - EPOCH).total_seconds()) for s in row]
    return [(stretch.ingest.source, *span) for stretch, span in zip(row, seconds, strict=True)]


def test_one_after_the_other_with_gaps():
    row = stretches([ingest("a", 0, 10, (3, 5)), ingest("b", 20, 30)])
    assert told(row) == [("a", 0, 3), ("a", 5, 10), ("b", 20, 30)]


def test_what_was_ingested_later_shows_what_both_saw():
    row = stretches([ingest("a", 0, 10), ingest("b", 4, 6)])
    assert told(row) == [("a", 0, 3.999999), ("b", 4, 6), ("a", 6.000001, 10)]


def test_a_recording_shows_what_was_live_too():
    row = stretches([ingest("file", 0, 10), ingest("cam", 5, 20, live=True)])
    assert told(row) == [("file", 0, 10), ("cam", 10.000001, 20)]
    assert [stretch.has_video for stretch in row] == [True, False]


def test_nothing_seen_yet():
    waiting = IngestRow(source="a", source_hash="a", start=EPOCH, since=None, until=None, state="running")
    assert stretches([waiting]) == stretches([]) == []


@pytest.mark.parametrize("seed", range(8))
def test_any_ingests_beside_the_obvious_rule(seed):
    random = np.random.default_rng(seed)
    ingests = []
    for k in range(6):
        since = int(random.integers(0, 40))
        until = since + int(random.integers(0, 20))
        gaps = [(since + 2, since + 5)] if until > since + 6 else []
        ingests.append(ingest(f"{k}", since, until, *gaps, live=bool(random.random() < 0.3)))
    ingests.sort(key=lambda one: one.start)
    row = stretches(ingests)
    assert all(one.until <= other.since for one, other in pairwise(row))
    for half in range(130):
        moment = at(half / 2)
        seen = [
            one for one in ingests if one.since <= moment <= one.until and not any(a < moment < b for a, b in one.gaps)
        ]
        expected = ([one for one in seen if not one.is_live] or seen or [None])[-1]
        shown = [stretch.ingest for stretch in row if stretch.since <= moment < stretch.until]
        assert shown == ([] if expected is None else [expected])


def test_a_piece_stays_in_its_stretch():
    a, b = row = stretches([ingest("a", 0, 10), ingest("b", 20, 30)])
    ends = Stretch(at(0), at(10) + MOMENT, a.ingest).until
    for since, seconds, expected in [
        (2, 5, (a, at(2), at(7))),
        (8, 5, (a, at(8), ends)),
        (10, 5, (a, at(10), ends)),
        (11, 5, None),
        (11, 15, (b, at(20), at(26))),
        (31, 60, None),
    ]:
        span = span_at(row, at(since), seconds)
        assert (span and (span.stretch, span.since, span.until)) == expected
