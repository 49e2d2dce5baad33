"""The parts of a run: each setting changes what is learned, and those that say how it is computed do not."""

import json
import threading
from dataclasses import fields

import numpy as np
import pytest

from ingest.paddle_library import paddle
from ingest.stripes import StripesEmbedder
from tests.training.pictures import market
from tests.training.runs import losses, settings, weights
from training import run
from training.augmentation import Augmentation
from training.distillation import Teacher
from training.loader import Loader
from training.loop import train
from training.network_settings import NetworkSettings
from training.readers import read_training_set
from training.run import (
    build_learner,
    build_loader,
    build_network_and_teacher,
    build_sampler,
    image_reader,
    network_settings,
)
from training.samplers import CameraBalancedPKSampler, InOrder, PKSampler, PlainSampler
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


def arrays(layer):
    return {name: value.numpy().tobytes() for name, value in layer.state_dict().items()}


def test_the_seed_is_that_of_all_that_is_drawn(data, monkeypatch):
    found = {}

    class Learner:
        def __init__(self, network, objective, **options):
            self.objective, self.seed = objective, options["seed"]

    monkeypatch.setattr(run, "Learner", Learner)
    for seed in (3, 3, 4):
        one = settings(data, seed=seed, loss="arcmargin + triplet", erase=1.0)
        network, _ = build_network_and_teacher(one)
        learner = build_learner(one, network, None, 8, World())
        loader = build_loader(one, read_training_set(data), World())
        assert (learner.seed, loader.sampler.seed, loader.seed) == (seed, seed, seed)
        drawn = arrays(network), arrays(learner.objective), next(loader.epoch(0)).images.tobytes()
        assert found.setdefault(seed, drawn) == drawn
    assert all(one != other for one, other in zip(found[3], found[4], strict=True))


def test_workers_and_memory_are_as_many_as_asked_for(data):
    people = read_training_set(data)
    for workers, cache_mb in ((0, 0), (1, 1)):
        one = settings(data, workers=workers, cache_mb=cache_mb)
        loader = build_loader(one, people, World())
        batches, validated = loader.epoch(0), image_reader(one)(people)
        next(batches)
        next(validated)
        threads = [thread for thread in threading.enumerate() if thread.name.startswith("loader")]
        assert len(threads) == 2 * workers  # of the training, and of the validation
        assert (loader.memory.bytes_kept > 0) == (cache_mb > 0)
        batches.close()
        validated.close()


def test_people_who_are_held_out_are_seen_at_the_networks_size(data):
    people = read_training_set(data)
    (seen,) = image_reader(settings(data, size="64x48", flip=1.0, erase=1.0, jitter=1.0))(people)
    (expected,) = Loader(people, InOrder(people), Augmentation.none(64, 48)).epoch(0)
    np.testing.assert_array_equal(seen, expected.images)


@pytest.mark.parametrize(("amp", "cast"), [("off", (False, "float16")), ("bf16", (True, "bfloat16"))])
def test_half_precision_reaches_the_network(data, monkeypatch, amp, cast):
    network, _ = build_network_and_teacher(settings(data))
    one = build_learner(settings(data, amp=amp, device="cuda"), network, None, 8, World())
    asked, cast_of_paddle = [], paddle.amp.auto_cast

    def auto_cast(enable=True, dtype="float16", level="O1"):
        asked.append((enable, dtype))
        return cast_of_paddle(enable=False)

    monkeypatch.setattr(paddle.amp, "auto_cast", auto_cast)
    one.learn(np.ones((6, 3, 32, 32), np.float32), np.arange(6) // 2, rate=0.1, step=0)
    assert asked[0] == cast


def test_a_teacher_is_where_the_network_is(data, monkeypatch):
    asked = []

    def load(names, *, device):
        asked.append((names, device))
        return Teacher([StripesEmbedder()])

    monkeypatch.setattr(run, "load_teacher", load)
    for device in ("cpu", "cuda"):
        build_network_and_teacher(settings(data, teacher="stripes", device=device))
    assert asked == [("stripes", "cpu"), ("stripes", "cuda")]


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
