"""``passerby ingest`` and ``passerby track``: video in."""

from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.options import (
    CameraSection,
    Confidence,
    Data,
    DetectFps,
    DetectorName,
    Device,
    EmbedderName,
    EmbedOption,
    Fps,
    Json,
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
    parse_camera_source,
    parse_optional_time,
    thread_count,
    zones_given,
)
from api.output import plain, print_json, print_table, say
from api.progress import progress_bars
from gallery.errors import ConfigError, SourceError
from ingest.address import is_live
from ingest.effort import EFFORT, Effort

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
    app.command()(track)


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
    skip_still: SkipStill = EFFORT.skip_still,
    detect_fps: DetectFps = EFFORT.detect_fps,
    embed: EmbedOption = EFFORT.embed,
    runner: RunnerName = "processes",
    zones: ZonesFile = None,
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
    )
    effort = Effort(detect_fps=detect_fps, skip_still=skip_still, embed=embed)
    networks = Networks(
        resolve_detector(detector), resolve_embedder(embedder), device, precision, confidence, effort=effort
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


def track(
    source: Annotated[
        str | None, typer.Argument(metavar="SOURCE", help="Video file, folder of images, address or webcam.")
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for annotated.mp4 and tracks.txt.")] = Path(
        "tracked"
    ),
    detections: Annotated[
        Path | None, typer.Option(metavar="FILE", help="MOTChallenge detections in place of a video.")
    ] = None,
    embeddings: Annotated[
        Path | None, typer.Option(metavar="FILE", help="NumPy file (N, D): one vector per row of the detections.")
    ] = None,
    detector: DetectorName = "auto",
    embedder: EmbedderName = "auto",
    fps: Fps = None,
    confidence: Annotated[
        float | None,
        typer.Option(
            metavar="N",
            help="Least confidence of a detection: 0-1, or as the file counts it.",
            show_default="the detector's",
        ),
    ] = None,
    coasted: Annotated[
        bool, typer.Option("--coasted", help="Also give boxes of tracks that were not seen in a frame.")
    ] = False,
    skip_still: SkipStill = EFFORT.skip_still,
    zones: ZonesFile = None,
    camera: CameraSection = None,
    stop_after: StopAfter = None,
    open_timeout: OpenTimeout = None,
    read_timeout: ReadTimeout = None,
    device: Device = "cpu",
    threads: Threads = None,
    precision: Precision = "fp32",
    as_json: Json = False,
) -> None:
    """Follow the people of one video, or of a live camera until Ctrl-C.

    Writes an annotated video that browsers play, and their boxes as text (MOTChallenge).

    Example: passerby track door.mp4 --out tracked
    """
    from ingest.models import load_detector, load_embedder
    from ingest.source import open_source
    from ingest.stopping import stopped_by_signals
    from ingest.video_tracking import track_detections, track_video
    from ingest.zoned import zoned_detector, zoned_source

    if (source is None) == (detections is None):
        raise ConfigError(
            "give either a video or --detections FILE, for example `passerby track door.mp4 --out tracked`"
        )
    limits = live_limits(open_timeout, read_timeout, stop_after, [source or ""])
    seen_through = zones_given(zones, camera)
    ended = "end"
    if detections is not None:
        if zones is not None:
            raise ConfigError(f"--zones {zones} needs pixels; it goes with a video, not with --detections")
        result = track_detections(detections, embeddings, out, confidence, coasted=coasted)
    elif source is not None:
        if confidence is not None and not 0 <= confidence <= 1:
            raise ConfigError(f"--confidence {confidence:g} is out of range; give 0 to 1")
        count = thread_count(threads)
        people = load_detector(detector, threads=count, device=device, precision=precision, min_confidence=confidence)
        vectors = load_embedder(embedder, threads=count, device=device, precision=precision)
        say(f"detector {people.identity.name}, embedder {vectors.identity.name}")
        with ExitStack() as stack:
            stop = stack.enter_context(stopped_by_signals()) if is_live(source) else None
            opened = open_source(source, fps=fps, limits=limits, stop=stop)
            seen = stack.enter_context(closing(zoned_source(opened, seen_through)))
            bars = stack.enter_context(progress_bars())
            result = track_video(
                seen,
                zoned_detector(people, seen),
                vectors,
                out,
                bars,
                coasted=coasted,
                skip_still=skip_still,
                threads=count,
            )
            ended = seen.summary().ended
    for problem in result.problems:
        say(problem)
    if ended in ENDINGS:
        say(ENDINGS[ended])
    shown = plain(result)
    if as_json:
        print_json(result)
    elif isinstance(shown, dict):
        print_table("Tracked", ("", ""), [(key, str(value)) for key, value in shown.items() if key != "problems"])
    if ended == "lost":
        raise typer.Exit(1)
