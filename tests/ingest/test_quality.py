"""How well a crop shows its person."""

import numpy as np
import pytest

from ingest.quality import FULL_HEIGHT_PX, crop_qualities, is_cut, sharpness


def flat(height: int = 128, width: int = 64) -> np.ndarray:
    return np.full((height, width, 3), 90, np.uint8)


def chequered() -> np.ndarray:
    rows, columns = np.mgrid[0:128, 0:64]
    return np.repeat(((rows + columns) % 2 * 255).astype(np.uint8)[..., None], 3, axis=2)


def quality(box: list[float], confidence: float = 1.0, image: np.ndarray | None = None, width: int = 1000) -> float:
    images = [flat() if image is None else image]
    return float(crop_qualities(np.array([box], np.float32), np.array([confidence], np.float32), images, width)[0])


def test_nobody_has_no_quality():
    none = crop_qualities(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), [], 100)
    assert none.shape == (0,)
    assert none.dtype == np.float32


def test_a_flat_picture_has_no_sharpness_and_chequers_have_a_lot():
    assert sharpness(flat()) == 0
    assert sharpness(chequered()) > 120


@pytest.mark.parametrize(
    ("height", "confidence", "image", "expected"),
    [
        (FULL_HEIGHT_PX, 1.0, None, 0.5),  # nothing sharp halves it
        (FULL_HEIGHT_PX, 1.0, chequered(), 1.0),
        (2 * FULL_HEIGHT_PX, 1.0, chequered(), 1.0),  # higher than full shows nothing more
        (FULL_HEIGHT_PX / 4, 1.0, chequered(), 0.5),  # a quarter of the height: the root of a quarter
        (FULL_HEIGHT_PX, 0.6, chequered(), 0.6),
        (1.0, 1.0, chequered(), np.sqrt(0.05)),  # no lower than a twentieth
    ],
)
def test_by_hand(height, confidence, image, expected):
    assert quality([100, 50, 160, 50 + height], confidence, image) == pytest.approx(expected, rel=1e-6)


def test_a_box_that_the_edge_cuts_counts_half():
    assert quality([0, 50, 60, 50 + FULL_HEIGHT_PX], image=chequered()) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("box", "cut"),
    [
        ([2, 20, 50, 80], True),
        ([3, 20, 50, 80], False),
        ([10, 20, 98, 80], True),
        ([10, 20, 97, 80], False),
        ([10, 2, 50, 80], True),
        ([10, 20, 50, 4000], False),  # feet at the lower edge are the common case
    ],
)
def test_which_edges_cut(box, cut):
    assert is_cut(np.array([box], np.float32), 100).tolist() == [cut]


def test_a_fully_hidden_person_keeps_a_little_quality():
    boxes = np.array([[10, 10, 20, 40], [5, 5, 25, 60]], np.float32)
    qualities = crop_qualities(boxes, np.ones(2, np.float32), [flat(), flat()], 100)
    assert qualities[0] == pytest.approx(1e-3)
