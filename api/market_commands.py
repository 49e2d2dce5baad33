"""``passerby evaluate market1501``: how good an embedder is, by the protocol of Market-1501."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.options import (
    Device,
    EmbedderName,
    Json,
    Precision,
    Threads,
    at_least_one,
    fraction,
    thread_count,
)
from api.output import json_text, print_json, say, write
from api.progress import progress_bars
from gallery.errors import ConfigError

if TYPE_CHECKING:
    from retrieval.market1501 import MarketEvaluation
    from retrieval.market_findings import MarketFindings
    from retrieval.rerank import Reranking

FOR_IMAGES = {
    name: f"--{name.replace('_', '-')}"
    for name in ("embedder", "flip", "skip_bad", "cache", "no_cache", "device", "precision", "batch")
}
"""Parameters, and how they are written, that have no meaning for vectors that are there already."""

Features = Annotated[
    Path | None,
    typer.Option("--features", metavar="FILE", help="Score the vectors of this .npz in place of a folder's images."),
]
Flip = Annotated[bool, typer.Option("--flip", help="Flip test: add the vector of each crop's mirror image to its own.")]
Rerank = Annotated[
    bool, typer.Option("--rerank", help="Measure k-reciprocal re-ranking too, beside the plain rankings.")
]
K1 = Annotated[
    int | None,
    typer.Option("--k1", metavar="N", callback=at_least_one, help="Neighbours in re-ranking.", show_default="20"),
]
K2 = Annotated[
    int | None,
    typer.Option(
        "--k2", metavar="N", callback=at_least_one, help="Neighbours that are averaged in it.", show_default="6"
    ),
]
Lambda = Annotated[
    float | None,
    typer.Option(
        "--lambda", metavar="N", callback=fraction, help="Weight of the plain distance in it, 0-1.", show_default="0.3"
    ),
]
SkipBad = Annotated[bool, typer.Option("--skip-bad", help="Leave out images that cannot be read, and count them.")]
Batch = Annotated[
    int | None,
    typer.Option(
        "--batch",
        metavar="N",
        callback=at_least_one,
        help="Crops of one run of the network.",
        show_default="the fastest",
    ),
]
Cache = Annotated[
    Path | None,
    typer.Option(
        "--cache",
        metavar="DIR",
        envvar="PASSERBY_CACHE",
        help="Where vectors are kept for the next run.",
        show_default="in your user cache folder",
    ),
]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Compute all vectors, and keep none.")]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="FILE", help="Write the scores, with each query's, as JSON for `passerby compare`."),
]
Report = Annotated[
    Path | None,
    typer.Option(
        "--report",
        metavar="DIR",
        help="Write a page with curves, the best and worst queries and all settings; a new folder, or an earlier report.",
    ),
]
SaveFeatures = Annotated[
    Path | None, typer.Option("--save-features", metavar="FILE", help="Write all vectors as .npz for --features.")
]


def market1501(
    context: typer.Context,
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR]", help="A folder with query/ and bounding_box_test/.", show_default=False),
    ] = None,
    embedder: EmbedderName = "auto",
    features: Features = None,
    flip: Flip = False,
    rerank: Rerank = False,
    k1: K1 = None,
    k2: K2 = None,
    lambda_value: Lambda = None,
    skip_bad: SkipBad = False,
    cache: Cache = None,
    no_cache: NoCache = False,
    out: Out = None,
    report: Report = None,
    save_features: SaveFeatures = None,
    device: Device = "cpu",
    threads: Threads = None,
    precision: Precision = "fp32",
    batch: Batch = None,
    as_json: Json = False,
) -> None:
    """Score an embedder by the protocol of Market-1501.

    Same person and same camera is left out for each query, junk (-1) always; distractors (0) stay as wrong answers.

    Example: passerby evaluate market1501 Market-1501-v15.09.15 --embedder osnet_x0_25_msmt17 --rerank
    """
    from retrieval.market_findings import market_findings

    settings = reranking(rerank, k1, k2, lambda_value)
    for path in (out, save_features):
        if path is not None and not path.absolute().parent.is_dir():
            raise ConfigError(f"{path} cannot be written: there is no folder {path.absolute().parent}; make it first")
        if path is not None and path.is_dir():
            raise ConfigError(f"{path} cannot be written: it is a folder; name a file in it")
    if report is not None:
        from api.report_folder import check_report_folder

        check_report_folder(report)
    if no_cache:
        refuse_given(context, {"cache": "--cache"}, "says where vectors are kept, and --no-cache keeps none")
    if features is not None and folder is None:
        refuse_given(context, FOR_IMAGES, "is for images, and --features gives vectors")
        evaluation = of_features(features, settings, thread_count(threads))
    elif folder is not None and features is None:
        evaluation = of_folder(
            folder.absolute(), embedder, settings, None if no_cache else cache_folder(cache),
            flip=flip, skip_bad=skip_bad, device=device, threads=thread_count(threads), precision=precision, batch=batch,
        )  # fmt: skip
    else:
        raise ConfigError("give a folder with query/ and bounding_box_test/, or --features FILE, and not both")
    findings = market_findings(evaluation, threads=thread_count(threads))
    if out is not None or report is not None:
        write_results(findings, out, report)
    if save_features is not None:
        from retrieval.vectors_file import write_vectors

        write_vectors(save_features, evaluation.query, evaluation.gallery)
    show(findings, as_json=as_json)


def reranking(rerank: bool, k1: int | None, k2: int | None, lambda_value: float | None) -> "Reranking | None":
    """The parameters of ``--rerank``.

    Raises:
        ConfigError: If some are given without it.
    """
    given = {"k1": k1, "k2": k2, "lambda": lambda_value}
    if not rerank:
        for name, value in given.items():
            if value is not None:
                raise ConfigError(f"--{name} {value:g} is for re-ranking; add --rerank")
        return None
    from retrieval.rerank import PAPER, Reranking

    return Reranking(
        PAPER.k1 if k1 is None else k1,
        PAPER.k2 if k2 is None else k2,
        PAPER.lambda_value if lambda_value is None else lambda_value,
    )


def refuse_given(context: typer.Context, options: Mapping[str, str], reason: str) -> None:
    """Refuses options that stand on the command line and would do nothing.

    Raises:
        ConfigError: Naming the first.
    """
    for name, option in options.items():
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            raise ConfigError(f"{option} {reason}; leave one of the two out")


def cache_folder(cache: Path | None) -> Path:
    """The folder of the caches: as given, else in the user's cache folder."""
    if cache is not None:
        return cache.absolute()
    from platformdirs import user_cache_path

    return user_cache_path("passerby", appauthor=False) / "vectors"


def of_folder(
    folder: Path,
    embedder: str,
    settings: "Reranking | None",
    cache: Path | None,
    *,
    flip: bool,
    skip_bad: bool,
    device: Device,
    threads: int,
    precision: Precision,
    batch: int | None,
) -> "MarketEvaluation":
    """Embeds a folder's images, with a progress bar, and scores them."""
    from ingest.models import load_embedder
    from retrieval.crop_vectors import CropVectors
    from retrieval.market1501 import evaluate_market1501

    network = load_embedder(embedder, threads=threads, device=device, precision=precision, batch=batch)
    say(f"embedder {network.identity.name} ({precision} on {device})")
    vectors = CropVectors(
        network, flip=flip, precision=precision, device=device, batch=batch, threads=threads, cache_folder=cache
    )
    with progress_bars("images") as bars:
        evaluation = evaluate_market1501(
            folder, network, vectors=vectors, rerank=settings, skip_bad=skip_bad, threads=threads,
            on_progress=lambda done, total: bars("embedding", done, total),
        )  # fmt: skip
    if evaluation.damaged and vectors.cache is not None:
        say(f"warning: {evaluation.damaged} vectors in {vectors.cache.path} were damaged; they were computed again")
    for image in evaluation.skipped:
        say(f"left out: {image.reason}")
    return evaluation


def of_features(path: Path, settings: "Reranking | None", threads: int) -> "MarketEvaluation":
    """Scores the vectors of a file."""
    from retrieval.market1501 import MarketSettings, evaluate_vectors
    from retrieval.vectors_file import read_vectors

    query, gallery, junk = read_vectors(path)
    how = MarketSettings(path.absolute(), None, rerank=settings)
    return evaluate_vectors(query, gallery, how, threads=threads, junk=junk)


def write_results(findings: "MarketFindings", out: Path | None, report: Path | None) -> None:
    """Writes all that is known of an evaluation to a file, to the folder of a report with its page, or to both."""
    from api.market_record import market_record
    from api.whole_file import write_whole

    made = datetime.now(UTC)
    record = market_record(findings, made=made)
    if out is not None:
        write_whole(out, json_text(record))
    if report is not None:
        from api.market_report import write_report

        say(f"report: {write_report(report, findings, record, made=made).absolute()}")


def show(findings: "MarketFindings", *, as_json: bool) -> None:
    """The scores, for machines or people."""
    from api.market_record import all_json
    from api.market_tables import print_findings

    found, evaluation = all_json(findings), findings.evaluation
    if as_json:
        print_json(found)
        return
    print_findings(findings)
    left_out = f", {found['junk']} junk and {len(evaluation.skipped)} unreadable images left out"
    write(
        f"{found['queries']} queries of {findings.people} people, {found['queries_without_match']} more without a match; "
        f"gallery of {found['gallery']}, {found['distractors']} of them distractors; {found['cameras']} cameras{left_out}"
    )
