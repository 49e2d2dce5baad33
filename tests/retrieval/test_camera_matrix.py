"""Scores of one camera's queries in one other camera, by hand and against the whole protocol."""

import math

import numpy as np
import pytest

from retrieval.camera_matrix import camera_matrix
from retrieval.person_images import DISTRACTOR, JUNK
from retrieval.reid_metrics import evaluate_rankings

AXES = np.eye(3, dtype=np.float32)


def test_each_pair_of_cameras_by_hand():
    # Person 1 looks like axis 0. Camera 2 puts a stranger first, camera 3 is right at once.
    pairs = camera_matrix(
        AXES[:1], np.array([1]), np.array([1]),
        AXES[[0, 0, 0, 1]], np.array([5, 1, 1, 1]), np.array([2, 2, 3, 1]),
    )  # fmt: skip
    assert [(p.query, p.gallery, p.queries, p.mean_precision, p.rank1) for p in pairs] == [
        (1, 2, 1, 0.5, 0.0), (1, 3, 1, 1.0, 1.0),
    ]  # fmt: skip


def test_cameras_that_share_nobody_have_no_score_and_junk_makes_no_camera():
    pairs = camera_matrix(
        AXES[:1], np.array([1]), np.array([1]),
        AXES[[0, 1, 2]], np.array([1, DISTRACTOR, JUNK]), np.array([2, 3, 4]),
    )  # fmt: skip
    assert [(p.gallery, p.queries) for p in pairs] == [(2, 1), (3, 0)]
    assert math.isnan(pairs[1].mean_precision)
    assert math.isnan(pairs[1].rank1)


def test_with_two_cameras_it_is_the_protocol_without_the_own_camera():
    rng = np.random.default_rng(5)
    people, cameras = np.repeat(np.arange(1, 9), 6), np.tile([1, 2], 24)
    vectors = (
        rng.standard_normal((48, 4)).astype(np.float32) + 2 * rng.standard_normal((9, 4)).astype(np.float32)[people]
    )
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    asked = np.arange(48) < 30
    pairs = camera_matrix(vectors[asked], people[asked], cameras[asked], vectors, people, cameras)
    assert [(p.query, p.gallery) for p in pairs] == [(1, 2), (2, 1)]
    for pair in pairs:
        query, there = asked & (cameras == pair.query), cameras == pair.gallery
        scores = evaluate_rankings(
            vectors[query], people[query], cameras[query], vectors[there], people[there], cameras[there]
        )
        assert (pair.queries, pair.mean_precision) == (query.sum(), pytest.approx(scores.mean_precision))
