"""Judging sightings against visits, with cases worked by hand."""

import numpy as np
import pytest

from retrieval.scene_scores import Judged, ReturnedSighting, average_precision, judge, scene_scores
from retrieval.scene_truth import CameraTruth, SceneTruth, Visit
from tracking.trajectory import Trajectory

ANN, BOB = 1, 2
BOX, ELSEWHERE = (10, 10, 50, 110), (300, 10, 340, 110)
ANN_EARLY, ANN_LATE = Visit(ANN, "door", 1, 10), Visit(ANN, "door", 31, 40)


def camera(*stays):
    """Truth of people who stand still: (person, first frame, last frame, box)."""
    rows = [(f, person, box) for person, first, last, box in stays for f in range(first, last + 1)]
    rows.sort(key=lambda row: row[0])
    frames, people, boxes = zip(*rows, strict=True)
    return CameraTruth(np.array(frames), np.array(people), np.array(boxes, np.float32), np.ones(len(rows), np.float32))


TRUTH = SceneTruth(
    {}, {"door": camera((ANN, 1, 10, BOX), (ANN, 31, 40, BOX), (BOB, 1, 40, ELSEWHERE))}, (ANN_EARLY, ANN_LATE), ()
)


def sighting(first, last, box=BOX, *, above=True):
    """A track over frames (from 1, as truth counts) at one place."""
    frames = np.arange(first, last + 1) - 1
    boxes = np.tile(np.array(box, np.float32), (len(frames), 1))
    return ReturnedSighting("door", (Trajectory(1, frames, boxes, np.ones(len(frames), np.float32)),), above)


def hits(*sightings, visits=(ANN_EARLY, ANN_LATE)):
    return judge(sightings, visits, TRUTH).hits.tolist()


def test_boxes_on_the_person_are_a_hit_and_boxes_on_another_are_not():
    assert hits(sighting(1, 10), sighting(31, 40, ELSEWHERE)) == [True, False]


def test_each_visit_counts_once():
    assert hits(sighting(1, 5), sighting(6, 10), sighting(31, 40)) == [True, False, True]


@pytest.mark.parametrize(("last", "hit"), [(18, True), (20, False)], ids=["more than half", "just half"])
def test_most_boxes_must_match(last, hit):
    assert hits(sighting(1, last)) == [hit]  # truth ends at frame 10


def test_a_sighting_while_the_person_was_away_is_false():
    assert hits(sighting(15, 25)) == [False]


def test_a_slightly_shifted_box_matches_and_a_far_shifted_one_does_not():
    # 40 x 100 boxes: moved by 10, IoU = 30/50 = 0.6; moved by 20, 20/60 = 0.33
    assert hits(sighting(1, 10, (20, 10, 60, 110))) == [True]
    assert hits(sighting(1, 10, (30, 10, 70, 110))) == [False]


def test_average_precision_counts_visits_that_were_never_returned():
    judged = Judged(np.array([True, False, True]), np.ones(3, bool), 3)
    assert average_precision(judged) == pytest.approx((1 / 1 + 2 / 3) / 3)
    assert average_precision(Judged(np.zeros(0, bool), np.zeros(0, bool), 2)) == 0


def test_scores_of_three_queries_by_hand():
    ann = Judged(np.array([True, False, True]), np.array([True, True, False]), 2)  # AP (1 + 2/3) / 2
    bob = Judged(np.array([False, True]), np.array([True, True]), 1)  # AP 1/2
    nobody = Judged(np.array([False]), np.array([False]), 0)
    mistaken = Judged(np.array([False]), np.array([True]), 0)
    scores = scene_scores([ann, bob, nobody, mistaken])
    assert (scores.queries, scores.absent_queries) == (2, 2)
    assert scores.rank1 == 0.5
    assert scores.mAP == pytest.approx((5 / 6 + 1 / 2) / 2)
    assert scores.sighting_precision == pytest.approx(2 / 4)
    assert scores.sighting_recall == pytest.approx(2 / 3)
    assert scores.sighting_f1 == pytest.approx(4 / 7)
    assert scores.not_found_correct == 0.5


def test_no_query_gives_no_number():
    assert np.isnan(scene_scores([]).mAP)
