"""An evaluation on Market-1501's protocol as JSON: its scores, how they were made, and each query's own."""

import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version

from retrieval.bootstrap import LEVEL, RESAMPLES, SEED, Interval
from retrieval.market1501 import MarketEvaluation
from retrieval.market_findings import MEASURES, MarketFindings
from retrieval.person_images import DISTRACTOR, PersonImage
from retrieval.reid_metrics import MarketScores
from retrieval.verification import FALSE_ACCEPT_RATES, Verification

FORMAT = "passerby-market1501-1"
"""Says what a file is; the number rises when a key changes its meaning."""

CURVE = 50
"""Ranks of the CMC curve."""

PACKAGES = ("passerby", "numpy", "opencv-python-headless", "onnxruntime", "openvino", "paddlepaddle")

Record = dict[str, object]


def market_record(findings: MarketFindings, *, made: datetime | None = None) -> Record:
    """Everything that is known of an evaluation: what ``--out`` writes and ``passerby compare`` reads.

    Args:
        findings: What was found.
        made: When; now if not given.
    """
    evaluation = findings.evaluation
    return {
        "format": FORMAT,
        "made": (made or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0),
        **market_json(findings),
        "data_sha256": data_digest(evaluation),
        "versions": versions(),
        "per_query": query_records(evaluation),
    }


def market_json(findings: MarketFindings) -> Record:
    """The stable keys of an evaluation, and what it was made with: what ``--json`` prints."""
    evaluation = findings.evaluation
    settings, gallery = evaluation.settings, evaluation.gallery
    again, rerank = evaluation.reranked, settings.rerank
    return {
        "queries": len(evaluation.scores.scored),
        "queries_without_match": len(evaluation.scores.without_match),
        "gallery": evaluation.scores.gallery,
        **measures(evaluation.scores),
        "reranked": again and rerank and {
            **measures(again), "k1": rerank.k1, "k2": rerank.k2, "lambda": rerank.lambda_value,
        },
        "intervals": {
            "level": LEVEL, "resamples": RESAMPLES, "seed": SEED, "people": findings.people,
            **ends(findings.intervals),
            "reranked": findings.reranked_intervals and ends(findings.reranked_intervals),
            "rerank_gain": findings.rerank_gains and {n: asdict(gain) for n, gain in findings.rerank_gains.items()},
        },
        "verification": verification_json(findings.verification),
        "cross_camera": [
            {"query": p.query, "gallery": p.gallery, "queries": p.queries, "mAP": p.mean_precision, "rank1": p.rank1}
            for p in findings.cameras
        ],
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
        "cached": evaluation.cached,
    }  # fmt: skip


def measures(scores: MarketScores) -> Record:
    """What one ranking scores, 0-1."""
    values = (
        scores.mean_precision, scores.mean_trapezoid, *(scores.rank(k) for k in (1, 5, 10)), scores.mean_penalty
    )  # fmt: skip
    return dict(zip(MEASURES, values, strict=True)) | {"cmc": scores.cmc(CURVE).tolist()}


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


def query_records(evaluation: MarketEvaluation) -> list[Record]:
    """One for each scored query, in the order of their names: who and where, and its own scores."""
    scores, again = evaluation.scores, evaluation.reranked
    records = []
    for k, row in enumerate(scores.scored.tolist()):
        image = evaluation.query.images[row]
        record: Record = {"image": image.path.name, "person": image.person, "camera": image.camera}
        record |= {"matches": len(scores.hit_ranks[k]), **own_scores(scores, k)}
        records.append(record if again is None else {**record, "reranked": own_scores(again, k)})
    return sorted(records, key=lambda record: str(record["image"]))


def own_scores(scores: MarketScores, k: int) -> Record:
    """The scores of one scored query."""
    return {
        "first_rank": int(scores.hit_ranks[k][0]),
        "AP": float(scores.precisions[k]),
        "AP_trapezoid": float(scores.trapezoids[k]),
        "INP": float(scores.penalties[k]),
    }


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
