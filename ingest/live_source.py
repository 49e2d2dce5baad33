"""A live camera - RTSP, HTTP or a webcam - as a source of frames."""

import time
import uuid
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median
from threading import Event

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from gallery.errors import SourceError
from gallery.rows import LIVE
from ingest.address import shown
from ingest.frame import Frame
from ingest.frame_clock import DEFAULT_RATE
from ingest.live_limits import LiveLimits
from ingest.live_reader import MEASURED_FRAMES, Arrival, LiveReader
from ingest.orientation import orientation_of
from ingest.source_summary import Ending, SourceSummary, StartOrigin
from ingest.video_file import square_size
from ingest.zones import NO_ZONES

MEASURE_SECONDS = 1.0
"""So long the first frames are watched to learn how many come a second."""

POLL_SECONDS = 0.1
"""How soon it is noticed that somebody ended it."""

FEW_DROPPED = 0.05
"""A larger share of frames dropped is told: tracks suffer from uneven steps."""


class LiveSource:
    """A camera that sends now. It can be watched once, from now on.

    The first picture gives the size; later ones of another size (after a reconnect, say) are scaled to it. A frame's
    time is when it arrived, by this machine's clock; with a start given, that start and the seconds since. A frame's
    index counts all that were decoded, so those that were dropped leave holes. A file that is read over HTTP behaves
    as a file: none of its frames is dropped, and its times are its own.

    Args:
        address: See ``opened_live``.
        limits: How long to wait for it, and how long to watch.
        start: Time of the first frame, UTC; None takes the clock's.
        fps: Takes so many frames a second; None takes all.
        stop: Ends it when it is set.

    Raises:
        SourceError: If it cannot be reached, or sends no picture.
    """

    def __init__(
        self, address: str, *, limits: LiveLimits, start: datetime | None, fps: float | None, stop: Event | None = None
    ) -> None:
        self.name = shown(address)
        self.zones = NO_ZONES
        self.fps = fps
        self._limits = limits
        self._stop = stop or Event()
        self._ended: Ending | None = None
        self._dropped_before = 0
        self._taken = 0
        self._changes: list[str] = []
        self._reader = LiveReader(address, limits, fps)
        try:
            first = self._first_picture()
        except BaseException:
            self._reader.close()
            raise
        self._size = square_size(first, self._reader.pixel_aspect)
        self._orientation = orientation_of(first)
        self._stored = (first.width, first.height)
        self.width, self.height = self._orientation.size(*self._size)
        self.rate = self._measured_rate()
        began = self._reader.began or datetime.now(UTC)
        self.start, self.start_origin = self._started(start, began)
        self.content_hash = f"{LIVE} {began:%Y-%m-%dT%H:%M:%S.%fZ} {uuid.uuid4().hex}"

    @property
    def live(self) -> bool:
        """Whether frames come when they come, and are lost if nobody takes them."""
        return not self._reader.is_recorded

    @property
    def length_seconds(self) -> float | None:
        """How long a file is; None for what has no end."""
        return self._reader.length_seconds

    @property
    def frame_count(self) -> int | None:
        """About how many frames are given; None for what has no end."""
        seconds = self.length_seconds
        return None if seconds is None else max(1, round(seconds * min(self.rate, self.fps or self.rate)))

    def frames(self, first: int = 0) -> Generator[Frame, None, None]:
        """Gives the frames from now on; see ``Source.frames``. Ending or closing it lets go of the camera.

        Raises:
            SourceError: If it was watched before.
        """
        if self._ended is not None or self._taken:
            raise SourceError(f"{self.name} was watched already; open it again")
        scaler = VideoReformatter()
        self._dropped_before = self._reader.mailbox.dropped
        until = None if self._limits.stop_after_seconds is None else time.monotonic() + self._limits.stop_after_seconds
        try:
            while (arrival := self._next(until)) is not None:
                self._taken += 1
                yield self._frame(arrival, scaler)
        finally:
            self.close()

    def summary(self) -> SourceSummary:
        """What was seen so far."""
        reader = self._reader
        dropped = reader.mailbox.dropped - self._dropped_before
        problems = [*reader.problems, *self._changes]
        if reader.undecodable:
            problems.append(f"{reader.undecodable} coded frames could not be decoded")
        if dropped > FEW_DROPPED * (self._taken + dropped):
            kept = min(self.rate, self.fps or self.rate) * self._taken / (self._taken + dropped)
            problems.append(
                f"{dropped} of {self._taken + dropped} frames were dropped, since this machine keeps up with about "
                f"{kept:.1f} frames a second; with --fps {max(1, int(kept))} the others come evenly"
            )
        seconds = reader.seconds + 1 / self.rate
        ended = self._ended or reader.ended or "end"
        return SourceSummary(reader.decoded, reader.undecodable, seconds, tuple(problems), dropped, ended)

    def close(self) -> None:
        """Lets go of the camera."""
        self._ended = self._ended or self._reader.ended or "stopped"
        self._reader.close()

    def _next(self, until: float | None) -> Arrival | None:
        """The next picture, as soon as there is one; None at the end."""
        while not self._stop.is_set():
            left = POLL_SECONDS if until is None else min(POLL_SECONDS, until - time.monotonic())
            if left <= 0:
                self._ended = "time"
                return None
            arrival = self._reader.mailbox.take(left)
            if arrival is not None:
                return arrival
            if self._reader.mailbox.is_over:
                self._ended = self._reader.ended
                return None
        self._ended = "stopped"
        return None

    def _frame(self, arrival: Arrival, scaler: VideoReformatter) -> Frame:
        picture = arrival.picture
        if (picture.width, picture.height) != self._stored:
            before, self._stored = self._stored, (picture.width, picture.height)
            change = f"{before[0]}x{before[1]} to {picture.width}x{picture.height}"
            self._changes.append(
                f"the size changes at frame {arrival.index} ({change}); frames are scaled to the first"
            )
        width, height = self._size
        scaled = scaler.reformat(picture, width=width, height=height, format="bgr24", threads=1)
        time_ = self.start + timedelta(microseconds=round(arrival.seconds * 1_000_000))
        return Frame(arrival.index, time_, self._orientation.upright(np.asarray(scaled.to_ndarray(), np.uint8)))

    def _first_picture(self) -> VideoFrame:
        """Waits for it, and for some more to measure their rate."""
        reader = self._reader
        while reader.began is None and not self._stop.is_set() and not reader.mailbox.is_over:
            time.sleep(POLL_SECONDS / 10)
        until = time.monotonic() + MEASURE_SECONDS
        while self.live and time.monotonic() < until and len(reader.stamps) < MEASURED_FRAMES and reader.ended is None:
            time.sleep(POLL_SECONDS / 10)
        if reader.first is None:
            why = "; ".join(reader.problems) or "it was stopped before its first frame"
            raise SourceError(f"{self.name} sends no picture ({why}); check that the camera is on")
        return reader.first

    def _measured_rate(self) -> float:
        """Frames a second: of the first ones as they were stamped, else as the stream states."""
        stamps, stated = self._reader.stamps, self._reader.stated_rate
        steps = [after - before for before, after in pairwise(stamps) if after > before]
        if self._reader.is_recorded or len(steps) < 2:
            return float(stated or DEFAULT_RATE)
        return min(max(1 / median(steps), 0.1), 1000.0)

    def _started(self, given: datetime | None, began: datetime) -> tuple[datetime, StartOrigin]:
        if given is not None:
            return given, "given"
        if self.live:
            return began, "clock"
        if self._reader.created is not None:
            return self._reader.created, "container"
        return datetime.fromtimestamp(0, UTC), "epoch"
