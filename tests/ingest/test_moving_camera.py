"""A camera that pans over people: with its motion taken out they stay who they are."""

import cv2
import numpy as np
import pytest

from gallery.store import Gallery
from ingest.frame import Frame
from tests.ingest.test_camera_motion import wall
from tests.ingest.walkers import BrightDetector, Clip, ColourEmbedder, content, ingest

WIDE = cv2.addWeighted(wall(3, (1600, 260)), 0.35, np.zeros((260, 1600, 3), np.uint8), 0, 0)
"""A dim wall, so that only people are bright."""


class Pan(Clip):
    """Somebody stands before a wall; the camera stands still, swings 35 pixels a frame for a while, and stops."""

    def __init__(self) -> None:
        super().__init__(40, ())
        self.width, self.height = 400, 260

    def shift(self, index: int) -> int:
        return 35 * min(max(index - 12, 0), 8)

    def frames(self, first: int = 0):
        for frame in super().frames(first):
            scene = WIDE.copy()
            cv2.rectangle(scene, (300, 90), (324, 150), (250, 60, 60), cv2.FILLED)
            left = self.shift(frame.index)
            yield Frame(frame.index, frame.time, scene[:, left : left + 400])


@pytest.fixture
def gallery(tmp_path):
    with Gallery.open(tmp_path / "gallery", create=True) as opened:
        yield opened


def test_a_pan_breaks_a_track_unless_it_is_taken_out(gallery):
    ingest(gallery, Pan(), camera="fixed")
    ingest(gallery, Pan(), camera="moving", moving=True)
    assert len(gallery.tracklets(["fixed"])) > 1
    (row,) = gallery.tracklets(["moving"])
    assert gallery.tracklet(row.id).trajectory.frames.tolist() == list(range(40))


def test_it_is_part_of_the_key(gallery):
    once = ingest(gallery, Pan(), camera="door", moving=True)
    again = ingest(gallery, Pan(), camera="door", moving=True)
    other = ingest(gallery, Pan(), camera="door")
    assert (once.already_done, again.already_done, other.already_done) == (False, True, False)


def test_an_ingest_that_goes_on_in_the_middle_of_the_pan_is_the_same(gallery, tmp_path):
    ingest(gallery, Pan(), moving=True)
    with Gallery.open(tmp_path / "other", create=True) as other:
        with pytest.raises(InterruptedError):
            ingest(other, Pan(), BrightDetector(), ColourEmbedder(fails_after=2), moving=True, commit_seconds=0.0)
        ingest(other, Pan(), moving=True)
        assert content(other) == content(gallery)
