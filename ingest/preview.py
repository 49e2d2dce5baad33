"""The newest picture of a camera while it is being read, for whoever watches it."""

import time
from collections.abc import Generator
from contextlib import closing, suppress
from pathlib import Path

import cv2
import numpy as np

from gallery.lock import camera_area
from ingest.frame import Frame, Image
from ingest.source import Source
from ingest.zoned import ZonedSource
from ingest.zones import Zones

EVERY_SECONDS = 2.0
MOST_WIDTH_PX = 960
QUALITY = 80


def preview_file(folder: Path, camera: str) -> Path:
    """Where a camera's newest picture is."""
    return folder / f"{camera_area(camera)}.jpg"


class PreviewedSource(ZonedSource):
    """A source seen through its zones, whose newest frame is written down every two seconds.

    The file is always a whole picture, and goes when the source is closed.

    Args:
        source: Whose frames they are.
        zones: Of its camera; what they mask is black in the picture, too.
        path: Where to.
    """

    def __init__(self, source: Source, zones: Zones, path: Path) -> None:
        super().__init__(source, zones)
        self._path = path
        self._part = path.with_suffix(".part.jpg")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)

    def frames(self, first: int = 0) -> Generator[Frame, None, None]:
        """See ``Source``."""
        written = -EVERY_SECONDS
        with closing(super().frames(first)) as frames:
            for frame in frames:
                if time.monotonic() - written >= EVERY_SECONDS:
                    self._write(frame.image)
                    written = time.monotonic()
                yield frame

    def close(self) -> None:
        """See ``Source``."""
        super().close()
        for path in (self._path, self._part):
            path.unlink(missing_ok=True)

    def _write(self, image: Image) -> None:
        height, width = image.shape[:2]
        if width > MOST_WIDTH_PX:
            size = (MOST_WIDTH_PX, max(1, round(height * MOST_WIDTH_PX / width)))
            image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
        with suppress(OSError):  # a full disk: people are followed all the same
            self._part.write_bytes(jpeg)
            self._part.replace(self._path)
