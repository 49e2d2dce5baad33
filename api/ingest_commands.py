"""``passerby ingest`` and ``passerby track``: video in."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.options import (
    CameraSource,
    Confidence,
    Data,
    DetectFps,
    DetectorName,
    Device,
    EmbedderName,
    EmbedOption,
    Fps,
    Json,
    Precision,
    RunnerName,
    SkipStill,
    Threads,
    data_folder,
    parse_camera_source,
    parse_optional_time,
    thread_count,
)
from api.output import plain, print_json, print_table, say
from api.progress import progress_bars
from gallery.errors import ConfigError, SourceError
from ingest.effort import EFFORT, Effort

if TYPE_CHECKING:
    from ingest.runner import CameraJob, JobOutcome


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command()(ingest)
    app.command()(track)


def ingest(
    cameras: Annotated[
        list[str], typer.Argument(metavar="NAME=SOURCE[@START]...", help="Cameras: video files or folders of images.")
    ],
    start: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Time of the first frame of sources without an @START, ISO 8601."),
    ] = None,
    detector: DetectorName = "auto",
    embedder: EmbedderName = "auto",
    fps: Fps = None,
    confidence: Confidence = None,
    skip_still: SkipStill = EFFORT.skip_still,
    detect_fps: DetectFps = EFFORT.detect_fps,
    embed: EmbedOption = EFFORT.embed,
    runner: RunnerName = "processes",
    data: Data = None,
    device: Device = "cpu",
    threads: Threads = None,
    precision: Precision = "fp32",
    as_json: Json = False,
) -> None:
    """Take videos into the gallery, all cameras side by side.

    The same video again adds nothing; an interrupted ingest goes on where it stopped.

    Example: passerby ingest door=door.mp4@2024-05-01T08:00:00Z yard=yard.mp4
    """
    from ingest.models import resolve_detector, resolve_embedder
    from ingest.runner import LocalRunner, Networks
    from ingest.shared_runner import SharedRunner

    jobs = camera_jobs([parse_camera_source(text) for text in cameras], start, fps)
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
    errors = [f"camera {outcome.camera}: {outcome.error}" for outcome in outcomes if outcome.error]
    if errors:
        raise SourceError("; ".join(errors))


def camera_jobs(sources: list[CameraSource], start: str | None, fps: float | None) -> "list[CameraJob]":
    """One job per camera, its sources in the order given."""
    from ingest.runner import CameraJob

    default = parse_optional_time(start, "--start")
    by_camera: dict[str, list[CameraSource]] = {}
    for source in sources:
        by_camera.setdefault(source.camera, []).append(source)
    return [
        CameraJob(camera, tuple((source.source, source.start or default) for source in given), fps)
        for camera, given in by_camera.items()
    ]


def show_outcomes(outcomes: "list[JobOutcome]", detector: str, embedder: str, *, as_json: bool) -> None:
    """What was ingested, and what of it could not be read."""
    results = [result for outcome in outcomes for result in outcome.results]
    for result in results:
        origin = {"given": "as given", "container": "from the file", "epoch": "no time known: the Unix epoch"}
        say(f"{result.camera}: starts at {result.start} ({origin[result.start_origin]})")
        if result.already_done:
            say(f"{result.camera}: {result.source} was ingested before with these settings; nothing was added")
        for problem in result.problems:
            say(f"{result.camera}: {problem}")
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
    source: Annotated[str | None, typer.Argument(metavar="SOURCE", help="Video file or folder of images.")] = None,
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
    device: Device = "cpu",
    threads: Threads = None,
    precision: Precision = "fp32",
    as_json: Json = False,
) -> None:
    """Follow the people of one video.

    Writes an annotated video that browsers play, and their boxes as text (MOTChallenge).

    Example: passerby track door.mp4 --out tracked
    """
    from ingest.models import load_detector, load_embedder
    from ingest.source import open_source
    from ingest.video_tracking import track_detections, track_video

    if (source is None) == (detections is None):
        raise ConfigError(
            "give either a video or --detections FILE, for example `passerby track door.mp4 --out tracked`"
        )
    if detections is not None:
        result = track_detections(detections, embeddings, out, confidence, coasted=coasted)
    elif source is not None:
        if confidence is not None and not 0 <= confidence <= 1:
            raise ConfigError(f"--confidence {confidence:g} is out of range; give 0 to 1")
        count = thread_count(threads)
        people = load_detector(detector, threads=count, device=device, precision=precision, min_confidence=confidence)
        vectors = load_embedder(embedder, threads=count, device=device, precision=precision)
        say(f"detector {people.identity.name}, embedder {vectors.identity.name}")
        with progress_bars() as bars:
            result = track_video(
                open_source(source, fps=fps),
                people,
                vectors,
                out,
                bars,
                coasted=coasted,
                skip_still=skip_still,
                threads=count,
            )
    for problem in result.problems:
        say(problem)
    if as_json:
        print_json(result)
        return
    shown = plain(result)
    if isinstance(shown, dict):
        print_table("Tracked", ("", ""), [(key, str(value)) for key, value in shown.items() if key != "problems"])
