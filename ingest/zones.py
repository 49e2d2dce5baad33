"""Places in a camera's picture that are never looked at: privacy masks, and zones whose people are not people."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from gallery.errors import ConfigError
from ingest.detector import Detections
from ingest.frame import Image

Point = tuple[float, float]
Polygon = tuple[Point, ...]
"""At least three corners (x, y) in turn, as fractions of the width and the height: (0, 0) is the left upper corner."""

FEWEST_POINTS, MOST_POINTS = 3, 200

MOSTLY_MASKED = 0.5
"""A box with a larger share of its area under masks shows nobody that can be told apart."""


@dataclass(frozen=True)
class Zones:
    """The zones of one camera. As fractions they survive a change of the stream's size.

    Attributes:
        ignore: Detections that stand in one of these (the middle of their lower edge) are not people.
        mask: What lies in these is blacked out in every frame, before anything else sees it.
    """

    ignore: tuple[Polygon, ...] = ()
    mask: tuple[Polygon, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.ignore or self.mask)

    @property
    def text(self) -> str:
        """All of it as JSON, always the same for the same zones; empty for none."""
        return json.dumps({"ignore": self.ignore, "mask": self.mask}) if self else ""

    @classmethod
    def from_text(cls, text: str) -> "Zones":
        """The inverse of ``text``."""
        parts: dict[str, Any] = json.loads(text) if text else {}
        return cls(**{name: tuple(tuple(map(tuple, polygon)) for polygon in part) for name, part in parts.items()})


NO_ZONES = Zones()


class Stencil:
    """Zones laid over pictures of one size.

    Args:
        zones: The camera's.
        width: Of its pictures, pixels.
        height: The same.
    """

    def __init__(self, zones: Zones, width: int, height: int) -> None:
        size = np.array([width, height], np.float64)
        self._ignored = [(np.array(polygon) * size).astype(np.float32) for polygon in zones.ignore]
        self.masked = masked_pixels(zones.mask, width, height)
        self._kept = np.repeat(np.where(self.masked, np.uint8(0), np.uint8(255))[..., None], 3, axis=2)
        self._masked_before = cv2.integral(self.masked.astype(np.uint8)).astype(np.int64) if zones.mask else None

    def apply(self, image: Image) -> Image:
        """The picture with all masks black; a new one where there are masks."""
        if self._masked_before is None:
            return image
        return np.asarray(cv2.bitwise_and(image, self._kept), np.uint8)

    def people(self, detections: Detections) -> Detections:
        """The detections that are neither in an ignored zone nor mostly under masks."""
        kept = [not self._stands_in_zone(box) and self._share_masked(box) <= MOSTLY_MASKED for box in detections.boxes]
        if all(kept):
            return detections
        rows = np.flatnonzero(kept)
        return Detections(detections.boxes[rows], detections.confidences[rows])

    def _stands_in_zone(self, box: NDArray[np.float32]) -> bool:
        foot = (float(box[0] + box[2]) / 2, float(box[3]))
        # The edge counts: people who leave through the lower border stand on it.
        return any(cv2.pointPolygonTest(polygon, foot, measureDist=False) >= 0 for polygon in self._ignored)

    def _share_masked(self, box: NDArray[np.float32]) -> float:
        if self._masked_before is None:
            return 0.0
        height, width = self.masked.shape
        left, right = np.clip([np.floor(box[0]), np.ceil(box[2])], 0, width).astype(int)
        top, bottom = np.clip([np.floor(box[1]), np.ceil(box[3])], 0, height).astype(int)
        before = self._masked_before
        count = before[bottom, right] - before[top, right] - before[bottom, left] + before[top, left]
        return float(count / max((right - left) * (bottom - top), 1))


def masked_pixels(polygons: Sequence[Polygon], width: int, height: int) -> NDArray[np.bool_]:
    """(H, W) bool: every pixel whose middle lies in a polygon, and those next to them, so that no edge shows through."""
    masked = np.zeros((height, width), np.uint8)
    for polygon in polygons:
        corners = np.floor(np.array(polygon) * (width, height)).astype(np.int32)
        cv2.fillPoly(masked, [corners], 1)
    return np.asarray(cv2.dilate(masked, np.ones((3, 3), np.uint8)), bool)


def polygon_of(points: object, size: tuple[float, float], where: str) -> Polygon:
    """Checks one polygon.

    Args:
        points: What was given: a list of [x, y].
        size: Width and height of the picture in the unit of the points: (1, 1) for fractions.
        where: What to call it in an error.

    Raises:
        ConfigError: If it is no list of points, has too few or too many, leaves the picture, has no area, or crosses
            itself.
    """
    if not isinstance(points, list | tuple) or not all(_is_point(point) for point in points):
        raise ConfigError(f"{where} is not a list of points; write [[x, y], [x, y], [x, y], ...]")
    if not FEWEST_POINTS <= len(points) <= MOST_POINTS:
        raise ConfigError(f"{where} has {len(points)} points; give {FEWEST_POINTS} to {MOST_POINTS}")
    for x, y in points:
        if not (0 <= x <= size[0] and 0 <= y <= size[1]):
            unit = "in fractions of it (pixels need `size = [WIDTH, HEIGHT]`)" if size == (1, 1) else "as size says"
            raise ConfigError(
                f"{where}: the point [{x!r:.12}, {y!r:.12}] is outside the picture; x goes from 0 to {size[0]:g} and "
                f"y from 0 to {size[1]:g}, {unit}"
            )
    polygon = without_repeats(tuple((float(x) / size[0], float(y) / size[1]) for x, y in points))
    if len(polygon) < FEWEST_POINTS:
        raise ConfigError(f"{where} has no area; give corners that are not all on one line")
    if crossing := first_crossing(polygon):
        raise ConfigError(
            f"{where} crosses itself: the edge after point {crossing[0] + 1} meets the one after point "
            f"{crossing[1] + 1}; give the corners in turn, and use two polygons for two places"
        )
    if area_of(polygon) <= 0:
        raise ConfigError(f"{where} has no area; give corners that are not all on one line")
    return polygon


def without_repeats(polygon: Polygon) -> Polygon:
    """The polygon without corners that only repeat the one before; many programs end with the first one again."""
    return tuple(corner for place, corner in enumerate(polygon) if corner != polygon[(place + 1) % len(polygon)])


def area_of(polygon: Polygon) -> float:
    """The area of a polygon, as a fraction of the picture (shoelace formula).

    Example:
        >>> area_of(((0.0, 0.0), (0.5, 0.0), (0.5, 0.5)))
        0.125
    """
    ends = [*polygon[1:], polygon[0]]
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(polygon, ends, strict=True))) / 2


def first_crossing(polygon: Polygon) -> tuple[int, int] | None:
    """The first two edges, by the number of the corner they begin at, that meet without being neighbours.

    Example:
        >>> first_crossing(((0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0)))
        (0, 2)
    """
    edges = list(zip(polygon, [*polygon[1:], polygon[0]], strict=True))
    count = len(edges)
    for first in range(count):
        for second in range(first + 2, count):
            if (first, second) != (0, count - 1) and _meet(*edges[first], *edges[second]):
                return first, second
    return None


def _meet(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether two line segments share a point."""
    sides = _side(a, b, c), _side(a, b, d), _side(c, d, a), _side(c, d, b)
    if sides[0] * sides[1] < 0 and sides[2] * sides[3] < 0:
        return True
    ends = ((a, b, c), (a, b, d), (c, d, a), (c, d, b))
    return any(side == 0 and _between(*end) for side, end in zip(sides, ends, strict=True))


def _side(a: Point, b: Point, point: Point) -> float:
    """Above 0 on one side of the line from a to b, below 0 on the other."""
    return (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0])


def _between(a: Point, b: Point, point: Point) -> bool:
    """Whether a point of the line through a and b lies between them."""
    return min(a[0], b[0]) <= point[0] <= max(a[0], b[0]) and min(a[1], b[1]) <= point[1] <= max(a[1], b[1])


def _is_point(point: object) -> bool:
    return (
        isinstance(point, list | tuple)
        and len(point) == 2
        and all(isinstance(value, int | float) and not isinstance(value, bool) for value in point)
    )
