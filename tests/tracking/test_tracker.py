"""What the tracker does, in scenes small enough to follow by eye."""

import numpy as np
import pytest

from tracking.matching import unmatched_in_set_order
from tracking.settings import TrackerSettings
from tracking.tracker import DeepSort, frames_of

WIDTH, HEIGHT = 40, 100
RED, BLUE = np.eye(2, 8, dtype=np.float32)


def person(x, y=100):
    return (x, y, x + WIDTH, y + HEIGHT)


def step(tracker, *boxes, looks=None):
    features = None if looks is None else np.array(looks, np.float32).reshape(len(boxes), 8)
    return tracker.step(np.array(boxes, np.float64).reshape(-1, 4), np.full(len(boxes), 0.9), features)


def ids_by_detection(found):
    """Which id each detection of the step has."""
    return {int(d): int(i) for i, d in zip(found.ids, found.detections, strict=True) if d >= 0}


def confirmed_tracker(*people, looks=None, **settings):
    """A tracker that has seen these people stand still for three frames."""
    tracker = DeepSort(TrackerSettings(**settings))
    for _ in range(3):
        step(tracker, *people, looks=looks)
    return tracker


def test_a_track_is_confirmed_at_its_third_detection():
    tracker = DeepSort(TrackerSettings(n_init=3))
    steps = [step(tracker, person(0)) for _ in range(3)]
    assert [found.confirmed.tolist() for found in steps] == [[False], [False], [True]]
    assert [found.ids.tolist() for found in steps] == [[1], [1], [1]]
    assert tracker.finish().tolist() == [1]


def test_a_new_track_lies_on_its_detection():
    found = step(DeepSort(), person(10), person(300))
    assert found.ids.tolist() == [1, 2]
    assert found.detections.tolist() == [0, 1]
    assert found.boxes.tolist() == [list(person(10)), list(person(300))]
    assert (found.boxes.dtype, found.ids.dtype, found.detections.dtype) == (np.float32, np.int64, np.int64)


def test_a_tentative_track_is_deleted_by_one_miss_and_its_id_never_used_again():
    tracker = DeepSort()
    step(tracker, person(0))
    missed = step(tracker)
    assert missed.ids.tolist() == []
    assert missed.removed.tolist() == [1]
    assert step(tracker, person(0)).ids.tolist() == [2]


def test_a_confirmed_track_moves_on_without_detections():
    tracker = DeepSort()
    for frame in range(10):
        step(tracker, person(10 * frame))
    coasted = [step(tracker) for _ in range(3)]
    assert [found.detections.tolist() for found in coasted] == [[-1]] * 3
    lefts = [found.boxes[0, 0] for found in coasted]
    assert lefts == pytest.approx([100, 110, 120], abs=3)  # it goes on by about 10 px a frame


def test_a_confirmed_track_is_deleted_after_max_age_misses():
    tracker = confirmed_tracker(person(0), max_age=5)
    missed = [step(tracker) for _ in range(6)]
    assert [found.ids.tolist() for found in missed] == [[1]] * 5 + [[]]
    assert [found.removed.tolist() for found in missed] == [[]] * 5 + [[1]]
    assert tracker.finish().tolist() == []


def test_tracks_age_and_are_removed_in_empty_frames_from_the_start():
    tracker = DeepSort()
    for _ in range(100):
        found = step(tracker)
    assert (found.ids.tolist(), found.removed.tolist(), found.boxes.shape) == ([], [], (0, 4))


@pytest.mark.parametrize(("looks", "after"), [([RED, BLUE], {0: 2, 1: 1}), (None, {0: 1, 1: 2})])
def test_people_who_change_places_unseen_keep_their_ids_only_by_their_looks(looks, after):
    tracker = confirmed_tracker(person(0), person(22), looks=looks)
    for _ in range(7):
        step(tracker)
    swapped = step(tracker, person(0), person(22), looks=looks and looks[::-1])
    assert ids_by_detection(swapped) == after


def test_people_who_cross_keep_their_ids():
    tracker = DeepSort()
    for frame in range(40):
        found = step(tracker, person(10 * frame), person(400 - 10 * frame, 110), looks=[RED, BLUE])
        assert ids_by_detection(found) == {0: 1, 1: 2}


def test_looks_find_a_person_again_where_overlap_cannot():
    jump = person(22)  # half a width away within the gate, and seven frames later
    for looks, expected in (([RED], [1]), ([BLUE], [1, 2])):
        tracker = confirmed_tracker(person(0), looks=[RED])
        for _ in range(7):
            step(tracker)
        assert step(tracker, jump, looks=looks).ids.tolist() == expected


def test_looks_do_not_make_the_impossible_possible():
    tracker = confirmed_tracker(person(0), looks=[RED])
    far = step(tracker, person(900), looks=[RED])
    assert ids_by_detection(far) == {0: 2}


def test_a_track_missed_once_is_found_by_overlap_though_it_looks_different():
    tracker = confirmed_tracker(person(0), looks=[RED])
    assert ids_by_detection(step(tracker, person(2), looks=[BLUE])) == {0: 1}


def test_without_features_a_hidden_person_is_found_where_the_motion_leads():
    tracker = DeepSort()
    for frame in range(10):
        step(tracker, person(10 * frame))
    for _ in range(5):
        step(tracker)
    assert ids_by_detection(step(tracker, person(150))) == {0: 1}


def test_features_may_come_and_go():
    tracker = confirmed_tracker(person(0))
    for looks in ([RED], None, [RED], None):
        assert step(tracker, person(0), looks=looks).ids.tolist() == [1]


def test_features_of_tentative_tracks_count_once_they_are_confirmed():
    tracker = DeepSort()
    for looks in (RED, BLUE, BLUE):
        step(tracker, person(0), looks=[looks])
    for _ in range(3):
        step(tracker)
    assert step(tracker, person(0), looks=[RED]).ids.tolist() == [1]


def test_only_the_last_features_within_the_budget_count():
    for budget, expected in ((2, [1, 2]), (3, [1])):
        tracker = DeepSort(TrackerSettings(nn_budget=budget))
        for looks in (RED, BLUE, BLUE):
            step(tracker, person(0), looks=[looks])
        for _ in range(3):
            step(tracker)
        assert step(tracker, person(0), looks=[RED]).ids.tolist() == expected


def test_each_tracker_counts_its_own_ids():
    one, other = DeepSort(), DeepSort()
    assert step(one, person(0), person(200)).ids.tolist() == [1, 2]
    assert step(other, person(0)).ids.tolist() == [1]


def walkers(seed, frames):
    """Random walkers, missed now and then, with noisy looks; some false boxes."""
    random = np.random.default_rng(seed)
    at, speed = random.uniform(0, 800, (8, 2)), random.uniform(-6, 6, (8, 2))
    looks = random.standard_normal((8, 16))
    for _ in range(frames):
        at += speed
        seen = random.random(8) < 0.85
        x, y = np.concatenate([at[seen] + random.normal(0, 2, (seen.sum(), 2)), random.uniform(0, 800, (1, 2))]).T
        features = np.concatenate([looks[seen], np.zeros((1, 16))]) + random.normal(0, 0.3, (len(x), 16))
        features /= np.linalg.norm(features, axis=1, keepdims=True)
        yield np.column_stack([x, y, x + 40, y + 100]), random.uniform(0.3, 1, len(x)), features.astype(np.float32)


def bits(found):
    return tuple(getattr(found, name).tobytes() for name in ("ids", "boxes", "detections", "confirmed", "removed"))


@pytest.mark.parametrize("with_looks", [True, False])
@pytest.mark.parametrize("stop", [0, 1, 60])
def test_a_restored_tracker_goes_on_to_the_last_bit(tmp_path, stop, with_looks):
    first, steps = DeepSort(TrackerSettings(nn_budget=10, max_age=8)), []
    frames = list(walkers(5, 120))
    for number, (boxes, confidences, features) in enumerate(frames):
        if number == stop:
            np.savez(tmp_path / "state.npz", **first.state())
        steps.append(bits(first.step(boxes, confidences, features if with_looks else None)))
    second = DeepSort(TrackerSettings(nn_budget=10, max_age=8))
    with np.load(tmp_path / "state.npz", allow_pickle=False) as state:
        second.restore(dict(state))
    again = [
        bits(second.step(boxes, confidences, f if with_looks else None)) for boxes, confidences, f in frames[stop:]
    ]
    assert again == steps[stop:]


def test_a_state_is_a_copy():
    tracker = confirmed_tracker(person(0), looks=[RED])
    state = tracker.state()
    before = {name: array.copy() for name, array in state.items()}
    step(tracker, person(5), person(200), looks=[RED, BLUE])
    assert all(np.array_equal(state[name], array) for name, array in before.items())


def test_a_state_of_other_settings_or_of_something_else_is_refused():
    state = DeepSort().state()
    with pytest.raises(ValueError, match=r"max_age=30 n_init=3' but the tracker is .*max_age=70"):
        DeepSort(TrackerSettings(max_age=70)).restore(state)
    del state["motion/mean"], state["hits"]
    with pytest.raises(ValueError, match="lacks hits, motion/mean"):
        DeepSort().restore(state)


def test_bad_detections_leave_the_tracks_as_they_were():
    tracker, undisturbed = (confirmed_tracker(person(0), looks=[RED]) for _ in range(2))
    with pytest.raises(ValueError, match="box 0 has no area"):
        step(tracker, (5, 5, 5, 5), looks=[RED])
    with pytest.raises(ValueError, match="features have 3 numbers, earlier ones 8"):
        tracker.step(np.array([person(0)], np.float64), np.ones(1), np.eye(1, 3, dtype=np.float32))
    assert bits(step(tracker, person(1), looks=[RED])) == bits(step(undisturbed, person(1), looks=[RED]))


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("max_cosine_distance", -0.1),
        ("max_cosine_distance", float("nan")),
        ("max_iou_distance", 1.5),
        ("nn_budget", 0),
        ("max_age", 0),
        ("n_init", 0),
    ],
)
def test_settings_out_of_range_are_refused(setting, value):
    with pytest.raises(ValueError, match=f"{setting} is {value}"):
        DeepSort(TrackerSettings(**{setting: value}))


def test_settings_are_readable_and_complete():
    assert DeepSort(TrackerSettings(nn_budget=None, max_age=70)).settings == (
        "deepsort max_cosine_distance=0.2 nn_budget=None max_iou_distance=0.7 max_age=70 n_init=3"
    )


def test_seconds_become_frames():
    assert frames_of(25.0) == 30
    assert frames_of(10.0, 2.0) == 20
    assert frames_of(0.1) == 1


def test_rows_left_over_come_in_the_order_of_a_set():
    rows = unmatched_in_set_order(np.array([1, 9, 10, 20]), np.array([1, 20]))
    assert rows.tolist() == list({1, 9, 10, 20} - {1, 20})
    assert unmatched_in_set_order(np.array([], np.int64), np.array([], np.int64)).dtype == np.int64


@pytest.mark.parametrize("looks", [[RED], None])
def test_a_track_is_found_again_within_max_age_frames_and_no_later(looks):
    for unseen, expected in ((4, {0: 1}), (5, {0: 2})):
        tracker = confirmed_tracker(person(0), looks=looks, max_age=5)
        for _ in range(unseen):
            step(tracker, looks=looks and [])
        assert ids_by_detection(step(tracker, person(0), looks=looks)) == expected
