import numpy as np

from gallery.instants import to_microseconds


def test_they_are_what_full_rows_say_without_those_that_are_gone(gallery, people):
    people.fill(gallery, "door", [people.tracklet("door", n, second=n) for n in range(1, 6)])
    people.fill(gallery, "yard", [people.tracklet("yard", n, second=n) for n in range(1, 4)])
    gallery.erase(tracklets=["door-000002"])
    numbers = gallery.filter_numbers()
    ends = gallery.ends([*numbers[::-1], 999])
    rows = gallery.rows(numbers)
    assert ends.numbers.tolist() == numbers.tolist()
    assert list(ends.ids) == [row.id for row in rows]
    assert list(ends.cameras) == [row.camera for row in rows]
    assert list(ends.frames) == [row.frames for row in rows]
    assert list(ends.starts) == [to_microseconds(row.start) for row in rows]
    assert list(ends.ends) == [to_microseconds(row.end) for row in rows]
    np.testing.assert_array_equal(ends.first_boxes, [row.first_box for row in rows])
    np.testing.assert_array_equal(ends.last_boxes, [row.last_box for row in rows])
    assert len(gallery.ends([999])) == 0


def test_vectors_from_memory_are_those_of_sql(gallery, people):
    from gallery.index import GalleryIndex

    people.fill(gallery, "door", [people.tracklet("door", n, second=n, crops=n % 3) for n in range(1, 12)])
    for kept in ("all", "mean"):
        index = GalleryIndex(gallery, vectors=kept)
        numbers = gallery.filter_numbers()[::-2]
        stored, truth = index.stored(numbers), gallery.vectors(numbers)
        np.testing.assert_array_equal(stored.numbers, truth.numbers)
        np.testing.assert_array_equal(stored.ordinals, truth.ordinals)
        np.testing.assert_array_equal(stored.vectors, truth.vectors)
