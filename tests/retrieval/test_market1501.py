"""A folder in the layout of Market-1501, from its images to scores."""

import shutil

import numpy as np
import pytest

from gallery.errors import SourceError
from ingest.models import load_embedder
from retrieval.crop_vectors import CropVectors
from retrieval.market1501 import evaluate_market1501
from retrieval.reid_metrics import evaluate_distances, evaluate_rankings
from retrieval.rerank import Reranking, reranked_distances
from tests.retrieval.crops import MeanColour, write_crop, write_market


@pytest.fixture
def market(tmp_path):
    return write_market(tmp_path / "market")


def test_a_folder_is_scored_by_the_protocol(market):
    result = evaluate_market1501(market, MeanColour())
    assert [image.path.name for image in result.query.images] == ["0001_c1_0.png", "0002_c2_0.png", "0003_c1_0.png"]
    assert result.scores.scored.tolist() == [0, 1]
    assert result.scores.without_match.tolist() == [2]  # person 3 is in camera 1 only
    assert (result.scores.gallery, result.junk, len(result.gallery.images)) == (6, 1, 6)
    assert [ranks.tolist() for ranks in result.scores.hit_ranks] == [[1, 2], [1]]
    assert result.reranked is None
    assert result.gallery.people.tolist() == [0, 1, 1, 1, 2, 3]
    assert result.gallery.cameras.tolist() == [2, 1, 2, 3, 1, 1]
    assert result.settings.embedder == MeanColour.identity
    again = evaluate_rankings(
        result.query.vectors, result.query.people, result.query.cameras,
        result.gallery.vectors, result.gallery.people, result.gallery.cameras,
    )  # fmt: skip
    assert np.array_equal(again.precisions, result.scores.precisions)


def test_re_ranking_is_a_column_of_its_own(market):
    rerank = Reranking(2, 2, 0.4)
    result = evaluate_market1501(market, MeanColour(), rerank=rerank)
    plain = evaluate_market1501(market, MeanColour())
    assert np.array_equal(result.scores.precisions, plain.scores.precisions)
    wanted = evaluate_distances(
        reranked_distances(result.query.vectors, result.gallery.vectors, rerank),
        result.query.people, result.query.cameras, result.gallery.people, result.gallery.cameras,
    )  # fmt: skip
    assert [ranks.tolist() for ranks in result.reranked.hit_ranks] == [ranks.tolist() for ranks in wanted.hit_ranks]
    assert result.settings.rerank == rerank


def test_bad_images_are_refused_or_left_out_with_their_names(market):
    bad = market / "bounding_box_test" / "0001_c2_1.png"
    bad.write_bytes(b"no picture")
    with pytest.raises(SourceError, match=r"1 of 9 images cannot be used: .*0001_c2_1\.png"):
        evaluate_market1501(market, MeanColour())
    result = evaluate_market1501(market, MeanColour(), skip_bad=True)
    assert [image.path for image in result.skipped] == [bad]
    assert result.scores.gallery == 5
    assert result.gallery.people.tolist() == [0, 1, 1, 2, 3]
    assert len(result.gallery.vectors) == 5


def test_junk_need_not_be_readable(market):
    (market / "bounding_box_test" / "-1_c2_1.png").write_bytes(b"")
    assert evaluate_market1501(market, MeanColour()).junk == 1


def test_nobody_cannot_be_asked_for(market):
    write_crop(market / "query", "0000_c1_0.png")
    with pytest.raises(SourceError, match=r"0000_c1_0\.png asks for person 0.*number people from 1"):
        evaluate_market1501(market, MeanColour())


def test_a_folder_where_nothing_can_be_found_is_an_error(market):
    for image in (market / "bounding_box_test").glob("000[12]_*"):
        image.unlink()
    with pytest.raises(SourceError, match=r"none of the 3 queries shows a person whom another camera"):
        evaluate_market1501(market, MeanColour())


def test_a_folder_of_another_layout_is_an_error(market):
    shutil.rmtree(market / "query")
    with pytest.raises(SourceError, match="no such folder; a Market-1501 folder has"):
        evaluate_market1501(market, MeanColour())


@pytest.mark.shared
def test_the_figures_of_osnet_on_the_shared_crops(shared, monkeypatch):
    """Those of ../shared/data/README.md; the others take a minute (see docs/evaluate.md)."""
    monkeypatch.setenv("PASSERBY_MODELS", str(shared / "data" / "models"))
    embedder = load_embedder("osnet_x0_25_msmt17", threads=2)
    scores = evaluate_market1501(shared / "data" / "reid-cuhk", embedder, vectors=CropVectors(embedder)).scores
    found = (scores.rank(1), scores.rank(5), scores.mean_precision, scores.mean_penalty)
    assert found == pytest.approx((0.2975, 0.4825, 0.3603, 0.3286), abs=0.001)
    assert (len(scores.scored), scores.gallery) == (400, 975)
