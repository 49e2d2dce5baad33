"""The sources of one camera one after the other: when each of them starts."""

from datetime import datetime, timedelta
from threading import Event

from gallery.errors import SourceError
from ingest.address import shown
from ingest.live_limits import LIVE_LIMITS, LiveLimits
from ingest.source import Source, open_source
from ingest.source_summary import StartOrigin

LONGEST_SECONDS = 7 * 86_400.0
"""A file that says it is longer has a broken header."""


class Succession:
    """Opens the sources of a camera in their order, and knows where each of them starts.

    The first one's start is as ``open_source`` finds it. A later one without a start of its own begins where the one
    before it ended: where that one's start was given, a container's time does not count, since the two clocks need not
    agree. A source that cannot be read leaves the start of the next one unknown. One that is named twice is the same.
    """

    def __init__(self) -> None:
        self._end: datetime | None = None
        self._clock: StartOrigin | None = None
        self._failed: str | None = None
        self._starts: dict[str, datetime] = {}

    def open(
        self,
        path: str,
        start: datetime | None,
        origin: StartOrigin = "given",
        *,
        fps: float | None = None,
        limits: LiveLimits = LIVE_LIMITS,
        stop: Event | None = None,
    ) -> Source:
        """Opens the next source.

        Args:
            path: See ``open_source``.
            start: Time of its first frame, if somebody said it.
            origin: Who.
            fps: See ``open_source``.
            limits: See ``open_source``.
            stop: See ``open_source``.

        Raises:
            SourceError: If it cannot be read, or nobody knows when it starts.
        """
        source = open_source(path, start=start, fps=fps, start_origin=origin, limits=limits, stop=stop)
        own_time_counts = self._clock in (None, "container", "epoch")
        if source.start_origin in ("given", "name", "clock") or (
            source.start_origin == "container" and own_time_counts
        ):
            return source
        if source.name in self._starts:
            return open_source(path, start=self._starts[source.name], fps=fps, start_origin="previous")
        if self._failed is not None:
            source.close()
            raise SourceError(
                f"{source.name} begins where {shown(self._failed)} ends, which cannot be read; give it an @START"
            )
        if self._end is None:
            return source
        return open_source(path, start=self._end, fps=fps, start_origin="previous")

    def ended(self, source: Source, seconds: float) -> None:
        """Notes that a source was read, and so many seconds of it seen; it lasts longer if it says so and was cut off."""
        stated = source.length_seconds or 0.0
        lasted = max(seconds, stated if stated <= LONGEST_SECONDS else 0.0)
        end = source.start + timedelta(seconds=lasted)
        self._end = end if self._end is None else max(end, self._end)
        self._failed = None
        self._starts[source.name] = source.start
        if source.start_origin != "previous":
            self._clock = source.start_origin

    def failed(self, path: str) -> None:
        """Notes that a source could not be read."""
        self._failed = path
