"""``passerby track``: follow the people of one video, and write where they were."""

import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from gallery.errors import ConfigError, SourceError
from ingest.annotate import TRAIL_SECONDS, Annotator, people_text
from ingest.camera import BLOCK, blocks, look, rate_seen
from ingest.detector import Detector
from ingest.embedder import Embedder
from ingest.follower import pedestrian_tracker
from ingest.frame import Frame, Image
from ingest.hand_over import hand_over
from ingest.pace import Pace
from ingest.people_log import PeopleLog
from ingest.prefetch import prefetch
from ingest.source import Source
from ingest.stop import Stop
from ingest.thread_budget import opencv_threads
from ingest.tracker_options import DEFAULT_OPTIONS, TrackerOptions
from ingest.video_writer import VideoWriter
from tracking.motchallenge import MotTable, ResultWriter, read_detections
from tracking.settings import TrackerSettings
from tracking.tracker import DeepSort, Step

OnProgress = Callable[[str, int, int | None], None]
OnPicture = Callable[[Image, str], None]

PIXELS_PER_ENCODER = 1_000_000
"""One thread encodes so large a picture well before the networks are done with the next; more only cost time."""

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
        log: People and speed, frame by frame (CSV).
        frames_per_second: Frames by the time it took.
        mean_people: People in a frame, on average over all frames.
        most_people: People in the fullest frame.
        stopped_by: Who ended it before the video did: ``SIGINT``, ``SIGTERM``, ``window``; None where nobody did.
    """

    video: Path | None
    tracks: Path
    frames: int
    detections: int
    people: int
    wall_seconds: float
    problems: tuple[str, ...]
    log: Path
    frames_per_second: float
    mean_people: float
    most_people: int
    stopped_by: str | None = None


class TrackLog:
    """Writes the boxes of confirmed tracks into ``tracks.txt``, frame by frame.

    Args:
        out: Folder; made if need be.
        coasted: Also write boxes of tracks that were not seen in a frame.

    Raises:
        ConfigError: If the folder cannot be written.
    """

    def __init__(self, out: Path, *, coasted: bool) -> None:
        self.path = out / "tracks.txt"
        self.coasted = coasted
        self.people: set[int] = set()
        try:
            out.mkdir(parents=True, exist_ok=True)
            self._writer = ResultWriter(self.path)
        except OSError as error:
            raise self._cannot(error) from error

    def __enter__(self) -> "TrackLog":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._writer.close()
        except OSError as failure:
            # Of two errors the first says what happened: a full disk refuses what is written, then the rest at closing.
            if kind is None:
                raise self._cannot(failure) from failure

    def write(self, frame: int, step: Step, confidences: NDArray[np.float32]) -> tuple[NDArray[np.bool_], Step]:
        """Writes one frame (from 1).

        Returns:
            Which of the tracks shown are only believed, and those tracks.

        Raises:
            ConfigError: If there is no room for it.
        """
        shown = step.confirmed & ((step.detections >= 0) | self.coasted)
        taken = step.detections[shown]
        of_each = np.where(taken >= 0, np.append(confidences, NOT_SEEN)[taken], NOT_SEEN)
        try:
            self._writer.write(frame, step.ids[shown], step.boxes[shown], of_each)
        except OSError as error:
            raise self._cannot(error) from error
        self.people |= set(step.ids[step.confirmed].tolist())
        return taken < 0, Step(step.ids[shown], step.boxes[shown], taken, step.confirmed[shown], step.removed)

    def _cannot(self, error: OSError) -> ConfigError:
        return ConfigError(
            f"{self.path} cannot be written: {error.strerror}; free space, or name another folder with --out"
        )


def track_video(
    source: Source,
    detector: Detector,
    embedder: Embedder,
    out: Path,
    on_progress: OnProgress,
    *,
    coasted: bool = False,
    threads: int = 1,
    options: TrackerOptions = DEFAULT_OPTIONS,
    trail_seconds: float = TRAIL_SECONDS,
    stop: Stop | None = None,
    on_picture: OnPicture | None = None,
) -> TrackingResult:
    """Follows the people of a video; writes ``annotated.mp4``, ``tracks.txt`` and ``log.csv`` as it goes.

    Frames are decoded in one thread, drawn and encoded in another, while the networks see those in between. Where the
    source fails or a stop is asked for, everything up to there is written and the video complete.

    Args:
        source: The video.
        detector: Finds people.
        embedder: Tells them apart.
        out: Folder; made if need be.
        on_progress: Is told the source's name, frames done, and their total.
        coasted: Also show tracks in frames in which they were not seen.
        threads: For the encoder and for OpenCV; the networks have their own.
        options: Settings of the tracker that were chosen.
        trail_seconds: How long a person's way stays visible; 0 for no trails.
        stop: Ends it early.
        on_picture: Is given each annotated picture and a line about it, from another thread.

    Raises:
        SourceError: If the video can no longer be read, or the annotated one cannot be written.
        ConfigError: If the folder cannot be written.
    """
    stop = stop or Stop()
    pace, frames, found, broken = Pace(), 0, 0, list[SourceError]()
    tracker = pedestrian_tracker(embedder.thresholds, rate_seen(source), options)
    clock_from = source.start if source.start_origin == "epoch" else None
    annotator = Annotator(clock_from=clock_from, trail_seconds=trail_seconds)

    with ExitStack() as stack:
        tracks = stack.enter_context(TrackLog(out, coasted=coasted))
        log = stack.enter_context(PeopleLog(out / "log.csv"))
        encoders = min(threads, 1 + source.width * source.height // PIXELS_PER_ENCODER)
        video = VideoWriter(out / "annotated.mp4", rate=rate_seen(source), threads=encoders, quick=True)
        stack.enter_context(video)
        stack.enter_context(opencv_threads(threads))

        def finish(work: tuple[Frame, Step, NDArray[np.bool_], float]) -> None:
            frame, shown, believed, rate = work
            picture = annotator.draw(frame, shown.ids, shown.boxes, believed)
            video.write(picture, frame.time)
            if on_picture is not None:
                on_picture(picture, f"{people_text(len(shown.ids))}, {rate:.0f} frames/s")

        give = stack.enter_context(hand_over(finish))
        ahead = stack.enter_context(prefetch(source.frames(), stop=stop))
        for block in blocks(until_broken(ahead, broken), BLOCK):
            people = look(block, detector, embedder)
            frames += len(block)
            rate = pace.after(frames)
            for frame, (detections, _, vectors) in zip(block, people, strict=True):
                step = tracker.step(detections.boxes, detections.confidences, vectors)
                believed, shown = tracks.write(frame.index + 1, step, detections.confidences)
                moment = None if clock_from else frame.time
                seconds = (frame.time - source.start).total_seconds()
                log.write(frame.index + 1, shown.ids, rate, seconds=seconds, time=moment)
                give((frame, shown, believed, rate))
                found += len(detections)
            on_progress(source.path.name, frames, source.frame_count)
    if broken:
        raise broken[0]
    return TrackingResult(
        video=video.path if frames else None,
        tracks=tracks.path,
        frames=frames,
        detections=found,
        people=len(tracks.people),
        wall_seconds=pace.seconds(),
        problems=source.summary().problems,
        log=log.path,
        frames_per_second=pace.overall(frames),
        mean_people=log.mean_people,
        most_people=log.most_people,
        stopped_by=stop.reason,
    )


def until_broken(frames: Iterator[Frame], broken: list[SourceError]) -> Iterator[Frame]:
    """The frames up to where the source fails; its error goes into ``broken``, for when they are written."""
    try:
        yield from frames
    except SourceError as error:
        broken.append(error)


def track_detections(
    path: Path,
    embeddings: Path | None,
    out: Path,
    min_confidence: float | None,
    *,
    coasted: bool = False,
    options: TrackerOptions = DEFAULT_OPTIONS,
) -> TrackingResult:
    """Follows MOTChallenge detections, by default with DeepSORT's own settings; writes ``tracks.txt`` and ``log.csv``.

    Args:
        path: Detections.
        embeddings: NumPy file (N, D), one vector per row of the detections in the file's order; None tracks by place.
        out: Folder; made if need be.
        min_confidence: Detections below it are left out; None keeps all.
        coasted: Also write tracks in frames in which they were not seen.
        options: Settings of the tracker that were chosen.

    Raises:
        SourceError: If a file cannot be read or holds nothing, or the two do not fit.
        ConfigError: If the folder cannot be written.
    """
    pace = Pace()
    try:
        table = read_detections(path)
    except ValueError as error:
        raise SourceError(str(error)) from error
    if not len(table):
        raise SourceError(f"{path} holds no detections; it needs lines of frame,id,x,y,w,h,confidence")
    last_frame = table.last_frame
    features = None if embeddings is None else read_embeddings(embeddings, len(table))[table.rows]
    kept = np.ones(len(table), bool) if min_confidence is None else table.confidences >= min_confidence
    table, features = table.take(kept), None if features is None else features[kept]
    with TrackLog(out, coasted=coasted) as tracks, PeopleLog(out / "log.csv") as log:
        for frame, step, confidences in follow(
            DeepSort(options.over(TrackerSettings())), table, features, last_frame, path
        ):
            _, shown = tracks.write(frame, step, confidences)
            log.write(frame, shown.ids, pace.after(frame))
    return TrackingResult(
        video=None,
        tracks=tracks.path,
        frames=last_frame,
        detections=len(table),
        people=len(tracks.people),
        wall_seconds=pace.seconds(),
        problems=(),
        log=log.path,
        frames_per_second=pace.overall(last_frame),
        mean_people=log.mean_people,
        most_people=log.most_people,
    )


def follow(
    tracker: DeepSort, table: MotTable, features: NDArray[np.float32] | None, last_frame: int, path: Path
) -> Iterator[tuple[int, Step, NDArray[np.float32]]]:
    """Gives the tracker every frame up to the last one, those without detections too.

    Raises:
        SourceError: If the tracker refuses what the file says of a frame.
    """
    for frame in range(1, last_frame + 1):
        rows = table.at(frame)
        confidences = table.confidences[rows].astype(np.float32)
        try:
            step = tracker.step(table.boxes[rows], confidences, None if features is None else features[rows])
        except ValueError as error:
            raise SourceError(f"{path}, frame {frame}: {error}") from error
        yield frame, step, confidences


def read_embeddings(path: Path, count: int) -> NDArray[np.float32]:
    """(N, D) float32 vectors, made unit length.

    Raises:
        SourceError: If the file is no such array.
    """
    try:
        with path.open("rb") as file:  # NumPy itself leaves a damaged archive open
            vectors = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        reason = getattr(error, "strerror", None) or error
        raise SourceError(f"{path} is not a NumPy file of numbers ({reason}); save it with numpy.save") from error
    if not isinstance(vectors, np.ndarray):
        raise SourceError(f"{path} is an archive of arrays; save the one array of vectors with numpy.save")
    if vectors.ndim != 2 or len(vectors) != count or not np.issubdtype(vectors.dtype, np.floating):
        raise SourceError(
            f"{path} holds {vectors.dtype} {vectors.shape}; give floats ({count}, D), one row per detection"
        )
    wide = vectors.astype(np.float64)
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    directed = np.isfinite(lengths) & (lengths > 0)
    if not directed.all():
        raise SourceError(f"{path}: row {int(np.argmin(directed))} has no direction; every vector needs one")
    return np.asarray(wide / lengths, np.float32)
