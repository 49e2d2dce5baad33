"""An evaluation on Market-1501's protocol as tables on the terminal."""

import math

from api.output import print_table
from retrieval.bootstrap import LEVEL, Difference, Interval
from retrieval.market_findings import MEASURES, MarketFindings
from retrieval.verification import FALSE_ACCEPT_RATES, Verification


def print_findings(findings: MarketFindings) -> None:
    """Scores with their intervals, rates over pairs, and the cameras."""
    again, gains = findings.reranked_intervals, findings.rerank_gains
    rows = [
        (
            name, f"{findings.intervals[name].value:.4f}", ends(findings.intervals[name]),
            again and f"{again[name].value:.4f}", gains and ends(gains[name]),
        )
        for name in MEASURES
    ]  # fmt: skip
    interval = f"{LEVEL:.0%} interval"
    print_table("Market-1501", ("measure", "value", interval, "re-ranked", f"gain, {interval}"), rows)
    print_pairs(findings.verification)
    # Of the pairs of many cameras most have nobody in both; the page and the JSON have them all.
    seen = [pair for pair in findings.cameras if pair.queries]
    cameras = [(p.query, p.gallery, p.queries, p.mean_precision, p.rank1) for p in seen]
    print_table("Cameras", ("query", "gallery", "queries", "mAP", "rank-1"), cameras)


def ends(interval: Interval | Difference) -> str | None:
    """Both ends; None of a single person."""
    return None if math.isnan(interval.low) else f"{interval.low:.4f} to {interval.high:.4f}"


def print_pairs(counted: Verification) -> None:
    """Area, equal error rate and TAR at fixed FAR."""
    if not counted.same or not counted.different:
        print_table("Same person or not", (), [])
        return
    rates = [counted.accept_rate(far) for far in FALSE_ACCEPT_RATES]
    rows: list[tuple[str, str, str | None]] = [
        ("area under ROC", f"{counted.area:.4f}", None),
        ("equal error rate", f"{counted.equal_error_rate:.4f}", None),
    ]
    rows += [
        (
            f"TAR at FAR {rate.far:g}",
            "-" if rate.tar is None else f"{rate.tar:.4f}",
            None if rate.enough else "too few pairs" if rate.tar is None else "rough: few false accepts",
        )
        for rate in rates
    ]
    print_table("Same person or not", ("measure", "value", ""), rows)
