"""``passerby track``: follow the people of one video, and write where they were."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from gallery.errors import ConfigError, SourceError
from ingest.annotate import TRAIL_SECONDS, Annotator, people_text
from ingest.arrival import arriving
from ingest.camera import BLOCK, blocks, rate_seen
from ingest.camera_motion import CameraMotion
from ingest.detector import Detector
from ingest.effort import EFFORT
from ingest.embedder import Embedder
from ingest.finished_tracks import FinishedTracks
from ingest.frame import Frame, Image
from ingest.hand_over import hand_over
from ingest.joined_video import NOT_SEEN, FirstLook, write_joined
from ingest.pace import Pace
from ingest.pedestrian_tracker import LOST_SECONDS, pedestrian_tracker
from ingest.people import look
from ingest.people_log import PeopleLog
from ingest.source import Source
from ingest.stop import Stop
from ingest.thread_budget import opencv_threads
from ingest.tracker_options import DEFAULT_OPTIONS, TrackerOptions
from ingest.video_writer import VideoWriter
from ingest.watch import Watch
from tracking.camera_motion import STILL
from tracking.joining import JoinRule
from tracking.motchallenge import ResultWriter
from tracking.tracker import Step, frames_of

OnProgress = Callable[[str, int, int | None], None]
OnPicture = Callable[[Image, str], None]

VIDEO = "annotated.mp4"
ORIGINAL = "original.mp4"

PIXELS_PER_ENCODER = 1_000_000
"""One thread encodes so large a picture well before the networks are done with the next; more only cost time."""


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
    skip_still: bool = EFFORT.skip_still,
    threads: int = 1,
    options: TrackerOptions = DEFAULT_OPTIONS,
    moving: bool = False,
    join: bool = False,
    original: bool = False,
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
        skip_still: Keep the boxes of the frame before where nothing has moved since.
        threads: For the encoder and for OpenCV; the networks have their own.
        options: Settings of the tracker that were chosen.
        moving: Whether the camera itself moves (see ``CameraMotion``).
        join: Join fragments and fill gaps after the fact, and draw the video then, in a second pass.
        original: Also write the pictures without anything drawn, as ``original.mp4``: to be played beside the other.
        trail_seconds: How long a person's way stays visible; 0 for no trails.
        stop: Ends it early.
        on_picture: Is given each annotated picture and a line about it, from another thread.

    Raises:
        SourceError: If the video can no longer be read, or the annotated one cannot be written.
        ConfigError: If the folder cannot be written, or tracks of a live camera are to be joined.
    """
    if join and source.live:
        raise ConfigError(f"{source.name} is live and cannot be seen a second time; track it without --join")
    stop = stop or Stop()
    pace, frames, found, broken, rate = Pace(), 0, 0, list[SourceError](), rate_seen(source)
    sure = detector.identity.sure_confidence
    tracker = pedestrian_tracker(embedder.thresholds, rate, options, sure_confidence=sure)
    watch = Watch(detector, replace(EFFORT, skip_still=skip_still, detect_fps=None), rate)
    motion = CameraMotion() if moving else None
    finished = FinishedTracks(JoinRule(embedder.thresholds.visit_similarity), frames_of(rate, LOST_SECONDS))
    looks: list[FirstLook] = []
    clock_from = source.start if source.start_origin == "epoch" else None
    annotator = Annotator(clock_from=clock_from, trail_seconds=trail_seconds)

    with ExitStack() as stack:
        tracks = stack.enter_context(TrackLog(out, coasted=coasted))
        log = stack.enter_context(PeopleLog(out / "log.csv"))
        encoders = min(threads, 1 + source.width * source.height // PIXELS_PER_ENCODER)
        video = None if join else stack.enter_context(VideoWriter(out / VIDEO, rate=rate, threads=encoders, quick=True))
        plain = VideoWriter(out / ORIGINAL, rate=rate, threads=encoders, quick=True) if original else None
        if plain is not None:
            stack.enter_context(plain)
        stack.enter_context(opencv_threads(threads))

        def finish(work: tuple[Frame, Step, NDArray[np.bool_], float]) -> None:
            frame, shown, believed, rate = work
            if plain is not None:
                plain.write(frame.image, frame.time)
            if video is None and on_picture is None:
                return
            picture = annotator.draw(frame, shown.ids, shown.boxes, believed)
            if video is not None:
                video.write(picture, frame.time)
            if on_picture is not None:
                on_picture(picture, f"{people_text(len(shown.ids))}, {rate:.0f} frames/s")

        give = stack.enter_context(hand_over(finish))
        ahead = stack.enter_context(arriving(source, stop=stop))
        for block in blocks(until_broken(ahead, broken), 1 if source.live else BLOCK):
            people = look(block, watch, embedder)
            frames += len(block)
            fps = pace.after(frames)
            for frame, (detections, vectors) in zip(block, people, strict=True):
                moved = motion.step(frame.image, detections.boxes) if motion else STILL
                step = tracker.step(detections.boxes, detections.confidences, vectors, moved)
                believed, shown = tracks.write(frame.index + 1, step, detections.confidences)
                moment = None if clock_from else frame.time
                seconds = (frame.time - source.start).total_seconds()
                log.write(frame.index + 1, shown.ids, fps, seconds=seconds, time=moment)
                if video is not None or on_picture is not None or plain is not None:
                    give((frame, shown, believed, fps))
                if join:
                    finished.add(frame, step, detections, vectors)
                    looks.append(FirstLook(frame.index, seconds, moment, fps))
                found += int((detections.confidences >= sure).sum())
            on_progress(Path(source.name).name, frames, source.frame_count)
    people_followed = len(tracks.people)
    if join and frames:
        whole, again = finished.whole(), Annotator(clock_from=clock_from, trail_seconds=trail_seconds)
        people_followed = len(whole)
        with opencv_threads(threads):
            log = write_joined(
                source,
                whole,
                looks,
                out,
                again,
                lambda done: on_progress(f"drawing {Path(source.name).name}", done, frames),
                rate=rate,
                threads=threads,
            )
    if broken:
        raise broken[0]
    return TrackingResult(
        video=out / VIDEO if frames else None,
        tracks=tracks.path,
        frames=frames,
        detections=found,
        people=people_followed,
        wall_seconds=pace.seconds(),
        problems=source.summary().problems,
        log=out / "log.csv",
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
