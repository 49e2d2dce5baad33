"""Which image files cannot be trained on, found before the training and not in the middle of it."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gallery.errors import SourceError
from ingest.embedder import MIN_CROP_HEIGHT_PX, MIN_CROP_WIDTH_PX
from ingest.image import read_image
from training.samples import LeftOut

OnImage = Callable[[int, int], None]
"""Is told how many images are read, and of how many."""


def unusable(paths: Sequence[Path], *, threads: int | None = None, on_image: OnImage | None = None) -> list[LeftOut]:
    """Decodes every image and gives those that are missing, empty, cut off, no image, or too small to show anybody.

    Args:
        paths: Image files.
        threads: How many images are read at a time; all cores if None.
        on_image: Is told how far it is.
    """
    reasons = []
    with ThreadPoolExecutor(threads or len(os.sched_getaffinity(0))) as pool:
        try:
            for reason in pool.map(fault, paths):
                reasons.append(reason)
                if on_image is not None:
                    on_image(len(reasons), len(paths))
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return [LeftOut(path, reason) for path, reason in zip(paths, reasons, strict=True) if reason is not None]


def fault(path: Path) -> str | None:
    """What is wrong with an image file, as it can stand after its path; None if nothing is.

    A picture that the embedder would not take as a crop (``cut_crops``) is too small to learn from as well.
    """
    try:
        height, width = read_image(path).shape[:2]
    except SourceError as error:
        return str(error).removeprefix(str(path)).split(";")[0].strip()
    if width < MIN_CROP_WIDTH_PX or height < MIN_CROP_HEIGHT_PX:
        return f"is too small ({width}x{height} pixels; at least {MIN_CROP_WIDTH_PX}x{MIN_CROP_HEIGHT_PX})"
    return None
