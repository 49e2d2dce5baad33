import numpy as np
import pytest

from benchmarks.made_up_vectors import KINDS, PER_TRACKLET, MadeUpPeople
from benchmarks.search_peers import SHARES, recalls, write_gallery


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_people_have_the_same_vectors_and_look_like_themselves(kind):
    people = MadeUpPeople(kind, 3000, 64)
    rows = people.rows(0, people.tracklets)
    np.testing.assert_array_equal(rows.vectors, MadeUpPeople(kind, 3000, 64).rows(0, people.tracklets).vectors)
    assert len(rows) == 3000
    assert rows.ordinals[:6].tolist() == [0, 1, 2, 3, 4, 0]
    np.testing.assert_allclose(np.linalg.norm(rows.floats(), axis=1), 1, atol=2e-3)
    queries, who = people.queries(100)
    nearest = rows.numbers[(queries @ rows.floats().T).argmax(axis=1)]
    assert (people.person_of(nearest) == who).mean() > 0.7


def test_the_true_answers_are_those_of_a_slow_search(tmp_path):
    people = MadeUpPeople("lifelike", 2000, 32)
    parts, truths, queries, rank1 = write_gallery(people, tmp_path, 5)
    vectors = np.load(tmp_path / "vectors.npy").astype(np.float32)
    assert len(vectors) == len(parts) == people.tracklets * PER_TRACKLET
    assert 0 <= rank1 <= 1
    for share in SHARES[:4]:
        passing = np.flatnonzero(parts < 1000 * share)
        slow = passing[np.argsort(-(queries @ vectors[passing].T), axis=1)[:, :10]]
        assert recalls(truths[share], slow) == [1.0] * 10
