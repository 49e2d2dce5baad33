"""``passerby track --detections``: follow the boxes of a file, with or without their vectors."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gallery.errors import SourceError
from ingest.pace import Pace
from ingest.pedestrian_tracker import BY_PLACE
from ingest.people_log import PeopleLog
from ingest.tracker_options import DEFAULT_OPTIONS, TrackerOptions
from ingest.video_tracking import TrackingResult, TrackLog
from tracking.motchallenge import MotTable, read_detections
from tracking.settings import TrackerSettings
from tracking.tracker import DeepSort, Step


def track_detections(
    path: Path,
    embeddings: Path | None,
    out: Path,
    min_confidence: float | None,
    *,
    coasted: bool = False,
    options: TrackerOptions = DEFAULT_OPTIONS,
) -> TrackingResult:
    """Follows MOTChallenge detections, by default with DeepSORT's own settings; writes ``tracks.txt``, ``log.csv``.

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
        defaults = BY_PLACE if features is None else TrackerSettings()
        for frame, step, confidences in follow(DeepSort(options.over(defaults)), table, features, last_frame, path):
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
