"""What later papers add to DeepSORT: each option off, then on, in scenes small enough to follow by eye."""

import numpy as np
import pytest

from tracking.settings import TrackerSettings
from tracking.tracker import DeepSort

WIDTH, HEIGHT = 40, 100
RED, BLUE, GREEN = np.eye(3, 8, dtype=np.float32)
BLIND = np.zeros(8, np.float32)


def person(x, y=100):
    return (x, y, x + WIDTH, y + HEIGHT)


def step(tracker, *people, looks=None, confidences=None, **more):
    features = None if looks is None else np.array(looks, np.float32).reshape(len(people), 8)
    sure = np.full(len(people), 0.9) if confidences is None else np.array(confidences)
    return tracker.step(np.array(people, np.float64).reshape(-1, 4), sure, features, **more)


def ids_by_detection(found):
    """Which id each detection of the step has."""
    return {int(d): int(i) for i, d in zip(found.ids, found.detections, strict=True) if d >= 0}


def confirmed_tracker(*people, looks=None, **settings):
    """A tracker that has seen these people stand still for three frames."""
    tracker = DeepSort(TrackerSettings(**settings))
    for _ in range(3):
        step(tracker, *people, looks=looks)
    return tracker


def test_a_detection_of_low_confidence_begins_no_track():
    for high_confidence, expected in ((0.0, {0: 1}), (0.5, {})):
        tracker = DeepSort(TrackerSettings(high_confidence=high_confidence))
        assert ids_by_detection(step(tracker, person(0), confidences=[0.3])) == expected


def test_a_detection_of_low_confidence_goes_on_with_a_track_without_its_looks():
    tracker = confirmed_tracker(person(0), looks=[RED], high_confidence=0.5)
    found = step(tracker, person(4), looks=[BLIND], confidences=[0.2])
    assert ids_by_detection(found) == {0: 1}


def test_a_sure_detection_is_served_before_one_of_low_confidence():
    tracker = confirmed_tracker(person(0), looks=[RED], high_confidence=0.5)
    found = step(tracker, person(0), person(6), looks=[BLIND, RED], confidences=[0.2, 0.9])
    assert ids_by_detection(found) == {1: 1}


def test_low_detections_have_a_limit_of_their_own():
    for limit, expected in ((0.5, {}), (0.8, {0: 1})):
        tracker = confirmed_tracker(person(0), looks=[RED], high_confidence=0.5, low_max_iou_distance=limit)
        found = step(tracker, person(20), looks=[BLIND], confidences=[0.2])  # IoU 1/3
        assert ids_by_detection(found) == expected


def test_a_track_lost_for_longer_takes_no_low_detection():
    tracker = confirmed_tracker(person(0), high_confidence=0.5)
    step(tracker)
    assert ids_by_detection(step(tracker, person(0), confidences=[0.2])) == {}


def test_whoever_walks_in_front_does_not_take_over_the_track_behind():
    for veto, expected in ((None, {0: 1}), (0.6, {0: 3})):
        tracker = confirmed_tracker(person(0), person(30), looks=[RED, BLUE], veto_distance=veto)
        found = step(tracker, person(8), looks=[GREEN])  # on track 1, near track 2
        assert ids_by_detection(found) == expected


def test_a_person_alone_may_look_different_in_spite_of_the_veto():
    tracker = confirmed_tracker(person(0), looks=[RED], veto_distance=0.6)
    assert ids_by_detection(step(tracker, person(4), looks=[BLUE])) == {0: 1}


def test_a_detection_without_a_feature_goes_by_overlap():
    tracker = confirmed_tracker(person(0), person(300), looks=[RED, BLUE])
    found = step(tracker, person(302), person(2), looks=[BLIND, RED])
    assert ids_by_detection(found) == {0: 2, 1: 1}
    owners, features = tracker.state()["feature_owners"], tracker.state()["features"]
    assert features.any(axis=1).all()  # nothing is kept of it
    assert sorted(owners.tolist()) == [1, 1, 1, 1, 2, 2, 2]


def test_smoothed_looks_forget_what_the_bank_keeps():
    """Seen red once and blue ever after, a track is found by red in a bank, not in an average."""
    for smoothing, expected in ((None, {0: 1}), (0.5, {0: 2})):
        tracker = DeepSort(TrackerSettings(smoothing=smoothing))
        for look in (RED, BLUE, BLUE, BLUE, BLUE):
            step(tracker, person(0), looks=[look])
        for _ in range(3):
            step(tracker, looks=[])
        assert ids_by_detection(step(tracker, person(0), looks=[RED])) == expected


def test_looks_of_hidden_people_are_not_kept():
    front = (10, 100, 60, 230)  # covers three quarters of the person at 0
    for min_visible, kept in ((0.0, 4), (0.5, 3)):
        tracker = confirmed_tracker(person(0), looks=[RED], min_visible=min_visible)
        step(tracker, person(0), front, looks=[RED, BLUE])
        assert np.sum(tracker.state()["feature_owners"] == 1) == kept


def test_a_lost_track_is_found_where_it_was_last_seen():
    for limit, expected in ((None, [1, 2]), (0.5, [1])):
        tracker = DeepSort(TrackerSettings(recovery_max_iou_distance=limit))
        for frame in range(6):
            step(tracker, person(20 * frame))
        for _ in range(4):
            step(tracker)  # it stopped; the filter walks on by 80 px
        assert step(tracker, person(100)).ids.tolist() == expected


def test_recovery_respects_the_veto():
    tracker = confirmed_tracker(
        person(0), person(10), looks=[RED, BLUE], recovery_max_iou_distance=0.7, veto_distance=0.6
    )
    for _ in range(3):
        step(tracker, looks=[])
    assert ids_by_detection(step(tracker, person(5), looks=[GREEN])) == {0: 3}


def test_who_stopped_unseen_walks_on_less_when_the_straight_line_counts():
    lefts = {}
    for observed_velocity in (False, True):
        tracker = DeepSort(TrackerSettings(max_cosine_distance=0.3, observed_velocity=observed_velocity))
        for frame in range(8):
            step(tracker, person(5 * frame), looks=[RED])
        for _ in range(9):
            step(tracker, looks=[])
        step(tracker, person(37), looks=[RED])  # two pixels in ten frames
        lefts[observed_velocity] = step(tracker, looks=[]).boxes[0, 0]
    assert 37.2 < lefts[True] < lefts[False] - 0.3


def test_sure_detections_move_a_track_more():
    lefts = {}
    for confidence_noise in (False, True):
        tracker = confirmed_tracker(person(0), confidence_noise=confidence_noise)
        lefts[confidence_noise] = step(tracker, person(10), confidences=[0.99]).boxes[0, 0]
    assert lefts[False] < lefts[True] <= 10


def test_tracks_follow_the_motion_of_the_camera():
    pan = np.array([[1.0, 0.0, 200.0], [0.0, 1.0, 0.0]])
    for motion, expected in ((np.eye(2, 3), {0: 2}), (pan, {0: 1})):
        tracker = confirmed_tracker(person(0), looks=[RED])
        found = step(tracker, person(200), looks=[RED], camera_motion=motion)
        assert ids_by_detection(found) == expected


@pytest.mark.parametrize("motion", [np.eye(3), np.full((2, 3), np.nan), np.array([[-1.0, 0, 0], [0, 1, 0]])])
def test_an_impossible_camera_motion_is_refused_and_changes_nothing(motion):
    tracker, undisturbed = (confirmed_tracker(person(0)) for _ in range(2))
    with pytest.raises(ValueError, match="camera motion"):
        step(tracker, person(5), camera_motion=motion)
    assert np.array_equal(step(tracker, person(1)).boxes, step(undisturbed, person(1)).boxes)


def test_what_comes_next_can_be_asked_without_changing_it():
    tracker = confirmed_tracker(person(0), person(300))
    tracks, boxes = tracker.predicted()
    assert tracks.ids.tolist() == [1, 2]
    assert tracks.missed.tolist() == [1, 1]
    assert boxes[:, 0] == pytest.approx([0, 300], abs=0.5)
    assert tracker.state()["missed"].tolist() == [0, 0]


ALL_ON = {
    "high_confidence": 0.5,
    "veto_distance": 0.5,
    "smoothing": 0.9,
    "min_visible": 0.3,
    "recovery_max_iou_distance": 0.7,
    "observed_velocity": True,
    "confidence_noise": True,
}


def test_with_everything_on_a_state_goes_on_to_the_last_bit():
    rng = np.random.default_rng(4)
    frames = []
    for frame in range(60):
        people = [person(5 * frame), person(300 - 5 * frame, 110), person(150, 20 + 4 * frame)]
        here = [k for k in range(3) if rng.random() > 0.2]
        looks = np.array([(RED, BLUE, GREEN)[k] for k in here], np.float32).reshape(-1, 8)
        frames.append(([people[k] for k in here], looks, rng.uniform(0.2, 1, len(here))))

    def run(tracker, part):
        return [
            (found.ids.tolist(), found.boxes.tolist(), found.detections.tolist())
            for found in (step(tracker, *people, looks=looks, confidences=sure) for people, looks, sure in part)
        ]

    whole = run(DeepSort(TrackerSettings(**ALL_ON)), frames)
    for stop in (1, 17, 44):
        first, second = (DeepSort(TrackerSettings(**ALL_ON)) for _ in range(2))
        begun = run(first, frames[:stop])
        second.restore(first.state())
        assert begun + run(second, frames[stop:]) == whole


@pytest.mark.parametrize("setting", [name for name in ALL_ON if name not in ("observed_velocity", "confidence_noise")])
def test_settings_of_options_have_a_range(setting):
    with pytest.raises(ValueError, match=f"{setting} is -0.1; give a number from 0 to"):
        TrackerSettings(**{setting: -0.1})


def test_the_settings_text_names_what_is_on():
    text = DeepSort(TrackerSettings(**ALL_ON)).settings
    assert all(f" {name}={value}" in text for name, value in ALL_ON.items())
    assert "veto_distance" not in DeepSort().settings
