"""Batches: what is in them, the same however they are made, and a clean end."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from gallery.errors import ConfigError, SourceError
from tests.conftest import REPOSITORY
from tests.training.pictures import draw, market
from training.augmentation import Augmentation
from training.image_memory import ImageMemory
from training.loader import Loader, to_tensor
from training.readers import read_training_set
from training.samplers import InOrder, PKSampler, PlainSampler
from training.samples import TrainingSet

SMALL = Augmentation(32, 16, padding=2, jitter=0.5, mix=0.3)


@pytest.fixture
def data(tmp_path) -> TrainingSet:
    names = [f"{person:04}_c{camera}_{k}" for person in range(1, 7) for camera in (1, 2) for k in range(2)]
    return read_training_set(market(tmp_path, train=tuple(names)))


def digest(batches) -> list[tuple[bytes, ...]]:
    return [tuple(array.tobytes() for array in (b.images, b.labels, b.cameras, b.indices)) for b in batches]


def test_a_batch_by_hand(data):
    (batch, *_) = Loader(data, InOrder(data, 5), Augmentation.none(32, 16), workers=0).epoch(0)
    assert batch.images.shape == (5, 3, 32, 16)
    assert batch.images.dtype == np.float32
    assert batch.indices.tolist() == [0, 1, 2, 3, 4]
    assert batch.labels.tolist() == [0, 0, 0, 0, 1]
    assert batch.cameras.tolist() == [0, 0, 1, 1, 0]
    blue, green, red = cv2.resize(cv2.imread(str(data.samples[3].path)), (16, 32))[20, 3] / 255
    expected = [(red - 0.485) / 0.229, (green - 0.456) / 0.224, (blue - 0.406) / 0.225]
    assert batch.images[3, :, 20, 3] == pytest.approx(expected, abs=1e-6)


def test_the_tensor_is_the_formula_for_all_values():
    picture = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    slow = ((picture[:, :, ::-1] / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]).transpose(2, 0, 1)
    assert np.abs(to_tensor([picture, picture]) - slow).max() < 2e-7


@pytest.mark.parametrize("cache_bytes", [0, 3000, 1 << 20])
@pytest.mark.parametrize("workers", [0, 1, 3])
def test_batches_do_not_depend_on_workers_or_memory(data, workers, cache_bytes):
    sampler = PKSampler(data, people=3, images=2, seed=1)
    expected = digest(Loader(data, sampler, SMALL, 7, 0).epoch(2))
    loader = Loader(data, sampler, SMALL, 7, workers, cache_bytes=cache_bytes)
    list(loader.epoch(0))
    assert digest(loader.epoch(2)) == expected
    assert digest(loader.epoch(2, first=2)) == expected[2:]
    assert len(expected) == 4


def test_seed_epoch_position_and_rank_change_a_picture(data):
    class Same:
        """The same image in every place."""

        def __init__(self, rank: int = 0) -> None:
            self.rank = rank

        def epoch(self, number: int) -> list:
            return [np.array([0, 0]), np.array([0, 0])]

    pictures = {
        picture.tobytes()
        for seed in (0, 1)
        for rank in (0, 1)
        for epoch in (0, 1)
        for batch in Loader(data, Same(rank), Augmentation(32, 16, padding=2, erase=1), seed).epoch(epoch)
        for picture in batch.images
    }
    assert len(pictures) == 32


def test_in_order_gives_every_image_once_and_a_short_last_batch(data):
    batches = list(Loader(data, InOrder(data, 10), Augmentation.none(32, 16), workers=2).epoch(5))
    assert [len(batch.labels) for batch in batches] == [10, 10, 4]
    assert np.concatenate([batch.indices for batch in batches]).tolist() == list(range(24))


def test_kept_images_are_read_once(data):
    loader = Loader(data, InOrder(data, 10), Augmentation.none(32, 16), workers=2, cache_bytes=24 * 12 * 24 * 3)
    expected = digest(loader.epoch(0))
    assert len(loader.memory) == 24
    assert loader.memory.bytes_kept == 24 * 12 * 24 * 3
    for sample in data.samples:
        sample.path.unlink()
    assert digest(loader.epoch(1)) == expected


def test_memory_keeps_to_its_room(tmp_path):
    small, large = draw(tmp_path / "a.png", 1), draw(tmp_path / "b.png", 2, width=40, height=80)
    memory = ImageMemory(limit_bytes=2000)
    for _ in range(2):
        assert memory.read(large).shape == (80, 40, 3)
        assert memory.read(small).shape == (24, 12, 3)
    assert len(memory) == 1
    assert memory.bytes_kept == 864
    with pytest.raises(ValueError, match="read-only"):
        memory.read(small)[0, 0] = 0


@pytest.mark.parametrize("workers", [0, 2])
def test_an_image_that_vanishes_is_named(data, workers):
    data.samples[17].path.unlink()
    loader = Loader(data, InOrder(data, 4), SMALL, workers=workers)
    with pytest.raises(
        SourceError, match=f"{data.samples[17].path.name} does not exist, though .* put it back and resume"
    ):
        list(loader.epoch(0))
    assert loader_threads() == []


@pytest.mark.parametrize("workers", [0, 2])
def test_an_image_that_is_damaged_meanwhile_is_named(data, workers):
    data.samples[3].path.write_bytes(data.samples[3].path.read_bytes()[:50])
    with pytest.raises(SourceError, match=r"is damaged or cut off .*, though it was whole"):
        list(Loader(data, InOrder(data, 4), SMALL, workers=workers).epoch(0))


def loader_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("loader")]


def test_a_loop_that_is_left_leaves_no_thread(data):
    epoch = Loader(data, PlainSampler(data, batch=2), SMALL, workers=3).epoch(0)
    next(epoch)
    assert loader_threads()
    epoch.close()
    assert loader_threads() == []


def test_ctrl_c_ends_a_training_at_once_and_leaves_no_process(tmp_path):
    market(tmp_path, train=tuple(f"{person:04}_c1_{k}" for person in range(8) for k in range(4)))
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from training.augmentation import Augmentation\n"
        "from training.loader import Loader\n"
        "from training.readers import read_training_set\n"
        "from training.samplers import PKSampler\n"
        "data = read_training_set(Path(sys.argv[1]))\n"
        "loader = Loader(data, PKSampler(data, people=4, images=4), Augmentation(mix=1), workers=3)\n"
        "for epoch in range(10**6):\n"
        "    for batch in loader.epoch(epoch):\n"
        "        print('batch', flush=True)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    )  # fmt: skip
    with process:
        assert process.stdout.readline() == "batch\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT
    assert errors.strip().splitlines()[-1] == "KeyboardInterrupt"
    assert errors.count("Traceback") == 1
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


@pytest.mark.parametrize("options", [{"workers": -1}, {"seed": -1}, {"cache_bytes": -1}])
def test_negative_numbers_are_refused(data, options):
    with pytest.raises(ConfigError, match=r"-1 .*too small"):
        Loader(data, InOrder(data), SMALL, **options)


def test_nothing_heavy_is_loaded_for_data():
    code = "import sys, training.loader, training.prepare; print('paddle' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=REPOSITORY, check=True)
    assert done.stdout == "False\n"


def test_paths_with_odd_names(tmp_path):
    path = draw(tmp_path / "plain.png").rename(tmp_path / "0001_c1_ä b;c.png")
    data = TrainingSet.of([(Path(path), "1", "1")])
    assert len(list(Loader(data, InOrder(data), SMALL, workers=1).epoch(0))) == 1
