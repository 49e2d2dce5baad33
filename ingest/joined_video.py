"""The second look at a video that was followed: drawn and written with tracks that were joined after the fact."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gallery.errors import ConfigError
from ingest.annotate import Annotator
from ingest.finished_tracks import ByFrame
from ingest.people_log import PeopleLog
from ingest.source import Source
from ingest.video_writer import VideoWriter
from tracking.motchallenge import ResultWriter
from tracking.trajectory import Trajectory

NOT_SEEN = -1.0
"""Confidence that is written for a box that is only believed."""


@dataclass(frozen=True)
class FirstLook:
    """What the first look noted of one frame.

    Attributes:
        frame: Index, from 0.
        seconds: Since the source's start.
        time: UTC, None where it is not known.
        fps: Frames a second that were being done.
    """

    frame: int
    seconds: float
    time: datetime | None
    fps: float


def write_joined(
    source: Source,
    tracks: list[Trajectory],
    looks: list[FirstLook],
    out: Path,
    annotator: Annotator,
    on_progress: Callable[[int], None],
    *,
    rate: float,
    threads: int,
) -> PeopleLog:
    """Writes ``tracks.txt`` and ``log.csv`` anew, each replaced when it is complete, and ``annotated.mp4``.

    Args:
        source: Is read a second time.
        tracks: Joined and filled; a box of confidence 0 is one that nobody saw, and is written with -1 and dashed.
        looks: The frames that were looked at, in order.
        out: The folder of the first look.
        annotator: A fresh one.
        on_progress: Is told how many frames are drawn.
        rate: Of the video, frames a second.
        threads: For the encoder.

    Raises:
        SourceError: If the video can no longer be read, or the annotated one cannot be written.
        ConfigError: If there is no room for the texts.
    """
    there = ByFrame(tracks)
    log = write_texts(there, looks, out)
    wanted = {look.frame for look in looks}
    with VideoWriter(out / "annotated.mp4", rate=rate, threads=threads) as video, closing(source.frames()) as frames:
        for done, frame in enumerate((f for f in frames if f.index in wanted), start=1):
            ids, boxes, confidences = there.at(frame.index)
            video.write(annotator.draw(frame, ids, boxes, confidences == 0), frame.time)
            on_progress(done)
            if done == len(wanted):
                break
    return log


def write_texts(there: ByFrame, looks: list[FirstLook], out: Path) -> PeopleLog:
    """``tracks.txt`` and ``log.csv`` of the finished tracks."""
    texts = {name: out / name for name in ("tracks.txt", "log.csv")}
    parts = {name: path.with_name(f"{name}.part") for name, path in texts.items()}
    try:
        tracks = ResultWriter(parts["tracks.txt"])
        try:
            with PeopleLog(parts["log.csv"]) as log:
                for look in looks:
                    ids, boxes, confidences = there.at(look.frame)
                    confidences[confidences == 0] = NOT_SEEN
                    tracks.write(look.frame + 1, ids, boxes, confidences)
                    log.write(look.frame + 1, ids, look.fps, seconds=look.seconds, time=look.time)
        finally:
            tracks.close()
        for name, path in texts.items():
            parts[name].replace(path)
    except OSError as error:
        raise ConfigError(
            f"{out} cannot be written: {error.strerror}; free space, or name another folder with --out"
        ) from error
    return log
