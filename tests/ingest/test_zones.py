"""Polygons: which are refused, which pixels they mask, and whom they leave out."""

import numpy as np
import pytest

from gallery.errors import ConfigError
from ingest.detector import Detections
from ingest.zones import NO_ZONES, Stencil, Zones, area_of, first_crossing, masked_pixels, polygon_of

SQUARE = ((0.25, 0.5), (0.75, 0.5), (0.75, 1.0), (0.25, 1.0))
TRIANGLE = ((0.1, 0.1), (0.9, 0.2), (0.3, 0.8))
STAR = ((0.5, 0.0), (0.6, 0.4), (1.0, 0.5), (0.6, 0.6), (0.5, 1.0), (0.4, 0.6), (0.0, 0.5), (0.4, 0.4))
STEPS = np.linspace(-2.5, 2.5, 21).tolist()


def inside(polygon, x, y):
    """The even-odd rule, edge by edge."""
    odd = False
    for (x1, y1), (x2, y2) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
            odd = not odd
    return odd


def people(*boxes):
    return Detections(np.array(boxes, np.float32).reshape(-1, 4), np.linspace(0.9, 0.5, len(boxes)).astype(np.float32))


@pytest.mark.parametrize("polygon", [SQUARE, TRIANGLE, STAR])
@pytest.mark.parametrize("size", [(24, 18), (13, 31)])
def test_every_pixel_inside_is_masked_and_none_far_outside(polygon, size):
    width, height = size
    masked = masked_pixels([polygon], width, height)
    corners = [(x * width, y * height) for x, y in polygon]
    for row in range(height):
        for column in range(width):
            x, y = column + 0.5, row + 0.5
            if inside(corners, x, y):
                assert masked[row, column]
            elif masked[row, column]:
                assert any(inside(corners, x + dx, y + dy) for dx in STEPS for dy in STEPS)


def test_masks_are_black_and_the_rest_is_untouched():
    image = np.random.default_rng(1).integers(1, 255, (40, 80, 3), dtype=np.uint8)
    before = image.copy()
    stencil = Stencil(Zones(mask=(SQUARE,)), 80, 40)
    seen = stencil.apply(image)
    assert (image == before).all()
    assert (seen[stencil.masked] == 0).all()
    assert (seen[~stencil.masked] == image[~stencil.masked]).all()
    assert (seen[20:40, 20:60] == 0).all()
    # With the pixels next to it: rows 19-39, columns 19-61.
    assert int(stencil.masked.sum()) == 21 * 43
    assert Stencil(NO_ZONES, 80, 40).apply(image) is image


def test_people_whose_feet_are_in_an_ignored_zone_are_left_out():
    stencil = Stencil(Zones(ignore=(SQUARE,)), 80, 40)
    kept = stencil.people(
        people(
            (30, 5, 50, 30),  # stands in it
            (30, 5, 50, 15),  # its middle is above it
            (60, 5, 80, 30),  # beside it
            (30, 5, 50, 40),  # on the lower border of the picture, which is its edge
            (10, 5, 30, 30),  # on its left edge
        )
    )
    assert kept.boxes[:, 0].tolist() == [30, 60]
    assert kept.confidences.tolist() == pytest.approx([0.8, 0.7])


def test_people_mostly_under_a_mask_are_left_out():
    # The mask and the pixel around it: columns 19-61, rows 19-39.
    stencil = Stencil(Zones(mask=(SQUARE,)), 80, 40)
    boxes = [(30, 30, 40, 39), (30, 0, 40, 38), (30, 2, 40, 38), (0, 0, 10, 30), (62, 0, 80, 40)]
    shares = [float(stencil.masked[y1:y2, x1:x2].mean()) for x1, y1, x2, y2 in boxes]
    assert shares == pytest.approx([1, 0.5, 19 / 36, 0, 0])
    kept = stencil.people(people(*boxes))
    assert kept.boxes.astype(int).tolist() == [
        list(box) for box, share in zip(boxes, shares, strict=True) if share <= 0.5
    ]


def test_boxes_out_of_the_picture_and_nobody_at_all():
    stencil = Stencil(Zones(mask=(SQUARE,), ignore=(TRIANGLE,)), 80, 40)
    assert len(stencil.people(Detections.none())) == 0
    assert len(stencil.people(people((-50, -50, -10, -10), (200, 200, 300, 300)))) == 2


def test_zones_as_text_and_back():
    zones = Zones(ignore=(SQUARE, TRIANGLE), mask=(STAR,))
    assert Zones.from_text(zones.text) == zones
    assert (NO_ZONES.text, Zones.from_text(""), bool(NO_ZONES), bool(zones)) == ("", NO_ZONES, False, True)
    assert zones.text != Zones(ignore=(SQUARE,), mask=(STAR, TRIANGLE)).text


def test_areas_and_crossings():
    assert area_of(SQUARE) == 0.25
    assert area_of(tuple(reversed(SQUARE))) == 0.25
    assert first_crossing(SQUARE) is None
    assert first_crossing(STAR) is None
    assert first_crossing((SQUARE[0], SQUARE[1], SQUARE[3], SQUARE[2])) == (1, 3)
    # Touching is crossing too: the third corner lies on the first edge.
    assert first_crossing(((0, 0), (1, 0), (1, 1), (0.5, 0), (0, 1))) == (0, 2)


@pytest.mark.parametrize(
    ("points", "size", "message"),
    [
        ([[0, 0], [1, 1]], (1, 1), "has 2 points; give 3 to 200"),
        ([[0, 0]] * 201, (1, 1), "has 201 points"),
        ([[0, 0], [1, 0], [1.5, 1]], (1, 1), r"the point \[1\.5, 1\] is outside the picture; x goes from 0 to 1"),
        ([[0, 0], [1, 0], [1, -0.1]], (1, 1), r"pixels need `size = \[WIDTH, HEIGHT\]`"),
        ([[0, 0], [641, 0], [1, 1]], (640, 480), "x goes from 0 to 640 and y from 0 to 480"),
        (
            [[0, 0], [1, 1], [1, 0], [0, 1]],
            (1, 1),
            "crosses itself: the edge after point 1 meets the one after point 3",
        ),
        ([[0, 0], [1, 1], [0.5, 0.5]], (1, 1), "has no area"),
        ([[0, 0], [0, 0], [0, 0]], (1, 1), "has no area"),
        ([[0, 0], [float("nan"), 0], [1, 1]], (1, 1), "outside the picture"),
        ([[0, 0], [10**400, 0], [1, 1]], (1, 1), "outside the picture"),
        ([[0, 0], [True, 0], [1, 1]], (1, 1), "is not a list of points"),
        ([[0, 0], ["a", 0], [1, 1]], (1, 1), "is not a list of points"),
        ([[0, 0, 0], [1, 0], [1, 1]], (1, 1), "is not a list of points"),
        ([0, 0, 1, 1], (1, 1), "is not a list of points"),
        ("square", (1, 1), "is not a list of points"),
    ],
)
def test_what_is_no_polygon(points, size, message):
    with pytest.raises(ConfigError, match=message) as refused:
        polygon_of(points, size, "polygon 1")
    assert str(refused.value).startswith("polygon 1")
    assert len(str(refused.value)) < 300


def test_a_ring_that_is_closed_by_its_first_point_is_the_same():
    ring = [list(corner) for corner in SQUARE]
    assert polygon_of([*ring[:2], ring[1], *ring[2:], ring[0]], (1, 1), "p") == SQUARE


def test_pixels_become_fractions():
    assert polygon_of([[0, 0], [640, 0], [320, 240]], (640, 480), "p") == ((0, 0), (1, 0), (0.5, 0.5))
