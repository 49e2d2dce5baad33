"""What kind of picture a file holds and how large it is, from its first bytes, before anything is decoded."""

import struct
import zlib
from dataclasses import dataclass
from typing import Literal

Format = Literal["JPEG", "PNG", "BMP", "WebP", "GIF", "TIFF"]

JPEG_SIZE_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
JPEG_BARE_MARKERS = frozenset({0x01, *range(0xD0, 0xDA)})
TIFF_WIDTH, TIFF_HEIGHT = 256, 257


@dataclass(frozen=True)
class ImageHeader:
    """The outside of a picture.

    Attributes:
        format: How it is stored.
        width: Pixels, as stored (before any turn that the file asks for).
        height: Pixels.
    """

    format: Format
    width: int
    height: int


def read_header(data: bytes) -> ImageHeader | None:
    """Reads format and size.

    Args:
        data: The file's bytes, or enough of its beginning.

    Returns:
        None if this is none of the formats, or it ends within its header.

    Example:
        >>> read_header(b"GIF89a" + bytes([4, 0, 3, 0]))
        ImageHeader(format='GIF', width=4, height=3)
    """
    try:
        return _read_header(data)
    except (struct.error, IndexError):
        return None


def png_is_whole(data: bytes) -> bool:
    """Whether all chunks of a PNG file are there with right checksums.

    Asked first because the decoder would complain on stderr.
    """
    position = 8
    while position + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, position)
        end = position + 8 + length
        if data[end : end + 4] != struct.pack(">I", zlib.crc32(data[position + 4 : end])):
            return False
        if data[position + 4 : position + 8] == b"IEND":
            return True
        position = end + 4
    return False


def _read_header(data: bytes) -> ImageHeader | None:
    if data.startswith(b"\xff\xd8\xff"):
        return _read_jpeg(data)
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return ImageHeader("PNG", *struct.unpack_from(">2I", data, 16))
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return ImageHeader("WebP", *_webp_size(data))
    if data.startswith((b"GIF87a", b"GIF89a")):
        return ImageHeader("GIF", *struct.unpack_from("<2H", data, 6))
    if data.startswith((b"II*\0", b"MM\0*")):
        return _read_tiff(data, "<" if data.startswith(b"I") else ">")
    if data.startswith(b"BM"):
        return _read_bmp(data)
    return None


def _read_jpeg(data: bytes) -> ImageHeader | None:
    position = 2
    while True:
        while data[position] == 0xFF and data[position + 1] == 0xFF:
            position += 1
        if data[position] != 0xFF:
            return None
        marker = data[position + 1]
        if marker in JPEG_SIZE_MARKERS:
            height, width = struct.unpack_from(">2H", data, position + 5)
            return ImageHeader("JPEG", width, height)
        bare = marker in JPEG_BARE_MARKERS
        position += 2 if bare else 2 + struct.unpack_from(">H", data, position + 2)[0]


def _read_bmp(data: bytes) -> ImageHeader | None:
    (length,) = struct.unpack_from("<I", data, 14)
    if length == 12:
        return ImageHeader("BMP", *struct.unpack_from("<2H", data, 18))
    if length < 40 or length > 256:
        return None
    width, height = struct.unpack_from("<2i", data, 18)
    return ImageHeader("BMP", abs(width), abs(height))


def _webp_size(data: bytes) -> tuple[int, int]:
    kind = data[12:16]
    if kind == b"VP8X":
        width, height = (int.from_bytes(data[at : at + 3], "little") for at in (24, 27))
        return width + 1, height + 1
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack_from("<2H", data, 26)
    return width & 0x3FFF, height & 0x3FFF


def _read_tiff(data: bytes, order: str) -> ImageHeader | None:
    (directory,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, directory)
    size = {}
    for entry in range(directory + 2, directory + 2 + 12 * count, 12):
        tag, kind = struct.unpack_from(order + "2H", data, entry)
        if tag in (TIFF_WIDTH, TIFF_HEIGHT):
            (size[tag],) = struct.unpack_from(order + ("H" if kind == 3 else "I"), data, entry + 8)
    if len(size) < 2:
        return None
    return ImageHeader("TIFF", size[TIFF_WIDTH], size[TIFF_HEIGHT])
