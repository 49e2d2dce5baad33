"""A piece of a recording as its coded frames lie there: nothing is decoded, so it takes no longer than reading them."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from gallery.errors import SourceError
from ingest.orientation import Orientation
from ingest.seeking import MARGIN_SECONDS
from ingest.source import Source
from ingest.video_container import opened_video
from ingest.video_damage import Damage
from ingest.video_file import VideoFile, decoded

CodedFrame: TypeAlias = "Packet[VideoStream]"

MOST_WAITING = 16
"""Pictures that a decoder may hold back (H.264, A.3.1): none that is stored further behind is shown before."""


@dataclass(frozen=True)
class Bounds:
    """Where a piece may begin and end.

    Attributes:
        earliest: It has no frame before this.
        since: It shows this moment: it begins with the key frame at or before it.
        until: It ends before the last key frame up to here, unless ``end`` comes first.
        longest: Most of it, from its first frame on.
        end: It has no frame from here on.
    """

    earliest: datetime
    since: datetime
    until: datetime
    longest: timedelta
    end: datetime


@dataclass(frozen=True)
class Copied:
    """What was copied.

    Attributes:
        first: UTC time of the first frame.
        last: UTC time of the last one.
        until: The first moment that is left to the piece after it.
    """

    first: datetime
    last: datetime
    until: datetime


@dataclass(frozen=True)
class _Coded:
    """Coded frames in the order in which they are stored, with the times at which they are shown."""

    packets: Sequence[CodedFrame]
    times: Sequence[datetime]


def copy_piece(source: Source, bounds: Bounds, path: Path) -> Copied | None:
    """Copies coded frames into an MP4 whose index comes first, if browsers play them as they are.

    None, and nothing is written, where that would not show the very frames that decoding gives, at their times: another
    codec than H.264 in yuv420p, turned or stretched pictures, no index, no key frame where the piece has to begin or
    end, frames that refer across its ends, times that are missing, or damage.

    Args:
        source: A recording, without masks; frames are not sampled.
        bounds: What to take.
        path: Where to; it appears there when it is complete.

    Raises:
        SourceError: If the file cannot be read, or the piece not be written.
    """
    if not (isinstance(source, VideoFile) and source.fps is None and source.can_be_entered):
        return None
    with opened_video(source.path, threads=1) as (container, stream):
        first = next(decoded(container, stream, Damage()), None)
        if first is None or not _plays_as_it_is(source, stream, first):
            return None
        try:
            coded = _read(container, stream, source.start, first.pts or 0, bounds)
        except av.FFmpegError:
            return None
        if coded is None or (run := _run(coded, bounds)) is None:
            return None
        begin, stop, until = run
        _write(coded.packets[begin:stop], stream, path)
        return Copied(coded.times[begin], max(coded.times[begin:stop]), until)


def _plays_as_it_is(source: VideoFile, stream: VideoStream, first: VideoFrame) -> bool:
    context = stream.codec_context
    return (
        context.name == "h264"
        and context.pix_fmt == "yuv420p"
        and bool(context.extradata)
        and first.pts is not None
        and stream.time_base is not None
        and source.orientation == Orientation()
        and (first.width, first.height) == (source.width, source.height)
    )


def _read(container: InputContainer, stream: VideoStream, start: datetime, first: int, bounds: Bounds) -> _Coded | None:
    """The coded frames around a piece; None if one of them is damaged, hidden, or has no time."""
    base = stream.time_base or Fraction(1)
    wanted = Fraction(max(0.0, (bounds.since - start).total_seconds() - MARGIN_SECONDS)).limit_denominator(1000)
    container.seek(first + int(wanted / base), stream=stream, backward=True)
    limit = min(bounds.until, bounds.end)
    packets: list[CodedFrame] = []
    times: list[datetime] = []
    behind = 0
    for packet in container.demux(stream):
        if not packet.size:
            break
        if packet.pts is None or packet.dts is None or packet.is_corrupt or packet.is_discard:
            return None
        if packet.has_sidedata("new_extradata") or (packets and packet.dts <= (packets[-1].dts or 0)):
            return None
        time = start + timedelta(microseconds=round((packet.pts - first) * base * 1_000_000))
        if packet.is_keyframe and time <= bounds.since:
            packets.clear()
            times.clear()
        packets.append(packet)
        times.append(time)
        behind += time >= limit
        if behind > MOST_WAITING:
            break
    return _Coded(packets, times)


def _run(coded: _Coded, bounds: Bounds) -> tuple[int, int, datetime] | None:
    """Where the piece begins and stops among the coded frames, and the first moment after it; None if it cannot be cut."""
    times = coded.times
    keys = [place for place, packet in enumerate(coded.packets) if packet.is_keyframe]
    if not keys or keys[0] or not bounds.earliest <= times[0] <= bounds.since:
        return None
    limit = min(bounds.until, times[0] + bounds.longest)
    if bounds.end <= limit:
        stop = next((place for place, time in enumerate(times) if time >= bounds.end), len(times))
        until = bounds.end
    else:
        cuts = [place for place in keys if bounds.since < times[place] <= limit]
        if not cuts:
            return None
        stop, until = cuts[-1], times[cuts[-1]]
    inside, after = times[:stop], times[stop : stop + MOST_WAITING + 1]
    whole = all(times[0] <= time < until for time in inside) and all(time >= until for time in after)
    return (0, stop, until) if whole and inside else None


def _write(packets: Sequence[CodedFrame], stream: VideoStream, path: Path) -> None:
    part = path.with_name(path.name + ".part")
    begins = packets[0].pts or 0
    try:
        part.open("wb").close()  # FFmpeg's own words for a folder that cannot be written are no help
        with av.open(str(part.absolute()), "w", format="mp4", container_options={"movflags": "+faststart"}) as copy:
            track = copy.add_stream_from_template(stream)
            for packet in packets:
                packet.pts, packet.dts = (packet.pts or 0) - begins, (packet.dts or 0) - begins
                packet.stream = track
                copy.mux_one(packet)
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        reason = error.strerror or str(error)
        raise SourceError(f"{path} cannot be written ({reason}); check the space on its disk and the folder") from error
