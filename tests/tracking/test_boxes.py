"""Boxes worked by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tracking.boxes import (
    area,
    clip,
    cxcyah_to_xyxy,
    intersection_over_area,
    iou,
    iou_of_pairs,
    touching,
    visible_share,
    xywh_to_xyxy,
    xyxy_to_cxcyah,
    xyxy_to_xywh,
)

SQUARE = np.array([[0.0, 0.0, 10.0, 10.0]])


@st.composite
def boxes(draw, most=6):
    """(N, 4) xyxy with an area."""
    count = draw(st.integers(0, most))
    corners = draw(arrays(np.float64, (count, 2), elements=st.floats(-1000, 1000)))
    sides = draw(arrays(np.float64, (count, 2), elements=st.floats(0.5, 500)))
    return np.concatenate([corners, corners + sides], axis=1)


@settings(deadline=None)
@given(boxes())
def test_every_form_leads_back(some):
    assert np.allclose(xywh_to_xyxy(xyxy_to_xywh(some)), some, atol=1e-9)
    assert np.allclose(cxcyah_to_xyxy(xyxy_to_cxcyah(some)), some, atol=1e-9)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ((0, 0, 10, 10), 1.0),
        ((5, 0, 15, 10), 50 / 150),
        ((2, 2, 8, 8), 36 / 100),  # inside
        ((10, 0, 20, 10), 0.0),  # touching
        ((30, 30, 40, 40), 0.0),
        ((10, 10, 0, 0), 0.0),  # turned inside out
    ],
)
def test_iou(other, expected):
    assert iou(SQUARE, np.array([other], np.float64)).item() == pytest.approx(expected)


@settings(deadline=None)
@given(boxes(), boxes())
def test_iou_is_that_of_a_loop_over_pairs(a, b):
    assert iou(a, b).shape == (len(a), len(b))
    for i, (ax1, ay1, ax2, ay2) in enumerate(a):
        for j, (bx1, by1, bx2, by2) in enumerate(b):
            common = max(0.0, min(ax2, bx2) - max(ax1, bx1)) * max(0.0, min(ay2, by2) - max(ay1, by1))
            union = (ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1) - common
            assert iou(a, b)[i, j] == pytest.approx(common / union)


def test_boxes_without_area_overlap_nothing():
    point = np.array([[5.0, 5.0, 5.0, 5.0]])
    assert iou(point, point).item() == 0
    assert intersection_over_area(point, SQUARE).item() == 0


def test_covered_share_is_of_the_first_box():
    small = np.array([[0.0, 0.0, 5.0, 10.0]])
    assert intersection_over_area(small, SQUARE).item() == 1.0
    assert intersection_over_area(SQUARE, small).item() == 0.5


def test_area_and_clip():
    box = np.array([[-5.0, -5.0, 15.0, 5.0]])
    assert area(box).tolist() == [200.0]
    assert clip(box, 10, 4).tolist() == [[0.0, 0.0, 10.0, 4.0]]


def test_float32_boxes_are_computed_in_float64():
    assert xyxy_to_xywh(SQUARE.astype(np.float32)).dtype == np.float64
    assert iou(SQUARE.astype(np.float32), SQUARE).dtype == np.float64


def test_who_stands_behind_is_hidden_and_who_stands_in_front_is_not():
    behind, front, apart = [0, 0, 10, 10], [5, 0, 15, 12], [50, 0, 60, 10]
    shares = visible_share(np.array([behind, front, apart], np.float32))
    np.testing.assert_allclose(shares, [0.5, 1.0, 1.0])


def test_of_two_in_front_the_one_that_hides_more_counts():
    shares = visible_share(np.array([[0, 0, 10, 10], [8, 0, 20, 12], [0, 0, 7, 11]], np.float32))
    assert shares[0] == pytest.approx(0.3)


@settings(deadline=None)
@given(boxes(12), boxes(12))
def test_what_touches_is_what_a_loop_over_pairs_finds(a, b):
    expected = [
        (row, column)
        for row, (left, top, right, bottom) in enumerate(a)
        for column, other in enumerate(b)
        if left <= other[2] and other[0] <= right and top <= other[3] and other[1] <= bottom
    ]
    rows, columns = touching(a, b)
    assert sorted(zip(rows.tolist(), columns.tolist(), strict=True)) == expected
    assert (np.diff(rows) >= 0).all()
    assert iou_of_pairs(a[rows], b[columns]).tolist() == iou(a, b)[rows, columns].tolist()
    assert np.count_nonzero(iou(a, b)) <= len(rows)


@settings(deadline=None)
@given(boxes(12))
def test_visible_shares_are_those_of_all_pairs(some):
    nearer = some[None, :, 3] > some[:, None, 3]
    hidden = np.where(nearer, intersection_over_area(some, some), 0.0).max(axis=1, initial=0.0)
    assert visible_share(some).tolist() == (1 - hidden).astype(np.float32).tolist()
