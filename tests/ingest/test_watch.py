"""Which frames the detector sees."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from gallery.errors import ConfigError
from ingest.detector import Detections
from ingest.effort import EVERYTHING, Effort
from ingest.frame import Frame
from ingest.watch import Watch
from tests.ingest.walkers import NOON, BrightDetector, CountingDetector, Walker, picture


class Witness(BrightDetector):
    """Remembers how many images came with each call."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def detect(self, images):
        self.calls.append(len(images))
        return super().detect(images)


STANDING = Walker((250, 60, 60), 0, 99, 60, 75, 0.0)


def frames(first, last, step=0.0, at=25.0):
    """Frames of one person, without the flicker: only ``step`` moves."""
    shown = []
    for index in range(first, last):
        image = np.full((220, 200, 3), 20, np.uint8)
        left = round(60 + step * index)
        image[75:135, left : left + 24] = (250, 60, 60)
        shown.append(Frame(index, NOON + timedelta(seconds=index / at), image))
    return shown


def watch(**effort):
    return Watch(Witness(), replace(EVERYTHING, **effort), 25.0)


def lefts(found):
    return [None if detections is None else detections.boxes[:, 0].tolist() for detections in found]


def test_every_frame_is_searched_at_once():
    seen = watch()
    assert lefts(seen.detect(frames(0, 4, step=2))) == [[60], [62], [64], [66]]
    assert seen.detector.calls == [4]


def test_every_third_frame_across_blocks():
    seen = watch(detect_fps=8)
    found = [lefts(seen.detect(frames(start, start + 4, step=1))) for start in (0, 4, 8)]
    assert found == [[[60], None, None, [63]], [None, None, [66], None], [None, [69], None, None]]
    assert seen.detector.calls == [2, 1, 1]


def test_still_frames_keep_the_people_of_the_last_searched_one():
    seen = watch(skip_still=True)
    assert lefts(seen.detect(frames(0, 8))) == [[60]] * 8
    assert lefts(seen.detect(frames(8, 16))) == [[60]] * 8
    assert seen.detector.calls == [1, 0]


def test_moving_frames_are_searched():
    seen = watch(skip_still=True)
    assert lefts(seen.detect(frames(0, 4, step=3))) == [[60], [63], [66], [69]]
    assert seen.detector.calls == [4]


def test_nobody_stays_nobody():
    empty = [Frame(k, NOON, np.full((220, 200, 3), 20, np.uint8)) for k in range(4)]
    seen = watch(skip_still=True)
    assert lefts(seen.detect(empty)) == [[]] * 4
    assert seen.detector.calls == [1]


def test_still_and_every_second_together():
    seen = watch(skip_still=True, detect_fps=12.5)
    assert lefts(seen.detect(frames(0, 6))) == [[60], None, [60], None, [60], None]
    assert seen.detector.calls == [1]


@pytest.mark.parametrize("effort", [{"skip_still": True}, {"detect_fps": 8}, {"skip_still": True, "detect_fps": 12.5}])
@pytest.mark.parametrize("cut", [4, 8, 12])
def test_gone_on_from_its_state_it_sees_the_same(effort, cut):
    walk = frames(0, 20, step=0.4)
    whole = watch(**effort)
    expected = [lefts(whole.detect(walk[k : k + 4])) for k in range(0, 20, 4)]
    first, second = watch(**effort), watch(**effort)
    begun = [lefts(first.detect(walk[k : k + 4])) for k in range(0, cut, 4)]
    second.restore(first.state())
    assert begun + [lefts(second.detect(walk[k : k + 4])) for k in range(cut, 20, 4)] == expected
    assert first.detector.calls + second.detector.calls == whole.detector.calls


def test_a_detector_that_learns_sees_still_frames_too():
    seen = Watch(CountingDetector(), Effort(skip_still=True), 25.0)
    seen.detect(frames(0, 8))
    assert seen.detector.seen == 8
    assert not seen.resumable


def test_a_detector_that_learns_can_leave_none_out():
    with pytest.raises(ConfigError, match=r"counting learns from every frame.*--detect-fps"):
        Watch(CountingDetector(), Effort(detect_fps=5), 25.0)
    assert Watch(CountingDetector(), Effort(detect_fps=25), 25.0).stride == 1


def test_the_settings_say_what_is_left_out():
    texts = {watch(**e).settings for e in ({}, {"detect_fps": 5}, {"skip_still": True})}
    assert len(texts) == 3


def test_the_detections_are_the_very_ones():
    (found,) = watch().detect(frames(0, 1))
    assert isinstance(found, Detections)
    np.testing.assert_array_equal(found.boxes, BrightDetector().find(picture(0, (STANDING,))).boxes)
