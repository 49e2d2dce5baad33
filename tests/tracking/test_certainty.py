"""Whose identity the place alone tells."""

import numpy as np
import pytest

from tracking.boxes import iou
from tracking.certainty import NEAR, SAME_PLACE, sure_partners

HERE = [0.0, 0.0, 10.0, 20.0]
THERE = [50.0, 0.0, 60.0, 20.0]
BESIDE = [6.0, 0.0, 16.0, 20.0]
"""IoU with ``HERE`` is 80 / 320: near, but not the same place."""


def partners(tracks, boxes, steady=None):
    steady = [True] * len(tracks) if steady is None else steady
    boxes = np.array(boxes, np.float32).reshape(-1, 4)
    return sure_partners(np.array(tracks, float).reshape(-1, 4), np.array(steady, bool), boxes).tolist()


def test_people_apart_are_sure():
    assert partners([HERE, THERE], [THERE, HERE]) == [1, 0]


@pytest.mark.parametrize(
    ("tracks", "boxes", "steady"),
    [
        pytest.param([], [HERE], None, id="a new person"),
        pytest.param([THERE], [HERE], None, id="nobody expected here"),
        pytest.param([HERE], [BESIDE], None, id="not quite where the track should be"),
        pytest.param([HERE], [HERE], [False], id="a track that is tentative or was missed"),
        pytest.param([HERE, BESIDE], [HERE], None, id="another track is near the detection"),
        pytest.param([HERE, BESIDE], [HERE], [True, False], id="a lost track is near the detection"),
    ],
)
def test_in_doubt(tracks, boxes, steady):
    assert partners(tracks, boxes, steady) == [-1]


def test_two_detections_near_one_track_are_both_in_doubt():
    assert partners([HERE, THERE], [HERE, BESIDE, THERE]) == [-1, -1, 1]


def test_nobody_at_all():
    assert partners([HERE], []) == []
    assert partners([], []) == []


def slowly(tracks, steady, boxes):
    found = []
    for n in range(len(boxes)):
        near = [t for t in range(len(tracks)) if iou(tracks[t : t + 1], boxes[n : n + 1])[0, 0] >= NEAR]
        rivals = [m for m in range(len(boxes)) if near and iou(tracks[near[:1]], boxes[m : m + 1])[0, 0] >= NEAR]
        same = near and iou(tracks[near[:1]], boxes[n : n + 1])[0, 0] >= SAME_PLACE
        found.append(near[0] if len(near) == 1 and rivals == [n] and same and steady[near[0]] else -1)
    return found


@pytest.mark.parametrize("seed", range(20))
def test_as_by_loops(seed):
    chance = np.random.default_rng(seed)
    corners = chance.uniform(0, 120, (12, 2))
    tracks = np.concatenate([corners, corners + chance.uniform(10, 40, (12, 2))], axis=1)
    boxes = (tracks + chance.normal(0, 2, tracks.shape)).astype(np.float32)[chance.permutation(12)[:10]]
    steady = chance.random(12) < 0.8
    assert sure_partners(tracks, steady, boxes).tolist() == slowly(tracks, steady, boxes)
