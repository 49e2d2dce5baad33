import numpy as np

from retrieval.grouping import average_linkage, group_people, shared_neighbours


def plain_linkage(shared, apart, least):
    """The same by the book: every pair of groups, every time."""
    groups = [[k] for k in range(len(shared))]
    while True:
        best, pair = -np.inf, None
        for a in range(len(groups)):
            for b in range(a + 1, len(groups)):
                block = np.ix_(groups[a], groups[b])
                if not apart[block].any() and shared[block].mean() > best:
                    best, pair = shared[block].mean(), (a, b)
        if pair is None or best < least:
            break
        groups[pair[0]] += groups.pop(pair[1])
    labels = np.zeros(len(shared), np.int64)
    for number, members in enumerate(groups):
        labels[members] = number
    return labels


def same_groups(left, right):
    return np.array_equal(left[:, None] == left, right[:, None] == right)


def test_linkage_is_that_of_the_book():
    random = np.random.default_rng(0)
    for count in (2, 7, 25):
        shared = random.uniform(size=(count, count))
        shared = (shared + shared.T) / 2
        apart = np.triu(random.uniform(size=(count, count)) < 0.2, 1)
        apart |= apart.T
        for least in (0.3, 0.5, 0.7):
            assert same_groups(average_linkage(shared, apart, least), plain_linkage(shared, apart, least))


def test_neighbourhoods_by_hand():
    likeness = np.array([[1, 0.9, 0.1, 0], [0.9, 1, 0.2, 0], [0.1, 0.2, 1, 0.8], [0, 0, 0.8, 1]])
    shared = shared_neighbours(likeness, 1)
    np.testing.assert_allclose(np.diag(shared), 1)
    np.testing.assert_allclose(shared[:2, 2:], 0)
    # Each is described by itself, 1, and the other, exp(4 (0.9 - 1)); both are averaged, so they share everything.
    np.testing.assert_allclose(shared[0, 1], 1)


def test_people_are_told_apart_and_kept_apart():
    random = np.random.default_rng(1)
    centres = random.normal(size=(12, 32))
    who = np.repeat(np.arange(12), 3)
    vectors = centres[who] + random.normal(0, 0.3, (36, 32))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    likeness, nobody = vectors @ vectors.T, np.zeros((36, 36), bool)
    assert same_groups(group_people(likeness, nobody), who)
    apart = nobody.copy()
    apart[0, 1] = apart[1, 0] = True
    groups = group_people(likeness, apart)
    assert groups[0] != groups[1]
    assert same_groups(groups[3:], who[3:])


def test_nobody_and_one():
    assert len(group_people(np.zeros((0, 0)), np.zeros((0, 0), bool))) == 0
    assert group_people(np.ones((1, 1)), np.zeros((1, 1), bool)).tolist() == [0]
