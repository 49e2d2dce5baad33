"""``passerby ingest`` and ``passerby track``: video in."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.options import (
    CameraSource,
    Confidence,
    Data,
    DetectorName,
    Device,
    EmbedderName,
    Fps,
    Json,
    Precision,
    Threads,
    data_folder,
    parse_camera_source,
    parse_optional_time,
    thread_count,
)
from api.output import plain, print_json, print_table, say
from api.progress import progress_bars
from api.stopping import Stopped, stopped_by_signals
from api.tracker_options import MaxAge, MaxCosineDistance, MaxIouDistance, NInit, NnBudget, Trail
from gallery.errors import ConfigError, SourceError
from ingest.stop import Stop
from ingest.tracker_options import TrackerOptions

if TYPE_CHECKING:
    from ingest.detector import Detector
    from ingest.embedder import Embedder
    from ingest.runner import CameraJob, JobOutcome
    from ingest.source import Source
    from ingest.video_tracking import OnPicture, TrackingResult


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
    max_cosine_distance: MaxCosineDistance = None,
    nn_budget: NnBudget = None,
    max_iou_distance: MaxIouDistance = None,
    max_age: MaxAge = None,
    n_init: NInit = None,
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

    tracking = TrackerOptions(
        max_cosine_distance=max_cosine_distance,
        nn_budget=nn_budget,
        max_iou_distance=max_iou_distance,
        max_age=max_age,
        n_init=n_init,
    )
    jobs = camera_jobs([parse_camera_source(text) for text in cameras], start, fps, tracking)
    networks = Networks(resolve_detector(detector), resolve_embedder(embedder), device, precision, confidence)
    say(f"detector {networks.detector}, embedder {networks.embedder}")
    with progress_bars() as bars:
        outcomes = LocalRunner(data_folder(data), networks, thread_count(threads)).run(jobs, bars)
    if any(outcome.results for outcome in outcomes):
        show_outcomes(outcomes, networks.detector, networks.embedder, as_json=as_json)
    errors = [f"camera {outcome.camera}: {outcome.error}" for outcome in outcomes if outcome.error]
    if errors:
        raise SourceError("; ".join(errors))


def camera_jobs(
    sources: list[CameraSource], start: str | None, fps: float | None, tracking: TrackerOptions
) -> "list[CameraJob]":
    """One job per camera, its sources in the order given."""
    from ingest.runner import CameraJob

    default = parse_optional_time(start, "--start")
    by_camera: dict[str, list[CameraSource]] = {}
    for source in sources:
        by_camera.setdefault(source.camera, []).append(source)
    return [
        CameraJob(camera, tuple((source.source, source.start or default) for source in given), fps, tracking)
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
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for annotated.mp4, tracks.txt and log.csv.")] = Path(
        "tracked"
    ),
    detections: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="MOTChallenge detections in place of a video; "
            "for them --max-cosine-distance is 0.2 and --max-age 30 by default.",
        ),
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
    trail: Trail = None,
    display: Annotated[
        bool, typer.Option("--display", help="Watch it live in a window; Q, Esc or closing it ends the tracking.")
    ] = False,
    max_cosine_distance: MaxCosineDistance = None,
    nn_budget: NnBudget = None,
    max_iou_distance: MaxIouDistance = None,
    max_age: MaxAge = None,
    n_init: NInit = None,
    device: Device = "cpu",
    threads: Threads = None,
    precision: Precision = "fp32",
    as_json: Json = False,
) -> None:
    """Follow the people of one video.

    Writes an annotated video that browsers play, their boxes as text (MOTChallenge), and a log of people per frame and
    speed. Ended early, by Ctrl-C or in the window, it writes what there is up to then.

    Example: passerby track door.mp4 --out tracked
    """
    from ingest.models import load_detector, load_embedder
    from ingest.source import open_source
    from ingest.video_tracking import track_detections

    if (source is None) == (detections is None):
        raise ConfigError(
            "give either a video or --detections FILE, for example `passerby track door.mp4 --out tracked`"
        )
    tracking = TrackerOptions(
        max_cosine_distance=max_cosine_distance,
        nn_budget=nn_budget,
        max_iou_distance=max_iou_distance,
        max_age=max_age,
        n_init=n_init,
    )
    if detections is not None:
        refuse("--detections, which have no pixels", {"--trail": trail, "--display": display or None})
        if embeddings is None:
            by_looks = {"--max-cosine-distance": max_cosine_distance, "--nn-budget": nn_budget}
            refuse("--detections without --embeddings", by_looks)
        result = track_detections(detections, embeddings, out, confidence, coasted=coasted, options=tracking)
    elif source is not None:
        refuse("a video", {"--embeddings": embeddings})
        if confidence is not None and not 0 <= confidence <= 1:
            raise ConfigError(f"--confidence {confidence:g} is out of range; give 0 to 1")
        video = open_source(source, fps=fps)
        count = thread_count(threads)
        people = load_detector(detector, threads=count, device=device, precision=precision, min_confidence=confidence)
        vectors = load_embedder(embedder, threads=count, device=device, precision=precision)
        say(f"detector {people.identity.name}, embedder {vectors.identity.name}")
        result = follow_live(
            video, people, vectors, out, tracking, coasted=coasted, threads=count, trail=trail, display=display
        )
    show_tracking(result, as_json=as_json)
    if result.stopped_by in ("SIGINT", "SIGTERM"):
        raise Stopped(
            f"stopped by {result.stopped_by} after {result.frames} frames; what is in {out} is complete so far"
        )


def refuse(where: str, options: Mapping[str, object]) -> None:
    """Refuses options that would do nothing.

    Raises:
        ConfigError: Naming the first one that was given.
    """
    for name, value in options.items():
        if value is not None:
            raise ConfigError(f"{name} does nothing for {where}; leave it out")


def follow_live(
    source: "Source",
    detector: "Detector",
    embedder: "Embedder",
    out: Path,
    tracking: TrackerOptions,
    *,
    coasted: bool,
    threads: int,
    trail: float | None,
    display: bool,
) -> "TrackingResult":
    """Follows the people of a video with a progress bar, maybe a window, and signals that end it in good order."""
    from ingest.annotate import TRAIL_SECONDS
    from ingest.video_tracking import track_video

    stop = Stop()
    with ExitStack() as stack:
        stack.enter_context(stopped_by_signals(stop))
        show = stack.enter_context(live_window(source, stop)) if display else None
        bars = stack.enter_context(progress_bars())
        try:
            return track_video(
                source,
                detector,
                embedder,
                out,
                bars,
                coasted=coasted,
                threads=threads,
                options=tracking,
                trail_seconds=TRAIL_SECONDS if trail is None else trail,
                stop=stop,
                on_picture=show,
            )
        except KeyboardInterrupt as error:
            raise Stopped(
                f"stopped at once; the video is given up, tracks.txt and log.csv in {out} are kept"
            ) from error


@contextmanager
def live_window(source: "Source", stop: Stop) -> "Iterator[OnPicture]":
    """A window for the pictures of a source; closing it asks for the stop."""
    from ingest.window import Window

    with Window(source.path.name, (source.width, source.height), lambda: stop.request("window")) as window:
        yield window.show


def show_tracking(result: "TrackingResult", *, as_json: bool) -> None:
    """What one video gave, and what of it could not be read."""
    for problem in result.problems:
        say(problem)
    if as_json:
        print_json(result)
        return
    shown = plain(result)
    if isinstance(shown, dict):
        rows = [(key, value) for key, value in shown.items() if key != "problems" and value is not None]
        print_table("Tracked", ("", ""), rows)
