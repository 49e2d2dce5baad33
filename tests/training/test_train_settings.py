"""What a run's settings say, and what they refuse."""

import dataclasses

import pytest

from gallery.errors import ConfigError
from training.train_settings import CHOICES, RANGES, TrainSettings


def settings(**values):
    return TrainSettings(data=("here",), **values)


def test_the_length_is_counted_in_epochs_or_iterations():
    one = settings(epochs=60)
    assert (one.unit, one.length, one.warmup_length, one.milestones, one.validation_period) == (
        "epochs",
        60,
        5,
        (20, 35),
        3,
    )
    other = settings(iterations=12_000, steps=(5000,), warmup=0, validate_every=100)
    assert (other.unit, other.length, other.warmup_length) == ("iterations", 12_000, 0)
    assert (other.milestones, other.validation_period) == ((5000,), 100)


def test_a_run_of_one_epoch_has_sane_times():
    one = settings(epochs=1)
    assert (one.warmup_length, one.milestones, one.validation_period) == (0, (1,), 1)


def test_the_size_is_height_by_width():
    assert (settings(size="192x96").height, settings(size="192x96").width) == (192, 96)


@pytest.mark.parametrize(("hold_out", "share"), [("0", 0.0), ("0.25", 0.25), ("splits.json:choose", None)])
def test_hold_out_is_a_share_or_a_list(hold_out, share):
    assert settings(hold_out=hold_out).hold_out_share == share


def test_every_number_has_a_range_and_every_word_its_choices():
    numbers = {field.name for field in dataclasses.fields(TrainSettings) if field.type in ("int", "float", int, float)}
    assert numbers | {"warmup"} == set(RANGES)
    for name, (least, most) in RANGES.items():
        for value in (least - 1, most + 1, float("nan")):
            with pytest.raises(ConfigError, match=f"{name} is"):
                settings(**{name: value})
    for name in CHOICES:
        with pytest.raises(ConfigError, match=f"{name} is 'other'; use one of"):
            settings(**{name: "other"})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"size": "256"}, "size is '256'; write height and width like 256x128"),
        ({"hold_out": "1"}, "hold_out is 1; use 0 to 0.9"),
        ({"hold_out": "nan"}, "hold_out is nan; use 0 to 0.9"),
        ({"epochs": 10, "steps": (5, 10)}, "steps 10 lies beyond the run's 10 epochs"),
        ({"iterations": 5, "warmup": 7}, "warmup 7 lies beyond the run's 5 iterations"),
        ({"steps": (40, 40)}, "write them in rising order"),
        ({"steps": (0, 40)}, "from 1 on"),
    ],
)
def test_what_cannot_be_is_refused(values, message):
    with pytest.raises(ConfigError, match=message.replace(".", r"\.")):
        settings(**values)


def test_without_data_there_is_nothing_to_learn():
    with pytest.raises(ConfigError, match="nothing to learn from"):
        TrainSettings(data=())
