"""A video file, or a raw stream, as the frames of one camera."""

import hashlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cached_property
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from gallery.errors import SourceError
from ingest.frame import Frame
from ingest.frame_clock import DEFAULT_RATE, FrameClock, Sampler
from ingest.orientation import Orientation, orientation_of
from ingest.source_summary import SourceSummary, StartOrigin
from ingest.video_container import opened_video
from ingest.video_damage import Damage, Promise, promise_of
from ingest.zones import NO_ZONES

FASTEST = 1000
"""Frames per second; a stream that claims more has a broken header."""

MOST_STRETCHED = 4
"""Pixels of a more extreme shape than 4:1 come from broken headers, and count as square."""

UNSET_CLOCK = datetime(1990, 1, 1, tzinfo=UTC)
"""Creation times before this are those of a camera whose clock was never set."""

WITH_INDEX = frozenset({"mp4", "matroska"})
"""Containers, as FFmpeg names them, that say where each moment is: MP4, MOV, Matroska and WebM."""

MOST_READ_FAILURES = 16
"""After so many failures in a row nothing more of the file is readable."""


@dataclass(frozen=True)
class Format:
    """What the first frame and the headers tell.

    Attributes:
        rate: Nominal frames per second.
        width: Of the stored pixels, made square, before they are turned upright.
        height: The same.
        orientation: How they are turned.
        created: UTC time noted in the container, None without one.
        promise: What the container says it holds.
        time_unit: What timestamps are rounded to, seconds; 0 where there are none.
        has_index: Whether the container says where each moment is.
    """

    rate: Fraction
    width: int
    height: int
    orientation: Orientation
    created: datetime | None
    promise: Promise
    time_unit: Fraction
    has_index: bool


class VideoFile:
    """One video stream of a file, decoded from its beginning at each pass.

    Frames come upright (rotation metadata is applied) and with square pixels (the smaller direction is scaled up).
    A frame's index counts decoded frames; its time is start + (timestamp - first timestamp), so a variable frame
    rate is kept. A stream without timestamps has index / rate instead. Damaged coded frames are passed over and
    counted, and what is missing at the end is told by ``summary``.
    """

    def __init__(
        self,
        name: str,
        path: Path,
        *,
        start: datetime | None,
        fps: float | None,
        rate: float | None,
        threads: int,
        start_origin: StartOrigin = "given",
    ) -> None:
        """Opens the file and decodes its first frame; see ``open_source``.

        Raises:
            SourceError: If not one frame can be decoded.
        """
        self.name = name
        self.path = path
        self.fps = fps
        self.zones = NO_ZONES
        self.live = False
        self._threads = threads
        self._format = _format_of(path, rate)
        self.start, self.start_origin = _start(start, start_origin, self._format.created)
        self.width, self.height = self._format.orientation.size(self._format.width, self._format.height)
        self._summary = SourceSummary(0, 0, 0.0, ())

    @property
    def rate(self) -> float:
        """Nominal frames per second."""
        return float(self._format.rate)

    @property
    def orientation(self) -> Orientation:
        """How the stored pictures are turned upright."""
        return self._format.orientation

    @property
    def length_seconds(self) -> float | None:
        """How long the file says that its video is, None where it does not."""
        promise = self._format.promise
        return promise.seconds if promise.own_length else None

    @property
    def frame_count(self) -> int | None:
        """About how many frames are given, None where the file does not say."""
        promise = self._format.promise
        count = promise.packets
        if count is None and promise.seconds is not None:
            count = round(promise.seconds * self.rate)
        if count is None or self.fps is None:
            return count
        return max(1, min(count, round(count / self.rate * self.fps)))

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of the file's bytes, 64 hex digits."""
        try:
            with self.path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise SourceError(f"{self.path} cannot be read ({error.strerror}); check it is still there") from error

    def frames(self, first: int = 0) -> Generator[Frame, None, None]:
        """Gives the frames from index ``first`` on; see ``Source.frames``.

        All frames are decoded, since each needs those before it; only those given are converted.
        """
        damage, clock = Damage(), FrameClock(self._format.rate)
        sampler = Sampler(self.fps, self._format.time_unit)
        scaler, ended = VideoReformatter(), False
        try:
            with opened_video(self.path, self._threads) as (container, stream):
                for index, picture in enumerate(decoded(container, stream, damage)):
                    damage.seconds = clock.seconds(picture.pts, stream.time_base)
                    if sampler.takes(damage.seconds) and index >= first:
                        yield self._frame(index, damage.seconds, picture, scaler)
            ended = True
        finally:
            self._summary = damage.summary(self._format.promise, clock, self._format.rate, ended=ended)

    @property
    def can_be_entered(self) -> bool:
        """Whether any moment can be found without reading what lies before: there are timestamps, and an index of them."""
        return self._format.time_unit > 0 and self._format.has_index

    def shown(self, index: int, time: datetime, picture: VideoFrame, scaler: VideoReformatter) -> Frame:
        """A decoded picture as a frame: upright, with square pixels."""
        form = self._format
        # One thread: waking others costs more than the conversion of one picture does.
        scaled = scaler.reformat(picture, width=form.width, height=form.height, format="bgr24", threads=1)
        return Frame(index, time, form.orientation.upright(np.asarray(scaled.to_ndarray(), np.uint8)))

    def summary(self) -> SourceSummary:
        """What the latest pass gave."""
        return self._summary

    def close(self) -> None:
        """Nothing to let go of between passes."""

    def _frame(self, index: int, seconds: Fraction, picture: VideoFrame, scaler: VideoReformatter) -> Frame:
        time = self.start + timedelta(microseconds=round(seconds * 1_000_000))
        return self.shown(index, time, picture, scaler)


def decoded(container: InputContainer, stream: VideoStream, damage: Damage) -> Iterator[VideoFrame]:
    """All pictures that can be decoded, in the order of showing; what cannot is counted and passed over."""
    size: tuple[int, int] | None = None
    for packet in _packets(container, stream, damage):
        try:
            pictures = stream.decode(packet)
        except EOFError:  # the decoder has given its last pictures already
            continue
        except av.FFmpegError:
            damage.miss()
            continue
        for picture in pictures:
            if picture.is_corrupt:
                damage.patch()
            size = size or (picture.width, picture.height)
            if size != (picture.width, picture.height) and damage.resized is None:
                change = f"{size[0]}x{size[1]} to {picture.width}x{picture.height}"
                damage.resized = (damage.frames, change)
            damage.frames += 1
            yield picture


def _packets(container: InputContainer, stream: VideoStream, damage: Damage) -> Iterator["Packet[VideoStream] | None"]:
    """The coded frames, and at the end what makes the decoder give its last pictures."""
    failures = 0
    while failures < MOST_READ_FAILURES:
        try:
            for packet in container.demux(stream):
                damage.packets += packet.size > 0
                failures = 0
                yield packet
        except (av.FFmpegError, IndexError):  # IndexError: a damaged header looked like one more stream
            damage.unreadable += 1
            failures += 1
        else:
            return
    yield None


def _format_of(path: Path, rate: float | None) -> Format:
    with opened_video(path, threads=1) as (container, stream):
        picture = next(decoded(container, stream, Damage()), None)
        if picture is None:
            raise SourceError(
                f"{path}: not one frame of it can be decoded ({stream.codec_context.name}); copy it again or convert it"
            )
        frames_per_second = _stream_rate(stream, rate, timed=picture.pts is not None)
        width, height = square_size(picture, stream.sample_aspect_ratio)
        return Format(
            rate=frames_per_second,
            width=width,
            height=height,
            orientation=orientation_of(picture),
            created=creation_time(container, stream),
            promise=promise_of(container, stream, frames_per_second),
            time_unit=stream.time_base if stream.time_base and picture.pts is not None else Fraction(0),
            has_index=not WITH_INDEX.isdisjoint(container.format.name.split(",")),
        )


def _stream_rate(stream: VideoStream, rate: float | None, *, timed: bool) -> Fraction:
    """Nominal frames per second; for a raw stream that given, else that of its codec's header."""
    if timed:
        said = (stream.average_rate, stream.guessed_rate)
    elif rate is not None:
        return Fraction(rate).limit_denominator(100_000)
    else:
        said = (stream.codec_context.framerate, None)
    return next((Fraction(value) for value in said if value and 0 < value <= FASTEST), DEFAULT_RATE)


def square_size(picture: VideoFrame, pixel_aspect: Fraction | None) -> tuple[int, int]:
    """Width and height with square pixels: nothing is scaled down."""
    aspect = float(pixel_aspect or 1)
    if not 1 / MOST_STRETCHED <= aspect <= MOST_STRETCHED:
        aspect = 1.0
    if aspect >= 1:
        return round(picture.width * aspect), picture.height
    return picture.width, round(picture.height / aspect)


def creation_time(container: InputContainer, stream: VideoStream) -> datetime | None:
    """The creation time in the container's or the stream's metadata, UTC."""
    noted = container.metadata.get("creation_time") or stream.metadata.get("creation_time")
    try:
        time = datetime.fromisoformat(noted or "")
    except ValueError:
        return None
    time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    return time if time >= UNSET_CLOCK else None


def _start(given: datetime | None, origin: StartOrigin, created: datetime | None) -> tuple[datetime, StartOrigin]:
    if given is not None:
        return given, origin
    if created is not None:
        return created, "container"
    return datetime.fromtimestamp(0, UTC), "epoch"
