"""Makes tiny videos whose frames say who they are: each is one grey level, so a decoded frame can be told apart."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter

from ingest.frame import Image

TICKS = 1000
"""Timestamps are given in milliseconds."""


def grey_of(index: int) -> int:
    """The grey level of a frame: 8 apart, so that it survives coding; it repeats after 25 frames."""
    return 28 + 8 * (index % 25)


def grey(index: int, size: tuple[int, int] = (64, 48)) -> Image:
    """A frame of one grey level; size is (width, height)."""
    width, height = size
    return np.full((height, width, 3), grey_of(index), np.uint8)


def noise(index: int, size: tuple[int, int] = (64, 48)) -> Image:
    """A moving pattern, so that every coded frame has some bytes to damage."""
    width, height = size
    rows, columns = np.mgrid[0:height, 0:width]
    base = np.random.default_rng(5).integers(0, 120, (height, width))
    wave = 60 + 60 * np.sin((rows + columns + 5 * index) / 4)
    return np.repeat((np.roll(base, index, axis=1) + wave).astype(np.uint8)[..., None], 3, axis=2)


def quadrants(size: tuple[int, int] = (96, 64)) -> Image:
    """A picture with a different grey in each corner: 40 and 100 above, 160 and 220 below."""
    width, height = size
    image = np.zeros((height, width, 3), np.uint8)
    image[: height // 2, : width // 2] = 40
    image[: height // 2, width // 2 :] = 100
    image[height // 2 :, : width // 2] = 160
    image[height // 2 :, width // 2 :] = 220
    return image


def write_video(
    path: Path,
    images: Iterable[Image],
    *,
    milliseconds: Sequence[int] | None = None,
    rate: int = 25,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    format: str | None = None,  # noqa: A002 (as PyAV calls it)
    key_frames: int = 10,
    rotation: int = 0,
    mirrored: bool = False,
    pixel_aspect: Fraction | None = None,
    created: str | None = None,
    faststart: bool = True,
) -> Path:
    """Writes a video.

    Args:
        path: The file; its suffix says the container.
        images: The frames.
        milliseconds: When each is shown; None for a constant rate.
        rate: Frames per second.
        codec: The encoder.
        pixels: Its pixel format.
        format: The container, where the suffix does not say it.
        key_frames: Distance of key frames.
        rotation: Degrees counter-clockwise that a player has to turn the pictures by.
        mirrored: Whether it has to mirror them after that.
        pixel_aspect: Width of a pixel over its height.
        created: The container's creation time.
        faststart: Whether an mp4's index comes first.
    """
    options = {"movflags": "+faststart"} if path.suffix == ".mp4" and faststart else {}
    exact = VideoReformatter()
    with av.open(str(path), "w", format=format, container_options=options) as container:
        if created:
            container.metadata["creation_time"] = created
        stream = container.add_stream(codec, rate=rate)
        stream.pix_fmt = pixels
        stream.codec_context.gop_size = key_frames
        stream.codec_context.thread_count = 1
        stream.bit_rate = 4_000_000
        if codec == "libx264":
            stream.codec_context.options = {"preset": "ultrafast", "crf": "10"}
        if milliseconds is not None:
            stream.codec_context.time_base = Fraction(1, TICKS)
        for number, image in enumerate(images):
            if number == 0:
                stream.height, stream.width = image.shape[:2]
                if pixel_aspect is not None:
                    stream.codec_context.sample_aspect_ratio = pixel_aspect
                if rotation or mirrored:
                    stream.set_display_rotation(rotation, hflip=mirrored)
            frame = exact.reformat(
                av.VideoFrame.from_ndarray(image, format="bgr24"),
                format=pixels,
                interpolation=Interpolation.BILINEAR | Interpolation.ACCURATE_RND,
            )
            if milliseconds is not None:
                frame.pts, frame.time_base = milliseconds[number], Fraction(1, TICKS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_sound(path: Path) -> Path:
    """Writes a second of silence."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def read_greys(images: Iterable[Image]) -> list[int]:
    """The mean grey of each image."""
    return [round(float(image.mean())) for image in images]


def cut(path: Path, share: float, to: Path) -> Path:
    """The first part of a file."""
    data = path.read_bytes()
    to.write_bytes(data[: int(len(data) * share)])
    return to


def flip_bytes(path: Path, begin: float, end: float, every: int, to: Path) -> Path:
    """A copy with every so many bytes inverted between two shares of the file."""
    data = bytearray(path.read_bytes())
    for position in range(int(len(data) * begin), int(len(data) * end), every):
        data[position] ^= 0xFF
    to.write_bytes(data)
    return to
