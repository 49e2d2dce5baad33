"""One network for many threads."""

import threading

import numpy as np
import pytest

from gallery.errors import ModelError
from ingest.shared_network import Desk, SharedDetector, SharedEmbedder
from tests.ingest.walkers import BrightDetector, ColourEmbedder, CountingDetector, picture


def value(number):
    return np.full((2, 2, 3), number, np.uint8)


class Slow:
    """Answers each picture with its value; the first call waits until it is let go. Fails for 13."""

    def __init__(self):
        self.calls = []
        self.entered, self.go_on = threading.Event(), threading.Event()

    def __call__(self, images):
        values = [int(image[0, 0, 0]) for image in images]
        self.calls.append(values)
        self.entered.set()
        assert self.go_on.wait(30)
        if 13 in values:
            raise ModelError("13 is unlucky")
        return np.array(values, np.float32)[:, None]


def ask_all(slow, *asked):
    """What each of some threads got: the first finds the network free, the others while it runs."""
    turn = threading.Lock()
    desk, got = Desk(slow, turn), {}

    def ask(values):
        try:
            got[values] = desk.ask([value(number) for number in values]).ravel().tolist()
        except ModelError as error:
            got[values] = str(error)

    threads = [threading.Thread(target=ask, args=(values,)) for values in asked]
    threads[0].start()
    assert slow.entered.wait(30)
    for thread in threads[1:]:
        thread.start()
    while len(desk._waiting) < len(asked) - 1:
        assert all(thread.is_alive() for thread in threads)
    slow.go_on.set()
    for thread in threads:
        thread.join()
    assert not turn.locked()
    return got


def test_what_waits_is_answered_together():
    slow = Slow()
    got = ask_all(slow, (1,), (2, 3), (4,), (5, 6, 7))
    assert got == {(1,): [1], (2, 3): [2, 3], (4,): [4], (5, 6, 7): [5, 6, 7]}
    assert slow.calls[0] == [1]
    assert sorted(slow.calls[1]) == [2, 3, 4, 5, 6, 7]
    assert len(slow.calls) == 2


def test_who_brought_the_bad_picture_gets_the_error_and_nobody_else():
    got = ask_all(Slow(), (1,), (2, 3), (13, 4), (5,))
    assert got == {(1,): [1], (2, 3): [2, 3], (13, 4): "13 is unlucky", (5,): [5]}


def test_nothing_asked_waits_for_nobody():
    turn = threading.Lock()
    embedder = SharedEmbedder(ColourEmbedder(), turn)
    with turn:
        assert embedder.embed([]).shape == (0, 3)


def test_a_shared_network_is_the_network():
    turn = threading.Lock()
    detector, embedder = SharedDetector(BrightDetector(), turn), SharedEmbedder(ColourEmbedder(), turn)
    assert detector.identity == BrightDetector().identity
    assert (detector.resumable, detector.batch) == (True, BrightDetector.batch)
    assert (embedder.identity, embedder.thresholds) == (ColourEmbedder().identity, ColourEmbedder.thresholds)
    images = [picture(5), picture(45)]
    for found, expected in zip(detector.detect(images), BrightDetector().detect(images), strict=True):
        np.testing.assert_array_equal(found.boxes, expected.boxes)
    np.testing.assert_array_equal(embedder.embed(images), ColourEmbedder().embed(images))


def test_a_detector_that_learns_is_not_shared():
    with pytest.raises(ValueError, match="counting learns from every frame"):
        SharedDetector(CountingDetector(), threading.Lock())


@pytest.mark.shared
def test_a_crops_company_does_not_change_its_vector(models, monkeypatch):
    from ingest.models import load_detector, load_embedder

    monkeypatch.setenv("PASSERBY_MODELS", str(models))
    chance = np.random.default_rng(0)
    images = [chance.integers(0, 255, (90, 40, 3)).astype(np.uint8) for _ in range(6)]
    for name in ("person-reidentification-retail-0288", "osnet_x0_25_msmt17"):
        embedder = load_embedder(name, threads=2)
        together, backwards = embedder.embed(images), embedder.embed(images[::-1])[::-1]
        np.testing.assert_array_equal(together, backwards)
        np.testing.assert_array_equal(together, np.concatenate([embedder.embed([image]) for image in images]))
    detector = load_detector("yolox_nano", threads=2, min_confidence=0.01)
    pictures = [picture(k) for k in (5, 45)]
    for found, alone in zip(detector.detect(pictures), (detector.detect([p])[0] for p in pictures), strict=True):
        np.testing.assert_array_equal(found.boxes, alone.boxes)
