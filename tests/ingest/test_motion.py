"""The motion detector on people made of rectangles, with the noise and light of real cameras."""

from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ingest.background import Difference
from ingest.blobs import cut, join, shapes
from ingest.detector import Detections
from ingest.frame import Image
from ingest.motion import MotionDetector

WIDTH, HEIGHT = 320, 180
WARM_UP = 15
Box = tuple[int, int, int, int]


class Stage:
    """A wall, noise, and whoever is put before it."""

    def __init__(self, seed: int = 0, scale: int = 1) -> None:
        self.rng = np.random.default_rng(seed)
        self.scale = scale
        plate = np.full((HEIGHT, WIDTH, 3), (150, 160, 165), np.float32)
        plate[110:] = (120, 125, 128)
        plate[20:70, 60:110] = (90, 110, 150)
        self.plate = cv2.resize(plate, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST)

    def frame(self, people: Sequence[Box] = (), light: float = 1.0, shadow: Box | None = None) -> Image:
        image = self.plate.copy()
        s = self.scale
        if shadow is not None:
            left, top, right, bottom = (edge * s for edge in shadow)
            image[top:bottom, left:right] *= 0.72
        for left, top, right, bottom in people:
            knee = (top + bottom) // 2
            neck = top + (bottom - top) // 7
            side = (right - left) // 4
            image[top * s : neck * s, (left + side) * s : (right - side) * s] = (130, 165, 210)
            image[neck * s : knee * s, left * s : right * s] = (40, 50, 180)
            image[knee * s : bottom * s, left * s : right * s] = (90, 40, 30)
        image = image * light + self.rng.normal(0, 2.5, image.shape)
        return np.clip(image, 0, 255).astype(np.uint8)


def walker(t: int, top: int = 70, speed: int = 4, start: int = 10) -> Box:
    left = start + speed * t
    return left, top, left + 22, top + 66


def overlap(a: NDArray[np.float32], b: Box) -> float:
    wide = min(a[2], b[2]) - max(a[0], b[0])
    high = min(a[3], b[3]) - max(a[1], b[1])
    common = max(wide, 0) * max(high, 0)
    whole = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common
    return float(common / whole)


def warmed_up(stage: Stage, **settings: float) -> MotionDetector:
    detector = MotionDetector(**settings)  # type: ignore[arg-type]
    assert all(len(found) == 0 for found in detector.detect([stage.frame() for _ in range(WARM_UP)]))
    return detector


def only(detections: Detections) -> NDArray[np.float32]:
    assert len(detections) == 1, detections
    return detections.boxes[0]


def test_nobody_is_found_where_there_is_only_noise() -> None:
    stage = Stage()
    detector = warmed_up(stage)
    assert sum(len(found) for found in detector.detect([stage.frame() for _ in range(60)])) == 0


def test_a_walking_person_is_found_in_every_frame() -> None:
    stage = Stage()
    detector = warmed_up(stage)
    for t in range(60):
        found = detector.detect([stage.frame([walker(t)])])[0]
        assert overlap(only(found), walker(t)) > 0.8
        assert found.confidences[0] > 0.6


def test_light_that_drifts_is_no_person_and_hides_none() -> None:
    stage = Stage()
    detector = warmed_up(stage)
    for t in range(120):
        light = 1 + 0.12 * np.sin(t / 12)
        there = 30 <= t < 90
        found = detector.detect([stage.frame([walker(t - 30)] if there else [], light=light)])[0]
        if there:
            assert overlap(only(found), walker(t - 30)) > 0.7
        else:
            assert len(found) == 0


def test_who_stops_is_found_for_a_long_time_and_leaves_no_hole() -> None:
    stage = Stage()
    detector = warmed_up(stage)
    for t in range(20):
        detector.detect([stage.frame([walker(t)])])
    stopped = walker(20)
    for _ in range(150):
        assert overlap(only(detector.detect([stage.frame([stopped])])[0]), stopped) > 0.8
    assert all(len(found) == 0 for found in detector.detect([stage.frame() for _ in range(20)]))


def test_who_was_there_at_first_and_goes_is_forgotten_as_a_ghost() -> None:
    stage = Stage()
    detector = MotionDetector(ghost_frames=20)
    statue = (200, 70, 222, 136)
    detector.detect([stage.frame([statue]) for _ in range(WARM_UP)])
    gone = [len(found) for found in detector.detect([stage.frame() for _ in range(60)])]
    assert gone[0] == 1
    assert sum(gone[40:]) == 0


def test_a_shadow_is_no_person() -> None:
    stage = Stage()
    detector = warmed_up(stage)
    for t in range(30):
        shadow = (40 + 4 * t, 100, 70 + 4 * t, 170)
        assert len(detector.detect([stage.frame(shadow=shadow)])[0]) == 0


def test_two_who_cross_are_two_again_and_never_more() -> None:
    stage = Stage()
    detector = warmed_up(stage)
    counts = []
    for t in range(56):
        people = [walker(t, top=66), walker(t, top=72, speed=-4, start=250)]
        counts.append(len(detector.detect([stage.frame(people)])[0]))
    assert counts[:20] == [2] * 20
    assert counts[-15:] == [2] * 15
    assert set(counts) <= {1, 2}


def test_boxes_scale_with_the_frame() -> None:
    small, large = Stage(), Stage(scale=4)
    boxes = []
    for stage in (small, large):
        detector = warmed_up(stage, min_height_px=40.0 * stage.scale)
        for t in range(20):
            found = detector.detect([stage.frame([walker(t)])])[0]
        boxes.append(only(found) / stage.scale)
    np.testing.assert_allclose(boxes[0], boxes[1], atol=2.0)


def test_lower_people_than_asked_for_are_left_out() -> None:
    stage = Stage()
    detector = warmed_up(stage, min_height_px=80.0)
    assert sum(len(detector.detect([stage.frame([walker(t)])])[0]) for t in range(30)) == 0


def test_frames_of_another_size_begin_anew() -> None:
    stage = Stage()
    detector = warmed_up(stage)
    lower = [stage.frame([walker(t)])[:160] for t in range(WARM_UP + 10)]
    found = [len(detections) for detections in detector.detect(lower)]
    assert found[:WARM_UP] == [0] * WARM_UP
    assert found[-1] >= 1


def test_blocks_of_frames_give_the_same_as_single_ones() -> None:
    frames = [Stage(seed=t).frame([walker(t - 20)] if t > 20 else []) for t in range(50)]
    whole = MotionDetector().detect(frames)
    detector = MotionDetector()
    single = [detector.detect([frame])[0] for frame in frames]
    for a, b in zip(whole, single, strict=True):
        np.testing.assert_array_equal(a.boxes, b.boxes)


def test_settings_make_the_identity() -> None:
    plain, other = MotionDetector(), MotionDetector(min_confidence=0.5)
    assert plain.identity.name == "motion"
    assert "min_confidence=0.5" in other.identity.settings
    assert plain.identity.sha256 != other.identity.sha256
    assert plain.identity == MotionDetector().identity
    assert not plain.resumable


def test_two_heads_are_cut_apart_at_the_valley_between_them() -> None:
    part = np.zeros((60, 50), bool)
    part[12:, 2:48] = True
    part[:12, 8:16] = True  # one head
    part[2:12, 34:42] = True  # and another
    (first, middle), (again, last) = cut(part)
    assert (first, last) == (0, 50)
    assert middle == again
    assert 16 <= middle <= 34


def test_one_head_is_one_person() -> None:
    part = np.zeros((60, 30), bool)
    part[12:, 2:28] = True
    part[:12, 11:19] = True
    assert cut(part) == [(0, 30)]


@pytest.mark.parametrize(
    ("boxes", "groups", "reason"),
    [
        ([(0, 0, 10, 14), (0, 18, 10, 40)], 1, "trunk above legs"),
        ([(0, 0, 20, 40), (60, 0, 80, 40)], 2, "far apart"),
        ([(0, 0, 18, 40), (19, 0, 37, 40)], 2, "two people side by side"),
        ([(0, 0, 12, 30), (0, 60, 12, 90)], 2, "one far above another"),
    ],
)
def test_pieces_are_joined_only_into_one_person(boxes: list[Box], groups: int, reason: str) -> None:
    assert len(join(np.array(boxes, float))) == groups, reason


def test_shapes_of_an_empty_difference_are_none() -> None:
    nothing = Difference(np.zeros((90, 160), np.uint8), np.zeros((90, 160), np.float32))
    assert shapes(nothing, 20.0) == []
