import numpy as np


def fill(gallery, people, first, count):
    tracklets = [people.tracklet(number=number, crops=0) for number in range(first, first + count)]
    people.fill(gallery, "door", tracklets, source_hash=str(first))


def test_an_empty_log_has_nothing_to_say(gallery):
    news = gallery.changes.read(0)
    assert (gallery.changes.head(), news.position, len(news)) == (0, 0, 0)


def test_a_reader_gets_each_change_once_and_in_order(gallery, people):
    fill(gallery, people, 1, 3)
    first = gallery.changes.read(0, limit=2)
    second = gallery.changes.read(first.position, limit=2)
    assert (first.added.tolist(), second.added.tolist()) == ([1, 2], [3])
    assert second.position == gallery.changes.head()
    assert len(gallery.changes.read(second.position)) == 0
    gallery.erase(tracklets=["door-000002"])
    news = gallery.changes.read(second.position)
    assert (news.added.tolist(), news.erased.tolist()) == ([], [2])
    assert gallery.changes.has_erasures(second.position)
    assert not gallery.changes.has_erasures(news.position)


def test_readers_keep_their_own_positions(gallery, people):
    log = gallery.changes
    assert log.position("watch-list") is None
    log.move("watch-list", 1)
    log.move("watch-list", 2)
    log.move("indexer", 5)
    assert (log.position("watch-list"), log.position("indexer")) == (2, 5)
    log.forget("watch-list")
    assert log.position("watch-list") is None


def test_the_log_is_trimmed_below_the_slowest_reader(gallery, people):
    fill(gallery, people, 1, 10)
    log = gallery.changes
    assert log.trim() == 0
    log.move("fast", 9)
    log.move("slow", 5)
    assert log.trim() == 4
    assert log.trim() == 0
    assert log.read(0) is None
    assert log.read(3) is None
    np.testing.assert_array_equal(log.read(4).added, [5, 6, 7, 8, 9, 10])
    np.testing.assert_array_equal(log.read(5).added, [6, 7, 8, 9, 10])
    assert log.stamp(5) > 0
    assert log.stamp(4) == 0


def test_positions_go_on_after_everything_was_trimmed_and_erased(gallery, people):
    fill(gallery, people, 1, 2)
    gallery.erase(cameras=["door"])
    log = gallery.changes
    log.move("reader", log.head())
    log.trim()
    assert log.head() == 4
    fill(gallery, people, 1, 1)
    assert log.read(4).added.tolist() == [3]
