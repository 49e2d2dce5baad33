"""What a gallery was ingested from, opened again."""

import json
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from gallery.errors import QueryError, SourceError
from gallery.rows import IngestRow
from gallery.store import Gallery
from ingest.frame import Frame
from ingest.source import Source, open_source
from ingest.video_file import VideoFile
from ingest.zones import NO_ZONES, Stencil, Zones


@dataclass(frozen=True)
class Recording:
    """A recording that can be read again.

    Attributes:
        source: Its frames, unmasked.
        stencil: Hides what was hidden when it was ingested; nothing is shown without it.
        ended: Whether nobody waits for its frames any more.
    """

    source: Source
    stencil: Stencil
    ended: threading.Event = field(default_factory=threading.Event)

    def watched(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """Gives frames on, as long as somebody waits for them.

        Raises:
            SourceError: If nobody does.
        """
        for frame in frames:
            if self.ended.is_set():
                raise SourceError(f"{self.source.name} is read no further, since the program ends; ask again later")
            yield frame


class Recordings:
    """Finds the recording that shows a camera at a time. May be used from several threads.

    A file is hashed once, until its size or its time of change is another.

    Attributes:
        ended: When it is set, whatever is being read is given up.
    """

    def __init__(self, gallery: Gallery) -> None:
        self.ended = threading.Event()
        self._gallery = gallery
        self._hashes: dict[tuple[str, int, int], str] = {}

    def at(self, camera: str, time: datetime) -> Recording:
        """The recording that was ingested last of those that cover a moment: its masks are those that count now.

        Raises:
            QueryError: If there is none, it is gone, it is another one now, or the camera was live.
        """
        covering = [i for i in self._gallery.ingests(camera) if i.since and i.until and i.since <= time <= i.until]
        ingest = next((one for one in reversed(covering) if not one.is_live), None)
        if ingest is None and covering:
            raise QueryError(
                f"{camera} was live at {time.isoformat()}, so that video is gone; ask with --tracklet ID "
                f"(`passerby tracklets --camera {camera}` lists them) or with a photo"
            )
        if ingest is None:
            raise QueryError(f"{camera} has no frame at {time.isoformat()}; `passerby cameras` shows what it covers")
        return self.of(camera, ingest, time)

    def of(self, camera: str, ingest: IngestRow, time: datetime) -> Recording:
        """The recording that an ingest of a camera read.

        Args:
            camera: Its name.
            ingest: Of a file or a folder, not live.
            time: The moment that is wanted, for what is said if it cannot be had.

        Raises:
            QueryError: If it is gone, or it is another one now.
        """
        try:
            source = open_source(ingest.source, start=ingest.start)
            same = self._hash(source) == ingest.source_hash
        except SourceError as error:
            raise QueryError(f"the video of {camera} at {time.isoformat()} cannot be read again: {error}") from error
        if not same:
            raise QueryError(
                f"{ingest.source} is no longer the video that {camera} was ingested from; put it back, or ask by photo"
            )
        return Recording(source, Stencil(zones_in(ingest.settings), source.width, source.height), self.ended)

    def _hash(self, source: Source) -> str:
        if not isinstance(source, VideoFile):
            return source.content_hash
        try:
            facts = source.path.stat()
        except OSError as error:
            raise SourceError(f"{source.path} cannot be read ({error.strerror}); check it is still there") from error
        key = (str(source.path), facts.st_size, facts.st_mtime_ns)
        if key not in self._hashes:
            self._hashes[key] = source.content_hash
        return self._hashes[key]


def zones_in(settings: str) -> Zones:
    """The zones that an ingest was made with: what was masked then stays masked."""
    return Zones.from_text(json.loads(settings).get("zones", "")) if settings else NO_ZONES
