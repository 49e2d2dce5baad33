"""A thread that watches a live camera: it decodes whatever comes, and connects once more when the camera is lost."""

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from gallery.errors import SourceError
from ingest.address import shown
from ingest.frame_clock import DEFAULT_RATE, FrameClock, Sampler
from ingest.live_container import lost_reason, opened_live
from ingest.live_limits import LiveLimits
from ingest.mailbox import Mailbox
from ingest.source_summary import Ending
from ingest.video_file import creation_time

WAITING = 4
"""Pictures that wait at most: enough to smooth over a slow one, and few enough to be of now."""

RETRY_SECONDS = 0.5
"""Between tries to reach a camera that was lost."""

HEALTHY_SECONDS = 60.0
"""A connection that held so long earns another reconnect."""

MEASURED_FRAMES = 25
"""So many first frames tell the rate."""

UNTIMED_FORMATS = ("mpjpeg", "mjpeg")
"""Formats without timestamps, for which FFmpeg makes some up."""

WAY_AHEAD_SECONDS = 30.0
"""Frames that are due later than this have broken timestamps, and are shown at once."""


@dataclass(frozen=True)
class Arrival:
    """A decoded picture.

    Attributes:
        index: Counts decoded pictures.
        seconds: Since the first one.
        picture: Not converted yet.
    """

    index: int
    seconds: float
    picture: VideoFrame


class LiveReader:
    """Reads one camera in a thread of its own, from when it is made until it ends or is closed.

    A live camera is never waited for: pictures that nobody took in time make room for newer ones. A file that is read
    over HTTP has an end, and all of its pictures are kept.

    Args:
        address: See ``opened_live``.
        limits: How long to wait for it.
        fps: Takes so many pictures a second; None takes all.

    Attributes:
        format: The container's format, as FFmpeg calls it.
        is_recorded: Whether it has an end: a file.
        stated_rate: Frames per second that the stream states, None where it does not.
        pixel_aspect: Width of a pixel over its height.
        length_seconds: How long a recorded one is.
        mailbox: The pictures.
        decoded: How many there were.
        undecodable: Coded pictures that could not be decoded.
        created: UTC time noted in the container, None without one.
        first: The first picture.
        began: UTC time of the first picture, by this machine's clock.
        seconds: Time of the latest picture, since the first.
        stamps: Timestamps of the first pictures, seconds; times of arrival where the stream has no true ones.
        ended: How it ended; None while it goes on.
        problems: What went wrong, one line each.

    Raises:
        SourceError: If it cannot be reached.
    """

    def __init__(self, address: str, limits: LiveLimits, fps: float | None) -> None:
        self._address = address
        self._limits = limits
        self._open = ExitStack()
        container, stream = self._open.enter_context(self._connection())
        self.format = container.format.name
        self.is_recorded = address.lower().startswith("http") and bool(container.duration and container.duration > 0)
        rates = (stream.average_rate, stream.guessed_rate)
        self.stated_rate = next((Fraction(rate) for rate in rates if rate and 0 < rate <= 1000), None)
        self.pixel_aspect = stream.sample_aspect_ratio
        self.length_seconds = container.duration / 1e6 if self.is_recorded and container.duration else None
        self.mailbox: Mailbox[Arrival] = Mailbox(WAITING, keeps_all=self.is_recorded)
        self.decoded = self.undecodable = 0
        self.seconds = 0.0
        self.created = creation_time(container, stream)
        self.first: VideoFrame | None = None
        self.began: datetime | None = None
        self.stamps: list[float] = []
        self.ended: Ending | None = None
        self.problems: list[str] = []
        self._sampler = Sampler(fps, stream.time_base or Fraction(0) if self.is_recorded else Fraction(0))
        self._clock = FrameClock(self.stated_rate or DEFAULT_RATE)
        self._first_at = self._waits_since = 0.0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._read, args=(container, stream), name="live camera", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Lets go of the camera. A thread that waits for a silent one ends by itself, after the read time-out."""
        self._closing.set()
        self.mailbox.close()
        self._thread.join(1.0)

    def _connection(self) -> AbstractContextManager[tuple[InputContainer, VideoStream]]:
        return opened_live(self._address, self._limits)

    def _read(self, container: InputContainer, stream: VideoStream) -> None:
        """The thread: one connection after the other."""
        tries = 1
        try:
            while True:
                began = time.monotonic()
                reason = self._watch(container, stream)
                self._open.close()
                if reason is None:
                    self.ended = "end"
                    break
                if time.monotonic() - began >= HEALTHY_SECONDS:
                    tries = 1
                again = self._again(reason) if tries > 0 else "its one reconnect was used"
                if isinstance(again, str):
                    self._lose(reason, again)
                    break
                tries -= 1
                container, stream = again
        finally:
            self._open.close()
            self.ended = self.ended or "lost"
            self.mailbox.close()

    def _watch(self, container: InputContainer, stream: VideoStream) -> str | None:
        """Reads one connection to its end; gives why it was lost, None for a good end."""
        try:
            for arrival in self._arrivals(container, stream):
                if not self.mailbox.put(arrival) or self._closing.is_set():
                    return None
        except (av.FFmpegError, OSError, IndexError) as error:
            if time.monotonic() - self._waits_since >= 0.9 * self._limits.read_seconds:
                return f"silent for {self._limits.read_seconds:g} s"  # some formats take the time-out for damage
            return lost_reason(error, self._limits)
        if self._closing.is_set() or (self.is_recorded and not self._is_short()):
            return None
        return lost_reason(None, self._limits)

    def _is_short(self) -> bool:
        """Whether a recorded stream ended clearly before its stated length."""
        return self.length_seconds is not None and self.seconds < self.length_seconds - 1.0

    def _arrivals(self, container: InputContainer, stream: VideoStream) -> Iterator[Arrival]:
        """The pictures of one connection that sampling takes, each with its time."""
        known = self.decoded if self.is_recorded else 0  # a file begins anew, with what was seen already
        anchor: tuple[float, float] | None = None
        clean = False
        for picture in self._pictures(container, stream):
            clean = clean or not picture.is_corrupt
            if not clean:  # patched up from frames before the connection began
                continue
            if known > 0:
                known -= 1
                continue
            stamp = None if picture.pts is None or stream.time_base is None else float(picture.pts * stream.time_base)
            if self.format == "hls" and not self.is_recorded and stamp is not None:
                anchor = self._await(stamp, anchor)
            arrival = self._arrived(picture, stamp, stream)
            if self._sampler.takes(Fraction(arrival.seconds).limit_denominator(1_000_000)):
                yield arrival

    def _pictures(self, container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
        self._waits_since = time.monotonic()
        for packet in container.demux(stream):
            if self._closing.is_set():
                return
            try:
                yield from stream.decode(packet)
            except EOFError:
                return
            except av.FFmpegError:
                self.undecodable += 1
            self._waits_since = time.monotonic()

    def _await(self, stamp: float, anchor: tuple[float, float] | None) -> tuple[float, float]:
        """Waits until a picture of a segment, which came all at once, is due; gives the anchor of the next one."""
        now = time.monotonic()
        due = now if anchor is None else anchor[1] + stamp - anchor[0]
        if not now - 1.0 <= due <= now + WAY_AHEAD_SECONDS:
            return stamp, now
        self._closing.wait(due - now)
        return (stamp, now) if anchor is None else anchor

    def _arrived(self, picture: VideoFrame, stamp: float | None, stream: VideoStream) -> Arrival:
        now = time.monotonic()
        if self.first is None:
            self.first, self.began, self._first_at = picture, datetime.now(UTC), now
        if self.is_recorded:
            seconds = float(self._clock.seconds(picture.pts, stream.time_base))
        else:
            seconds = max(now - self._first_at, self.seconds + 1e-6 if self.decoded else 0.0)
        if len(self.stamps) <= MEASURED_FRAMES:
            self.stamps.append(now if stamp is None or self.format in UNTIMED_FORMATS else stamp)
        self.seconds = seconds
        self.decoded += 1
        return Arrival(self.decoded - 1, seconds, picture)

    def _again(self, reason: str) -> tuple[InputContainer, VideoStream] | str:
        """Connects once more, trying for as long as opening may take; gives why not if the camera does not come back."""
        at, began = _clock_text(), time.monotonic()
        why_not = "it does not answer"
        while self.decoded and time.monotonic() - began < self._limits.open_seconds:
            if self._closing.wait(RETRY_SECONDS):
                return "it was ended before it came back"
            try:
                again = self._open.enter_context(self._connection())
            except SourceError as failure:
                why_not = f"on a reconnect it {str(failure).removeprefix(f'{shown(self._address)} ')}"
                continue
            self.problems.append(f"lost at {at} ({reason}); back after {time.monotonic() - began:.1f} s")
            return again
        return why_not

    def _lose(self, reason: str, why_not: str) -> None:
        """Notes that the camera is gone for good, and why."""
        self.ended = "lost"
        place = "" if self.length_seconds is None else f" after {self.seconds:.1f} of {self.length_seconds:.1f} s"
        if not self.decoded:
            self.problems.append(reason)
            return
        self.problems.append(f"lost for good at {_clock_text()}{place}: {reason}; {why_not}")


def _clock_text() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
