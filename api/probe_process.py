"""What an uploaded video is, found out in a process of its own: a file made to harm a decoder harms nothing else."""

import json
import resource
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from gallery.errors import SourceError

SECONDS = 60
MOST_MEMORY_BYTES = 4 << 30
MOST_PIXELS = 8192 * 8192
"""Of a frame: decoders take several times its size in memory."""


def main() -> None:
    """Prints the facts of the file named by the argument, or why it is no video."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY_BYTES, MOST_MEMORY_BYTES))
    try:
        sys.stdout.write(json.dumps(facts_of(Path(sys.argv[1]))))
    except SourceError as error:
        sys.stdout.write(json.dumps({"error": str(error)}))


def facts_of(path: Path) -> dict[str, object]:
    """Size, rate and length of a video.

    Raises:
        SourceError: If it is none, or its pictures are too large.
    """
    from ingest.video_container import opened_video
    from ingest.video_file import VideoFile

    with opened_video(path, threads=1) as (container, stream):
        width, height = stream.codec_context.width, stream.codec_context.height
        kind = container.format.name
    if width * height > MOST_PIXELS:
        raise SourceError(f"its pictures of {width} x {height} pixels are too large; scale it down")
    video = VideoFile("upload", path, start=None, fps=None, rate=None, threads=1)
    return {
        "width": video.width,
        "height": video.height,
        "rate": round(video.rate, 3),
        "seconds": None if video.length_seconds is None else round(video.length_seconds, 3),
        "format": kind,
    }


def probe(path: Path) -> Mapping[str, object]:
    """Asks a process of its own what a file is.

    Raises:
        SourceError: If it is no video that can be read.
    """
    command = [sys.executable, "-P", "-c", "from api.probe_process import main; main()", str(path)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=2 * SECONDS, check=False)
        found = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError) as error:
        raise SourceError("it cannot be read: its decoder failed; convert it to H.264 (mp4)") from error
    if "error" in found:
        raise SourceError(str(found["error"]).replace(str(path), "the file"))
    return dict(found)
