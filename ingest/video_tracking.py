"""``passerby track``: follow the people of one video, and write where they were."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gallery.errors import ConfigError, SourceError
from ingest.annotate import Annotator
from ingest.camera import BLOCK, blocks, look
from ingest.detector import Detector
from ingest.embedder import Embedder
from ingest.follower import pedestrian_tracker
from ingest.prefetch import prefetch
from ingest.source import Source
from ingest.video_writer import VideoWriter
from tracking.motchallenge import MotTable, ResultWriter, read_detections
from tracking.tracker import DeepSort, Step

OnProgress = Callable[[str, int, int | None], None]

NOT_SEEN = -1.0
"""Confidence that is written for a box that is only believed."""


@dataclass(frozen=True)
class TrackingResult:
    """What following one video gave.

    Attributes:
        video: The annotated video, None where there were no pixels.
        tracks: MOTChallenge text.
        frames: Frames looked at.
        detections: Boxes, over all frames.
        people: Tracks that were confirmed.
        wall_seconds: How long it took.
        problems: What could not be read.
    """

    video: Path | None
    tracks: Path
    frames: int
    detections: int
    people: int
    wall_seconds: float
    problems: tuple[str, ...]


class TrackLog:
    """Writes the boxes of confirmed tracks, frame by frame.

    Args:
        writer: Of the text.
        coasted: Also write boxes of tracks that were not seen in a frame.
    """

    def __init__(self, writer: ResultWriter, *, coasted: bool) -> None:
        self.writer = writer
        self.coasted = coasted
        self.people: set[int] = set()

    def write(self, frame: int, step: Step, confidences: NDArray[np.float32]) -> tuple[NDArray[np.bool_], Step]:
        """Writes one frame (from 1).

        Returns:
            Which of the tracks shown are only believed, and those tracks.
        """
        shown = step.confirmed & ((step.detections >= 0) | self.coasted)
        taken = step.detections[shown]
        of_each = np.where(taken >= 0, np.append(confidences, NOT_SEEN)[taken], NOT_SEEN)
        self.writer.write(frame, step.ids[shown], step.boxes[shown], of_each)
        self.people |= set(step.ids[step.confirmed].tolist())
        return taken < 0, Step(step.ids[shown], step.boxes[shown], taken, step.confirmed[shown], step.removed)


def track_video(
    source: Source,
    detector: Detector,
    embedder: Embedder,
    out: Path,
    on_progress: OnProgress,
    *,
    coasted: bool = False,
) -> TrackingResult:
    """Follows the people of a video; writes ``annotated.mp4`` and ``tracks.txt`` as it goes.

    Args:
        source: The video.
        detector: Finds people.
        embedder: Tells them apart.
        out: Folder; made if need be.
        on_progress: Is told the source's name, frames done, and their total.
        coasted: Also show tracks in frames in which they were not seen.

    Raises:
        SourceError: If nothing of the video can be read, or the folder cannot be written.
    """
    began, frames, found = time.monotonic(), 0, 0
    tracker = pedestrian_tracker(embedder.thresholds, source.fps or source.rate)
    annotator = Annotator(clock_from=source.start if source.start_origin == "epoch" else None)
    with ExitStack() as stack:
        log = TrackLog(stack.enter_context(text_writer(out)), coasted=coasted)
        video = stack.enter_context(VideoWriter(out / "annotated.mp4", rate=source.fps or source.rate))
        ahead = stack.enter_context(prefetch(source.frames()))
        for block in blocks(ahead, BLOCK):
            for frame, (detections, _, vectors) in zip(block, look(block, detector, embedder), strict=True):
                step = tracker.step(detections.boxes, detections.confidences, vectors)
                believed, shown = log.write(frame.index + 1, step, detections.confidences)
                video.write(annotator.draw(frame, shown.ids, shown.boxes, believed), frame.time)
                found += len(detections)
            frames += len(block)
            on_progress(source.path.name, frames, source.frame_count)
    seconds = time.monotonic() - began
    problems = source.summary().problems
    return TrackingResult(out / "annotated.mp4", out / "tracks.txt", frames, found, len(log.people), seconds, problems)


def track_detections(
    path: Path, embeddings: Path | None, out: Path, min_confidence: float | None, *, coasted: bool = False
) -> TrackingResult:
    """Follows MOTChallenge detections with DeepSORT's own settings; writes ``tracks.txt``.

    Args:
        path: Detections.
        embeddings: NumPy file (N, D), one vector per row of the detections in the file's order; None tracks by place.
        out: Folder; made if need be.
        min_confidence: Detections below it are left out; None keeps all.
        coasted: Also write tracks in frames in which they were not seen.

    Raises:
        SourceError: If a file cannot be read or the two do not fit.
    """
    began = time.monotonic()
    try:
        table = read_detections(path)
    except ValueError as error:
        raise SourceError(str(error)) from error
    features = None if embeddings is None else read_embeddings(embeddings, len(table))[table.rows]
    kept = np.ones(len(table), bool) if min_confidence is None else table.confidences >= min_confidence
    table, features = table.take(kept), None if features is None else features[kept]
    with text_writer(out) as writer:
        log = TrackLog(writer, coasted=coasted)
        follow(table, features, log, path)
    return TrackingResult(
        None, out / "tracks.txt", table.last_frame, len(table), len(log.people), time.monotonic() - began, ()
    )


def follow(table: MotTable, features: NDArray[np.float32] | None, log: TrackLog, path: Path) -> None:
    """Gives the tracker every frame up to the last detection, those without any too."""
    tracker = DeepSort()
    for frame in range(1, table.last_frame + 1):
        rows = table.at(frame)
        confidences = table.confidences[rows].astype(np.float32)
        try:
            step = tracker.step(table.boxes[rows], confidences, None if features is None else features[rows])
        except ValueError as error:
            raise SourceError(f"{path}, frame {frame}: {error}") from error
        log.write(frame, step, confidences)


def read_embeddings(path: Path, count: int) -> NDArray[np.float32]:
    """(N, D) float32 vectors, made unit length.

    Raises:
        SourceError: If the file is no such array.
    """
    try:
        vectors = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise SourceError(f"{path} is not a NumPy file of numbers ({error}); save it with numpy.save") from error
    if vectors.ndim != 2 or len(vectors) != count or not np.issubdtype(vectors.dtype, np.floating):
        raise SourceError(
            f"{path} holds {vectors.dtype} {vectors.shape}; give floats ({count}, D), one row per detection"
        )
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.all(np.isfinite(lengths) & (lengths > 0)):
        raise SourceError(
            f"{path}: row {int(np.argmin(np.nan_to_num(lengths)))} has no direction; every vector needs one"
        )
    return np.asarray(vectors / lengths, np.float32)


def text_writer(out: Path) -> ResultWriter:
    """Opens ``tracks.txt``.

    Raises:
        ConfigError: If the folder cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        return ResultWriter(out / "tracks.txt")
    except OSError as error:
        raise ConfigError(f"{out} cannot be written: {error.strerror}; name another folder with --out") from error
