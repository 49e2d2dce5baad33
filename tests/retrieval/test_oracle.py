"""Truth in place of detector and tracker."""

import numpy as np
import pytest

from retrieval.oracle import TrueBoxes, TrueTracks
from retrieval.scene_truth import CameraTruth, Visit

IMAGE = np.zeros((200, 300, 3), np.uint8)
LEFT, RIGHT, SLIVER = (10, 10, 50, 110), (100, 10, 140, 110), (0, 10, 5, 110)


def truth(*rows):
    """Rows of (frame, person, box, visibility)."""
    rows = sorted(rows, key=lambda row: row[0])
    frames, people, boxes, visibility = zip(*rows, strict=True)
    return CameraTruth(
        np.array(frames), np.array(people), np.array(boxes, np.float32), np.array(visibility, np.float32)
    )


def test_boxes_are_the_true_ones_of_each_frame():
    detector = TrueBoxes(truth((1, 7, LEFT, 1), (3, 7, LEFT, 1), (3, 8, RIGHT, 0.3)))
    found = detector.detect([IMAGE, IMAGE]) + detector.detect([IMAGE])
    assert [d.boxes.tolist() for d in found] == [[list(LEFT)], [], [list(LEFT), list(RIGHT)]]
    assert found[2].confidences.tolist() == [1, 1]


def test_who_hardly_shows_is_left_out():
    (found,) = TrueBoxes(truth((1, 7, LEFT, 0.24), (1, 8, RIGHT, 0.25), (1, 9, SLIVER, 1))).detect([IMAGE])
    assert found.boxes.tolist() == [list(RIGHT)]


def follow(detector, tracker, frames):
    steps = []
    for _ in range(frames):
        (found,) = detector.detect([IMAGE])
        steps.append(tracker.step(found.boxes, found.confidences))
    return steps


def test_each_visit_is_one_track_and_ends_after_its_last_frame():
    camera = truth(*[(f, 7, LEFT, 1) for f in (1, 2, 5, 6)], *[(f, 8, RIGHT, 1) for f in (2, 3)])
    visits = [Visit(7, "cam1", 1, 2), Visit(8, "cam1", 2, 3), Visit(7, "cam1", 5, 6)]
    steps = follow(TrueBoxes(camera), TrueTracks(camera, visits), 7)
    assert [step.ids.tolist() for step in steps] == [[1], [1, 2], [2], [], [3], [3], []]
    assert [step.removed.tolist() for step in steps] == [[], [], [1], [2], [], [], [3]]
    assert all(step.confirmed.all() and step.detections.tolist() == list(range(len(step.ids))) for step in steps)


def test_a_person_who_is_hidden_for_a_while_stays_the_same_track():
    camera = truth((1, 7, LEFT, 1), (2, 7, LEFT, 0.1), (3, 7, LEFT, 1))
    steps = follow(TrueBoxes(camera), TrueTracks(camera, [Visit(7, "cam1", 1, 3)]), 3)
    assert [step.ids.tolist() for step in steps] == [[1], [], [1]]
    assert not any(len(step.removed) for step in steps)


def test_a_sliver_beside_a_person_confuses_nobody():
    camera = truth((1, 9, SLIVER, 1), (1, 7, LEFT, 1))
    visits = [Visit(9, "cam1", 1, 1), Visit(7, "cam1", 1, 1)]
    (step,) = follow(TrueBoxes(camera), TrueTracks(camera, visits), 1)
    assert step.ids.tolist() == [2]


def test_two_people_in_the_very_same_place_are_two():
    camera = truth((1, 7, LEFT, 1), (1, 8, LEFT, 1))
    visits = [Visit(7, "cam1", 1, 1), Visit(8, "cam1", 1, 1)]
    (step,) = follow(TrueBoxes(camera), TrueTracks(camera, visits), 1)
    assert sorted(step.ids.tolist()) == [1, 2]


def test_boxes_of_another_detector_are_refused():
    camera = truth((1, 7, LEFT, 1))
    tracker = TrueTracks(camera, [Visit(7, "cam1", 1, 1)])
    with pytest.raises(ValueError, match="boxes that are not true ones"):
        tracker.step(np.array([RIGHT], np.float32), np.ones(1, np.float32))


def test_a_person_without_a_visit_is_an_error_in_the_truth():
    camera = truth((1, 7, LEFT, 1))
    tracker = TrueTracks(camera, [])
    with pytest.raises(ValueError, match="person 7 is in frame 1 of the truth but in no visit"):
        tracker.step(np.array([LEFT], np.float32), np.ones(1, np.float32))
