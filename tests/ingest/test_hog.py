"""OpenCV's people detector behind our protocol."""

import cv2
import numpy as np
import pytest

from ingest.demo_cast import PASSERS
from ingest.figure import draw
from ingest.frame import Image
from ingest.hog import HogDetector, confidence


def picture(scale: int = 1) -> tuple[Image, tuple[int, int, int, int]]:
    """A drawn person on a plain wall, and the box round them."""
    image = np.full((300, 400, 3), 205, np.uint8)
    image[240:] = 150
    sprite = draw(PASSERS[12], cycle=0.25, stride=0.3, heading=-np.pi / 2, height_px=200.0)
    left, top = 200 - sprite.foot_x, 270 - sprite.foot_y
    high, wide = sprite.pixels.shape[:2]
    alpha = sprite.pixels[..., 3:] / 255
    part = image[top : top + high, left : left + wide]
    part[:] = (part * (1 - alpha) + sprite.pixels[..., :3]).astype(np.uint8)
    large = cv2.resize(image, None, fx=scale, fy=scale)
    return np.asarray(large, np.uint8), (left * scale, top * scale, (left + wide) * scale, (top + high) * scale)


@pytest.mark.parametrize("scale", [1, 2])
def test_a_person_is_found_where_they_stand(scale: int) -> None:
    image, (left, top, right, bottom) = picture(scale)
    found = HogDetector(min_height_px=120.0 * scale).detect([image])[0]
    assert len(found) >= 1
    box = found.boxes[0]
    assert box[0] == pytest.approx(left, abs=35 * scale)
    assert box[1] == pytest.approx(top, abs=25 * scale)
    assert box[2] == pytest.approx(right, abs=35 * scale)
    assert box[3] == pytest.approx(bottom, abs=25 * scale)


def test_every_image_has_its_own_answer() -> None:
    image, _ = picture()
    empty = np.full_like(image, 180)
    counts = [len(found) for found in HogDetector().detect([empty, image, empty])]
    assert counts[0] == counts[2] == 0
    assert counts[1] >= 1
    assert HogDetector().detect([]) == []


def test_images_smaller_than_a_person_have_none() -> None:
    assert len(HogDetector().detect([np.zeros((40, 30, 3), np.uint8)])[0]) == 0


def test_confidence_rises_with_the_margin() -> None:
    values = confidence(np.array([-1.0, 0.3, 0.9, 1.5, 4.0]))
    assert (np.diff(values) > 0).all()
    assert values[2] == pytest.approx(0.5)
    assert values[0] < 0.01 < 0.99 < values[4]


def test_is_stateless_and_says_its_settings() -> None:
    detector = HogDetector(min_confidence=0.4)
    assert detector.resumable
    assert detector.identity.name == "hog"
    assert "min_confidence=0.4" in detector.identity.settings
    image, _ = picture()
    first, second = detector.detect([image, image])
    np.testing.assert_array_equal(first.boxes, second.boxes)
