"""The outline: what SQL would say, at every moment."""

import threading

import numpy as np
import pytest
import sqlalchemy as sa

from gallery import schema
from gallery.errors import QueryError
from gallery.store import Gallery

CASES = [
    (None, None, None),
    (["door"], None, None),
    (["gate", "door"], 12, 40),
    (None, 3, None),
    (None, None, 9),
    ([], None, None),
]


def check(gallery, people):
    """Every choice is that of a plain look at all rows."""
    rows = gallery.tracklets()
    for cameras, since, until in CASES:
        since, until = (None if second is None else people.after(second) for second in (since, until))
        wanted = [
            row.number
            for row in rows
            if (cameras is None or row.camera in cameras)
            and (since is None or row.end >= since)
            and (until is None or row.start <= until)
        ]
        found = gallery.filter_numbers(cameras, since, until)
        assert found.dtype == np.int64
        assert found.tolist() == sorted(wanted)


def test_who_is_there(gallery, people):
    assert gallery.present(np.array([0, 1, -1])).tolist() == [False] * 3
    people.fill(gallery, "door", [people.tracklet("door", n, second=7 * n) for n in range(4)])
    numbers = np.array(gallery.numbers(["door-000003", "door-000001"]))
    assert numbers.tolist() == [
        row.number for row in (gallery.tracklet("door-000003").row, gallery.tracklet("door-000001").row)
    ]
    assert gallery.present(np.array([-1, 0, *numbers, 99])).tolist() == [False, False, True, True, False]
    gallery.erase(tracklets=["door-000003"])
    assert gallery.present(numbers).tolist() == [False, True]
    with pytest.raises(QueryError, match="no tracklet 'door-000003'"):
        gallery.numbers(["door-000001", "door-000003"])
    assert gallery.numbers([]) == []


@pytest.fixture
def filled(gallery, people):
    for camera in ("door", "gate"):
        people.fill(gallery, camera, [people.tracklet(camera, n, second=7 * n) for n in range(6)])
    return gallery


def test_it_follows_what_comes_and_goes(filled, people):
    check(filled, people)
    people.fill(filled, "door", [people.tracklet("door", 20, second=2)], source_hash="more")
    check(filled, people)
    filled.erase(tracklets=["gate-000003", "door-000020"])
    check(filled, people)
    filled.erase(cameras=["gate"])
    with pytest.raises(QueryError, match="gate"):
        filled.filter_numbers(["gate"])
    people.fill(filled, "gate", [people.tracklet("gate", 1)], source_hash="again")
    check(filled, people)


def test_it_begins_anew_where_the_log_was_trimmed(filled, people):
    check(filled, people)
    people.fill(filled, "roof", [people.tracklet("roof", n) for n in range(3)])
    filled.erase(tracklets=["door-000001"])
    filled.changes.move("somebody", filled.changes.head())
    assert filled.changes.trim() > 0
    check(filled, people)


def test_other_processes_are_seen(filled, people):
    check(filled, people)
    with Gallery.open(filled.folder) as other:
        other.erase(tracklets=["door-000000"])
        people.fill(other, "roof", [people.tracklet("roof", 1)])
    check(filled, people)


def test_rows_are_read_once(filled, people):
    filled.filter_numbers()
    asked = []
    sa.event.listen(filled.database._engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    assert len(filled.filter_numbers(["door"], people.after(1), people.after(50))) == 6
    assert not [one for one in asked if f"FROM {schema.tracklets.name}" in one]


def test_several_threads_see_the_same(filled, people):
    found = []
    threads = [threading.Thread(target=lambda: found.append(filled.filter_numbers().tolist())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [list(range(1, 13))] * 8
