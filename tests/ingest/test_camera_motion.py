"""The motion of a camera over a textured wall is known; that of people before it does not count."""

import cv2
import numpy as np
import pytest

from ingest.camera_motion import CameraMotion

NOBODY = np.zeros((0, 4), np.float32)


def wall(seed=0, size=(640, 360)):
    """A picture full of rectangles."""
    rng = np.random.default_rng(seed)
    image = np.full((size[1], size[0], 3), 120, np.uint8)
    for x, y, w, h, *colour in rng.integers(0, (*size, 60, 60, 255, 255, 255), (300, 7)).tolist():
        cv2.rectangle(image, (x, y), (x + w, y + h), colour, cv2.FILLED)
    return cv2.GaussianBlur(image, (5, 5), 0)


def seen_after(image, affine):
    return cv2.warpAffine(image, affine, (image.shape[1], image.shape[0]), borderMode=cv2.BORDER_REFLECT)


def similarity(dx, dy, degrees=0.0, scale=1.0):
    return np.vstack([cv2.getRotationMatrix2D((320, 180), degrees, scale) + np.array([[0, 0, dx], [0, 0, dy]])])


@pytest.mark.parametrize(
    "truth", [similarity(6, -3), similarity(-11.5, 4.2), similarity(2, 1, 1.0), similarity(0, 0, 0, 1.02)]
)
def test_shifts_turns_and_zooms_are_measured(truth):
    motion, image = CameraMotion(), wall()
    assert np.array_equal(motion.step(image, NOBODY), np.eye(2, 3))
    corners = np.array([(0, 0, 1), (640, 0, 1), (0, 360, 1), (640, 360, 1)], np.float64)
    measured = motion.step(seen_after(image, truth), NOBODY)
    assert np.abs(corners @ measured.T - corners @ truth.T).max() < 0.7


def test_a_camera_that_stands_still_is_exactly_still_in_spite_of_noise():
    motion, rng = CameraMotion(), np.random.default_rng(1)
    for _ in range(5):
        noisy = np.clip(wall() + rng.normal(0, 3, wall().shape), 0, 255).astype(np.uint8)
        assert np.array_equal(motion.step(noisy, NOBODY), np.eye(2, 3))


def test_a_person_who_fills_the_picture_is_not_the_camera():
    motion, still = CameraMotion(), wall()
    crowd, box = wall(seed=5), np.array([[100, 0, 600, 360]], np.float32)
    for shift in (0, 12, 24):
        image = still.copy()
        image[:, 120:580] = np.roll(crowd, shift, axis=1)[:, 120:580]
        affine = motion.step(image, box)
    assert np.array_equal(affine, np.eye(2, 3))


@pytest.mark.parametrize(
    "after",
    [wall(seed=9), np.full((360, 640, 3), 90, np.uint8), np.full((1, 1, 3), 90, np.uint8)],
    ids=["cut to another picture", "no marks at all", "another size"],
)
def test_where_nothing_is_known_the_camera_stands_still(after):
    motion = CameraMotion()
    motion.step(wall(), NOBODY)
    assert np.array_equal(motion.step(after, NOBODY), np.eye(2, 3))


def test_the_state_goes_on_to_the_last_bit():
    first, second = CameraMotion(), CameraMotion()
    first.step(wall(), NOBODY)
    second.restore(first.state())
    after = seen_after(wall(), similarity(5, 2, 0.5))
    assert np.array_equal(first.step(after, NOBODY), second.step(after, NOBODY))
