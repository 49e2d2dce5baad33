"""``passerby ingest``: video into the gallery."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.options import (
    Confidence,
    Data,
    DetectFps,
    DetectorName,
    Device,
    EmbedderName,
    EmbedOption,
    Fps,
    Json,
    LowConfidence,
    MovingCamera,
    OpenTimeout,
    Precision,
    ReadTimeout,
    RunnerName,
    SkipStill,
    StopAfter,
    Threads,
    ZonesFile,
    data_folder,
    live_limits,
    thread_count,
)
from api.output import print_json, print_table, say
from api.progress import progress_bars
from api.texts import parse_camera_source, parse_optional_time
from api.tracker_options import MaxAge, MaxCosineDistance, MaxIouDistance, NInit, NnBudget
from gallery.errors import SourceError
from ingest.effort import EFFORT, Effort
from ingest.tracker_options import LOW_CONFIDENCE, TrackerOptions

if TYPE_CHECKING:
    from ingest.camera_job import JobOutcome

ORIGINS = {
    "given": "as given",
    "container": "from the file",
    "epoch": "no time known: the Unix epoch",
    "previous": "where the source before it ended",
    "name": "from the file's name, taken as UTC",
    "clock": "by this machine's clock",
}
"""Where a source's start is from, in words."""

ENDINGS = {
    "stopped": "stopped; all that was seen is kept",
    "time": "its time is over; all that was seen is kept",
    "lost": "the camera was lost; all that was seen before is kept",
}
"""How a live camera ended, in words."""


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command()(ingest)


def ingest(
    cameras: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME=SOURCE[@START]...",
            help="Cameras: video files, folders of images or of videos, rtsp:// or http:// addresses, webcam:0.",
        ),
    ],
    start: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Time of the first frame of cameras without an @START, ISO 8601."),
    ] = None,
    detector: DetectorName = "auto",
    embedder: EmbedderName = "auto",
    fps: Fps = None,
    confidence: Confidence = None,
    low_confidence: LowConfidence = LOW_CONFIDENCE,
    skip_still: SkipStill = EFFORT.skip_still,
    detect_fps: DetectFps = EFFORT.detect_fps,
    embed: EmbedOption = EFFORT.embed,
    runner: RunnerName = "processes",
    max_cosine_distance: MaxCosineDistance = None,
    nn_budget: NnBudget = None,
    max_iou_distance: MaxIouDistance = None,
    max_age: MaxAge = None,
    n_init: NInit = None,
    moving_camera: MovingCamera = False,
    zones: ZonesFile = None,
    preview: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write the newest picture of each camera there while it is read."),
    ] = None,
    stop_after: StopAfter = None,
    open_timeout: OpenTimeout = None,
    read_timeout: ReadTimeout = None,
    data: Data = None,
    device: Device = "cpu",
    threads: Threads = None,
    precision: Precision = "fp32",
    as_json: Json = False,
) -> None:
    """Take videos and live cameras into the gallery, all cameras side by side.

    The same video again adds nothing; an interrupted ingest goes on where it stopped. A live camera is watched until
    Ctrl-C, or for the time of --for; all that was seen is kept. Several sources of one name follow one another.

    Example: passerby ingest door=door.mp4@2024-05-01T08:00:00Z yard=rtsp://10.0.0.5/main --for 3600
    """
    from api.camera_jobs import camera_jobs
    from ingest.camera_job import INTERRUPTED
    from ingest.models import resolve_detector, resolve_embedder
    from ingest.networks import Networks
    from ingest.preview import preview_file
    from ingest.runner import LocalRunner
    from ingest.shared_runner import SharedRunner
    from ingest.zones_file import zones_of

    sources = [parse_camera_source(text) for text in cameras]
    limits = live_limits(open_timeout, read_timeout, stop_after, [source.source for source in sources])
    names = list(dict.fromkeys(source.camera for source in sources))
    jobs = camera_jobs(
        sources,
        parse_optional_time(start, "--start"),
        fps,
        zones=None if zones is None else zones_of(zones, names),
        limits=limits,
        tracking=TrackerOptions(
            max_cosine_distance=max_cosine_distance,
            nn_budget=nn_budget,
            max_iou_distance=max_iou_distance,
            max_age=max_age,
            n_init=n_init,
        ),
        moving=moving_camera,
    )
    if preview is not None:
        jobs = [replace(job, preview=preview_file(preview, job.camera)) for job in jobs]
    effort = Effort(detect_fps=detect_fps, skip_still=skip_still, embed=embed)
    networks = Networks(
        resolve_detector(detector),
        resolve_embedder((gallery_embedder(data_folder(data)) or embedder) if embedder == "auto" else embedder),
        device,
        precision,
        confidence,
        low_confidence,
        effort=effort,
    )
    say(f"detector {networks.detector}, embedder {networks.embedder}")
    run_by = LocalRunner if runner == "processes" else SharedRunner
    with progress_bars() as bars:
        outcomes = run_by(data_folder(data), networks, thread_count(threads)).run(jobs, bars)
    if any(outcome.results for outcome in outcomes):
        show_outcomes(outcomes, networks.detector, networks.embedder, as_json=as_json)
    errors = [f"camera {o.camera}: {o.error}" for o in outcomes if o.error and o.error != INTERRUPTED]
    if errors:
        raise SourceError("; ".join(errors))
    if any(outcome.error == INTERRUPTED for outcome in outcomes):
        raise KeyboardInterrupt
    if any(result.ended == "lost" for outcome in outcomes for result in outcome.results):
        raise typer.Exit(1)


def gallery_embedder(folder: Path) -> str | None:
    """Name of the embedder whose vectors a gallery holds; None where there is no gallery, or nobody in it."""
    from gallery.store import Gallery

    if not Gallery.is_in(folder):
        return None
    with Gallery.open(folder) as gallery:
        embedder = gallery.embedder
        return None if embedder is None or not any(row.tracklets for row in gallery.cameras()) else embedder.name


def show_outcomes(outcomes: "list[JobOutcome]", detector: str, embedder: str, *, as_json: bool) -> None:
    """What was ingested, and what of it could not be read."""
    results = [result for outcome in outcomes for result in outcome.results]
    for result in results:
        say(f"{result.camera}: starts at {result.start} ({ORIGINS[result.start_origin]})")
        if result.already_done:
            say(f"{result.camera}: {result.source} was ingested before with these settings; nothing was added")
        for problem in result.problems:
            say(f"{result.camera}: {problem}")
        if result.overlaps:
            others = ", ".join(dict.fromkeys(Path(source).name for source in result.overlaps))
            say(f"{result.camera}: {Path(result.source).name} covers the same time as {others}; if not, give @START")
        if result.ended in ENDINGS:
            say(f"{result.camera}: {ENDINGS[result.ended]}")
    if as_json:
        print_json({"cameras": results, "detector": detector, "embedder": embedder})
        return
    columns = ("camera", "frames", "detections", "tracklets", "video s", "wall s", "frames/s")
    rows = [
        (
            r.camera,
            r.frames,
            r.detections,
            r.tracklets,
            r.video_seconds,
            r.wall_seconds,
            r.frames / max(r.wall_seconds, 1e-3),
        )
        for r in results
    ]
    print_table("Ingested", columns, rows)
