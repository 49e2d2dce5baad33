import numpy as np
import pytest

from retrieval.transit import Visits, transit_evidence


def crowd(count=40, way=15.0, spread=2.0, seed=0, noise=0.1):
    """People who enter camera 0 about every 8 s, and camera 1 some time after they left it; their similarities."""
    random = np.random.default_rng(seed)
    starts = np.cumsum(random.exponential(8, count))
    ends = starts + 5
    later = ends + random.normal(way, spread, count)
    cameras = np.repeat([0, 1], count)
    visits = Visits(cameras, np.concatenate([starts, later]), np.concatenate([ends, later + 5]))
    likeness = random.normal(0.3, noise, (2 * count, 2 * count))
    likeness = (likeness + likeness.T) / 2
    for one in range(count):
        likeness[one, count + one] = likeness[count + one, one] = 0.3 + 2.5 * noise + random.normal(0, noise / 2)
    return likeness, visits


def test_who_is_in_one_picture_at_one_time_is_two_people():
    visits = Visits(np.array([0, 0, 0, 1]), np.array([0.0, 4, 6, 4]), np.array([5.0, 9, 9, 9]))
    expected = np.zeros((4, 4), bool)
    expected[0, 1] = expected[1, 0] = expected[1, 2] = expected[2, 1] = True
    np.testing.assert_array_equal(visits.apart(), expected)


def test_usual_times_speak_for_a_pair_and_others_against_it():
    likeness, visits = crowd()
    evidence = transit_evidence(likeness, visits, visits.apart())
    np.testing.assert_allclose(evidence, evidence.T)
    true = evidence[np.arange(40), 40 + np.arange(40)]
    taken = visits.starts[None, 40:] - visits.ends[:40, None]
    early = evidence[:40, 40:][(taken > 30) & (taken < 80)]
    assert np.median(true) > 1
    assert np.median(early) < 0
    assert not evidence[:40, :40].any(), "nothing is said inside one camera"
    assert not evidence[:40, 40:][taken > 95].any(), "nor of times that are too long"


def test_each_direction_has_its_own_times():
    likeness, visits = crowd()
    evidence = transit_evidence(likeness, visits, visits.apart())
    backwards = visits.starts[:40, None] - visits.ends[None, 40:]
    late = evidence[:40, 40:][(backwards > 10) & (backwards < 20)]
    assert np.abs(late).max() < 1, "nobody walks back, so its times say little"


@pytest.mark.parametrize("seed", range(3))
def test_where_no_time_stands_out_nothing_much_is_said(seed):
    likeness, visits = crowd(way=400, spread=200, seed=seed)
    evidence = transit_evidence(likeness, visits, visits.apart())
    assert np.median(np.abs(evidence[:40, 40:])) < 0.5


def test_too_little_says_nothing():
    for count in (0, 1):
        visits = Visits(np.zeros(count, np.int64), np.zeros(count), np.ones(count))
        assert not transit_evidence(np.ones((count, count)), visits, visits.apart()).any()
    same = Visits(np.array([0, 1, 1]), np.array([0.0, 20, 40]), np.array([1.0, 21, 41]))
    assert not transit_evidence(np.full((3, 3), 0.5), same, same.apart()).any()
