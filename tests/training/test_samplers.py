"""Batches: worked by hand, and properties over many small sets."""

from collections import Counter
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from gallery.errors import ConfigError
from training.samplers import CameraBalancedPKSampler, PKSampler, PlainSampler
from training.samples import TrainingSet


def a_set(*people: dict[int, int]) -> TrainingSet:
    """People with so many images in each camera."""
    return TrainingSet.of(
        (Path(f"{person}-{camera}-{k}.png"), str(person), str(camera))
        for person, cameras in enumerate(people)
        for camera, count in cameras.items()
        for k in range(count)
    )


UNEVEN = a_set({1: 1}, {1: 2}, {1: 5, 2: 1}, {1: 3, 2: 3}, {2: 9}, {1: 4, 2: 2, 3: 7}, {3: 4}, {1: 1, 2: 1, 3: 1})


def draws(sampler, epochs: int, of: int) -> np.ndarray:
    counts = np.zeros(of, np.int64)
    for epoch in range(epochs):
        for batch in sampler.epoch(epoch):
            np.add.at(counts, batch, 1)
    return counts


ALL = [
    lambda data, **more: PlainSampler(data, batch=8, **more),
    lambda data, **more: PKSampler(data, people=4, images=3, **more),
    lambda data, **more: CameraBalancedPKSampler(data, people=4, images=3, **more),
]


@pytest.mark.parametrize("make", ALL)
def test_an_epoch_is_a_function_of_seed_and_number(make):
    first, again = make(UNEVEN, seed=5), make(UNEVEN, seed=5)
    list(map(first.epoch, range(3)))  # what was asked before does not matter
    assert [b.tolist() for b in first.epoch(7)] == [b.tolist() for b in again.epoch(7)]
    assert [b.tolist() for b in first.epoch(7)] != [b.tolist() for b in first.epoch(8)]
    assert [b.tolist() for b in first.epoch(7)] != [b.tolist() for b in make(UNEVEN, seed=6).epoch(7)]


@pytest.mark.parametrize("make", ALL)
def test_ranks_share_no_draw_and_have_as_many_batches(make):
    data = a_set(*({1: 3, 2: 3} for _ in range(12)))
    one, two = (make(data, seed=1, rank=rank, world=2).epoch(0) for rank in (0, 1))
    assert len(one) == len(two) > 0
    assert {len(batch) for batch in (*one, *two)} == {len(one[0])}
    assert not set(np.concatenate(one)) & set(np.concatenate(two))


def test_plain_uses_every_image_alike_at_any_moment():
    data = a_set({1: 11})
    sampler = PlainSampler(data, batch=4, seed=3)
    assert [len(sampler.epoch(k)) for k in range(3)] == [2, 2, 2]
    for epochs in range(1, 12):
        counts = draws(sampler, epochs, 11)
        assert counts.sum() == 8 * epochs
        assert counts.max() - counts.min() <= 1
    assert draws(sampler, 11, 11).tolist() == [8] * 11


def test_pk_batches_have_p_people_with_k_images_side_by_side():
    for batch in PKSampler(UNEVEN, people=4, images=3, seed=2).epoch(4):
        labels = UNEVEN.labels[batch].reshape(4, 3)
        assert (labels == labels[:, :1]).all()
        assert len(set(labels[:, 0])) == 4


def test_people_with_fewer_than_k_images_are_repeated_evenly_and_shift_nothing():
    data = a_set({1: 2}, {1: 6}, {1: 1})
    for epoch in range(5):
        for batch in PKSampler(data, people=3, images=4).epoch(epoch):
            by_person = {person: Counter(batch[data.labels[batch] == person].tolist()) for person in range(3)}
            assert sorted(by_person[0].values()) == [2, 2]
            assert sorted(by_person[1].values()) == [1, 1, 1, 1]
            assert sorted(by_person[2].values()) == [4]


@pytest.mark.parametrize(("people", "images"), [*product([2, 3, 4], [1, 2, 4])])
def test_pk_uses_images_evenly_over_epochs(people, images):
    data = a_set({1: 1}, {1: 2}, {1: 5, 2: 1}, {1: 3, 2: 3}, {2: 9}, {1: 10}, {3: 4}, {1: 3})
    sampler = PKSampler(data, people=people, images=images, seed=people)
    few = np.bincount(data.labels)[data.labels]
    for epochs in (1, 10, 60):
        counts = draws(sampler, epochs, len(data))
        mean = sampler.steps * people * images * epochs / len(data)
        # A person whose group of K is drawn or not has up to K / its images more or less, and one more by the circle.
        assert (np.abs(counts - mean) <= 1 + 2 * np.ceil(images / few)).all()


def test_a_person_who_has_most_images_is_in_every_batch_and_never_twice():
    data = a_set({1: 50}, {1: 2}, {1: 2}, {1: 2})
    sampler = PKSampler(data, people=2, images=2, seed=1)
    assert sampler.steps == 14
    for epoch in range(4):
        for batch in sampler.epoch(epoch):
            labels = data.labels[batch].reshape(2, 2)[:, 0]
            assert 0 in labels
            assert len(set(labels)) == 2


def test_as_many_people_as_there_are_means_everybody_in_every_batch():
    for batch in PKSampler(UNEVEN, people=8, images=2).epoch(3):
        assert sorted(set(UNEVEN.labels[batch])) == list(range(8))


def test_the_same_as_marks_on_a_line_counted_one_by_one():
    """The counts of an epoch against a loop over marks, in exact fractions."""
    from fractions import Fraction

    from training.samplers import UNIT, _shares

    sampler = PKSampler(UNEVEN, people=4, images=3, seed=9)
    sizes = np.bincount(UNEVEN.labels)
    shares = _shares(sizes, sampler.steps * 4, sampler.steps)
    assert shares.sum() == sampler.steps * 4 * UNIT
    so_far = np.zeros(8, np.int64)
    for epoch in range(6):
        counts, before = sampler._group_counts(epoch, sampler.steps)
        offset = Fraction((int(np.random.default_rng((9, 2)).integers(UNIT)) + epoch * 2654435769) % UNIT, UNIT)
        begin = Fraction(0)
        for person, share in enumerate(shares.tolist()):
            end = begin + Fraction(share, UNIT)
            assert counts[person] == sum(begin <= mark + offset < end for mark in range(sampler.steps * 4))
            begin = end
        assert (before == so_far).all()
        so_far += counts


def test_groups_are_shuffled_anew_when_they_are_used_up():
    data = a_set({1: 4}, {1: 4})
    sampler = PKSampler(data, people=2, images=2, seed=4)
    groups = [frozenset(sampler._group(0, number).tolist()) for number in range(40)]
    for number in range(0, 40, 2):
        assert groups[number] | groups[number + 1] == {0, 1, 2, 3}
    assert len(set(groups)) == 6  # all pairs of four


def test_camera_balance_spreads_k_images_over_the_cameras_of_a_person():
    data = a_set({1: 9, 2: 2}, {1: 1, 2: 5, 3: 5}, {1: 3}, {2: 1, 3: 8})
    balanced = CameraBalancedPKSampler(data, people=4, images=4, seed=2)
    plain = PKSampler(data, people=4, images=4, seed=2)
    for epoch in range(10):
        for batch in balanced.epoch(epoch):
            for group in batch.reshape(4, 4):
                cameras = Counter(data.camera_numbers[group].tolist())
                own = len(set(data.camera_numbers[data.labels == data.labels[group[0]]]))
                assert len(cameras) == own
                assert max(cameras.values()) - min(cameras.values()) <= 1
    some = [group for epoch in range(10) for batch in plain.epoch(epoch) for group in batch.reshape(4, 4)]
    assert any(len(set(data.camera_numbers[group])) == 1 for group in some if data.labels[group[0]] == 0)


def test_camera_balance_uses_the_images_of_one_camera_evenly():
    data = a_set({1: 3, 2: 6}, {1: 4, 2: 4})
    counts = draws(CameraBalancedPKSampler(data, people=2, images=4, seed=1), 60, len(data))
    for person, camera in product(range(2), range(2)):
        group = counts[(data.labels == person) & (data.camera_numbers == camera)]
        assert group.max() - group.min() <= 2
    assert counts[:3].mean() == pytest.approx(2 * counts[3:9].mean(), rel=0.05)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PlainSampler(UNEVEN, batch=0), "batch 0 is too small; give 1 or more"),
        (lambda: PlainSampler(UNEVEN, batch=45), "takes more than the 44 images"),
        (lambda: PlainSampler(UNEVEN, batch=30, world=2), "give a batch of at most 22"),
        (lambda: PlainSampler(UNEVEN, seed=-1), "seed -1 is too small; give 0 or more"),
        (lambda: PKSampler(UNEVEN, people=9), "9 people is more than the 8 of the set"),
        (lambda: PKSampler(UNEVEN, people=4, images=0), "images 0 is too small"),
        (lambda: PKSampler(UNEVEN, people=4, rank=2, world=2), "rank 2 of 2 processes is out of range; give 0 to 1"),
        (lambda: PKSampler(UNEVEN, people=4, world=0), "world 0 is too small"),
    ],
)
def test_numbers_out_of_range_are_refused(make, message):
    with pytest.raises(ConfigError, match=message):
        make()
