"""Boxes of low confidence: a network gives them, a track goes on with them, and nobody looks at them."""

import numpy as np
import pytest

from gallery.store import Gallery
from ingest.detector import Detections, DetectorIdentity
from ingest.effort import EVERYTHING, Effort
from ingest.follower import Follower
from ingest.frame import Frame
from ingest.pedestrian_tracker import pedestrian_tracker
from ingest.people import cut_out, look
from ingest.runtime import Tensor
from ingest.sidecar import InputFormat, Network
from ingest.ssd import SsdDetector
from ingest.watch import Watch
from tests.ingest.walkers import BLUE, NOON, BrightDetector, Clip, ColourEmbedder, content, ingest

SURE = 0.9


class WaveringDetector(BrightDetector):
    """Is sure of people until they are 40 pixels from the left, and less from there on."""

    def __init__(self, *, sure_confidence: float) -> None:
        super().__init__()
        self.identity = DetectorIdentity("wavering", "w" * 64, f"sure={sure_confidence}", sure_confidence)

    def find(self, image):
        found = super().find(image)
        return Detections(found.boxes, np.where(found.boxes[:, 0] < 40, 0.95, 0.4).astype(np.float32))


class CountingEmbedder(ColourEmbedder):
    """Counts the crops it is given."""

    crops = 0

    def embed(self, crops):
        self.crops += len(crops)
        return super().embed(crops)


@pytest.fixture
def gallery(tmp_path):
    with Gallery.open(tmp_path / "gallery", create=True) as opened:
        yield opened


def run(gallery, sure_confidence, effort=EVERYTHING):
    embedder = CountingEmbedder()
    tracker = pedestrian_tracker(embedder.thresholds, 25.0, sure_confidence=sure_confidence)
    detector = WaveringDetector(sure_confidence=sure_confidence)
    result = ingest(gallery, Clip(60, (BLUE,)), detector, embedder, tracker, effort=effort)
    (row,) = gallery.tracklets()
    return result, gallery.tracklet(row.id), embedder.crops


@pytest.mark.parametrize("effort", [EVERYTHING, Effort(embed="needed", skip_still=False)], ids=["all", "needed"])
def test_a_track_goes_on_with_boxes_that_nobody_looks_at(gallery, effort):
    result, tracklet, crops = run(gallery, SURE, effort)
    assert tracklet.trajectory.frames.tolist() == list(range(60))
    sure_frames = int((tracklet.trajectory.confidences >= SURE).sum())
    assert (result.detections, sure_frames) == (15, 15)  # 10 + 2 k < 40
    assert crops <= 15
    assert all(crop.frame < 15 for crop in tracklet.crops)
    assert np.linalg.norm(tracklet.vectors, axis=1) == pytest.approx(np.ones(len(tracklet.vectors)), abs=1e-3)


def test_a_detector_without_such_boxes_is_sure_of_all(gallery):
    result, tracklet, crops = run(gallery, 0.0)
    assert (result.detections, len(tracklet.trajectory), crops) == (60, 60, 60)


def test_an_ingest_that_goes_on_in_the_middle_is_the_same(gallery, tmp_path):
    run(gallery, SURE)
    with Gallery.open(tmp_path / "other", create=True) as other:
        for stop in (2, 5):
            embedder = ColourEmbedder(fails_after=stop)
            parts = WaveringDetector(sure_confidence=SURE), embedder
            with pytest.raises(InterruptedError):
                ingest(
                    other,
                    Clip(60, (BLUE,)),
                    *parts,
                    pedestrian_tracker(embedder.thresholds, 25.0, sure_confidence=SURE),
                    commit_seconds=0.0,
                )
        run(other, SURE)
        assert content(other) == content(gallery)


def test_unsure_people_get_no_vector():
    frames = list(Clip(30, (BLUE,)).frames())
    watch = Watch(WaveringDetector(sure_confidence=SURE), EVERYTHING, 25.0)
    for frame, (detections, vectors) in zip(frames, look(frames, watch, ColourEmbedder()), strict=True):
        assert len(vectors) == len(detections) == 1
        assert vectors.any() == (frame.index < 15)


def test_unsure_people_begin_no_track():
    embedder = ColourEmbedder()
    tracker = pedestrian_tracker(embedder.thresholds, 25.0, sure_confidence=1.0)
    follower = Follower("door", "k", tracker, embedder.embed, sure_confidence=1.0)
    for frame in Clip(20, (BLUE,)).frames():
        people = cut_out(frame.image, BrightDetector().find(frame.image), 1.0)
        assert not people.sure.any()
        follower.step(frame, people.detections, people.images, np.zeros((1, 3), np.float32))
        assert not follower.wanted(Frame(frame.index + 1, NOON, frame.image), people.detections).any()
    assert follower.finish() == []


class FixedRuntime:
    """An SSD that finds three people of falling confidence, whatever it sees."""

    batch, input, outputs, others = 1, Tensor("image", (1, 3, 64, 64)), (Tensor("found", (1, 1, 3, 7)),), ()

    def run(self, batch, **others):
        rows = [
            [0, 1, confidence, 0.1 + 0.3 * k, 0.1, 0.3 + 0.3 * k, 0.9] for k, confidence in enumerate((0.9, 0.3, 0.05))
        ]
        return [np.array(rows, np.float32).reshape(1, 1, 3, 7)]


@pytest.mark.parametrize(("low", "count", "sure"), [(None, 1, 0.0), (0.1, 2, 0.5), (0.01, 3, 0.5), (0.7, 1, 0.0)])
def test_a_network_gives_them_on_request(low, count, sure):
    form = InputFormat(64, 64)
    network = Network("n", "detector", "", "", "", "", form, (), decoding="ssd", confidence=0.5, person_class=1)
    detector = SsdDetector(network, FixedRuntime(), sha256="s", low_confidence=low)
    (found,) = detector.detect([np.zeros((64, 64, 3), np.uint8)])
    assert len(found) == count
    assert detector.identity.sure_confidence == sure
    assert ("low_confidence" in detector.identity.settings) is (sure > 0)
