import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from gallery.errors import ModelError
from ingest.paddle_steps import (
    LetterBoxResize,
    NormalizeImage,
    Pad,
    PadStride,
    Prepared,
    Resize,
    Step,
    prepare,
    read_steps,
)

PERMUTE = {"type": "Permute"}


def noise(height: int, width: int) -> NDArray[np.uint8]:
    return np.random.default_rng(height * width).integers(0, 256, (height, width, 3), np.uint8)


def prepared(height: int, width: int, *steps: Step) -> Prepared:
    return prepare(noise(height, width), steps)


def test_the_network_is_given_rgb() -> None:
    image = np.zeros((2, 2, 3), np.uint8)
    image[..., 0], image[..., 2] = 1, 3  # OpenCV's blue and red
    tensor = prepare(image, ()).tensor()
    assert tensor.shape == (1, 3, 2, 2)
    assert tensor.dtype == np.float32
    assert tensor[0, :, 0, 0].tolist() == [3, 0, 1]


@pytest.mark.parametrize(
    ("height", "width", "target", "size", "scale"),
    [
        (100, 200, (50, 300), (50, 100), 0.5),  # the short side reaches 50, the long one stays below 300
        (100, 200, (300, 50), (50, 100), 0.5),  # which of the two is the height means nothing here
        (200, 100, (50, 300), (100, 50), 0.5),
        (100, 1000, (50, 300), (30, 300), 0.3),  # the long side is the limit
        (10, 10, (50, 300), (50, 50), 5.0),
        (1, 3000, (800, 1333), (1, 1333), 1333 / 3000),  # 0.44 px high: one
    ],
)
def test_resizing_within_two_sides(
    height: int, width: int, target: tuple[int, int], size: tuple[int, int], scale: float
) -> None:
    picture = prepared(height, width, Resize(target, keep_ratio=True, interpolation=1))
    assert picture.pixels.shape == (*size, 3)
    assert picture.size == size
    assert picture.scale == pytest.approx((scale, scale))


def test_resizing_to_a_size_is_height_first() -> None:
    picture = prepared(100, 50, Resize((30, 80), keep_ratio=False, interpolation=2))
    assert picture.size == (30, 80)
    assert picture.scale == pytest.approx((0.3, 1.6))
    wanted = cv2.resize(noise(100, 50)[..., ::-1], (80, 30), interpolation=cv2.INTER_CUBIC)
    assert np.abs(picture.pixels.astype(int) - wanted).max() <= 1


@pytest.mark.parametrize("interpolation", range(5))
def test_the_interpolation_is_opencvs(interpolation: int) -> None:
    picture = prepared(64, 64, Resize((32, 32), keep_ratio=False, interpolation=interpolation))
    assert np.array_equal(picture.pixels, cv2.resize(noise(64, 64), (32, 32), interpolation=interpolation)[..., ::-1])


@pytest.mark.parametrize(
    ("height", "width", "inner", "offset"),
    [
        (40, 80, (60, 120), (0, 10)),  # 10 rows above, 10 below
        (41, 80, (62, 120), (0, 9)),  # 61.5 rounds to 62
        (80, 40, (80, 40), (40, 0)),
        (79, 40, (80, 41), (39, 0)),  # of 79 columns 39 are left of it, 40 right
        (1, 900, (1, 120), (0, 39)),
    ],
)
def test_a_letterbox_is_in_the_middle(height: int, width: int, inner: tuple[int, int], offset: tuple[int, int]) -> None:
    picture = prepared(height, width, LetterBoxResize((80, 120)))
    assert picture.pixels.shape == (80, 120, 3)
    assert (picture.size, picture.offset) == (inner, offset)
    left, top = offset
    grey = np.ones((80, 120), np.bool_)
    grey[top : top + inner[0], left : left + inner[1]] = False
    assert set(picture.pixels[grey].ravel().tolist()) <= {128}  # 127.5, rounded


def test_padding_stays_at_the_right_and_below() -> None:
    picture = prepared(20, 30, Pad((25, 40), (1.0, 2.0, 3.0)))
    assert np.array_equal(picture.pixels[:20, :30], noise(20, 30)[..., ::-1])
    assert picture.pixels[24, 39].tolist() == [1, 2, 3]
    assert (picture.size, picture.offset) == ((20, 30), (0, 0))
    assert np.array_equal(prepared(20, 30, Pad((20, 30), (0.0, 0.0, 0.0))).pixels, noise(20, 30)[..., ::-1])
    with pytest.raises(ModelError, match="Pad to 16x40 cannot hold a picture resized to 20x30"):
        prepared(20, 30, Pad((16, 40), (0.0, 0.0, 0.0)))


@pytest.mark.parametrize(("stride", "shape"), [(32, (32, 64)), (0, (20, 33)), (10, (20, 40)), (1, (20, 33))])
def test_padding_to_a_stride(stride: int, shape: tuple[int, int]) -> None:
    picture = prepared(20, 33, PadStride(stride))
    assert picture.pixels.shape[:2] == shape
    assert picture.pixels[:, 33:].sum() == picture.pixels[20:].sum() == 0
    assert picture.size == (20, 33)


def test_the_order_of_padding_and_normalising_is_the_files() -> None:
    normal = NormalizeImage(1 / 255, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
    assert prepared(4, 4, normal, Pad((8, 8), (9.0, 9.0, 9.0))).pixels[7, 7].tolist() == [9, 9, 9]
    assert prepared(4, 4, Pad((8, 8), (255.0, 255.0, 255.0)), normal).pixels[7, 7].tolist() == [2, 2, 2]


def test_normalising_by_hand() -> None:
    image = np.array([[[30, 20, 10]]], np.uint8)  # blue, green, red
    step = NormalizeImage(0.1, (1.0, 1.0, 1.0), (1.0, 2.0, 4.0))
    assert prepare(image, (step,)).pixels[0, 0] == pytest.approx([0.0, 0.5, 0.5])


def test_boxes_go_back_to_the_picture() -> None:
    picture = Prepared(np.zeros((80, 120, 3)), (60, 120), (0.5, 2.0), (4, 10))
    assert picture.undo(np.array([[4, 10, 24, 30]], np.float32)).tolist() == [[0, 0, 10, 40]]


def test_a_list_is_read() -> None:
    entries: list[dict[str, object]] = [
        {"type": "Resize", "target_size": 640, "keep_ratio": False, "interp": 2},
        {"type": "NormalizeImage", "is_scale": True, "mean": [0.4, 0.5, 0.6], "std": [1, 2, 3]},
        {"type": "Permute"},
        {"type": "PadStride", "stride": 32},
    ]
    assert read_steps(entries, "here") == (
        Resize((640, 640), keep_ratio=False, interpolation=2),
        NormalizeImage(1 / 255, (0.4, 0.5, 0.6), (1.0, 2.0, 3.0)),
        PadStride(32),
    )


def test_defaults_are_those_of_paddledetection() -> None:
    entries: list[dict[str, object]] = [
        {"type": "Resize", "target_size": [8, 16]},
        {"type": "Pad", "size": [8, 16]},
        {"type": "NormalizeImage", "norm_type": "none"},
        PERMUTE,
        {"type": "PadStride"},
    ]
    assert read_steps(entries, "here") == (
        Resize((8, 16), keep_ratio=True, interpolation=1),
        Pad((8, 16), (114.0, 114.0, 114.0)),
        NormalizeImage(1 / 255, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
        PadStride(0),
    )


RESIZE = {"type": "Resize", "target_size": [8, 8]}


@pytest.mark.parametrize(
    ("entries", "complaint"),
    [
        ([{"type": "WarpAffine"}, PERMUTE], "step 1 of the preprocessing: 'WarpAffine' is not known; known are Resize"),
        ([{"target_size": 8}, PERMUTE], "'type' is missing"),
        ([{**RESIZE, "max_size": 9}, PERMUTE], "step 1 of the preprocessing: unknown key 'max_size'"),
        ([PERMUTE, {**RESIZE, "target_size": 0}], "step 2 of the preprocessing: 'target_size' must be a whole number"),
        ([{**RESIZE, "target_size": [8, 8, 8]}, PERMUTE], "'target_size' must be"),
        ([{**RESIZE, "interp": 5}, PERMUTE], "'interp' must be a whole number from 0 to 4"),
        ([{**RESIZE, "keep_ratio": "no"}, PERMUTE], "'keep_ratio' must be true or false, not 'no'"),
        ([{"type": "NormalizeImage", "std": [1, 1, 1]}, PERMUTE], "'mean' is missing"),
        ([{"type": "NormalizeImage", "mean": [0, 0, 0], "std": [1, 1, 0]}, PERMUTE], "std must not be 0"),
        ([{"type": "NormalizeImage", "norm_type": "l2"}, PERMUTE], "'norm_type' must be one of mean_std, none"),
        ([{"type": "PadStride", "stride": -1}, PERMUTE], "'stride' must be a whole number from 0"),
        ([RESIZE], "must have Permute once"),
        ([RESIZE, PERMUTE, PERMUTE], "must have Permute once"),
        ([RESIZE, {"type": "LetterBoxResize", "target_size": 8}, PERMUTE], "resizes more than once"),
    ],
)
def test_a_fault_is_named(entries: list[dict[str, object]], complaint: str) -> None:
    with pytest.raises(ModelError) as caught:
        read_steps(entries, "here")
    assert complaint in str(caught.value)
    assert str(caught.value).startswith("here")
