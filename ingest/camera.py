"""The write path: frames -> detections -> embeddings -> tracker -> finished tracklets -> gallery."""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from gallery.errors import GalleryError
from gallery.ingest_session import IngestSession
from gallery.ingest_spec import IngestProgress, IngestSpec
from gallery.store import Gallery
from gallery.tracklet import Tracklet
from ingest.arrival import arriving
from ingest.best_crops import BestCrops
from ingest.camera_motion import CAMERA_MOTION
from ingest.checkpoint import pack, unpack
from ingest.detector import Detector
from ingest.effort import EFFORT, Effort
from ingest.embedder import Embedder
from ingest.follower import NEEDED, Follower, under
from ingest.frame import Frame
from ingest.models import BUILT_IN
from ingest.pedestrian_tracker import Tracker
from ingest.people import count, embed, find
from ingest.source import Source
from ingest.source_summary import Ending
from ingest.watch import Watch

OnProgress = Callable[[int, int | None], None]
"""Is told how many frames are done, and of how many (None where that is not known)."""

BLOCK = 8
"""Frames whose crops are embedded together, so that the networks' batches are full.

Of a live camera it is one at a time: waiting for more would make them old, and bunch those that a busy machine can take.
"""

GAP_SECONDS = 2.0
"""So much time without a frame is a hole in what was seen, and told with every answer."""

COMMIT_SECONDS = 2.0
"""Time between commits, which take some milliseconds each."""


@dataclass(frozen=True)
class IngestResult:
    """What one source gave.

    Attributes:
        camera: Name of the camera.
        source: Where its frames came from.
        frames: Frames looked at.
        detections: People found in them, over all frames.
        tracklets: Tracklets in the gallery from this source.
        video_seconds: How much time the frames cover.
        wall_seconds: How long the ingest took, earlier interrupted runs included.
        start: First moment of the source, ISO 8601 UTC.
        start_origin: Where that time is from; see ``StartOrigin``.
        already_done: Whether the gallery had all of it before.
        problems: What could not be read.
        overlaps: Other sources of the camera that the gallery has of the same time.
        dropped: Frames of a live camera that came while the networks were still busy.
        ended: How it ended.
    """

    camera: str
    source: str
    frames: int
    detections: int
    tracklets: int
    video_seconds: float
    wall_seconds: float
    start: str
    start_origin: str
    already_done: bool
    problems: tuple[str, ...]
    overlaps: tuple[str, ...] = ()
    dropped: int = 0
    ended: Ending = "end"


def ingest_camera(
    camera: str,
    source: Source,
    gallery: Gallery,
    detector: Detector,
    embedder: Embedder,
    tracker: Tracker,
    on_progress: OnProgress = lambda done, total: None,
    *,
    effort: Effort = EFFORT,
    moving: bool = False,
    commit_seconds: float = COMMIT_SECONDS,
) -> IngestResult:
    """Takes one source of one camera into the gallery.

    The same source with the same settings again adds nothing. An interrupted one goes on where its last commit was,
    and ends with exactly the tracklets of an undisturbed run: blocks of frames always begin at the same places, so
    the networks see the same batches.

    Args:
        camera: Name of the camera.
        source: What to ingest.
        gallery: Where to.
        detector: Finds people; one that has seen no frame yet.
        embedder: Makes their vectors.
        tracker: Follows them; one that has seen no frame yet.
        on_progress: Is told how far it is, after each block of frames.
        effort: What may be left out.
        moving: Whether the camera itself moves (see ``CameraMotion``).
        commit_seconds: Time between commits; so much work is done twice after a crash.

    Raises:
        GalleryError: If another process ingests this camera, or the gallery holds vectors of another embedder.
        SourceError: If nothing of the source can be read.
        ConfigError: If frames are to be left out of which the detector must see all.
    """
    effort = effort.decided(built_in=embedder.identity.name in BUILT_IN["embedder"])
    watch = Watch(detector, effort, rate_seen(source))
    with gallery.begin_ingest(ingest_spec(camera, source, watch, embedder, tracker, effort, moving=moving)) as session:
        already_done = session.already_done
        if not already_done:
            sure = detector.identity.sure_confidence
            prefix = f"{camera}-{session.spec.key[:8]}"
            follower = Follower(camera, prefix, tracker, embedder.embed, sure_confidence=sure, moving=moving)
            resume(session, watch, follower)
            run(session, watch, follower, source, embedder, effort, on_progress, commit_seconds)
        return ingest_result(session, source, already_done=already_done)


def resume(session: IngestSession, watch: Watch, follower: Follower) -> None:
    """Brings all to the last commit of an interrupted ingest, or that ingest back to its beginning."""
    if session.checkpoint is not None:
        with suppress(GalleryError):  # damaged or of an older version: as good as none
            state = unpack(session.checkpoint)
            watch.restore(under("watch", state))
            follower.restore(state)
            return
    if session.progress.next_frame > 0:
        session.restart()


def checkpoint(watch: Watch, follower: Follower) -> bytes:
    """All that ``resume`` needs."""
    return pack({**follower.state(), **{f"watch/{name}": array for name, array in watch.state().items()}})


def run(
    session: IngestSession,
    watch: Watch,
    follower: Follower,
    source: Source,
    embedder: Embedder,
    effort: Effort,
    on_progress: OnProgress,
    commit_seconds: float,
) -> None:
    """Follows everybody from the session's next frame to the end of the source, committing as it goes."""
    progress = session.progress
    began = time.monotonic() - progress.wall_seconds
    committed = time.monotonic()
    finished: list[Tracklet] = []
    before = progress.until
    resumable = watch.resumable and not source.live
    with arriving(source, progress.next_frame) as frames:
        for block in blocks(frames, 1 if source.live else BLOCK):
            found = find(block, watch)
            embedded = embed(effort.embed, block, found, embedder, follower)
            for frame, people, vectors in zip(block, found, embedded, strict=True):
                if people is None:
                    follower.pass_over(frame)
                else:
                    finished += follower.step(frame, people.detections, people.images, vectors)
            progress = advance(progress, block, count(found), began)
            progress = replace(progress, gaps=progress.gaps + gaps_in(block, before, rate_seen(source)))
            before = progress.until
            on_progress(progress.frames, source.frame_count)
            if time.monotonic() - committed >= commit_seconds:
                session.commit(finished, checkpoint(watch, follower) if resumable else None, progress)
                finished = []
                committed = time.monotonic()
    # This state is good for every detector, since there is nothing more to detect.
    session.commit(finished + follower.finish(), checkpoint(watch, follower), progress)
    session.finish(summed_up(progress, source, began))


def blocks(frames: Iterable[Frame], size: int) -> Iterator[list[Frame]]:
    """Frames in lists of ``size``, the last one maybe shorter."""
    block: list[Frame] = []
    for frame in frames:
        block.append(frame)
        if len(block) == size:
            yield block
            block = []
    if block:
        yield block


def advance(progress: IngestProgress, block: list[Frame], detections: int, began: float) -> IngestProgress:
    """The progress after one more block."""
    return replace(
        progress,
        next_frame=block[-1].index + 1,
        frames=progress.frames + len(block),
        detections=progress.detections + detections,
        since=progress.since or block[0].time,
        until=block[-1].time,
        wall_seconds=time.monotonic() - began,
    )


def gaps_in(block: list[Frame], before: datetime | None, rate: float) -> tuple[tuple[datetime, datetime], ...]:
    """Pieces of time without frames: between two that are much farther apart than the rate explains.

    Args:
        block: Some frames.
        before: UTC time of the frame before them, None where they are the first.
        rate: Frames a second.
    """
    longest = timedelta(seconds=max(GAP_SECONDS, 2.5 / rate))
    times = ([] if before is None else [before]) + [frame.time for frame in block]
    return tuple((last, next_) for last, next_ in pairwise(times) if next_ - last > longest)


def summed_up(progress: IngestProgress, source: Source, began: float) -> IngestProgress:
    """The progress at the end, with what the source says of itself."""
    summary = source.summary()
    return replace(
        progress,
        video_seconds=summary.seconds,
        wall_seconds=time.monotonic() - began,
        problems=summary.problems,
    )


def rate_seen(source: Source) -> float:
    """Frames a second that a tracker sees of a source: sampling can leave some out, but add none."""
    return source.rate if source.fps is None else min(source.fps, source.rate)


def ingest_spec(
    camera: str, source: Source, watch: Watch, embedder: Embedder, tracker: Tracker, effort: Effort, *, moving: bool
) -> IngestSpec:
    """What the ingest is known by."""
    found_by = watch.detector.identity
    settings: dict[str, object] = {
        "detector": [found_by.sha256, found_by.settings],
        "watch": watch.settings,
        "embed": NEEDED if effort.embed == "needed" else "all",
        "tracker": tracker.settings,
        "crops": BestCrops().settings,
    }
    if moving:
        settings["camera_motion"] = CAMERA_MOTION
    if source.zones:
        settings["zones"] = source.zones.text
    return IngestSpec(
        camera=camera,
        source=source.name,
        source_hash=source.content_hash,
        start=source.start,
        start_origin=source.start_origin,
        fps=source.fps,
        detector=found_by.name,
        embedder=embedder.identity,
        settings=json.dumps(settings, sort_keys=True),
    )


def ingest_result(session: IngestSession, source: Source, *, already_done: bool) -> IngestResult:
    """The session's progress as a result."""
    progress, summary = session.progress, source.summary()
    return IngestResult(
        camera=session.spec.camera,
        source=source.name,
        frames=progress.frames,
        detections=progress.detections,
        tracklets=progress.tracklets,
        video_seconds=progress.video_seconds,
        wall_seconds=progress.wall_seconds,
        start=source.start.isoformat(),
        start_origin=source.start_origin,
        already_done=already_done,
        problems=progress.problems,
        overlaps=session.overlaps,
        dropped=summary.frames_dropped,
        ended=summary.ended,
    )
