"""Each change of a picture: by hand, by its probability, and always the same from the same generator."""

import cv2
import numpy as np
import pytest

from gallery.errors import ConfigError
from training import augmix
from training.augmentation import Augmentation, ColourJitter, RandomErasing
from training.augmix import AugMix

PICTURE = cv2.resize(np.random.default_rng(3).integers(0, 256, (6, 4, 3), np.uint8), (40, 90))
SMALL = {"height": 32, "width": 16}
OFF = {"flip": 0, "crop": 0, "erase": 0}


def chance(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_without_changes_an_image_is_squashed_as_the_protocol_does():
    expected = cv2.resize(PICTURE, (128, 256), interpolation=cv2.INTER_LINEAR)
    assert (Augmentation.none()(PICTURE, chance()) == expected).all()
    assert Augmentation.none(64, 48)(PICTURE, chance()).shape == (64, 48, 3)


ONE = {
    "flip": Augmentation(**SMALL, **{**OFF, "flip": 1}),
    "crop": Augmentation(**SMALL, **{**OFF, "crop": 1}, padding=4),
    "erase": Augmentation(**SMALL, **{**OFF, "erase": 1}),
    "jitter": Augmentation(**SMALL, **OFF, jitter=1),
    "mix": Augmentation(**SMALL, **OFF, mix=1),
}


@pytest.mark.parametrize("name", ONE)
def test_a_change_comes_from_the_generator_alone_and_spares_its_input(name):
    before = PICTURE.copy()
    first, again = (ONE[name](PICTURE, chance(5)) for _ in range(2))
    assert (first == again).all()
    assert (before == PICTURE).all()
    assert first.shape == (32, 16, 3)
    assert first.dtype == np.uint8
    plain = Augmentation.none(32, 16)(PICTURE, chance(5))
    assert any((ONE[name](PICTURE, chance(seed)) != plain).any() for seed in range(3))


@pytest.mark.parametrize("name", ONE)
def test_a_change_happens_as_often_as_its_probability_says(name):
    always = ONE[name]
    sometimes = Augmentation(**{**SMALL, **OFF, "padding": 4, name: 0.3})
    changed = 0
    for seed in range(200):
        picture = sometimes(PICTURE, chance(seed))
        if (picture != Augmentation.none(32, 16)(PICTURE, chance())).any():
            assert (picture == always(PICTURE, chance(seed))).all()  # how it changes does not depend on how often
            changed += 1
    assert 40 <= changed <= 80


def test_flip_swaps_left_and_right():
    plain = Augmentation.none(32, 16)(PICTURE, chance())
    assert (ONE["flip"](PICTURE, chance()) == plain[:, ::-1]).all()


def test_crop_is_padding_with_black_and_cutting_somewhere():
    plain = Augmentation.none(32, 16)(PICTURE, chance())
    padded = np.pad(plain, ((4, 4), (4, 4), (0, 0)))
    windows = {padded[y : y + 32, x : x + 16].tobytes(): (y, x) for y in range(9) for x in range(9)}
    found = {windows[ONE["crop"](PICTURE, chance(seed)).tobytes()] for seed in range(300)}
    assert {y for y, _ in found} == {x for _, x in found} == set(range(9))


@pytest.mark.parametrize("fill", ["random", "mean"])
def test_erasing_covers_a_rectangle_of_the_area_and_aspect_that_are_allowed(fill):
    picture = np.full((100, 60, 3), 255, np.uint8)
    erase = RandomErasing(fill=fill)
    shares, aspects = [], []
    for seed in range(200):
        erased = erase(picture, chance(seed))
        changed = (erased != 255).any(axis=2)
        rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
        high, wide = rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1
        assert changed.sum() == pytest.approx(high * wide, rel=0.01)  # a random colour may be white
        shares.append(high * wide / 6000)
        aspects.append(high / wide)
        if fill == "mean":
            assert (erased[changed] == (104, 116, 124)).all()
    assert 0.015 < min(shares) < 0.05
    assert 0.3 < max(shares) < 0.42
    assert 0.25 < min(aspects) < 0.6
    assert 2 < max(aspects) < 3.7


def test_erasing_narrows_to_what_is_asked():
    erased = RandomErasing(least=0.25, most=0.25, aspect=1, fill="mean")(np.full((40, 40, 3), 9, np.uint8), chance())
    assert (erased != 9).any(axis=2).sum() == 400


def test_erasing_leaves_a_picture_in_which_no_rectangle_fits():
    tall = np.full((400, 4, 3), 9, np.uint8)
    assert (RandomErasing(least=0.9, most=0.9, aspect=1)(tall, chance()) == tall).all()


def test_brightness_contrast_and_saturation_by_hand():
    class Highest(np.random.Generator):
        def uniform(self, low=0.0, high=1.0, size=None):
            return high

    highest = Highest(np.random.PCG64(0))
    grey = np.full((4, 4, 3), 100, np.uint8)
    assert (ColourJitter(0.2, 0, 0, 0)(grey, highest) == 120).all()
    two = np.array([[[50, 50, 50], [150, 150, 150]]], np.uint8)  # the mean stays, the distance from it grows by half
    assert ColourJitter(0, 0.5, 0, 0)(two, highest)[0, :, 0].tolist() == [25, 175]
    assert (ColourJitter(0, 0, 1, 0)(grey, highest) == 100).all()
    colour = np.array([[[60, 60, 120]]], np.uint8)  # grey = 0.114·60 + 0.587·60 + 0.299·120 = 77.94
    assert ColourJitter(0, 0, 1, 0)(colour, highest)[0, 0].tolist() == [42, 42, 162]  # 2·60 − 77.94, 2·120 − 77.94


def test_hue_turns_colours_round_the_circle():
    red = np.array([[[0, 0, 255]]], np.uint8)
    hues = {int(ColourJitter(0, 0, 0, 0.5)(red, chance(seed))[0, 0].argmax()) for seed in range(40)}
    assert hues == {0, 1, 2}  # red becomes blue, green, and stays


def by_hand(operation: str, level: float, picture: np.ndarray) -> np.ndarray:
    class Up(np.random.Generator):
        def random(self, size=None, dtype=np.float64, out=None):
            return 0.0

    return getattr(augmix, operation)(picture, level, Up(np.random.PCG64(0)))


def test_operations_of_augmix_by_hand():
    ramp = np.repeat(np.arange(50, 150, 10, dtype=np.uint8)[None, :, None], 3, axis=2)  # 50, 60 … 140
    assert by_hand("stretch_contrast", 1, ramp)[0, :, 0].tolist() == [0, 28, 57, 85, 113, 142, 170, 198, 227, 255]
    flat = np.full((3, 3, 3), 7, np.uint8)
    assert (by_hand("stretch_contrast", 1, flat) == 7).all()
    assert by_hand("equalise", 1, ramp)[0, [0, -1], 0].tolist() == [0, 255]
    assert by_hand("posterise", 0.1, ramp)[0, :, 0].tolist() == [48, 48, 64, 80, 80, 96, 96, 112, 128, 128]
    assert by_hand("posterise", 9, ramp)[0, :, 0].tolist() == [0] * 8 + [128, 128]
    assert by_hand("solarise", 5, ramp)[0, :, 0].tolist() == [50, 60, 70, 80, 90, 100, 110, 120, 125, 115]
    dot = np.zeros((30, 30, 3), np.uint8)  # at level 9 a third of 30 px is moved by 9
    dot[15, 15] = 255
    assert by_hand("translate_x", 9, dot)[15].argmax() // 3 == 15 + 9
    assert by_hand("translate_y", 9, dot)[:, 15].argmax() // 3 == 15 + 9
    line = np.zeros((31, 31, 3), np.uint8)
    line[:, 15] = 255
    assert by_hand("shear_x", 10, line)[[0, 10, 20], :, 0].argmax(axis=1).tolist() == [15, 18, 21]
    assert by_hand("shear_y", 10, line.transpose(1, 0, 2))[:, [0, 10, 20], 0].argmax(axis=0).tolist() == [15, 18, 21]
    turned = by_hand("rotate", 10, line)[:, :, 0]
    assert turned[15, 15] > 200
    assert turned[5].argmax() in (20, 21, 9, 10)  # 10 rows off the middle: tan 30° · 10 = 5.8 columns
    assert len(augmix.OPERATIONS) == 9


def test_augmix_mixes_more_with_severity_depth_and_width():
    def change(**options):
        return np.mean([np.abs(AugMix(**options)(PICTURE, chance(k)).astype(int) - PICTURE).mean() for k in range(40)])

    assert change(severity=1) < change(severity=8)
    assert change(depth=1) != change(depth=3)
    assert change(width=1) != change(width=3)
    assert change(alpha=100) != change(alpha=1)


def test_how_a_change_is_done_can_be_said():
    for name, ways in {
        "erase": ({}, {"erasing": RandomErasing(fill="mean")}),
        "jitter": ({}, {"colours": ColourJitter(brightness=0.9)}),
        "mix": ({}, {"mixing": AugMix(severity=9)}),
    }.items():
        pictures = [Augmentation(**{**SMALL, **OFF, name: 1, **way})(PICTURE, chance()) for way in ways]
        assert (pictures[0] != pictures[1]).any()


def test_all_changes_together_stay_in_range_and_differ():
    every = Augmentation(**SMALL, flip=0.5, crop=1, padding=4, erase=0.5, jitter=0.5, mix=0.5)
    pictures = {every(PICTURE, chance(seed)).tobytes() for seed in range(30)}
    assert len(pictures) == 30


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Augmentation(height=8), "height 8 is out of range; give 16 to 4096"),
        (lambda: Augmentation(width=5000), "width 5000 is out of range"),
        (lambda: Augmentation(flip=1.5), "probability flip 1.5 is out of range; give 0 to 1"),
        (lambda: Augmentation(mix=float("nan")), "probability mix nan is out of range"),
        (lambda: Augmentation(padding=-1), "padding -1 is out of range"),
        (lambda: RandomErasing(least=0), "random erasing of 0 to 0.4 is out of range"),
        (lambda: RandomErasing(aspect=2), "aspect 2 of random erasing is out of range"),
        (lambda: ColourJitter(brightness=2), "brightness 2 is out of range; give 0 to 1"),
        (lambda: ColourJitter(hue=0.6), "hue 0.6 is out of range; give 0 to 0.5"),
        (lambda: AugMix(severity=11), "severity 11 of AugMix is out of range"),
        (lambda: AugMix(depth=0), "depth 0 of AugMix is too small"),
        (lambda: AugMix(width=0), "width 0 of AugMix is too small"),
        (lambda: AugMix(alpha=0), "alpha 0 of AugMix is too small"),
    ],
)
def test_options_out_of_range_are_refused(make, message):
    with pytest.raises(ConfigError, match=message):
        make()
