import struct
import zlib

import cv2
import numpy as np
import pytest

from gallery.errors import SourceError
from ingest.image import read_image
from ingest.image_header import ImageHeader, read_header
from tests.ingest.videos import quadrants

FORMATS = {".jpg": "JPEG", ".png": "PNG", ".bmp": "BMP", ".webp": "WebP", ".gif": "GIF", ".tif": "TIFF"}


def encoded(suffix: str, image: np.ndarray, *options: int) -> bytes:
    return cv2.imencode(suffix, image, list(options))[1].tobytes()


def with_exif_orientation(jpeg: bytes, orientation: int) -> bytes:
    """A JPEG with a minimal EXIF block of one entry."""
    tiff = b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    block = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + jpeg[2:]


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_is_read(tmp_path, suffix):
    path = tmp_path / f"Bild ä 人{suffix}"
    path.write_bytes(encoded(suffix, quadrants()))
    image = read_image(path)
    assert (image.shape, image.dtype) == ((64, 96, 3), np.uint8)
    away = np.abs(image.astype(int) - quadrants())
    assert away.mean() < 30 if suffix == ".gif" else away.max() <= 4  # a GIF made here has few colours


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("size", [(96, 64), (7, 300)])
def test_the_header_tells_format_and_size(suffix, size):
    data = encoded(suffix, quadrants(size))
    assert read_header(data) == ImageHeader(FORMATS[suffix], *size)


def test_more_headers():
    assert read_header(encoded(".webp", quadrants(), cv2.IMWRITE_WEBP_QUALITY, 80)) == ImageHeader("WebP", 96, 64)
    extended = b"RIFF\0\0\0\0WEBPVP8X" + bytes(8) + (999).to_bytes(3, "little") + (499).to_bytes(3, "little")
    assert read_header(extended) == ImageHeader("WebP", 1000, 500)
    progressive = encoded(".jpg", quadrants(), cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    assert read_header(progressive) == ImageHeader("JPEG", 96, 64)
    assert read_header(
        b"MM\0*" + struct.pack(">IHHHIHHHHIHH", 8, 2, 256, 3, 1, 30, 0, 257, 3, 1, 20, 0)
    ) == ImageHeader("TIFF", 30, 20)
    assert read_header(encoded(".png", quadrants())[:10]) is None
    assert read_header(b"\xff\xd8\xff\xe0\0\x10") is None


def test_exif_orientation_is_honoured(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(with_exif_orientation(encoded(".jpg", quadrants()), 6))  # turn clockwise to view
    assert np.abs(read_image(path).astype(int) - np.rot90(quadrants(), -1)).max() <= 4


def test_grey_transparent_and_16_bit_pictures_become_bgr(tmp_path):
    path = tmp_path / "a.png"
    picture = quadrants()
    for stored in (
        picture[..., 0],
        np.dstack([picture, np.full(picture.shape[:2], 9, np.uint8)]),
        picture.astype(np.uint16) * 257,
        picture[..., 0].astype(np.uint16) * 257,
    ):
        path.write_bytes(encoded(".png", stored))
        image = read_image(path)
        assert image.dtype == np.uint8
        assert np.array_equal(image, picture)


def refused(path) -> str:
    with pytest.raises(SourceError) as error:
        read_image(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_what_is_no_picture_is_refused(tmp_path):
    def file(name: str, content: bytes):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    assert "does not exist" in refused(tmp_path / "none.jpg")
    assert "is a folder" in refused(tmp_path)
    assert "is empty" in refused(file("empty.jpg", b""))
    assert "not a picture that can be read; convert it" in refused(file("text.jpg", b"hello\n" * 100))
    assert "not a picture that can be read" in refused(file("video.jpg", b"\0\0\0\x18ftypisom" + bytes(50)))


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("share", [0.5, 0.97])
def test_a_picture_that_is_cut_off_is_refused_quietly(tmp_path, capfd, suffix, share):
    noise = np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)
    data = encoded(suffix, noise)
    path = tmp_path / f"a{suffix}"
    path.write_bytes(data[: int(len(data) * share)])
    assert "damaged or cut off" in refused(path) or suffix == ".tif"  # a TIFF's header may be at its end
    assert capfd.readouterr().err == ""


def test_a_damaged_png_is_refused_quietly(tmp_path, capfd):
    data = bytearray(encoded(".png", np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)))
    data[len(data) // 2] ^= 0xFF
    path = tmp_path / "a.png"
    path.write_bytes(data)
    assert "damaged or cut off" in refused(path)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(("width", "height", "reason"), [(0, 10, "has no pixels"), (20_000, 20_000, "is too large")])
def test_impossible_sizes_are_refused_before_decoding(tmp_path, width, height, reason):
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)
    path = tmp_path / "a.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b""))
    assert reason in refused(path)
    assert f"{width}x{height}" in refused(path)
