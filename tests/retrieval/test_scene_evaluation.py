"""The whole path on a tiny scene whose answers are known."""

import math
from dataclasses import replace

import numpy as np
import pytest

from gallery.errors import GalleryError, SourceError
from ingest.detector import Detections
from ingest.pedestrian_tracker import pedestrian_tracker
from retrieval.scene_evaluation import SceneParts, evaluate_scene
from retrieval.scene_truth import read_scene
from tests.retrieval.colours import ColourDetector, ColourEmbedder


class Blind(ColourDetector):
    def detect(self, images):
        return [Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32)) for _ in images]


def parts(detector=ColourDetector, embedder=None) -> SceneParts:
    embedder = embedder or ColourEmbedder()
    return SceneParts(
        detector,
        embedder,
        lambda rate, sure: pedestrian_tracker(embedder.thresholds, rate, sure_confidence=sure),
        ColourDetector,
    )


@pytest.fixture(scope="module")
def truth(tiny_scene):
    return read_scene(tiny_scene)


@pytest.mark.parametrize("rerank", [False, True])
def test_true_tracks_and_an_embedder_that_knows_everybody_are_perfect(truth, tmp_path, rerank):
    result = evaluate_scene(truth, tmp_path / "gallery", parts(), oracle="tracks", rerank=rerank)
    scores = result.scores
    assert (scores.queries, scores.absent_queries) == (2, 2)
    assert (scores.rank1, scores.mAP, scores.not_found_correct) == (1, 1, 1)
    assert (scores.sighting_precision, scores.sighting_recall, scores.sighting_f1) == (1, 1, 1)
    for camera in result.per_camera.values():
        assert camera["MOTA"] == camera["IDF1"] == 1
    assert [ingest.tracklets for ingest in result.ingests] == [2, 3]
    assert [ingest.detections for ingest in result.ingests] == [50, 73]


@pytest.mark.parametrize("oracle", [None, "boxes"])
def test_the_whole_path_on_people_that_are_easy_to_follow(truth, tmp_path, oracle):
    result = evaluate_scene(truth, tmp_path / "gallery", parts(), oracle=oracle)
    assert (result.scores.mAP, result.scores.sighting_f1) == (1, 1)
    assert all(camera["IDF1"] >= 0.95 for camera in result.per_camera.values())


def test_a_threshold_that_lets_nothing_through_costs_recall_but_no_rank(truth, tmp_path):
    class Strict(ColourEmbedder):
        thresholds = replace(ColourEmbedder.thresholds, operating_point=1.1)

    scores = evaluate_scene(truth, tmp_path / "gallery", parts(embedder=Strict()), oracle="tracks").scores
    assert (scores.rank1, scores.mAP, scores.sighting_recall, scores.not_found_correct) == (1, 1, 0, 1)
    assert math.isnan(scores.sighting_precision)


def test_a_threshold_that_lets_everything_through_costs_precision(truth, tmp_path):
    class Lax(ColourEmbedder):
        thresholds = replace(ColourEmbedder.thresholds, operating_point=-1.0)

    scores = evaluate_scene(truth, tmp_path / "gallery", parts(embedder=Lax()), oracle="tracks").scores
    # Person 1 asks in camera 2, which has 3 tracklets; person 2 in camera 1, which has 2: two of five are true.
    assert (scores.sighting_precision, scores.sighting_recall) == (2 / 5, 1)
    assert scores.sighting_f1 == pytest.approx(4 / 7)
    assert scores.not_found_correct == 0


def test_a_detector_that_sees_nobody_finds_nobody(truth, tmp_path):
    result = evaluate_scene(truth, tmp_path / "gallery", parts(Blind))
    scores = result.scores
    assert (scores.rank1, scores.mAP, scores.sighting_recall, scores.not_found_correct) == (0, 0, 0, 1)
    assert result.per_camera["cam1"] == {"MOTA": 0, "IDF1": 0}
    assert math.isnan(scores.sighting_precision)


def test_the_same_evaluation_again_ingests_nothing_and_gives_the_same(truth, tmp_path):
    first = evaluate_scene(truth, tmp_path / "gallery", parts())
    second = evaluate_scene(truth, tmp_path / "gallery", parts())
    assert [ingest.already_done for ingest in second.ingests] == [True, True]
    assert (second.scores, second.per_camera) == (first.scores, first.per_camera)


def test_a_gallery_with_something_else_in_it_is_refused(truth, tmp_path):
    evaluate_scene(truth, tmp_path / "gallery", parts(), oracle="tracks")
    with pytest.raises(GalleryError, match="holds another ingest of camera cam1"):
        evaluate_scene(truth, tmp_path / "gallery", parts())


def test_a_video_that_is_none_is_named(fresh_scene, tmp_path):
    (fresh_scene / "cam2.mp4").write_text("no video")
    with pytest.raises(SourceError, match=r"cam2\.mp4"):
        evaluate_scene(read_scene(fresh_scene), tmp_path / "gallery", parts())


def test_progress_is_told_for_every_camera(truth, tmp_path):
    told = []
    evaluate_scene(truth, tmp_path / "gallery", parts(), on_camera=lambda *event: told.append(event))
    assert [event[:2] for event in told if event[1] == 60] == [("cam1", 60), ("cam2", 60)]
