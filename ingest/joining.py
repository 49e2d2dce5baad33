"""A folder of images joined into one video that browsers play."""

from dataclasses import dataclass
from pathlib import Path

from gallery.errors import ConfigError, SourceError
from ingest.image_folder import ImageFolder
from ingest.video_writer import VideoWriter

LARGEST_SIDE_PX = 16_384
"""The largest that H.264 (level 6.2) can hold."""


@dataclass(frozen=True)
class Joined:
    """The video that was made.

    Attributes:
        video: Absolute path.
        frames: Images in it.
        width: Pixels.
        height: Pixels.
        seconds: How long it is.
        problems: Images that could not be read, and how many had another size.
    """

    video: Path
    frames: int
    width: int
    height: int
    seconds: float
    problems: tuple[str, ...]


def join_images(folder: Path, out: Path, *, rate: float, threads: int = 1) -> Joined:
    """Writes the images of a folder, sorted as a person would, into an mp4 file (H.264, yuv420p, index first).

    The first readable image gives the size; others are scaled to fit, with black borders. For an image that cannot be
    read, the one before it is shown longer.

    Args:
        folder: The images.
        out: The file, which ends in .mp4; one of that name is replaced.
        rate: Images a second.
        threads: Of the encoder.

    Raises:
        SourceError: If no image can be read, the pictures are too large for H.264, or the file cannot be written.
        ConfigError: If ``out`` does not end in .mp4.
    """
    if out.suffix.lower() != ".mp4":
        raise ConfigError(f"{out} does not end in .mp4; browsers play mp4, so name it that")
    if not folder.is_dir():
        raise SourceError(f"{folder} is no folder; give a folder of images")
    source = ImageFolder(str(folder), folder, start=None, fps=None, rate=rate, fitted=True)
    if max(source.width, source.height) > LARGEST_SIDE_PX:
        raise SourceError(
            f"the images of {folder} are {source.width}x{source.height}; a video holds at most {LARGEST_SIDE_PX} "
            "pixels on a side: scale them down"
        )
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SourceError(f"{out} cannot be written ({error.strerror}); name another file with --out") from error
    frames = 0
    with VideoWriter(out, rate=rate, threads=threads) as video:
        for frame in source.frames():
            video.write(frame.image, frame.time)
            frames += 1
    problems = source.summary().problems
    if source.refitted:
        size = f"{source.width}x{source.height}"
        problems += (f"{source.refitted} images are not {size} as the first; they were scaled to fit, with borders",)
    return Joined(out.absolute(), frames, source.width, source.height, source.summary().seconds, problems)
