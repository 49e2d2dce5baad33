"""One picture from a file: for queries, and for the frames of an image folder."""

from pathlib import Path

import cv2
import numpy as np

from gallery.errors import SourceError
from ingest.frame import Image
from ingest.image_header import ImageHeader, png_is_whole, read_header

LARGEST_PIXELS = 100_000_000
"""A larger picture is refused before it is decoded: it would take more than 300 MB."""

KNOWN = "JPEG, PNG, WebP, BMP, GIF or TIFF"


def read_image(path: str | Path) -> Image:
    """Reads one picture, turned upright as its EXIF data says.

    Grey, 16-bit and transparent pictures become plain BGR; transparency is dropped. Of an animation the first
    picture is taken.

    Returns:
        (H, W, 3) uint8, BGR.

    Raises:
        SourceError: If it is missing, empty, a folder, cut off, too large, or not a picture.
    """
    place = Path(path)
    try:
        if place.is_dir():
            raise SourceError(f"{place} is a folder; give one picture ({KNOWN})")
        data = place.read_bytes()
    except FileNotFoundError as error:
        raise SourceError(f"{place} does not exist; check the path") from error
    except OSError as error:
        raise SourceError(f"{place} cannot be read ({error.strerror}); check the path and its permissions") from error
    return decode_image(data, str(place))


def decode_image(data: bytes, name: str) -> Image:
    """Decodes the bytes of a picture file; see ``read_image``.

    Args:
        data: The whole file.
        name: What to call it in an error.

    Raises:
        SourceError: If it is not a whole picture of a known kind, or too large.
    """
    if not data:
        raise SourceError(f"{name} is empty; give a picture ({KNOWN})")
    header = read_header(data)
    if header is None:
        raise SourceError(f"{name} is not a picture that can be read; convert it to {KNOWN}")
    _check_size(header, name)
    image = None if header.format == "PNG" and not png_is_whole(data) else _decode(data)
    if image is None:
        raise SourceError(f"{name} is damaged or cut off ({header.format}, {len(data)} bytes); copy it again")
    return image


def _check_size(header: ImageHeader, name: str) -> None:
    size = f"{header.width}x{header.height}"
    if header.width == 0 or header.height == 0:
        raise SourceError(f"{name} has no pixels ({size}); give another picture")
    if header.width * header.height > LARGEST_PIXELS:
        raise SourceError(f"{name} is too large ({size}); scale it to at most {LARGEST_PIXELS // 1_000_000} megapixels")


def _decode(data: bytes) -> Image | None:
    """The picture, or None. OpenCV's own log is kept quiet meanwhile: the caller says what is wrong."""
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        return None
    finally:
        cv2.utils.logging.setLogLevel(level)
    return None if image is None else np.asarray(image, np.uint8)
