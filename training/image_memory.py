"""Decoded images that are kept, so that each is decoded once and not in every epoch."""

import threading
from pathlib import Path

from gallery.errors import ConfigError, SourceError
from ingest.frame import Image
from ingest.image import read_image


class ImageMemory:
    """Reads images and keeps them until its room is full; from then on further ones are read anew each time.

    Nothing is ever dropped for another image: an epoch asks for every image about once, so whatever was dropped would
    be missed just as much. Threads may share one.
    """

    def __init__(self, limit_bytes: int = 0) -> None:
        """Begins empty.

        Args:
            limit_bytes: Room for decoded pixels (a 128×64 crop takes 24,576); 0 keeps nothing.

        Raises:
            ConfigError: If the room is negative.
        """
        if limit_bytes < 0:
            raise ConfigError(f"room of {limit_bytes} bytes for images is too small; give 0 or more")
        self._limit = limit_bytes
        self._images: dict[Path, Image] = {}
        self._lock = threading.Lock()
        self.bytes_kept = 0

    def __len__(self) -> int:
        return len(self._images)

    def read(self, path: Path) -> Image:
        """(H, W, 3) uint8 BGR, not to be written to.

        Raises:
            SourceError: If the image, which could be read when the set was, cannot be read any more.
        """
        kept = self._images.get(path)
        if kept is not None:
            return kept
        try:
            image = read_image(path)
        except SourceError as error:
            reason = str(error).removeprefix(str(path)).split(";")[0]
            raise SourceError(
                f"{path}{reason}, though it was whole when the set was read; put it back and resume"
            ) from error
        with self._lock:
            if path not in self._images and self.bytes_kept + image.nbytes <= self._limit:
                image.flags.writeable = False
                self._images[path] = image
                self.bytes_kept += image.nbytes
        return image
