"""How the comparison with other projects is made: on peers of a few lines."""

import types

import numpy as np
import pytest

from benchmarks.market1501_peers import Peer, compare, compare_reranking, difference, load_peers, stable_argsort
from benchmarks.market1501_vectors import SETS, Market, made_up
from retrieval.reid_metrics import evaluate_rankings
from retrieval.rerank import Reranking, reranked_distances


def evaluate_rank(distmat, q_pids, g_pids, q_camids, g_camids, max_rank, use_cython):
    """A peer that does as the protocol says, query by query; junk must not reach it."""
    assert -1 not in g_pids
    cmc, precisions, penalties = [], [], []
    for q, order in enumerate(np.argsort(distmat, axis=1)):
        same = g_pids[order] == q_pids[q]
        hits = same[~(same & (g_camids[order] == q_camids[q]))]
        if hits.any():
            places = np.flatnonzero(hits)
            cmc.append(hits.cumsum()[:max_rank] > 0)
            precisions.append(np.mean(np.arange(1, len(places) + 1) / (places + 1)))
            penalties.append(len(places) / (places[-1] + 1))
    return np.mean(cmc, axis=0), precisions, penalties


def peer(measure=evaluate_rank):
    return Peer("ours by loops", types.SimpleNamespace(evaluate_rank=measure), cython=False)


@pytest.fixture
def market():
    market = made_up(seed=3, queries=40, gallery=200, people=12, dimension=16)
    market.gallery_people[::9] = -1
    return market


def test_an_equal_peer_has_no_difference(market):
    rows = compare("few", market, [peer()])
    assert [(row.distances, row.peer) for row in rows] == [("same", "ours by loops"), ("own", "ours by loops")]
    assert max(row.difference for row in rows) < 1e-9


def test_a_peer_that_forgets_the_camera_has_one(market):
    def careless(distmat, q_pids, g_pids, q_camids, g_camids, max_rank, use_cython):
        return evaluate_rank(distmat, q_pids, g_pids, np.zeros_like(q_camids), g_camids, max_rank, use_cython)

    assert min(row.difference for row in compare("few", market, [peer(careless)])) > 1e-3


def test_the_largest_difference_counts(market):
    truth = (market.query_people, market.query_cameras, market.gallery_people, market.gallery_cameras)
    scores = evaluate_rankings(market.query, *truth[:2], market.gallery, *truth[2:])
    exact = (scores.mean_precision, scores.cmc(50), scores.mean_penalty)
    assert difference(scores, exact) == 0
    assert difference(scores, (exact[0] + 0.1, exact[1], None)) == pytest.approx(0.1)
    assert difference(scores, (exact[0], exact[1] - 0.2, exact[2])) == pytest.approx(0.2)
    assert difference(scores, (*exact[:2], exact[2] + 0.3)) == pytest.approx(0.3)


def test_ties_are_settled_by_the_order_of_the_gallery():
    with stable_argsort():
        assert np.argsort(np.zeros(1000)).tolist() == list(range(1000))


def test_re_ranking_is_compared_without_junk(market):
    gallery = market.gallery[market.gallery_people != -1]

    def re_ranking(q_g, q_q, g_g, k1, k2, lambda_value):
        assert (q_g.shape, q_q.shape, g_g.shape) == ((40, len(gallery)), (40, 40), (len(gallery), len(gallery)))
        return reranked_distances(market.query, gallery, Reranking(k1, k2, lambda_value))(slice(0, 40)) + 0.25

    rows = compare_reranking("few", market, {"off by a quarter": types.SimpleNamespace(re_ranking=re_ranking)})
    assert [row.difference for row in rows] == pytest.approx([0.25] * 3, abs=1e-6)


def test_absent_peers_are_said(tmp_path, capsys):
    assert load_peers(None, tmp_path) == ([], {})
    err = capsys.readouterr().err
    assert "fast-reid is left out" in err
    assert f"torchreid is left out: {tmp_path} is no checkout of it" in err


@pytest.mark.parametrize("name", [name for name in SETS if name != "real crops"])
def test_sets_are_what_they_say(name):
    market = SETS[name]()
    assert isinstance(market, Market)
    assert np.linalg.norm(market.gallery, axis=1) == pytest.approx(1, abs=1e-5)
    truth = (market.query_people, market.query_cameras, market.gallery_people, market.gallery_cameras)
    scores = evaluate_rankings(market.query, *truth[:2], market.gallery, *truth[2:])
    assert (len(scores.without_match) > 40) == (name == "one-camera people")
    assert (scores.gallery < len(market.gallery)) == (name == "junk and distractors")
    assert (len(np.unique(market.gallery, axis=0)) < len(market.gallery)) == (name in ("copies", "ties"))
    assert 0 < scores.mean_precision < 1
