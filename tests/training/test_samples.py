"""Sets of training images: labels, parts, joins."""

from collections import Counter
from pathlib import Path

import pytest

from gallery.errors import ConfigError
from training.samples import LeftOut, Sample, TrainingSet, join_sets, natural, person_name

TEN = TrainingSet.of((Path(f"{person}-{camera}"), str(person), camera) for person in range(1, 11) for camera in "ab")


def test_labels_and_cameras_are_indices_in_natural_order():
    found = TrainingSet.of([(Path("x"), "10", "2"), (Path("y"), "2", "10"), (Path("z"), "2", "2")])
    assert found.people == ("2", "10")
    assert found.cameras == ("2", "10")
    assert found.samples == (Sample(Path("x"), 1, 0), Sample(Path("y"), 0, 1), Sample(Path("z"), 0, 0))
    assert found.labels.tolist() == [1, 0, 0]
    assert found.camera_numbers.tolist() == [0, 1, 0]
    assert len(found) == 3


def test_only_keeps_the_people_and_numbers_them_anew():
    left_out = (LeftOut(Path("bad"), "is empty"),)
    found = TrainingSet(TEN.samples, TEN.people, TEN.cameras, left_out).only([7, "0003"])
    assert found.people == ("3", "7")
    assert [sample.path.name for sample in found.samples] == ["3-a", "3-b", "7-a", "7-b"]
    assert found.labels.tolist() == [0, 0, 1, 1]
    assert found.left_out == left_out


def test_only_drops_cameras_that_saw_none_of_them():
    found = TrainingSet.of([(Path("x"), "1", "a"), (Path("y"), "2", "b")]).only(["2"])
    assert found.cameras == ("b",)
    assert found.samples == (Sample(Path("y"), 0, 0),)


def test_only_names_people_that_are_not_there():
    with pytest.raises(ConfigError, match="people 11, 12 are not in the set of 10 people"):
        TEN.only([12, 3, 11])
    with pytest.raises(ConfigError, match="no people are named"):
        TEN.only([])


def test_hold_out_parts_people_whole():
    fit, held = TEN.hold_out(0.3, seed=1)
    assert len(held.people) == 3
    assert sorted((*fit.people, *held.people), key=natural) == list(TEN.people)
    assert len(fit) + len(held) == len(TEN)


def test_hold_out_follows_seed_and_names_alone():
    assert TEN.hold_out(0.3, seed=1) == TEN.hold_out(0.3, seed=1)
    seen = {TEN.hold_out(0.3, seed=seed)[1].people for seed in range(8)}
    assert len(seen) > 4
    backwards = TrainingSet.of(
        (s.path, TEN.people[s.label], TEN.cameras[s.camera]) for s in reversed(TEN.samples) if s.path.name != "4-a"
    )
    without_a_camera_of_4 = set(backwards.hold_out(0.3, seed=1)[1].people) - {"4"}
    assert len(without_a_camera_of_4 & set(TEN.hold_out(0.3, seed=1)[1].people)) >= 2


def test_hold_out_takes_its_share_of_every_combination_of_cameras():
    rows = [(Path(f"{p}-{c}"), str(p), c) for p in range(40) for c in ("ab" if p < 30 else "cd")]
    _, held = TrainingSet.of(rows).hold_out(0.1, seed=3)
    assert Counter("ab" if int(person) < 30 else "cd" for person in held.people) == {"ab": 3, "cd": 1}


def test_rare_combinations_of_cameras_have_their_chance_too():
    rows = [(Path(f"{p}"), str(p), f"c{p}") for p in range(20)] + [(Path(f"z{p}"), f"z{p}", "z") for p in range(20)]
    drawn = Counter(person for seed in range(200) for person in TrainingSet.of(rows).hold_out(0.1, seed)[1].people)
    assert sum(drawn.values()) == 800
    assert len(drawn) == 40
    assert 5 <= min(drawn.values()) <= max(drawn.values()) <= 40  # 20 each are expected
    assert sum(count for person, count in drawn.items() if person.startswith("z")) == 400


@pytest.mark.parametrize(("share", "held"), [(0.01, 1), (0.5, 5), (0.99, 9)])
def test_hold_out_always_leaves_somebody_on_both_sides(share, held):
    assert len(TEN.hold_out(share, seed=0)[1].people) == held


@pytest.mark.parametrize("share", [0, 1, -0.5, float("nan")])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(ConfigError, match=r"share .* is out of range"):
        TEN.hold_out(share, seed=0)


def test_one_person_cannot_be_parted():
    with pytest.raises(ConfigError, match="takes two"):
        TEN.only(["1"]).hold_out(0.5, seed=0)


def test_joined_sets_keep_people_and_cameras_apart():
    one = TrainingSet.of([(Path("a/1"), "1", "1")], [LeftOut(Path("a/2"), "is empty")])
    two = TrainingSet.of([(Path("b/1"), "1", "1"), (Path("b/2"), "2", "1")])
    joined = join_sets({"market": one, "own": two})
    assert joined.people == ("market:1", "own:1", "own:2")
    assert joined.cameras == ("market:1", "own:1")
    assert joined.labels.tolist() == [0, 1, 2]
    assert joined.left_out == one.left_out
    assert joined.only(["own:0002"]).people == ("own:2",)


def test_a_set_alone_is_not_renamed():
    assert join_sets({"market": TEN}) is TEN


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        ({}, "no training set is named"),
        ({"": TEN, "b": TEN.only(["1"])}, "cannot be called ''"),
        ({"a:b": TEN, "b": TEN.only(["1"])}, "cannot be called 'a:b'"),
        ({"a": TEN, "b": TEN.only(["1"])}, "1-a and 1 more images are in two of the sets"),
    ],
)
def test_sets_that_cannot_be_joined_are_refused(sets, message):
    with pytest.raises(ConfigError, match=message):
        join_sets(sets)


def test_names_of_people():
    assert [person_name(name) for name in (7, "0007", " 7 ", "anna", "own:007", "0")] == [
        "7", "7", "7", "anna", "own:7", "0",
    ]  # fmt: skip
    assert sorted(["b2", "10", "9", "b10", "a"], key=natural) == ["9", "10", "a", "b2", "b10"]
