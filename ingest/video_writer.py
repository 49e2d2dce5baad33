"""Frames into an H.264 video that browsers play."""

import errno
import os
from contextlib import suppress
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import cv2
import numpy as np
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, Interpolation, VideoReformatter
from av.video.stream import VideoStream

from gallery.errors import SourceError
from ingest.frame import Image

TIME_BASE = Fraction(1, 90_000)
"""Unit of the timestamps, seconds: exact for all usual rates, 29.97 among them."""

KEY_FRAME_SECONDS = 2.0
"""A browser can jump to each of these at once."""

QUICK = {"preset": "superfast", "x264-params": "mbtree=1:rc-lookahead=10"}
"""Two thirds of the work of x264's "veryfast" for a file a tenth larger: "superfast" with what saves it most bits."""


class VideoWriter:
    """Writes H.264 (yuv420p, BT.709) into an mp4 file whose index comes first, so that it plays while it loads.

    The file appears under its name only when it is complete: until then it is ``NAME.part`` beside it. Pictures
    with an odd width or height get their last column or row twice, since H.264 wants even sizes.

    Example:
        >>> with VideoWriter(Path("out.mp4"), rate=source.rate) as writer:  # doctest: +SKIP
        ...     for frame in source.frames():
        ...         writer.write(frame.image, frame.time)
    """

    def __init__(
        self,
        path: Path,
        *,
        rate: float,
        threads: int = 0,
        crf: int = 23,
        preset: str = "veryfast",
        quick: bool = False,
    ) -> None:
        """Starts the file.

        Args:
            path: Where to write; a file of that name is replaced at the end.
            rate: Nominal frames per second, and the real ones for frames written without a time.
            threads: Threads of the encoder, 0 for as many as there are cores.
            crf: Quality, 0-51; lower is better and larger.
            preset: x264's trade of speed for size.
            quick: Spend less work on it, in place of the preset: for pictures that are made as they are written.

        Raises:
            SourceError: If the file cannot be made there.
            ValueError: If the rate is not above 0.
        """
        if not rate > 0:
            raise ValueError(f"the rate of a video must be above 0 frames per second, not {rate}")
        self.path = path
        self._part = path.with_name(path.name + ".part")
        self._rate = Fraction(rate).limit_denominator(100_000)
        self._options = {"crf": str(crf), **(QUICK if quick else {"preset": preset})}
        # Without accurate rounding all colours lose a level, which nobody sees, and half the work.
        self._interpolation = Interpolation.BILINEAR | (Interpolation(0) if quick else Interpolation.ACCURATE_RND)
        self._threads = threads
        self._stream: VideoStream | None = None
        self._scaler = VideoReformatter()
        self._size = (0, 0)
        self._began: datetime | None = None
        self._last: int | None = None
        self._open = True
        try:
            self._part.open("wb").close()  # FFmpeg would notice only at the first frame that it cannot write here
            self._container: OutputContainer = av.open(
                str(self._part.absolute()), mode="w", format="mp4", container_options={"movflags": "+faststart"}
            )
        except OSError as error:
            raise self._cannot(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()

    def write(self, image: Image, time: datetime | None = None) -> None:
        """Adds a frame.

        Args:
            image: (H, W, 3) uint8, BGR, all of one size.
            time: When it is to be shown; times must increase. None: 1/rate after the frame before it.

        Raises:
            SourceError: If the disk is full or cannot be written; what was written is removed.
            ValueError: If the size changes, or the writer is closed.
        """
        if not self._open:
            raise ValueError(f"{self.path} is closed")
        stream = self._stream or self._begin(image)
        if image.shape[:2] != self._size:
            raise ValueError(f"{self.path}: a frame is {image.shape[:2]}, those before it {self._size} (height, width)")
        frame = self._picture(image)
        frame.pts = self._last = self._stamp(time)
        frame.time_base = TIME_BASE
        self._encode(stream, frame)

    def close(self) -> None:
        """Writes what is still in the encoder and the index, and gives the file its name.

        Without a single frame there is no file. Closing twice does nothing.

        Raises:
            SourceError: If the disk is full or cannot be written; what was written is removed.
        """
        if not self._open:
            return
        if self._stream is None:
            self.discard()
            return
        self._encode(self._stream, None)
        self._open = False
        try:
            self._container.close()
            with self._part.open("rb") as file:
                os.fsync(file.fileno())
            self._part.replace(self.path)
        except OSError as error:
            self._remove()
            raise self._cannot(error) from error

    def discard(self) -> None:
        """Gives up: removes what was written. A file that had the name before stays."""
        self._open = False
        with suppress(OSError):
            self._container.close()
        self._remove()

    def _begin(self, image: Image) -> VideoStream:
        height, width = image.shape[:2]
        self._size = (height, width)
        stream = self._container.add_stream("libx264", rate=self._rate, options=dict(self._options))
        stream.width, stream.height = width + width % 2, height + height % 2
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.time_base = TIME_BASE
        context.thread_count = self._threads
        context.gop_size = max(1, round(self._rate * Fraction(KEY_FRAME_SECONDS)))
        context.color_range = ColorRange.MPEG
        context.colorspace = Colorspace.ITU709
        context.color_primaries = ColorPrimaries.BT709
        context.color_trc = ColorTrc.BT709
        self._stream = stream
        return stream

    def _picture(self, image: Image) -> VideoFrame:
        height, width = self._size
        if height % 2 or width % 2:
            image = np.asarray(
                cv2.copyMakeBorder(image, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE), dtype=np.uint8
            )
        frame = VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24")
        return self._scaler.reformat(
            frame,
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            interpolation=self._interpolation,
            threads=1,
        )

    def _stamp(self, time: datetime | None) -> int:
        """The frame's timestamp in units of ``TIME_BASE``, above that of the frame before it."""
        if time is not None and self._began is None and self._last is None:
            self._began = time
        if time is None or self._began is None:
            return 0 if self._last is None else self._last + round(1 / (self._rate * TIME_BASE))
        stamp = round((time - self._began).total_seconds() / TIME_BASE)
        return stamp if self._last is None else max(stamp, self._last + 1)

    def _encode(self, stream: VideoStream, frame: VideoFrame | None) -> None:
        try:
            self._container.mux(stream.encode(frame))
        except OSError as error:
            self.discard()
            raise self._cannot(error) from error

    def _remove(self) -> None:
        with suppress(OSError):
            self._part.unlink(missing_ok=True)

    def _cannot(self, error: OSError) -> SourceError:
        if error.errno == errno.ENOSPC:
            return SourceError(f"{self.path} cannot be written: the disk is full; free some space and run again")
        reason = error.strerror or str(error)
        return SourceError(f"{self.path} cannot be written ({reason}); check the folder and its permissions")
