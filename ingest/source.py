"""Where frames come from: video files, raw streams, folders of images and live cameras, all read the same way."""

from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Protocol

from gallery.errors import SourceError
from ingest.address import is_live
from ingest.frame import Frame
from ingest.image_folder import ImageFolder
from ingest.live_limits import LIVE_LIMITS, LiveLimits
from ingest.live_source import LiveSource
from ingest.source_summary import SourceSummary, StartOrigin
from ingest.video_file import VideoFile
from ingest.zones import Zones


class Source(Protocol):
    """Frames in the order of time, upright and with square pixels."""

    @property
    def name(self) -> str:
        """The source as it was given; an address without the login in it."""

    @property
    def live(self) -> bool:
        """Whether frames come when they come, and are lost if nobody takes them; else they wait."""

    @property
    def zones(self) -> Zones:
        """What of its pictures is blacked out or left out already."""

    @property
    def start(self) -> datetime:
        """UTC time of the first frame."""

    @property
    def start_origin(self) -> StartOrigin:
        """Where ``start`` is from."""

    @property
    def width(self) -> int:
        """Width of every frame, pixels."""

    @property
    def height(self) -> int:
        """Height of every frame, pixels."""

    @property
    def rate(self) -> float:
        """Nominal frames per second of the source, before sampling."""

    @property
    def fps(self) -> float | None:
        """Frames per second that are taken; None for all."""

    @property
    def frame_count(self) -> int | None:
        """About how many frames ``frames()`` gives; None where the source does not say. For progress bars only."""

    @property
    def length_seconds(self) -> float | None:
        """How long the source says it is; None where it does not, or has no end."""

    @property
    def content_hash(self) -> str:
        """SHA-256 of the content, 64 hex digits: of a file's bytes, of the names and bytes of a folder's images.

        Of a live camera the name of its session, which never comes again; it begins with ``live``.
        """

    def frames(self, first: int = 0) -> Generator[Frame, None, None]:
        """Gives the frames from index ``first`` on: the same ones, at the same times, as without it.

        The iterator is a generator; closing it closes the file.

        Raises:
            SourceError: If the source can no longer be read.
        """

    def summary(self) -> SourceSummary:
        """What the latest pass of ``frames()`` gave so far; complete once that has ended."""

    def close(self) -> None:
        """Lets go of a camera that nobody watches any more; files have nothing to let go of."""


def open_source(
    path: str,
    *,
    start: datetime | None = None,
    fps: float | None = None,
    rate: float | None = None,
    threads: int = 1,
    start_origin: StartOrigin = "given",
    limits: LiveLimits = LIVE_LIMITS,
    stop: Event | None = None,
) -> Source:
    """Opens a video file, a raw stream, a folder of images or a live camera, and looks at its first frame.

    Args:
        path: A file, a folder, an address (``rtsp://``, ``rtsps://``, ``http://``, ``https://``), or a webcam
            (``webcam:0``, ``/dev/video0``).
        start: Time of the first frame, with a time zone. Without it the file's creation time counts, else the epoch.
        fps: Takes the first frame at or after each tick of 1/fps seconds; None takes all frames.
        rate: Frames per second of a source that has no times of its own: a folder, or a raw stream that does not
            say. None means 25, or what the stream says.
        threads: Threads of the decoder, 0 for as many as there are cores. With one, a damaged file gives the same
            pixels in every run; with more, patched-up parts of it may differ.
        start_origin: Where ``start`` is from, if it is not the caller's own.
        limits: How long to wait for a live camera, and how long to watch it.
        stop: Ends a live camera when it is set.

    Raises:
        SourceError: If there is nothing to read, or it is no video; the message says why and what to do.
    """
    _check_rates(fps, rate)
    began = _utc(start)
    if is_live(path):
        return LiveSource(path, limits=limits, start=began, fps=fps, stop=stop)
    place = Path(path).expanduser().absolute()
    if _is_folder(place):
        return ImageFolder(path, place, start=began, fps=fps, rate=rate, start_origin=start_origin)
    return VideoFile(path, place, start=began, fps=fps, rate=rate, threads=threads, start_origin=start_origin)


def _is_folder(place: Path) -> bool:
    try:
        mode_is_folder = place.is_dir()
        if not mode_is_folder and not place.exists():
            raise SourceError(f"{place} does not exist; check the path")
    except OSError as error:
        raise SourceError(f"{place} cannot be read ({error.strerror}); check the path and its permissions") from error
    return mode_is_folder


def _check_rates(fps: float | None, rate: float | None) -> None:
    for name, value in (("fps", fps), ("rate", rate)):
        if value is not None and not 0 < value <= 1000:
            raise SourceError(f"{name} must be above 0 and at most 1000 frames per second, not {value}")


def _utc(start: datetime | None) -> datetime | None:
    if start is not None and start.tzinfo is None:
        raise SourceError(f"the start {start.isoformat()} has no time zone; give UTC, as in {start.isoformat()}Z")
    return None if start is None else start.astimezone(UTC)
