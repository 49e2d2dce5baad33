"""A camera seen through its zones: a source whose frames are masked, and a detector that leaves out what to ignore."""

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime

from ingest.detector import Detections, Detector, DetectorIdentity
from ingest.frame import Frame, Image
from ingest.source import Source
from ingest.source_summary import SourceSummary, StartOrigin
from ingest.zones import Stencil, Zones


class ZonedSource:
    """A source whose frames are blacked out under the masks before anybody sees them; all else stays as it is.

    Args:
        source: Whose frames they are.
        zones: Of its camera.
    """

    def __init__(self, source: Source, zones: Zones) -> None:
        self._source = source
        self.zones = zones
        self._stencil = Stencil(zones, source.width, source.height)

    @property
    def name(self) -> str:
        """See ``Source``."""
        return self._source.name

    @property
    def live(self) -> bool:
        """See ``Source``."""
        return self._source.live

    @property
    def start(self) -> datetime:
        """See ``Source``."""
        return self._source.start

    @property
    def start_origin(self) -> StartOrigin:
        """See ``Source``."""
        return self._source.start_origin

    @property
    def width(self) -> int:
        """See ``Source``."""
        return self._source.width

    @property
    def height(self) -> int:
        """See ``Source``."""
        return self._source.height

    @property
    def rate(self) -> float:
        """See ``Source``."""
        return self._source.rate

    @property
    def fps(self) -> float | None:
        """See ``Source``."""
        return self._source.fps

    @property
    def frame_count(self) -> int | None:
        """See ``Source``."""
        return self._source.frame_count

    @property
    def length_seconds(self) -> float | None:
        """See ``Source``."""
        return self._source.length_seconds

    @property
    def content_hash(self) -> str:
        """See ``Source``: of the content as it lies there, unmasked."""
        return self._source.content_hash

    def frames(self, first: int = 0) -> Generator[Frame, None, None]:
        """The frames, masked."""
        with closing(self._source.frames(first)) as frames:
            for frame in frames:
                yield replace(frame, image=self._stencil.apply(frame.image))

    def summary(self) -> SourceSummary:
        """See ``Source``."""
        return self._source.summary()

    def close(self) -> None:
        """See ``Source``."""
        self._source.close()


class ZonedDetector:
    """A detector without the people that its camera's zones leave out. Its identity holds the zones.

    Args:
        detector: Who finds them.
        zones: Of the camera.
        width: Of its pictures, pixels.
        height: The same.
    """

    def __init__(self, detector: Detector, zones: Zones, width: int, height: int) -> None:
        self._detector = detector
        self._stencil = Stencil(zones, width, height)
        identity = detector.identity
        self._identity = replace(identity, settings=f"{identity.settings}; zones={zones.text}")

    @property
    def identity(self) -> DetectorIdentity:
        """See ``Detector``; the settings name the zones too."""
        return self._identity

    @property
    def resumable(self) -> bool:
        """See ``Detector``."""
        return self._detector.resumable

    @property
    def batch(self) -> int:
        """See ``Detector``."""
        return self._detector.batch

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        """See ``Detector``."""
        return [self._stencil.people(found) for found in self._detector.detect(images)]


def zoned_source(source: Source, zones: Zones) -> Source:
    """The source seen through zones; the same one where there are none."""
    return ZonedSource(source, zones) if zones else source


def zoned_detector(detector: Detector, source: Source) -> Detector:
    """The detector for a source's frames, without what that source's zones leave out."""
    return ZonedDetector(detector, source.zones, source.width, source.height) if source.zones else detector
