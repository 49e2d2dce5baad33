"""What follows from an evaluation agrees with its scores."""

import pytest

from retrieval.market_findings import MEASURES, market_findings
from retrieval.rerank import Reranking
from tests.retrieval.made_up_market import made_up_market


def test_intervals_lie_around_the_scores(tmp_path):
    evaluation = made_up_market(tmp_path, noise=1.2, pictures=False)
    findings = market_findings(evaluation)
    scores = evaluation.scores
    values = scores.mean_precision, scores.mean_trapezoid, *(scores.rank(k) for k in (1, 5, 10)), scores.mean_penalty
    for name, value in zip(MEASURES, values, strict=True):
        interval = findings.intervals[name]
        assert interval.value == pytest.approx(value)
        assert interval.low <= interval.value <= interval.high
    assert findings.people == 5  # the sixth is seen by one camera alone
    assert findings.intervals["mAP"].high - findings.intervals["mAP"].low > 0.01
    assert (findings.reranked_intervals, findings.rerank_gains) == (None, None)


def test_what_re_ranking_gains_is_paired(tmp_path):
    evaluation = made_up_market(tmp_path, noise=1.2, pictures=False, rerank=Reranking(k1=4, k2=2))
    findings = market_findings(evaluation)
    assert findings.reranked_intervals is not None
    assert findings.rerank_gains is not None
    for name in MEASURES:
        gain = findings.reranked_intervals[name].value - findings.intervals[name].value
        assert findings.rerank_gains[name].value == pytest.approx(gain)


def test_pairs_and_cameras_are_those_of_the_protocol(tmp_path):
    findings = market_findings(made_up_market(tmp_path, pictures=False))
    # Each of 15 queries has 4 images by the two other cameras; the last person's query has none.
    assert findings.verification.same == 15 * 4
    assert findings.verification.different == 15 * (32 + 2 - 6) + (32 + 2 - 2)
    assert [(p.query, p.gallery, p.queries) for p in findings.cameras] == [
        (a, b, 5) for a in (1, 2, 3) for b in (1, 2, 3) if a != b
    ]  # fmt: skip
