"""``passerby evaluate`` and ``passerby demo``: how good the answers are."""

import tempfile
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from api.market_commands import market1501
from api.options import Confidence, DetectorName, Device, EmbedderName, Json, Precision, Threads, thread_count
from api.output import print_json, print_table, say, write
from api.progress import progress_bars

if TYPE_CHECKING:
    from retrieval.scene_evaluation import SceneEvaluation

evaluate = typer.Typer(
    help="Measure tracking and search against truth.\n\nExample: passerby evaluate scene demo/scene",
    no_args_is_help=True,
    rich_markup_mode=None,
)


OwnData = Annotated[
    Path | None,
    typer.Option(
        "--data",
        help="Folder to keep the gallery in: a new one, since all in it is scored.",
        show_default="none is kept",
    ),
]
"""PASSERBY_DATA does not count here: an evaluation must not end up in the gallery that people work with."""
SceneReport = Annotated[
    Path | None,
    typer.Option(
        "--report",
        metavar="DIR",
        help="Write the scores and how they were made as result.json; a new folder, or an earlier report's.",
    ),
]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    evaluate.command()(market1501)
    app.add_typer(evaluate, name="evaluate")
    app.command()(demo)


@evaluate.command()
def mot(
    truth: Annotated[Path, typer.Argument(metavar="GT", help="MOTChallenge truth.")],
    result: Annotated[Path, typer.Argument(metavar="RESULT", help="MOTChallenge result, for example tracks.txt.")],
    as_json: Json = False,
) -> None:
    """Score tracks against MOTChallenge truth.

    Example: passerby evaluate mot gt.txt tracked/tracks.txt
    """
    from retrieval.mot_evaluation import evaluate_mot

    scores = evaluate_mot(truth, result)
    if as_json:
        print_json(scores)
        return
    print_table(
        "Tracking",
        ("measure", "value"),
        [(k, f"{v:.4f}" if isinstance(v, float) else v) for k, v in asdict(scores).items()],
    )


@evaluate.command()
def scene(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A scene with its truth, as `passerby demo` writes one.")
    ],
    detector: DetectorName = "auto",
    embedder: EmbedderName = "auto",
    oracle: Annotated[
        Literal["boxes", "tracks"] | None,
        typer.Option(help="Truth in place of the detector, or of detector and tracker."),
    ] = None,
    rerank: Annotated[bool, typer.Option("--rerank", help="Ask with re-ranking.")] = False,
    confidence: Confidence = None,
    data: OwnData = None,
    report: SceneReport = None,
    device: Device = "cpu",
    threads: Threads = None,
    precision: Precision = "fp32",
    as_json: Json = False,
) -> None:
    """Ask every query of a scene whose truth is known.

    Takes the scene's cameras into a gallery of their own first; the scores say how many of the true sightings were
    found.

    Example: passerby evaluate scene demo/scene --detector motion --embedder stripes
    """
    from api.report_folder import check_report_folder
    from api.scene_parts import scene_parts
    from api.scene_report import FORMAT, scene_record, write_scene_report
    from ingest.models import resolve_detector
    from retrieval.scene_evaluation import evaluate_scene
    from retrieval.scene_truth import read_scene

    if report is not None:
        check_report_folder(report, FORMAT)
    truth = read_scene(folder)
    parts = scene_parts(detector, embedder, thread_count(threads), device, precision, confidence)
    with ExitStack() as stack:
        place = data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="passerby-scene-")))
        bars = stack.enter_context(progress_bars())
        result = evaluate_scene(truth, place, parts, oracle=oracle, rerank=rerank, on_camera=bars)
    if report is not None:
        settings: dict[str, object] = {
            "source": folder, "detector": resolve_detector(detector), "embedder": parts.embedder.identity,
            "oracle": oracle, "rerank": rerank, "precision": precision, "device": device,
        }  # fmt: skip
        record = scene_record(scene_json(result), settings, made=datetime.now(UTC))
        say(f"report: {write_scene_report(report, record).absolute()}")
    show_scene(result, as_json=as_json)


def show_scene(result: "SceneEvaluation", *, as_json: bool) -> None:
    """The scores of a scene."""
    if as_json:
        print_json(scene_json(result))
        return
    print_table("Search", ("measure", "value"), list(asdict(result.scores).items()))
    rows = [(camera, scores["MOTA"], scores["IDF1"]) for camera, scores in result.per_camera.items()]
    print_table("Cameras", ("camera", "MOTA", "IDF1"), rows)


def scene_json(result: "SceneEvaluation") -> dict[str, object]:
    """The stable keys of a scene's evaluation."""
    return {**asdict(result.scores), "per_camera": result.per_camera}


def demo_record(result: "SceneEvaluation", out: Path, detector: str) -> dict[str, object]:
    """The demo's scores as a report, so that the page "Evaluate" has something to show."""
    from api.scene_report import scene_record
    from ingest.stripes import StripesEmbedder

    settings: dict[str, object] = {
        "source": out / "scene", "detector": detector, "embedder": StripesEmbedder().identity,
        "oracle": None, "rerank": False, "precision": "fp32", "device": "cpu",
    }  # fmt: skip
    return scene_record(scene_json(result), settings, made=datetime.now(UTC))


def demo(
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder for the rendered cameras, the gallery and the picture.")
    ] = Path("demo"),
    seed: Annotated[int, typer.Option(metavar="N", help="Another one sends the people on other ways.")] = 1,
    threads: Threads = None,
    as_json: Json = False,
) -> None:
    """Render cameras, find everybody in them, draw the result.

    Takes about a minute, and needs nothing but this package.

    Example: passerby demo --out demo
    """
    from api.demo import NETWORKS, run_demo
    from api.report_folder import REPORTS
    from api.scene_report import write_scene_report

    with progress_bars() as bars:
        result, picture = run_demo(out.absolute(), seed, thread_count(threads), bars)
    write_scene_report(out / "gallery" / REPORTS / "demo", demo_record(result, out, NETWORKS.detector))
    if as_json:
        print_json({**scene_json(result), "picture": picture})
        return
    show_scene(result, as_json=False)
    write(f"picture: {picture}")
    say(f"ask something yourself: passerby query {out / 'scene' / 'queries'}/NAME.jpg --data {out / 'gallery'}")
    say(f"or in a browser: passerby serve --data {out / 'gallery'}")
