"""Zones drawn on a frame, with a ruler of fractions at its edges, so that the next ones can be read off."""

from pathlib import Path

import cv2
import numpy as np

from gallery.errors import SourceError
from ingest.frame import Image
from ingest.zones import Polygon, Stencil, Zones

ORANGE = (0, 140, 255)
CYAN = (230, 200, 0)
WHITE = (255, 255, 255)
BLACK = (0, 0, 0)
FONT = cv2.FONT_HERSHEY_SIMPLEX
TINT = 0.35
SUFFIXES = (".png", ".jpg", ".jpeg")


def zones_picture(image: Image, zones: Zones) -> Image:
    """The frame as the networks see it (masks are black), ignored zones tinted, corners numbered.

    Returns:
        (H, W, 3) uint8, BGR, a new picture.
    """
    height, width = image.shape[:2]
    picture = Stencil(zones, width, height).apply(image).copy()
    for polygon in zones.ignore:
        tinted = picture.copy()
        cv2.fillPoly(tinted, [_corners(polygon, width, height)], ORANGE)
        picture = np.asarray(cv2.addWeighted(tinted, TINT, picture, 1 - TINT, 0), np.uint8)
    line = max(1, round(height / 400))
    for kind, polygons, colour in (("ignore", zones.ignore, ORANGE), ("mask", zones.mask, CYAN)):
        for number, polygon in enumerate(polygons, start=1):
            corners = _corners(polygon, width, height)
            cv2.polylines(picture, [corners], isClosed=True, color=colour, thickness=line, lineType=cv2.LINE_AA)
            middle = corners.mean(axis=0).round().astype(int).tolist()
            _text(picture, f"{kind} {number}", middle, colour)
            for place, corner in enumerate(corners.tolist(), start=1):
                cv2.circle(picture, corner, 2 * line, colour, cv2.FILLED, cv2.LINE_AA)
                _text(picture, str(place), corner, colour)
    _ruler(picture)
    return picture


def write_picture(path: Path, picture: Image) -> None:
    """Writes it as PNG or JPEG.

    Raises:
        SourceError: If the name ends otherwise, or the file cannot be written.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise SourceError(f"{path} does not end in {' or '.join(SUFFIXES)}; name the picture so with --out")
    _, data = cv2.imencode(path.suffix.lower(), picture)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.tobytes())
    except OSError as error:
        raise SourceError(f"{path} cannot be written ({error.strerror}); name another file with --out") from error


def _corners(polygon: Polygon, width: int, height: int) -> "np.ndarray[tuple[int, ...], np.dtype[np.int32]]":
    return np.rint(np.array(polygon) * (width - 1, height - 1)).astype(np.int32)


def _ruler(picture: Image) -> None:
    """Ticks at every tenth of the width and the height."""
    height, width = picture.shape[:2]
    tick = max(4, height // 60)
    for tenth in range(1, 10):
        x, y = round(width * tenth / 10), round(height * tenth / 10)
        cv2.line(picture, (x, 0), (x, tick), WHITE, 1)
        cv2.line(picture, (0, y), (tick, y), WHITE, 1)
        _text(picture, f".{tenth}", [x + 2, tick + 10], WHITE)
        _text(picture, f".{tenth}", [tick + 2, y + 4], WHITE)


def _text(picture: Image, text: str, place: list[int], colour: tuple[int, int, int]) -> None:
    """A text beside a point, moved into the picture, with a dark edge so that it shows on any ground."""
    height, width = picture.shape[:2]
    size = max(0.35, height / 1200)
    (wide, high), _ = cv2.getTextSize(text, FONT, size, 1)
    left = min(max(place[0] + 3, 0), max(width - wide - 1, 0))
    bottom = min(max(place[1] - 3, high + 1), height - 1)
    cv2.putText(picture, text, (left, bottom), FONT, size, BLACK, 3, cv2.LINE_AA)
    cv2.putText(picture, text, (left, bottom), FONT, size, colour, 1, cv2.LINE_AA)
