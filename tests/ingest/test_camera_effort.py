"""The write path with less effort: what is left out, what comes of it, and that an interruption changes nothing."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from gallery.check import check
from gallery.store import Gallery
from ingest.effort import EVERYTHING, Effort
from ingest.frame import Frame
from ingest.pedestrian_tracker import pedestrian_tracker
from tests.ingest.walkers import (
    BLUE,
    FRAMES,
    GREEN,
    NOON,
    BrightDetector,
    Clip,
    ColourEmbedder,
    content,
    ingest,
)

EFFORTS = {
    "still": replace(EVERYTHING, skip_still=True),
    "every third": replace(EVERYTHING, detect_fps=8),
    "needed": replace(EVERYTHING, embed="needed"),
    "all of it": Effort(detect_fps=12.5, skip_still=True, embed="needed"),
}


class Pausing(Clip):
    """Somebody walks in, stands still for two seconds, and walks on; nothing flickers."""

    def frames(self, first=0):
        for index in range(first, FRAMES):
            if index == self.fails_at:
                raise InterruptedError("the test pulled the plug")
            image = np.full((220, 200, 3), 20, np.uint8)
            left = 10 + 2 * (min(index, 25) + max(index - 75, 0))
            image[75:135, left : left + 24] = (250, 60, 60)
            self.given.append(index)
            yield Frame(index, NOON + timedelta(seconds=index / 25), image)


class Witness(BrightDetector):
    """Counts the frames that it sees."""

    def __init__(self):
        super().__init__()
        self.seen = 0

    def detect(self, images):
        self.seen += len(images)
        return super().detect(images)


class CountingEmbedder(ColourEmbedder):
    """Counts the crops."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.crops = 0

    def embed(self, crops):
        self.crops += len(crops)
        return super().embed(crops)


@pytest.fixture
def gallery(tmp_path):
    with Gallery.open(tmp_path / "gallery", create=True) as opened:
        yield opened


def run(gallery, source, effort, **options):
    """The result, the frames searched and the crops embedded."""
    detector, embedder = Witness(), options.pop("embedder", None) or CountingEmbedder()
    tracker = pedestrian_tracker(embedder.thresholds, effort.searched_rate(25.0))
    result = ingest(gallery, source, detector, embedder, tracker, effort=effort, **options)
    return result, detector.seen, embedder.crops


def boxes_of(gallery):
    return {row.id: gallery.tracklet(row.id).trajectory for row in gallery.tracklets()}


def test_still_frames_are_not_searched_and_the_person_stays(gallery, tmp_path):
    result, seen, _ = run(gallery, Pausing(), EFFORTS["still"])
    # 51 frames in which somebody moves, and one of the 50 still ones for each second.
    assert 50 <= seen <= 55
    assert result.detections == FRAMES
    with Gallery.open(tmp_path / "other", create=True) as other:
        assert run(other, Pausing(), EVERYTHING)[1] == FRAMES
        (expected,), (found,) = (list(boxes_of(one).values()) for one in (other, gallery))
    np.testing.assert_array_equal(found.frames, expected.frames)
    np.testing.assert_array_equal(found.boxes, expected.boxes)


def test_boxes_between_searched_frames_lie_between(gallery):
    result, seen, _ = run(gallery, Clip(60, (BLUE,)), EFFORTS["every third"])
    assert seen == 20
    assert (result.frames, result.detections) == (60, 20)
    (found,) = boxes_of(gallery).values()
    # Searched are 0, 3, ... 57; nothing is known of the two frames after the last.
    assert found.frames.tolist() == list(range(58))
    np.testing.assert_allclose(found.boxes[:, 0], 10 + 2 * np.arange(58), atol=1e-4)
    one = gallery.tracklet(gallery.tracklets()[0].id)
    assert np.abs(one.times - one.times[0] - 40_000 * np.arange(58)).max() <= 1
    assert all(crop.frame % 3 == 0 for crop in one.crops)


def test_only_crops_that_add_something_are_embedded(gallery, tmp_path):
    result, _, crops = run(gallery, Clip(60, (BLUE,)), EFFORTS["needed"])
    with Gallery.open(tmp_path / "other", create=True) as other:
        assert run(other, Clip(60, (BLUE,)), EVERYTHING)[2] == 60
        (expected,), (found,) = (list(boxes_of(one).values()) for one in (other, gallery))
        whole = other.tracklet(other.tracklets()[0].id)
    assert result.detections == 60
    np.testing.assert_array_equal(found.boxes, expected.boxes)
    one = gallery.tracklet(gallery.tracklets()[0].id)
    # Three until the track is confirmed, one for each half second after that, and the kept crops.
    assert crops <= 3 + 60 / 12.5 + len(one.crops)
    assert [crop.frame for crop in one.crops] == [crop.frame for crop in whole.crops]
    np.testing.assert_allclose(np.linalg.norm(one.vectors, axis=1), 1, atol=1e-3)  # kept in half precision
    assert (one.vectors * whole.vectors).sum(axis=1).min() > 0.999


def test_people_who_cross_are_looked_at(gallery):
    crossing = replace(GREEN, top=80)
    _, _, crops = run(gallery, Clip(60, (BLUE, crossing)), EFFORTS["needed"])
    with Gallery.open(gallery.folder.parent / "apart", create=True) as other:
        _, _, apart = run(other, Clip(60, (BLUE, GREEN)), EFFORTS["needed"])
    assert crops > apart + 5


CASES = [("still", Pausing), ("every third", Clip), ("needed", Clip), ("all of it", Clip), ("all of it", Pausing)]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The tracklets of each case, ingested in one go."""
    found = {}
    for name, clip in CASES:
        with Gallery.open(tmp_path_factory.mktemp("undisturbed") / "gallery", create=True) as gallery:
            run(gallery, clip(), EFFORTS[name])
            found[name, clip] = content(gallery)
            assert found[name, clip]
    return found


@pytest.mark.parametrize(("name", "clip"), CASES)
def test_an_interrupted_ingest_ends_like_an_undisturbed_one(gallery, undisturbed, name, clip):
    for fails_at in (5, 20, 37, 61, 90):
        source = clip()
        source.fails_at = fails_at
        with pytest.raises(InterruptedError):
            run(gallery, source, EFFORTS[name], commit_seconds=0)
    source = clip()
    run(gallery, source, EFFORTS[name], commit_seconds=0)
    assert source.given[0] > 60
    assert content(gallery) == undisturbed[name, clip]
    assert check(gallery, deep=True).problems == ()


def test_an_embedder_that_fails_between_two_frames_changes_nothing(gallery, undisturbed):
    for batches in (0, 3, 5, 9):
        with pytest.raises(InterruptedError):
            run(gallery, Clip(), EFFORTS["needed"], embedder=CountingEmbedder(fails_after=batches), commit_seconds=0)
    run(gallery, Clip(), EFFORTS["needed"])
    assert content(gallery) == undisturbed["needed", Clip]


@pytest.mark.parametrize("name", list(EFFORTS))
def test_another_effort_is_another_ingest(gallery, name):
    run(gallery, Clip(30, (BLUE,)), EVERYTHING)
    assert not run(gallery, Clip(30, (BLUE,)), EFFORTS[name])[0].already_done
    assert run(gallery, Clip(30, (BLUE,)), EFFORTS[name])[0].already_done
    assert len(gallery.tracklets()) == 2
