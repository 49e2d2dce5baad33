"""``passerby track``: follow the people of one video."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.ingest_commands import ENDINGS
from api.options import (
    CameraSection,
    DetectorName,
    Device,
    EmbedderName,
    Fps,
    Json,
    LowConfidence,
    MovingCamera,
    OpenTimeout,
    Precision,
    ReadTimeout,
    SkipStill,
    StopAfter,
    Threads,
    ZonesFile,
    live_limits,
    thread_count,
    zones_given,
)
from api.output import plain, print_json, print_table, say
from api.progress import progress_bars
from api.stopping import Stopped, stopped_by_signals
from api.tracker_options import MaxAge, MaxCosineDistance, MaxIouDistance, NInit, NnBudget, Trail
from gallery.errors import ConfigError
from ingest.address import is_live
from ingest.effort import EFFORT
from ingest.stop import Stop
from ingest.tracker_options import LOW_CONFIDENCE, TrackerOptions

if TYPE_CHECKING:
    from ingest.source import Source
    from ingest.video_tracking import OnPicture, TrackingResult


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(track)


def track(
    source: Annotated[
        str | None, typer.Argument(metavar="SOURCE", help="Video file, folder of images, address or webcam.")
    ] = None,
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
    low_confidence: LowConfidence = LOW_CONFIDENCE,
    coasted: Annotated[
        bool, typer.Option("--coasted", help="Also give boxes of tracks that were not seen in a frame.")
    ] = False,
    join: Annotated[
        bool,
        typer.Option(
            "--join", help="When it is over, join tracks of one person and fill gaps; the video is drawn after that."
        ),
    ] = False,
    original: Annotated[
        bool, typer.Option("--original", help="Also write original.mp4, with nothing drawn, to play beside the other.")
    ] = False,
    skip_still: SkipStill = EFFORT.skip_still,
    trail: Trail = None,
    display: Annotated[
        bool, typer.Option("--display", help="Watch it live in a window; Q, Esc or closing it ends the tracking.")
    ] = False,
    max_cosine_distance: MaxCosineDistance = None,
    nn_budget: NnBudget = None,
    max_iou_distance: MaxIouDistance = None,
    max_age: MaxAge = None,
    n_init: NInit = None,
    moving_camera: MovingCamera = False,
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

    Writes an annotated video that browsers play, their boxes as text (MOTChallenge), and a log of people per frame and
    speed. Ended early, by Ctrl-C or in the window, it writes what there is up to then.

    Example: passerby track door.mp4 --out tracked
    """
    from ingest.annotate import TRAIL_SECONDS
    from ingest.detection_tracking import track_detections
    from ingest.models import load_detector, load_embedder
    from ingest.source import open_source
    from ingest.video_tracking import track_video
    from ingest.zoned import zoned_detector, zoned_source

    if (source is None) == (detections is None):
        raise ConfigError(
            "give either a video or --detections FILE, for example `passerby track door.mp4 --out tracked`"
        )
    limits = live_limits(open_timeout, read_timeout, stop_after, [source or ""])
    seen_through = zones_given(zones, camera)
    tracking = TrackerOptions(
        max_cosine_distance=max_cosine_distance,
        nn_budget=nn_budget,
        max_iou_distance=max_iou_distance,
        max_age=max_age,
        n_init=n_init,
    )
    ending = "end"
    if detections is not None:
        without_pixels = {
            "--trail": trail,
            "--display": display or None,
            "--zones": zones,
            "--moving-camera": moving_camera or None,
            "--join": join or None,
            "--original": original or None,
        }
        refuse("--detections, which have no pixels", without_pixels)
        if embeddings is None:
            by_looks = {"--max-cosine-distance": max_cosine_distance, "--nn-budget": nn_budget}
            refuse("--detections without --embeddings", by_looks)
        result = track_detections(detections, embeddings, out, confidence, coasted=coasted, options=tracking)
    elif source is not None:
        refuse("a video", {"--embeddings": embeddings})
        if confidence is not None and not 0 <= confidence <= 1:
            raise ConfigError(f"--confidence {confidence:g} is out of range; give 0 to 1")
        count = thread_count(threads)
        people = load_detector(
            detector,
            threads=count,
            device=device,
            precision=precision,
            min_confidence=confidence,
            low_confidence=low_confidence,
        )
        vectors = load_embedder(embedder, threads=count, device=device, precision=precision)
        say(f"detector {people.identity.name}, embedder {vectors.identity.name}")
        stop, ended = Stop(), threading.Event()
        stop.on_request(ended.set)
        with ExitStack() as stack:
            stack.enter_context(stopped_by_signals(stop))
            opened = open_source(source, fps=fps, limits=limits, stop=ended)
            seen = stack.enter_context(closing(zoned_source(opened, seen_through)))
            show = stack.enter_context(live_window(seen, stop)) if display else None
            bars = stack.enter_context(progress_bars())
            try:
                result = track_video(
                    seen,
                    zoned_detector(people, seen),
                    vectors,
                    out,
                    bars,
                    coasted=coasted,
                    skip_still=skip_still,
                    threads=count,
                    options=tracking,
                    moving=moving_camera,
                    join=join,
                    original=original,
                    trail_seconds=TRAIL_SECONDS if trail is None else trail,
                    stop=stop,
                    on_picture=show,
                )
            except KeyboardInterrupt as error:
                raise Stopped(
                    f"stopped at once; the video is given up, tracks.txt and log.csv in {out} are kept"
                ) from error
            ending = seen.summary().ended
        say_if_live(ending)
    show_tracking(result, as_json=as_json)
    if ending == "lost":
        raise typer.Exit(1)
    if result.stopped_by in ("SIGINT", "SIGTERM") and not is_live(source or ""):
        raise Stopped(
            f"stopped by {result.stopped_by} after {result.frames} frames; what is in {out} is complete so far"
        )


def say_if_live(ending: str) -> None:
    """How a live camera ended, in words; nothing for a file that was read to its end."""
    if ending in ENDINGS:
        say(ENDINGS[ending])


def refuse(where: str, options: Mapping[str, object]) -> None:
    """Refuses options that would do nothing.

    Raises:
        ConfigError: Naming the first one that was given.
    """
    for name, value in options.items():
        if value is not None:
            raise ConfigError(f"{name} does nothing for {where}; leave it out")


@contextmanager
def live_window(source: "Source", stop: Stop) -> "Iterator[OnPicture]":
    """A window for the pictures of a source; closing it asks for the stop."""
    from ingest.window import Window

    with Window(Path(source.name).name, (source.width, source.height), lambda: stop.request("window")) as window:
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
