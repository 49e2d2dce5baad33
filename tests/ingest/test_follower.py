"""From live tracks to tracklets, and a follower's state."""

from datetime import timedelta

import cv2
import numpy as np
import pytest

from gallery.instants import to_microseconds
from ingest.checkpoint import pack, unpack
from ingest.detector import Detections
from ingest.follower import Follower
from ingest.frame import Frame
from ingest.open_track import encode_jpeg
from ingest.pedestrian_tracker import pedestrian_tracker
from ingest.people import cut_out
from ingest.quality import crop_qualities
from ingest.thresholds import Thresholds
from tests.ingest.walkers import FRAMES, NOON, BrightDetector, Clip, ColourEmbedder
from tracking.settings import TrackerSettings
from tracking.tracker import DeepSort, Step
from tracking.tracks import nobody

THRESHOLDS = Thresholds(0.9, 0.9, 0.1)


class Script:
    """A tracker that says what it was told to say, frame by frame: (ids, detections, confirmed, removed)."""

    settings = "script"

    def __init__(self, *steps):
        self.steps = list(steps)
        self.features = []

    def step(self, boxes, confidences, features=None, camera_motion=None):
        self.features.append(features)
        ids, detections, confirmed, removed = self.steps.pop(0)
        return Step(
            np.array(ids, np.int64),
            np.full((len(ids), 4), -7, np.float32),
            np.array(detections, np.int64),
            np.array(confirmed, bool),
            np.array(removed, np.int64),
        )

    def predicted(self, camera_motion=None):
        return nobody(), np.zeros((0, 4))

    def state(self):
        return {"left": np.array(len(self.steps))}

    def restore(self, state):
        assert int(state["left"]) == len(self.steps)


def frame(index, seconds=None):
    image = np.random.default_rng(index).integers(0, 255, (120, 200, 3), np.uint8)
    return Frame(index, NOON + timedelta(seconds=index / 25 if seconds is None else seconds), image)


def people(shown, boxes, vectors, confidences=None):
    boxes = np.array(boxes, np.float32).reshape(-1, 4)
    confidences = np.linspace(0.9, 0.5, len(boxes)) if confidences is None else confidences
    images = [shown.image[int(y1) : int(y2), int(x1) : int(x2)] for x1, y1, x2, y2 in boxes]
    vectors = np.array(vectors, np.float32) if len(boxes) else np.zeros((0, 2), np.float32)
    return shown, Detections(boxes, np.array(confidences, np.float32)), images, vectors


def content(tracklets):
    """Everything about tracklets, to the last bit."""
    return [
        (
            one.id,
            one.camera,
            one.times.tolist(),
            one.trajectory.track_id,
            one.trajectory.frames.tolist(),
            one.trajectory.boxes.tobytes(),
            one.trajectory.confidences.tobytes(),
            one.vectors.dtype,
            one.vectors.tobytes(),
            [(crop.frame, crop.box.tobytes(), crop.quality, crop.jpeg) for crop in one.crops],
        )
        for one in tracklets
    ]


BOX = [50, 20, 90, 110]


def test_a_confirmed_track_becomes_a_tracklet_when_it_is_removed():
    follower = Follower("door", "door-k", Script(([4], [0], [False], []), ([4], [0], [True], []), ([], [], [], [4])))
    assert follower.step(*people(frame(7), [BOX], [[1, 0]], [0.8])) == []
    assert follower.step(*people(frame(9), [[52, 20, 92, 110]], [[0, 1]], [0.7])) == []
    (one,) = follower.step(*people(frame(10), [], []))
    assert (one.id, one.camera, one.trajectory.track_id) == ("door-k-000004", "door", 4)
    assert one.trajectory.frames.tolist() == [7, 9]
    assert one.trajectory.boxes.tolist() == [BOX, [52, 20, 92, 110]]
    assert one.trajectory.confidences.tolist() == pytest.approx([0.8, 0.7])
    assert one.times.tolist() == [to_microseconds(NOON) + 280_000, to_microseconds(NOON) + 360_000]
    assert follower.finish() == []


def test_a_track_that_is_removed_before_it_is_confirmed_vanishes():
    follower = Follower("door", "k", Script(([1], [0], [False], []), ([], [], [], [1])))
    follower.step(*people(frame(0), [BOX], [[1, 0]]))
    assert follower.step(*people(frame(1), [], [])) == []
    assert follower.finish() == []
    assert not follower.open


def test_at_the_end_open_tracks_become_tracklets_by_number_if_they_were_confirmed():
    follower = Follower("door", "k", Script(([9, 2, 5], [0, 1, 2], [True, True, False], [])))
    follower.step(*people(frame(0), [BOX, [0, 0, 40, 80], [100, 0, 140, 80]], np.eye(3)))
    assert [one.id for one in follower.finish()] == ["k-000002", "k-000009"]


def test_frames_in_which_a_track_coasted_are_left_out():
    steps = [([1], [0], [True], []), ([1], [-1], [True], []), ([1], [0], [True], [])]
    follower = Follower("door", "k", Script(*steps))
    for index, boxes in enumerate([[BOX], [], [BOX]]):
        follower.step(*people(frame(index), boxes, [[1, 0]] * len(boxes)))
    assert follower.finish()[0].trajectory.frames.tolist() == [0, 2]


def test_the_tracker_is_given_the_vectors():
    script = Script(([1], [0], [True], []))
    Follower("door", "k", script).step(*people(frame(0), [BOX], [[0.6, 0.8]]))
    np.testing.assert_array_equal(script.features[0], np.array([[0.6, 0.8]], np.float32))


def test_each_track_gets_its_own_detection():
    follower = Follower("door", "k", Script(([1, 2], [1, 0], [True, True], [])))
    follower.step(*people(frame(0), [BOX, [0, 0, 40, 80]], [[1, 0], [0, 1]]))
    one, two = follower.finish()
    assert one.trajectory.boxes.tolist() == [[0, 0, 40, 80]]
    assert one.vectors.tolist() == [[0, 1], [0, 1]]
    assert two.trajectory.boxes.tolist() == [BOX]


def test_the_first_vector_is_the_mean_weighted_by_quality():
    follower = Follower("door", "k", Script(*[([1], [0], [True], [])] * 3))
    seen = [
        people(frame(0, 0.0), [BOX], [[1, 0]], [0.9]),
        people(frame(1, 5.0), [BOX], [[0, 1]], [0.4]),
        people(frame(2, 9.0), [BOX], [[0.6, 0.8]], [0.6]),
    ]
    for one in seen:
        follower.step(*one)
    a, b, c = (float(crop_qualities(found.boxes, found.confidences, images, 200)[0]) for _, found, images, _ in seen)
    assert a > c > b
    x, y = a + 0.6 * c, b + 0.8 * c
    (tracklet,) = follower.finish()
    np.testing.assert_allclose(tracklet.vectors[0], np.array([x, y]) / np.hypot(x, y), rtol=1e-6)
    assert [crop.frame for crop in tracklet.crops] == [0, 2, 1]
    assert [crop.quality for crop in tracklet.crops] == [a, c, b]
    np.testing.assert_array_equal(tracklet.vectors[1:], np.array([[1, 0], [0.6, 0.8], [0, 1]], np.float32))
    assert tracklet.vectors.dtype == np.float32


def test_crops_are_the_pictures_of_their_frames():
    follower = Follower("door", "k", Script(([1], [0], [True], [])))
    shown = frame(3)
    follower.step(*people(shown, [BOX], [[1, 0]]))
    (crop,) = follower.finish()[0].crops
    assert crop.frame == 3
    assert crop.box.tolist() == BOX
    assert crop.jpeg == encode_jpeg(shown.image[20:110, 50:90])
    assert cv2.imdecode(np.frombuffer(crop.jpeg, np.uint8), cv2.IMREAD_COLOR).shape == (90, 40, 3)


def test_no_more_crops_than_asked_for():
    follower = Follower("door", "k", Script(*[([1], [0], [True], [])] * 6), crops=2)
    for index in range(6):
        follower.step(*people(frame(index, 2.0 * index), [BOX], [[1, 0]]))
    (one,) = follower.finish()
    assert len(one.crops) == 2
    assert one.vectors.shape == (3, 2)
    assert one.crops[0].quality >= one.crops[1].quality


def test_the_tracker_that_cameras_get_outlives_three_seconds_unseen_at_any_rate():
    for rate, max_age in ((25.0, 75), (2.0, 6), (0.1, 1)):
        assert f" max_age={max_age} " in pedestrian_tracker(THRESHOLDS, rate).settings
    assert "max_cosine_distance=0.1 " in pedestrian_tracker(THRESHOLDS, 25.0).settings


def blocks():
    frames = list(Clip().frames())
    detector, embedder = BrightDetector(), ColourEmbedder()
    found = [cut_out(shown.image, detector.find(shown.image), 0.5) for shown in frames]
    return [(shown, p.detections, p.images, embedder.embed(p.images)) for shown, p in zip(frames, found, strict=True)]


def fresh():
    return Follower("door", "door-k", pedestrian_tracker(THRESHOLDS, 5.0), crops=3)


@pytest.fixture(scope="module")
def walk():
    """The people of every frame of the scene."""
    return blocks()


def test_the_scene_gives_its_three_people(walk):
    follower, done = fresh(), []
    for one in walk:
        done += follower.step(*one)
    assert [(one.id, one.trajectory.frames[0], one.trajectory.frames[-1]) for one in done] == [
        ("door-k-000001", 0, 59),
        ("door-k-000002", 10, 79),
        ("door-k-000004", 40, 79),
    ]
    assert follower.finish() == []
    assert all(np.linalg.norm(one.vectors, axis=1) == pytest.approx(1, abs=1e-5) for one in done)


def test_a_follower_restored_at_any_frame_gives_exactly_the_same_tracklets(walk):
    undisturbed, whole, states = fresh(), [], []
    for one in walk:
        whole += [content([tracklet]) for tracklet in undisturbed.step(*one)]
        states.append((len(whole), pack(undisturbed.state())))
    whole += [content([tracklet]) for tracklet in undisturbed.finish()]
    assert len(whole) == 3
    assert len(states) == FRAMES
    for index, (before, state) in enumerate(states):
        follower, rest = fresh(), []
        follower.restore(unpack(state))
        for one in walk[index + 1 :]:
            rest += [content([tracklet]) for tracklet in follower.step(*one)]
        rest += [content([tracklet]) for tracklet in follower.finish()]
        assert rest == whole[before:], f"restored after frame {index}"


def test_restored_again_and_again_after_each_frame(walk):
    undisturbed, follower, whole, pieces = fresh(), fresh(), [], []
    for one in walk:
        whole += undisturbed.step(*one)
        again = fresh()
        again.restore(unpack(pack(follower.state())))
        follower = again
        pieces += follower.step(*one)
    assert content(pieces + follower.finish()) == content(whole + undisturbed.finish())


def test_saving_a_state_changes_nothing(walk):
    saved, unsaved, one, two = fresh(), fresh(), [], []
    for step in walk:
        one += saved.step(*step)
        pack(saved.state())
        two += unsaved.step(*step)
    assert content(one) == content(two)


def test_the_state_of_a_follower_that_has_seen_nothing():
    follower = fresh()
    follower.restore(unpack(pack(fresh().state())))
    assert follower.finish() == []


def test_a_state_of_other_settings_is_refused(walk):
    with pytest.raises(ValueError, match="use the same settings"):
        Follower("door", "k", DeepSort(TrackerSettings(n_init=5))).restore(fresh().state())
