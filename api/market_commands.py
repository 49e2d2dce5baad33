"""``passerby evaluate market1501``: how good an embedder is, by the protocol of Market-1501."""

import json
import os
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
from api.output import plain, print_json, print_table, say, write
from api.progress import progress_bars
from gallery.errors import ConfigError

if TYPE_CHECKING:
    from retrieval.market1501 import MarketEvaluation
    from retrieval.reid_metrics import MarketScores
    from retrieval.rerank import Reranking

CURVE = 50
"""Ranks of the CMC curve in the JSON."""

MEASURES = ("mAP", "mAP_trapezoid", "rank1", "rank5", "rank10", "mINP")

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
SaveFeatures = Annotated[
    Path | None, typer.Option("--save-features", metavar="FILE", help="Write all vectors as .npz for --features.")
]


def market1501(
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
    save_features: SaveFeatures = None,
    device: Device = "cpu",
    threads: Threads = None,
    precision: Precision = "fp32",
    as_json: Json = False,
) -> None:
    """Score an embedder by the protocol of Market-1501.

    Same person and same camera is left out for each query, junk (-1) always; distractors (0) stay as wrong answers.

    Example: passerby evaluate market1501 Market-1501-v15.09.15 --embedder osnet_x0_25_msmt17 --rerank
    """
    settings = reranking(rerank, k1, k2, lambda_value)
    if (folder is None) == (features is None):
        raise ConfigError("give a folder with query/ and bounding_box_test/, or --features FILE, and not both")
    for path in (out, save_features):
        if path is not None and not path.absolute().parent.is_dir():
            raise ConfigError(f"{path} cannot be written: there is no folder {path.absolute().parent}; make it first")
    if features is not None:
        check_no_images_options(
            {"--flip": flip, "--skip-bad": skip_bad, "--no-cache": no_cache, "--embedder": embedder != "auto"}
        )
        evaluation = of_features(features, settings, thread_count(threads))
    else:
        assert folder is not None  # noqa: S101
        evaluation = of_folder(
            folder.absolute(), embedder, settings, None if no_cache else cache_folder(cache),
            flip=flip, skip_bad=skip_bad, device=device, threads=thread_count(threads), precision=precision,
        )  # fmt: skip
    if out is not None:
        write_json(out, market_json(evaluation) | {"per_query": per_query(evaluation)})
    if save_features is not None:
        from retrieval.vectors_file import write_vectors

        write_vectors(save_features, evaluation.query, evaluation.gallery)
    show(evaluation, as_json=as_json)


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


def check_no_images_options(given: dict[str, object]) -> None:
    """Refuses options that do nothing where vectors are there already.

    Raises:
        ConfigError: Naming the first.
    """
    for option, value in given.items():
        if value:
            raise ConfigError(f"{option} is for images, and --features gives vectors; leave one of the two out")


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
) -> "MarketEvaluation":
    """Embeds a folder's images, with a progress bar, and scores them."""
    from ingest.models import load_embedder
    from retrieval.crop_vectors import CropVectors
    from retrieval.market1501 import evaluate_market1501

    network = load_embedder(embedder, threads=threads, device=device, precision=precision)
    say(f"embedder {network.identity.name} ({precision} on {device})")
    vectors = CropVectors(network, flip=flip, precision=precision, device=device, cache_folder=cache)
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


def market_json(evaluation: "MarketEvaluation") -> dict[str, object]:
    """The stable keys of an evaluation, and what it was made with."""
    settings, gallery = evaluation.settings, evaluation.gallery
    reranked = None
    if evaluation.reranked is not None and settings.rerank is not None:
        rerank = settings.rerank
        reranked = measures(evaluation.reranked) | {
            "k1": rerank.k1, "k2": rerank.k2, "lambda": rerank.lambda_value,
        }  # fmt: skip
    return {
        "queries": len(evaluation.scores.scored),
        "queries_without_match": len(evaluation.scores.without_match),
        "gallery": evaluation.scores.gallery,
        **measures(evaluation.scores),
        "reranked": reranked,
        "distractors": int((gallery.people == 0).sum()),
        "junk": evaluation.junk,
        "skipped": evaluation.skipped,
        "people": len(set(evaluation.query.people.tolist())),
        "cameras": len({*evaluation.query.cameras.tolist(), *gallery.cameras.tolist()}),
        "source": settings.source,
        "embedder": settings.embedder,
        "flip": settings.flip,
        "precision": settings.precision,
        "device": settings.device,
        "cached": evaluation.cached,
    }


def measures(scores: "MarketScores") -> dict[str, object]:
    """What one ranking scores."""
    values = (
        scores.mean_precision, scores.mean_trapezoid, *(scores.rank(k) for k in (1, 5, 10)), scores.mean_penalty
    )  # fmt: skip
    return dict(zip(MEASURES, values, strict=True)) | {"cmc": scores.cmc(CURVE).tolist()}


def per_query(evaluation: "MarketEvaluation") -> list[dict[str, object]]:
    """What each scored query scores, in the order of their names."""
    scores, images = evaluation.scores, evaluation.query.images
    return [
        {
            "image": images[row].path.name,
            "person": images[row].person,
            "camera": images[row].camera,
            "matches": len(ranks),
            "first_rank": int(ranks[0]),
            "AP": float(scores.precisions[k]),
            "AP_trapezoid": float(scores.trapezoids[k]),
            "INP": float(scores.penalties[k]),
        }
        for k, (row, ranks) in enumerate(zip(scores.scored.tolist(), scores.hit_ranks, strict=True))
    ]


def write_json(path: Path, value: object) -> None:
    """Writes one JSON object: whole, or not at all."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        partial.write_text(json.dumps(plain(value), allow_nan=False, indent=1) + "\n")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def show(evaluation: "MarketEvaluation", *, as_json: bool) -> None:
    """The scores, for machines or people."""
    if as_json:
        print_json(market_json(evaluation))
        return
    found = market_json(evaluation)
    reranked = evaluation.reranked and measures(evaluation.reranked)
    rows = [(name, f"{found[name]:.4f}", reranked and f"{reranked[name]:.4f}") for name in MEASURES]
    print_table("Market-1501", ("measure", "value", "re-ranked"), rows)
    left_out = f", {found['junk']} junk and {len(evaluation.skipped)} unreadable images left out"
    write(
        f"{found['queries']} queries of {found['people']} people, {found['queries_without_match']} more without a match; "
        f"gallery of {found['gallery']}, {found['distractors']} of them distractors; {found['cameras']} cameras{left_out}"
    )
