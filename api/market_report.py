"""``--report``: an evaluation as one page with its curves, its pictures and its settings, in a folder of its own."""

import math
from datetime import datetime
from pathlib import Path
from typing import cast

import jinja2
import numpy as np

from api.market_record import Record, versions
from api.output import json_text
from api.report_folder import PAGE, RESULT, CropFolder, check_report_folder
from api.report_plots import cmc_plot, roc_plot, similarity_plot
from api.whole_file import write_whole
from gallery.errors import ConfigError
from retrieval.bootstrap import LEVEL, RESAMPLES, SEED, Difference, Interval
from retrieval.market1501 import MarketEvaluation
from retrieval.market_findings import MEASURES, MarketFindings
from retrieval.person_images import DISTRACTOR
from retrieval.ranked_list import LENGTH, RankedList, best_and_worst, ranked_list
from retrieval.verification import FALSE_ACCEPT_RATES, AcceptRate, Verification

QUERIES = 8
"""Best and worst queries to show."""
CURVE = 20
"""Ranks of the plotted CMC curve."""
NAMES = {
    "mAP": "mAP", "mAP_trapezoid": "mAP by trapezoids", "rank1": "rank-1", "rank5": "rank-5", "rank10": "rank-10",
    "mINP": "mINP",
}  # fmt: skip
TILES = ("mAP", "rank1", "rank5", "mINP")


def write_report(folder: Path, findings: MarketFindings, record: Record, *, made: datetime) -> Path:
    """Writes the page, the record beside it and the pictures it shows.

    The record goes first, by which the folder is known as a report's even if this is interrupted; the page goes last.

    Args:
        folder: Absent, empty, or an earlier report's.
        findings: What to show.
        record: The same as JSON, for ``passerby compare``.
        made: When the evaluation was made.

    Returns:
        The page's path.

    Raises:
        ConfigError: If the folder holds anything else or cannot be written.
    """
    check_report_folder(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / PAGE).unlink(missing_ok=True)
        write_whole(folder / RESULT, json_text(record))
        crops = CropFolder(folder)
        crops.clear()
        write_whole(folder / PAGE, page(findings, crops, made))
    except OSError as error:
        what = error.strerror or error
        raise ConfigError(f"--report {folder} cannot be written ({what}); name another folder") from error
    return folder / PAGE


def page(findings: MarketFindings, crops: CropFolder, made: datetime) -> str:
    """The page, with the pictures copied that it shows."""
    evaluation = findings.evaluation
    best, worst = best_and_worst(evaluation, QUERIES)
    settings = evaluation.settings
    embedder = settings.embedder.name if settings.embedder else "vectors from a file"
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True,
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {"fraction": fraction, "grouped": "{:,}".format}
    return environment.get_template("market_report.html").render(
        title=f"{embedder} on {settings.source.name}",
        made=made.strftime("%Y-%m-%d %H:%M UTC"),
        count={
            "queries": len(evaluation.scores.scored), "without_match": len(evaluation.scores.without_match),
            "people": findings.people, "gallery": evaluation.scores.gallery,
        },
        level=f"{LEVEL:.0%}",
        resamples=RESAMPLES,
        tiles=[
            {"name": NAMES[n], "value": findings.intervals[n].value, "between": between(findings.intervals[n])}
            for n in TILES
        ],
        reranked=findings.reranked_intervals is not None,
        rows=[score_row(findings, name) for name in MEASURES],
        plots=plots(findings),
        pairs=pairs(findings.verification),
        heat=heat_table(findings),
        length=LENGTH,
        best=[asked(evaluation, ranked_list(evaluation, k), crops) for k in best],
        worst=[asked(evaluation, ranked_list(evaluation, k), crops) for k in worst],
        settings=settings_rows(findings),
    )  # fmt: skip


def fraction(value: float | None) -> str:
    """A score as it is read: three decimals, a dash for none.

    >>> fraction(0.70251), fraction(None), fraction(-0.0312)
    ('0.703', '–', '−0.031')
    """
    return "–" if value is None or math.isnan(value) else f"{value:.3f}".replace("-", "−")


def between(interval: Interval | Difference) -> str:
    """The ends of an interval.

    >>> between(Interval(0.7, 0.651, 0.749)), between(Interval(0.7, math.nan, math.nan))
    ('0.651 to 0.749', 'one person only')
    """
    if math.isnan(interval.low):
        return "one person only"
    return f"{fraction(interval.low)} to {fraction(interval.high)}"


def score_row(findings: MarketFindings, name: str) -> Record:
    """One measure, with re-ranking and what it adds where there is some."""
    row: Record = {
        "name": NAMES[name],
        "value": findings.intervals[name].value,
        "between": between(findings.intervals[name]),
    }
    if findings.reranked_intervals is not None and findings.rerank_gains is not None:
        again, gain = findings.reranked_intervals[name], findings.rerank_gains[name]
        row |= {
            "again": again.value, "again_between": between(again), "gain": signed(gain.value),
            "gain_between": between(gain), "p": p_text(gain.p_value),
        }  # fmt: skip
    return row


def signed(value: float) -> str:
    """A difference with its sign.

    >>> signed(0.02), signed(-0.02)
    ('+0.020', '−0.020')
    """
    return f"{value:+.3f}".replace("-", "−")


def p_text(p: float) -> str:
    """A p-value.

    >>> p_text(0.0002), p_text(0.03), p_text(math.nan)
    ('< 0.001', '0.030', '–')
    """
    return "< 0.001" if p < 0.001 else fraction(p)


def plots(findings: MarketFindings) -> list[Record]:
    """The curves, each with a title, words for it, and words in its place."""
    scores, again, counted = findings.evaluation.scores, findings.evaluation.reranked, findings.verification
    curves = [("cosine", scores.cmc(CURVE))]
    if again is not None:
        curves.append(("re-ranked", again.cmc(CURVE)))
    told = "; ".join(
        f"{name}: " + ", ".join(f"{shares[k - 1]:.3f} at rank {k}" for k in (1, 5, 10, 20)) for name, shares in curves
    )
    found = [{
        "title": "CMC", "svg": cmc_plot(curves), "alt": f"Cumulative match curve. {told}.",
        "text": "How many queries have a right answer among the first k.",
    }]  # fmt: skip
    if counted.same and counted.different:
        rates = [rate for rate in map(counted.accept_rate, FALSE_ACCEPT_RATES) if rate.tar is not None]
        told = ", ".join(f"TAR {rate.tar:.3f} at FAR {rate.far:g}" for rate in rates) or "too few pairs for a rate"
        found.append({
            "title": "ROC", "svg": roc_plot(counted), "alt": f"ROC curve: {told}.",
            "text": "Pairs of one person accepted, against pairs of two. Dotted where it rests on fewer than 30 errors.",
        })  # fmt: skip
    if counted.same or counted.different:
        found.append({
            "title": "Similarities", "svg": similarity_plot(counted),
            "alt": f"Histograms of the similarities: {histogram_words(counted)}.",
            "text": f"Where pairs of one person (solid) and of two (dashed) lie: {histogram_words(counted)}.",
        })  # fmt: skip
    return cast("list[Record]", found)


def histogram_words(counted: Verification) -> str:
    """Where the middle of each kind of pairs lies."""
    kinds = (("one person", counted.same_histogram), ("two people", counted.different_histogram))
    return ", ".join(f"{name} around {middle(counts):.2f}" for name, counts in kinds if counts.sum())


def middle(histogram: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> float:
    """The middle of the bin with the median, -1 to 1."""
    k = int(np.searchsorted(np.cumsum(histogram), histogram.sum() / 2))
    return (k + 0.5) * 2 / len(histogram) - 1


def pairs(counted: Verification) -> Record:
    """Rates over pairs."""
    known: Record = {"same": counted.same, "different": counted.different}
    if counted.same and counted.different:
        rates = [counted.accept_rate(far) for far in FALSE_ACCEPT_RATES]
        known |= {
            "area": counted.area, "eer": counted.equal_error_rate,
            "rates": [{**vars(rate), "said": sureness(rate)} for rate in rates],
        }  # fmt: skip
    return known


def sureness(rate: AcceptRate) -> str:
    """How much a rate rests on."""
    if rate.tar is None:
        return "too few pairs of two people for this rate"
    return "30 false accepts or more" if rate.enough else "rough: fewer than 30 false accepts"


def heat_table(findings: MarketFindings) -> Record:
    """The cameras as a table: lines ask, columns are asked."""
    of = {(pair.query, pair.gallery): pair for pair in findings.cameras}
    columns = sorted({gallery for _, gallery in of})
    lines = [
        {"camera": query, "cells": [of.get((query, gallery)) for gallery in columns]}
        for query in sorted({query for query, _ in of})
    ]
    return {"columns": columns, "lines": lines}


def asked(evaluation: MarketEvaluation, ranked: RankedList, crops: CropFolder) -> Record:
    """One query with its answers, their pictures copied."""
    image = evaluation.query.images[ranked.row]
    answers = []
    for place, answer in enumerate(ranked.answers, start=1):
        shown = evaluation.gallery.images[answer.row]
        answers.append({
            "rank": answer.rank, "right": answer.right, "similarity": answer.similarity, "camera": shown.camera,
            "who": "nobody who is asked for" if shown.person == DISTRACTOR else f"person {shown.person}",
            "crop": crops.copy(shown.path, f"gallery-{answer.row:05d}"), "gap": answer.rank > place,
        })  # fmt: skip
    first = next(answer["rank"] for answer in answers if answer["right"])
    return {
        "person": image.person, "camera": image.camera, "name": image.path.name, "precision": ranked.precision,
        "matches": ranked.matches, "first_rank": first, "answers": answers,
        "crop": crops.copy(image.path, f"query-{ranked.row:05d}"),
    }  # fmt: skip


def settings_rows(findings: MarketFindings) -> list[tuple[str, str]]:
    """All that the figures depend on, in words."""
    evaluation = findings.evaluation
    settings, embedder, rerank = evaluation.settings, evaluation.settings.embedder, evaluation.settings.rerank
    query, gallery = evaluation.query, evaluation.gallery
    return [
        ("Data", str(settings.source.absolute())),
        ("Queries", f"{len(query.images)} images of {len(np.unique(query.people))} people"),
        ("Gallery", f"{len(gallery.images)} images, {int((gallery.people == DISTRACTOR).sum())} of them distractors"),
        ("Left out", f"{evaluation.junk} junk, {len(evaluation.skipped)} unreadable"),
        ("Embedder", embedder.name if embedder else "not known: the vectors came from a file"),
        ("Its SHA-256", embedder.sha256 if embedder else "not known"),
        ("Vector", f"{query.vectors.shape[1]} numbers"),
        ("Flip test", "on" if settings.flip else "off"),
        ("Precision", f"{settings.precision} on {settings.device}"),
        ("Batch", f"{settings.batch} crops" if settings.batch else "what is fastest"),
        ("Re-ranking", f"k1 {rerank.k1}, k2 {rerank.k2}, λ {rerank.lambda_value:g}" if rerank else "off"),
        ("Intervals", f"{LEVEL:.0%}, {RESAMPLES:,} resamples of {findings.people} people, seed {SEED}"),
        ("Versions", ", ".join(f"{name} {version}" for name, version in versions().items())),
    ]
