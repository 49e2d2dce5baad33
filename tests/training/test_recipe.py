"""Recipes: the shipped ones, and what a file may say."""

import dataclasses

import pytest

from gallery.errors import ConfigError
from training.recipe import RECIPES, checked, kept_settings, layered, read_recipe
from training.train_settings import TrainSettings


def recipe(name):
    return TrainSettings(data=("here",), **read_recipe(name))


def test_modern_is_what_is_done_by_default():
    default, modern = TrainSettings(data=("here",)), recipe("modern")
    assert (modern.warmup_length, modern.milestones) == (default.warmup_length, default.milestones) == (10, (40, 70))
    assert dataclasses.replace(modern, warmup=None, steps=()) == default


def test_modern_is_the_recipe_behind_the_good_rows():
    one = recipe("modern")
    assert (one.height, one.width, one.ids, one.images, one.epochs) == (256, 128, 16, 4, 120)
    assert (one.optimizer, one.lr, one.last_stride, one.bnneck, one.erase) == ("adam", 3.5e-4, 1, True, 0.5)
    assert one.loss == "softmax(smoothing=0.1) + triplet(margin=0.3, mining=hard)"


def test_the_two_stages_fit_each_other():
    first, second = recipe("arcmargin"), recipe("eml")
    for name in ("backbone", "embedding", "size", "pooling", "bnneck", "last_stride", "ibn"):
        assert getattr(first, name) == getattr(second, name)
    assert (first.sampler, first.batch, first.iterations, first.steps) == ("plain", 256, 12_000, (5000, 7000, 9000))
    assert (second.sampler, second.ids * second.images, second.steps) == ("pk", 64, (3000, 6000, 9000))
    assert (first.optimizer, first.momentum, first.weight_decay, first.lr) == ("sgd", 0.9, 1e-4, 1e-3)


def test_a_file_has_the_names_of_the_flags(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('last-stride = 2\nlr = 1\nsteps = [3, 5]\nhold-out = 0.2\nibn = true\npeople = ["s.json:fit"]\n')
    found = read_recipe(str(path))
    assert found == {
        "last_stride": 2, "lr": 1.0, "steps": (3, 5), "hold_out": "0.2", "ibn": True, "people": ("s.json:fit",),
    }  # fmt: skip
    assert isinstance(found["lr"], float)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("learning-rate = 1", "there is no setting learning-rate; there are data, people"),
        ("last-strid = 1", "did you mean last-stride"),
        ('lr = "1"', "lr is '1'; write a number"),
        ("epochs = 1.5", "epochs is 1.5; write a whole number"),
        ("epochs = true", "epochs is True; write a whole number"),
        ("ibn = 1", "ibn is 1; write true or false"),
        ("loss = 3", "loss is 3; write a text in quotes"),
        ("steps = 40", "steps is 40; write a list"),
        ("steps = [1.5]", "steps is 1.5; write a whole number"),
        ("epochs = 3\niterations = 5", "epochs and iterations are both set"),
        ("lr = = 1", "is no TOML file"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, text, message):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message) as error:
        read_recipe(str(path))
    assert str(path) in str(error.value)


def test_a_recipe_that_is_not_there_lists_those_that_are(tmp_path):
    with pytest.raises(ConfigError, match=", ".join(RECIPES)):
        read_recipe(str(tmp_path / "absent.toml"))


def test_a_length_replaces_the_other_kind_of_length():
    assert layered({"epochs": 3}, {"iterations": 40}) == {"iterations": 40}
    assert layered({"iterations": 40, "lr": 1.0}, {"epochs": 3}, {"lr": 0.5}) == {"epochs": 3, "lr": 0.5}
    assert layered({"iterations": 40}, {"lr": 0.5}) == {"iterations": 40, "lr": 0.5}


def test_settings_come_back_from_json(tmp_path):
    one = TrainSettings(data=("a", "b"), steps=(3, 5), weights=None, iterations=9)
    assert TrainSettings(**checked(one.to_json(), complete=True)) == one
    assert kept_settings(tmp_path) == {}
    for text in ("[1]", "{", '{"epoch": 1}'):
        (tmp_path / "settings.json").write_text(text)
        with pytest.raises(ConfigError, match=r"settings\.json"):
            kept_settings(tmp_path)
