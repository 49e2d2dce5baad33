"""The parts of a run: each setting changes what is learned, and those that say how it is computed do not."""

import json
from dataclasses import fields

import pytest

from tests.training.pictures import market
from tests.training.runs import losses, settings, weights
from training.loop import train
from training.network_settings import NetworkSettings
from training.run import build_sampler, network_settings
from training.samplers import CameraBalancedPKSampler, PKSampler, PlainSampler
from training.samples import TrainingSet
from training.train_settings import HOW_ONLY, TrainSettings
from training.world import World

FOUR = {"iterations": 4, "warmup": 1, "steps": (2,), "schedule": "piecewise", "validate_every": 4, "ema": 0.0}

CHANGES = {
    "people": "fit",
    "hold_out": "0.5",
    "backbone": "PPLCNet_x0_25",
    "embedding": 4,
    "pooling": "gem",
    "bnneck": False,
    "last_stride": 2,
    "relu": True,
    "size": "48x32",
    "loss": "softmax",
    "ids": 4,
    "images": 3,
    "optimizer": "sgd",
    "lr": 1e-3,
    "weight_decay": 0.5,
    "warmup": 0,
    "schedule": "cosine",
    "steps": (3,),
    "factor": 0.5,
    "flip": 1.0,
    "crop": 0.0,
    "padding": 5,
    "erase": 1.0,
    "erase_fill": "mean",
    "jitter": 1.0,
    "augmix": 1.0,
    "clip": 0.001,
    "seed": 1,
}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """People with three images in one camera and two in another."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "splits.json").write_text(json.dumps({"fit": [1, 2, 3, 4, 5, 6]}))
    seen = ((1, 0), (1, 1), (1, 2), (2, 0), (2, 1))
    names = [f"{person:04}_c{camera}_{k}" for person in range(1, 9) for camera, k in seen]
    return market(folder, train=tuple(names)) / "bounding_box_train"


def learned(data, folder, **values):
    if "people" in values:
        values["people"] = (f"{data.parent}/splits.json:{values['people']}",)
    train(settings(data, **(FOUR | values)), folder)
    return losses(folder)[1:]


@pytest.fixture(scope="module")
def base(data, tmp_path_factory):
    return learned(data, tmp_path_factory.mktemp("base") / "run")


@pytest.mark.parametrize("name", CHANGES)
def test_a_setting_changes_what_is_learned(data, base, tmp_path, name):
    assert learned(data, tmp_path / "run", **{name: CHANGES[name]}) != base


def test_momentum_and_batch_change_what_is_learned(data, tmp_path):
    sgd = {"optimizer": "sgd"}
    assert learned(data, tmp_path / "a", **sgd) != learned(data, tmp_path / "b", **sgd, momentum=0.1)
    plain = {"sampler": "plain", "loss": "softmax"}
    assert learned(data, tmp_path / "c", **plain, batch=8) != learned(data, tmp_path / "d", **plain, batch=9)


def test_a_balanced_sampler_gives_other_batches(data, tmp_path):
    assert learned(data, tmp_path / "a", images=3) != learned(data, tmp_path / "b", images=3, sampler="camera")


def test_a_teacher_is_listened_to(data, tmp_path):
    rows = learned(data, tmp_path / "run", teacher="stripes", loss="softmax + distill")
    assert losses(tmp_path / "run")[0][-1] == "distill"
    assert all(0 < float(row[-1]) < 2 for row in rows)
    total, softmax, distill = map(float, rows[0][3:])
    assert total == pytest.approx(softmax + distill, rel=1e-5)


def test_an_average_is_another_network(data, tmp_path):
    assert learned(data, tmp_path / "a") == learned(data, tmp_path / "b", ema=0.5)
    assert weights(tmp_path / "a" / "best.npz") != weights(tmp_path / "b" / "best.npz")


@pytest.mark.parametrize("how", [{"workers": 3}, {"cache_mb": 1}, {"save_seconds": 0.0}], ids=str)
def test_how_it_is_computed_changes_nothing(data, base, tmp_path, how):
    assert set(how) <= HOW_ONLY
    assert learned(data, tmp_path / "run", **how) == base


def test_all_that_makes_a_network_reaches_it():
    values = {
        "backbone": "ResNet50", "embedding": 7, "pooling": "gem", "bnneck": False, "last_stride": 2, "ibn": True,
        "non_local": True, "relu": True, "unpadded_pool": True,
    }  # fmt: skip
    found = network_settings(TrainSettings(data=("x",), size="64x48", **values))
    assert found == NetworkSettings(**values, height=64, width=48)
    assert set(values) | {"height", "width"} == {field.name for field in fields(NetworkSettings)}


def test_the_sampler_is_that_of_its_name_and_process():
    from pathlib import Path

    people = TrainingSet.of((Path(f"{k}.jpg"), str(k % 4), str(k % 3)) for k in range(24))
    for name, kind in (("pk", PKSampler), ("camera", CameraBalancedPKSampler), ("plain", PlainSampler)):
        one = TrainSettings(data=("x",), sampler=name, ids=2, images=3, batch=6, seed=5)
        made = build_sampler(one, people, World(1, 2))
        assert type(made) is kind
        assert (made.seed, made.rank, made.world) == (5, 1, 2)
        assert {len(batch) for batch in made.epoch(0)} == {6}
