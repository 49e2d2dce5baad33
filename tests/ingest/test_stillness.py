"""Whether anything has moved."""

from datetime import timedelta

import numpy as np
import pytest

from ingest.frame import Frame
from ingest.stillness import Stillness, averaged, most_changed
from tests.ingest.walkers import NOON

PLACE = np.random.default_rng(0).integers(40, 200, (432, 768, 3)).astype(np.uint8)
PLACE = PLACE // 8 + 60


def frame(image, seconds=0.0):
    return Frame(0, NOON + timedelta(seconds=seconds), image)


def noisy(image, sigma, seed):
    noise = np.random.default_rng(seed).normal(0, sigma, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def with_person(left, top=100, size=(13, 32), shade=20):
    image = PLACE.copy()
    image[top : top + size[1], left : left + size[0]] = shade
    return image


def moved(*images, **settings):
    """The answer for the last of some frames, a tenth of a second apart."""
    still = Stillness(**settings)
    return [still.moved(frame(image, 0.1 * k)) for k, image in enumerate(images)][-1]


def test_the_first_frame_has_always_moved():
    assert moved(PLACE)


def test_the_same_frame_is_still():
    assert not moved(PLACE, PLACE)


def test_a_cameras_noise_is_still():
    assert not moved(noisy(PLACE, 4, 1), noisy(PLACE, 4, 2))


def test_light_that_changes_everywhere_is_still():
    assert not moved(PLACE, PLACE + np.uint8(12))


def test_the_lowest_person_far_away_who_takes_a_step_is_motion():
    # 13 x 32 pixels of 768 x 432; a step of 4 pixels changes a part of a few cells.
    assert moved(with_person(301), with_person(305))


def test_somebody_in_the_grey_of_the_ground_is_motion_by_colour():
    place = np.full((432, 768, 3), 100, np.uint8)
    person = place.copy()
    person[100:160, 300:324] = (160, 84, 116)  # 0.114 * 160 + 0.587 * 84 + 0.299 * 116 is 102
    assert moved(place, person)


def test_slow_motion_adds_up():
    still = Stillness(longest_seconds=100)
    answers = [still.moved(frame(with_person(300 + step // 4), 0.04 * step)) for step in range(40)]
    assert answers[:4] == [True, False, False, False]
    assert 4 <= sum(answers) <= 12


def test_after_some_time_a_still_frame_counts_as_moved():
    still = Stillness(longest_seconds=0.5)
    answers = [still.moved(frame(PLACE, 0.1 * k)) for k in range(12)]
    assert [k for k, answer in enumerate(answers) if answer] == [0, 5, 10]


def test_contrast_says_how_much_is_motion():
    shade = with_person(300, shade=92)
    assert moved(PLACE, shade, contrast=3.0)
    assert not moved(PLACE, shade, contrast=30.0)


def test_a_frame_of_another_size_has_moved():
    assert moved(PLACE, PLACE[:200])


@pytest.mark.parametrize("shape", [(1, 1, 3), (5, 700, 3), (700, 5, 3)])
def test_tiny_pictures_can_be_compared(shape):
    image = np.full(shape, 50, np.uint8)
    assert not moved(image, image)
    assert moved(image, image // 2, longest_seconds=0.05)


def test_the_state_goes_on_as_if_nothing_had_happened():
    images = [with_person(300 + k // 3, shade=92) for k in range(30)]
    whole = Stillness()
    expected = [whole.moved(frame(image, 0.04 * k)) for k, image in enumerate(images)]
    assert True in expected[10:]
    assert False in expected[10:]
    first, second = Stillness(), Stillness()
    begun = [first.moved(frame(image, 0.04 * k)) for k, image in enumerate(images[:10])]
    second.restore(first.state())
    ended = [second.moved(frame(image, 0.04 * k)) for k, image in enumerate(images[10:], 10)]
    assert begun + ended == expected


def test_the_settings_are_said():
    assert Stillness(contrast=7).settings == "still contrast=7 longest_seconds=1"


@pytest.mark.parametrize("settings", [{"contrast": 0}, {"longest_seconds": -1}, {"contrast": float("nan")}])
def test_bad_settings_are_refused(settings):
    with pytest.raises(ValueError, match="give more than 0"):
        Stillness(**settings)


def test_cells_by_a_loop():
    image = PLACE[:37, :50]
    cells = averaged(image)
    assert cells.shape == (4, 6, 3)
    for row, column in ((0, 0), (3, 5), (2, 1)):
        mean = image[8 * row : 8 * row + 8, 8 * column : 8 * column + 8].mean(axis=(0, 1))
        assert np.abs(cells[row, column] - mean).max() <= 0.5


def test_the_most_changed_cell_by_hand():
    before = np.full((3, 3, 3), 100, np.uint8)
    after = before - np.uint8(5)
    after[2, 2, 1] = 120
    assert most_changed(before, after) == 25.0
