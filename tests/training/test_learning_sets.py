"""Who is learned from and who is held out."""

import json

import pytest

from gallery.errors import ConfigError, SourceError
from tests.training.pictures import market
from tests.training.runs import pictures
from training.learning_sets import learning_sets
from training.train_settings import TrainSettings


@pytest.fixture
def data(tmp_path):
    (tmp_path / "splits.json").write_text(json.dumps({"fit": [1, 2, 3], "choose": [4, 5], "all": list(range(1, 9))}))
    return pictures(tmp_path)


def sets(data, **values):
    found = learning_sets(TrainSettings(data=(str(data),), **values))
    return found.fit.people, None if found.held is None else found.held.people


def test_a_share_of_the_people_is_held_out(data):
    fit, held = sets(data, hold_out="0.25")
    assert (len(fit), len(held)) == (6, 2)
    assert not set(fit) & set(held)
    assert sets(data, hold_out="0.25") == (fit, held)
    assert len({sets(data, hold_out="0.25", seed=seed) for seed in range(4)}) > 1


def test_nobody_need_be_held_out(data):
    assert sets(data, hold_out="0") == (("1", "2", "3", "4", "5", "6", "7", "8"), None)


def test_lists_say_who(data):
    splits = data.parent / "splits.json"
    assert sets(data, people=(f"{splits}:fit",), hold_out=f"{splits}:choose") == (("1", "2", "3"), ("4", "5"))
    assert sets(data, hold_out=f"{splits}:choose") == (("1", "2", "3", "6", "7", "8"), ("4", "5"))
    fit, held = sets(data, people=(f"{splits}:fit",), hold_out="0.34")
    assert sorted(fit + held) == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"people": "all", "hold_out": "choose"}, "people 4, 5 are in both"),
        ({"hold_out": "all"}, "holds out everybody"),
        ({"hold_out": "none"}, "has no part 'none'"),
    ],
)
def test_lists_that_do_not_go_together(data, values, message):
    splits = data.parent / "splits.json"
    people = (f"{splits}:{values['people']}",) if "people" in values else ()
    with pytest.raises(ConfigError, match=message):
        sets(data, people=people, hold_out=f"{splits}:{values['hold_out']}")


def test_another_set_may_be_held_out(data, tmp_path):
    other = pictures(tmp_path / "other", 3)
    assert sets(data, hold_out=str(other)) == (("1", "2", "3", "4", "5", "6", "7", "8"), ("1", "2", "3"))
    with pytest.raises(ConfigError, match=r"and 31 more images of .* are learned from"):
        sets(data, hold_out=str(data))


def test_several_sets_are_one(tmp_path):
    for name in ("north", "south"):
        pictures(tmp_path / name, 3)
    both = (f"n={tmp_path / 'north'}", f"s={tmp_path / 'south'}")
    found = learning_sets(TrainSettings(data=both, hold_out="0"))
    assert found.fit.people == ("n:1", "n:2", "n:3", "s:1", "s:2", "s:3")
    assert len(found.fit.cameras) == 4


def test_the_fingerprint_knows_who_is_on_what(tmp_path):
    names = ("0001_c1_0", "0001_c2_0", "0002_c1_0", "0002_c2_0")

    def fingerprint(folder, train, **values):
        market(tmp_path / folder, train=train)
        path = str(tmp_path / folder / "bounding_box_train")
        return learning_sets(TrainSettings(data=(path,), hold_out="0", **values)).fingerprint()

    assert fingerprint("a", names) == fingerprint("b", names)
    assert fingerprint("c", (*names, "0002_c2_1")) != fingerprint("a", names)
    assert fingerprint("d", (*names[:3], "0002_c3_0")) != fingerprint("a", names)


def test_bad_images_are_refused_or_left_out(tmp_path):
    data = pictures(tmp_path)
    (data / "0001_c1_0.png").write_bytes(b"no picture")
    with pytest.raises(Exception, match=r"0001_c1_0\.png"):
        sets(data)
    found = learning_sets(TrainSettings(data=(str(data),), hold_out="0", skip_bad=True))
    assert len(found.fit.samples) == 31
    assert len(found.fit.left_out) == 1


def test_what_is_left_out_is_said_once(data, tmp_path):
    held = pictures(tmp_path / "held", people=3)
    assert learning_sets(TrainSettings(data=(str(data),))).left_out is None
    (data / "0009_c1_0.jpg").touch()
    found = learning_sets(TrainSettings(data=(str(data),), hold_out="0.25", skip_bad=True))
    assert found.left_out == f"left out 1 image: {data / '0009_c1_0.jpg'} is empty"
    for number in range(12):
        (held / f"0009_c2_{number}.jpg").touch()
    said = learning_sets(TrainSettings(data=(str(data),), hold_out=str(held), skip_bad=True)).left_out
    assert said is not None
    assert said.startswith(f"left out 13 images: {data / '0009_c1_0.jpg'} is empty; ")
    assert (said.count(" is empty"), said.endswith("; and 3 more")) == (10, True)


def test_bad_images_of_people_who_are_held_out_are_left_out_too(tmp_path):
    data, other = pictures(tmp_path / "data"), pictures(tmp_path / "other", 3)
    (tmp_path / "splits.json").write_text(json.dumps({"choose": [1, 2]}))
    for folder in (data, other):
        (folder / "0001_c1_0.png").write_bytes(b"no picture")
    for hold_out in (f"{tmp_path}/splits.json:choose", str(other)):
        with pytest.raises(SourceError, match=r"0001_c1_0\.png"):
            sets(data, hold_out=hold_out)
        found = learning_sets(TrainSettings(data=(str(data),), hold_out=hold_out, skip_bad=True))
        assert [left.path.name for left in found.held.left_out] == ["0001_c1_0.png"]
