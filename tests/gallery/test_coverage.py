from datetime import UTC, datetime, timedelta

import pytest

from gallery.coverage import clip, union, without


def at(minute):
    return datetime(2024, 5, 1, 12, tzinfo=UTC) + timedelta(minutes=minute)


def spans(*minutes):
    return [(at(since), at(until)) for since, until in minutes]


@pytest.mark.parametrize(
    ("gaps", "rest"),
    [
        ([], [(0, 10)]),
        ([(2, 3)], [(0, 2), (3, 10)]),
        ([(5, 6), (2, 3)], [(0, 2), (3, 5), (6, 10)]),
        ([(2, 6), (4, 8)], [(0, 2), (8, 10)]),
        ([(-5, 1), (9, 20)], [(1, 9)]),
        ([(-5, 20)], []),
        ([(20, 30), (-9, -3)], [(0, 10)]),
    ],
)
def test_gaps_are_cut_out(gaps, rest):
    assert without((at(0), at(10)), spans(*gaps)) == spans(*rest)


def test_a_single_frame_is_a_span_without_length():
    assert without((at(1), at(1)), []) == spans((1, 1))


def test_spans_that_touch_are_joined():
    assert union(spans((5, 7), (0, 2), (2, 3), (6, 9))) == spans((0, 3), (5, 9))


def test_clipping_keeps_what_is_inside():
    pieces = spans((0, 3), (5, 9))
    assert clip(pieces, at(1), at(6)) == spans((1, 3), (5, 6))
    assert clip(pieces, None, at(4)) == spans((0, 3))
    assert clip(pieces, at(10), None) == []


def test_coverage_joins_ingests_and_tells_gaps(gallery, people):
    lost = (people.after(20), people.after(30))
    with gallery.begin_ingest(people.spec()) as session:
        session.commit([], None, people.seen(40, gaps=(lost,)))
        session.finish(people.seen(40, gaps=(lost,)))
    with gallery.begin_ingest(people.spec(source_hash="2", start=people.after(100))) as session:
        session.commit([], b"unfinished", people.seen(0, since=people.after(100), until=people.after(110)))
    with gallery.begin_ingest(people.spec("gate")):
        pass
    door, gate = gallery.coverage()
    assert (door.camera, door.since, door.until) == ("door", people.noon, people.after(110))
    assert door.gaps == (lost, (people.after(40), people.after(100)))
    assert (gate.camera, gate.since, gate.until, gate.gaps) == ("gate", None, None, ())


def test_what_one_ingest_lost_another_may_have_seen(gallery, people):
    with gallery.begin_ingest(people.spec()) as session:
        session.finish(people.seen(40, gaps=((people.after(20), people.after(30)),)))
    with gallery.begin_ingest(people.spec(source_hash="2", start=people.after(15))) as session:
        session.finish(people.seen(0, since=people.after(15), until=people.after(35)))
    (door,) = gallery.coverage(["door"])
    assert (door.since, door.until, door.gaps) == (people.noon, people.after(40), ())


def test_a_window_cuts_coverage(gallery, people):
    with gallery.begin_ingest(people.spec()) as session:
        session.finish(people.seen(40, gaps=((people.after(20), people.after(30)),)))
    (door,) = gallery.coverage(since=people.after(25), until=people.after(99))
    assert (door.since, door.until, door.gaps) == (people.after(30), people.after(40), ())
    (door,) = gallery.coverage(since=people.after(21), until=people.after(29))
    assert (door.since, door.until, door.gaps) == (None, None, ())
