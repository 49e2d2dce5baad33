"""What is wrong with a video, gathered while it is read, and said in a few lines."""

from dataclasses import dataclass, field
from fractions import Fraction

from av.container import InputContainer
from av.video.stream import VideoStream

from ingest.frame_clock import FrameClock
from ingest.source_summary import SourceSummary

MOV = "mov,mp4,m4a,3gp,3g2,mj2"

CLEAR_SHORTFALL = 1.0
"""Seconds missing at the end before a stream that only states its length counts as cut off."""

CLEAR_SHORTFALL_SHARED = 5.0
"""The same where the stated length is that of the longest stream, which may be the sound."""


@dataclass(frozen=True)
class Promise:
    """What a container says of its video before it is read.

    Attributes:
        packets: Coded frames in it, None where it does not say.
        exact: Whether that number is an index of the file, not just a line in its header.
        seconds: How long it is, None where it does not say.
        own_length: Whether ``seconds`` is of the video stream alone.
    """

    packets: int | None
    exact: bool
    seconds: float | None
    own_length: bool

    def shortfall(self, packets: int, seconds: float) -> bool:
        """Whether so many packets and seconds are clearly less than was promised."""
        if self.exact and self.packets is not None:
            return packets < self.packets
        slack = CLEAR_SHORTFALL if self.own_length else CLEAR_SHORTFALL_SHARED
        return self.seconds is not None and seconds < self.seconds - slack


def promise_of(container: InputContainer, stream: VideoStream, rate: Fraction) -> Promise:
    """Reads what the container promises."""
    alone = len(container.streams) == 1
    if container.format.name == MOV and stream.frames:
        # Edit lists hide frames: the index of the demuxer knows, the header's count does not.
        count = len(stream.index_entries)
        return Promise(count, True, _stream_seconds(stream) or _seconds(count, rate), True)
    if stream.frames:
        return Promise(stream.frames, False, _seconds(stream.frames, rate), True)
    own = _stream_seconds(stream)
    whole = None if container.duration is None else container.duration / 1_000_000
    return Promise(None, False, whole if own is None else own, alone or own is not None)


def _seconds(count: int, rate: Fraction) -> float:
    return float(count / rate)


def _stream_seconds(stream: VideoStream) -> float | None:
    """Length of the stream: from its header, or the tag that Matroska writers leave ("00:01:02.500000000")."""
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    try:
        hours, minutes, seconds = stream.metadata.get("DURATION", "").split(":")
        return 3600 * int(hours) + 60 * int(minutes) + float(seconds)
    except ValueError:
        return None


@dataclass
class Damage:
    """Counts, while one pass over a video goes on.

    Attributes:
        packets: Coded frames read.
        frames: Frames decoded.
        undecodable: Coded frames that gave no picture; ``first_undecodable`` is where the first one was.
        damaged: Frames decoded with patches; ``first_damaged`` is the first one.
        unreadable: Places in the container where reading failed.
        resized: The first frame of another size than the first one, and a text of both sizes.
    """

    packets: int = 0
    frames: int = 0
    undecodable: int = 0
    first_undecodable: int = 0
    damaged: int = 0
    first_damaged: int = 0
    unreadable: int = 0
    resized: tuple[int, str] | None = None
    seconds: Fraction = field(default_factory=Fraction)

    def miss(self) -> None:
        """Counts a coded frame that cannot be decoded."""
        if not self.undecodable:
            self.first_undecodable = self.frames
        self.undecodable += 1

    def patch(self) -> None:
        """Counts a frame that the decoder marks as damaged, before it is counted as decoded."""
        if not self.damaged:
            self.first_damaged = self.frames
        self.damaged += 1

    def summary(self, promise: Promise, clock: FrameClock, rate: Fraction, *, ended: bool) -> SourceSummary:
        """The account of this pass; losses at the end are known only when it has ended."""
        seconds = float(self.seconds + 1 / rate) if self.frames else 0.0
        lost, problems = self.undecodable, []
        if ended and promise.shortfall(self.packets, seconds):
            missing = self._missing_at_end(promise, seconds, rate)
            lost += missing
            problems.append(self._stopped(promise, seconds, self.frames + lost))
        problems += self._inside(clock)
        return SourceSummary(self.frames, lost, seconds, tuple(problems))

    def _missing_at_end(self, promise: Promise, seconds: float, rate: Fraction) -> int:
        if promise.packets is not None:
            return max(promise.packets - self.packets, 0)
        return round(((promise.seconds or seconds) - seconds) * float(rate))

    def _stopped(self, promise: Promise, seconds: float, total: int) -> str:
        length = f" of {promise.seconds:.1f} s" if promise.seconds else ""
        return f"stopped at frame {self.frames} of about {total} ({seconds:.1f} s{length}): the file is cut off"

    def _inside(self, clock: FrameClock) -> list[str]:
        problems = []
        if self.undecodable:
            places = _counted(self.undecodable, "coded frame")
            problems.append(f"{places} could not be decoded, the first after frame {self.first_undecodable}")
        if self.damaged:
            problems.append(f"{_counted(self.damaged, 'frame')} with damaged parts, the first is {self.first_damaged}")
        if self.unreadable:
            problems.append(f"{_counted(self.unreadable, 'place')} of the file could not be read")
        if clock.jumps:
            jumps = _counted(len(clock.jumps), "jump")
            problems.append(
                f"{jumps} in the timestamps, the first by {float(clock.jumps[0]):+.1f} s; times go on after it"
            )
        if self.resized:
            problems.append(
                f"the size changes at frame {self.resized[0]} ({self.resized[1]}); frames are scaled to the first"
            )
        return problems


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
