"""An evaluation on Market-1501's protocol as JSON: its scores, how they were made, and each query's own."""

import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from api.run_file import FORMAT
from retrieval.bootstrap import LEVEL, RESAMPLES, SEED, Interval
from retrieval.market1501 import MarketEvaluation
from retrieval.market_findings import MEASURES, MarketFindings
from retrieval.person_images import DISTRACTOR, PersonImage
from retrieval.reid_metrics import MarketScores
from retrieval.verification import FALSE_ACCEPT_RATES, Verification

CURVE = 50
"""Ranks of the CMC curve."""

ROC_POINTS = 100
"""Of the ROC curve, at most."""

PACKAGES = ("passerby", "numpy", "opencv-python-headless", "onnxruntime", "openvino", "paddlepaddle")

Record = dict[str, object]


def market_record(findings: MarketFindings, *, made: datetime) -> Record:
    """Everything that is known of an evaluation: what ``--out`` writes and ``passerby compare`` reads.

    Args:
        findings: What was found.
        made: When.
    """
    return {
        "format": FORMAT,
        "made": made.replace(microsecond=0),
        **all_json(findings),
        "data_sha256": data_digest(findings.evaluation),
        "versions": versions(),
        "roc": roc_points(findings.verification),
        "per_query": per_query(findings.evaluation),
    }


def all_json(findings: MarketFindings) -> Record:
    """What ``--json`` prints."""
    return market_json(findings.evaluation) | findings_json(findings)


def market_json(evaluation: MarketEvaluation) -> dict[str, object]:
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
        "distractors": int((gallery.people == DISTRACTOR).sum()),
        "junk": evaluation.junk,
        "skipped": evaluation.skipped,
        "people": len(set(evaluation.query.people.tolist())),
        "cameras": len({*evaluation.query.cameras.tolist(), *gallery.cameras.tolist()}),
        "source": settings.source,
        "embedder": settings.embedder,
        "flip": settings.flip,
        "precision": settings.precision,
        "device": settings.device,
        "batch": settings.batch,
        "threads": settings.threads,
        "cached": evaluation.cached,
    }


def measures(scores: MarketScores) -> dict[str, object]:
    """What one ranking scores."""
    values = (
        scores.mean_precision, scores.mean_trapezoid, *(scores.rank(k) for k in (1, 5, 10)), scores.mean_penalty
    )  # fmt: skip
    return dict(zip(MEASURES, values, strict=True)) | {"cmc": scores.cmc(CURVE).tolist()}


def per_query(evaluation: MarketEvaluation) -> list[dict[str, object]]:
    """What each scored query scores, in the order of their names."""
    scores, images = evaluation.scores, evaluation.query.images
    again = evaluation.reranked
    return [
        {
            "image": images[row].path.name,
            "person": images[row].person,
            "camera": images[row].camera,
            "matches": len(scores.hit_ranks[k]),
            **own_scores(scores, k),
            **({} if again is None else {"reranked": own_scores(again, k)}),
        }
        for k, row in enumerate(scores.scored.tolist())
    ]


def own_scores(scores: MarketScores, k: int) -> dict[str, object]:
    """What one scored query scores."""
    return {
        "first_rank": int(scores.hit_ranks[k][0]),
        "AP": float(scores.precisions[k]),
        "AP_trapezoid": float(scores.trapezoids[k]),
        "INP": float(scores.penalties[k]),
    }


def findings_json(findings: MarketFindings) -> Record:
    """Intervals, rates over pairs and the scores of pairs of cameras."""
    again, gains = findings.reranked_intervals, findings.rerank_gains
    return {
        "intervals": {
            "level": LEVEL, "resamples": RESAMPLES, "seed": SEED, "people": findings.people,
            **ends(findings.intervals),
            "reranked": again and ends(again),
            "rerank_gain": gains and {name: asdict(gain) for name, gain in gains.items()},
        },
        "verification": verification_json(findings.verification),
        "cross_camera": [
            {"query": p.query, "gallery": p.gallery, "queries": p.queries, "mAP": p.mean_precision, "rank1": p.rank1}
            for p in findings.cameras
        ],
    }  # fmt: skip


def ends(intervals: dict[str, Interval]) -> Record:
    """Low and high end of each measure."""
    return {name: [interval.low, interval.high] for name, interval in intervals.items()}


def verification_json(counted: Verification) -> Record:
    """Pairs, area, equal error rate and TAR at fixed FAR; the rates are null where a kind of pair is missing."""
    both = bool(counted.same and counted.different)
    return {
        "pairs_same": counted.same,
        "pairs_different": counted.different,
        "auc": counted.area if both else None,
        "eer": counted.equal_error_rate if both else None,
        "tar_at_far": [asdict(counted.accept_rate(far)) for far in FALSE_ACCEPT_RATES] if both else None,
    }


def roc_points(counted: Verification) -> list[list[float]] | None:
    """Points (FAR, TAR) of the ROC curve, evenly along the logarithm of FAR; None where a kind of pair is missing."""
    if not counted.same or not counted.different:
        return None
    far, tar = counted.roc()
    at = np.geomspace(min(1 / counted.different, 0.1), 1, ROC_POINTS)
    kept = np.unique(np.clip(np.searchsorted(far, at, side="right") - 1, 0, len(far) - 1))
    points: list[list[float]] = np.stack([far[kept], tar[kept]], axis=1).round(9).tolist()
    return points


def data_digest(evaluation: MarketEvaluation) -> str:
    """SHA-256 over the names and contents of all images that were ranked, the same wherever they lie.

    An image whose file is not there (vectors may have come without pictures) counts by its name alone.
    """
    whole = sha256()
    for role, side in (("query", evaluation.query), ("gallery", evaluation.gallery)):
        for image in by_name(side.images):
            whole.update(f"{role}/{image.path.name}\0".encode(errors="surrogateescape"))
            whole.update(sha256(image.path.read_bytes() if image.path.is_file() else b"").digest())
    return whole.hexdigest()


def by_name(images: Sequence[PersonImage]) -> list[PersonImage]:
    """Images in the order of their names."""
    return sorted(images, key=lambda image: image.path.name)


def versions() -> dict[str, str]:
    """Of Python, this package and those that compute."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
