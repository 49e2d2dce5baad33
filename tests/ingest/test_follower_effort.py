"""A follower that is told less: passed frames, and people whose vector nobody made."""

import numpy as np
import pytest

from ingest.checkpoint import pack, unpack
from ingest.follower import REFRESH_SECONDS, Follower
from ingest.open_track import decode_jpeg, encode_jpeg
from ingest.pedestrian_tracker import pedestrian_tracker
from tests.ingest.test_follower import BOX, THRESHOLDS, Script, frame, people

SEEN = ([1], [0], [True], [])
GONE = ([], [], [], [1])
UNSEEN = ([1], [-1], [True], [])


def moved(left):
    return [left, 20, left + 40, 110]


def walk(*boxes_of_frames):
    """A follower that takes a box, or passes a frame over (None), or sees nobody (an empty list)."""
    steps = [SEEN if box else UNSEEN for box in boxes_of_frames if box is not None]
    follower = Follower("door", "k", Script(*steps))
    for index, box in enumerate(boxes_of_frames):
        if box is None:
            follower.pass_over(frame(index))
        else:
            follower.step(*people(frame(index), [box] if box else [], [[1, 0]], [0.5 + 0.1 * index] if box else []))
    (tracklet,) = follower.finish()
    return tracklet


def test_passed_frames_are_filled_on_the_straight_way():
    one = walk(moved(50), None, None, moved(56))
    assert one.trajectory.frames.tolist() == [0, 1, 2, 3]
    assert one.trajectory.boxes[:, 0].tolist() == [50, 52, 54, 56]
    # What nobody saw is no surer than the less sure of the two.
    assert one.trajectory.confidences.tolist() == pytest.approx([0.5, 0.5, 0.5, 0.8])
    assert np.diff(one.times).tolist() == [40_000] * 3


def test_nothing_is_filled_where_somebody_was_missed_or_has_not_come_yet():
    assert walk(None, moved(50), None, [], None, moved(60), None).trajectory.frames.tolist() == [1, 5]


def test_passed_frames_survive_an_interruption():
    script = Script(SEEN, SEEN)
    first = Follower("door", "k", script)
    first.step(*people(frame(0), [moved(50)], [[1, 0]]))
    first.pass_over(frame(1))
    second = Follower("door", "k", script)
    second.restore(unpack(pack(first.state())))
    second.step(*people(frame(2), [moved(54)], [[1, 0]]))
    assert second.finish()[0].trajectory.boxes[:, 0].tolist() == [50, 52, 54]


def test_kept_crops_without_a_vector_get_theirs_at_the_end():
    asked = []

    def embed(images):
        asked.append([image.shape for image in images])
        return np.tile(np.array([[0.6, 0.8]], np.float32), (len(images), 1))

    follower = Follower("door", "k", Script(SEEN, SEEN, SEEN, GONE), embed)
    follower.step(*people(frame(0), [BOX], [[1, 0]], [0.9]))
    follower.step(*people(frame(1, 2.0), [BOX], [[0, 0]], [0.9]))
    follower.step(*people(frame(2, 4.0), [BOX], [[0, 0]], [0.9]))
    assert asked == []
    (one,) = follower.step(*people(frame(3, 9.0), [], []))
    assert asked == [[(90, 40, 3)] * 2]
    by_frame = {crop.frame: vector.tolist() for crop, vector in zip(one.crops, one.vectors[1:], strict=True)}
    assert by_frame[0] == [1, 0]
    assert by_frame[1] == by_frame[2] == pytest.approx([0.6, 0.8])
    # The mean holds all three, weighted by their qualities.
    weights = {crop.frame: crop.quality for crop in one.crops}
    mean = weights[0] * np.array([1, 0]) + (weights[1] + weights[2]) * np.array([0.6, 0.8])
    np.testing.assert_allclose(one.vectors[0], mean / np.linalg.norm(mean), atol=1e-6)


def test_nobody_is_embedded_for_a_track_that_was_never_confirmed():
    def embed(images):
        raise AssertionError("nobody may ask")

    follower = Follower("door", "k", Script(([1], [0], [False], []), GONE), embed)
    follower.step(*people(frame(0), [BOX], [[0, 0]]))
    assert follower.step(*people(frame(1), [], [])) == []


def wanted(follower, index, *boxes):
    shown, detections, _, _ = people(frame(index), boxes, [[1, 0]] * len(boxes))
    return follower.wanted(shown, detections).tolist()


def followed(frames):
    """A follower with one person, embedded in each of so many frames."""
    follower = Follower("door", "k", pedestrian_tracker(THRESHOLDS, 25.0))
    for index in range(frames):
        follower.step(*people(frame(index), [BOX], [[1, 0]]))
    return follower


def test_everybody_is_wanted_until_they_are_confirmed():
    assert [wanted(followed(frames), frames, BOX) for frames in (0, 1, 2, 3)] == [[True], [True], [True], [False]]


def test_a_newcomer_is_wanted_and_whoever_walks_alone_is_not():
    assert wanted(followed(5), 5, BOX, [150, 20, 190, 110]) == [False, True]


def test_two_who_meet_are_both_wanted():
    assert wanted(followed(5), 5, BOX, [70, 20, 110, 110]) == [True, True]


def test_somebody_who_was_missed_is_wanted_again():
    follower = followed(5)
    follower.step(*people(frame(5), [], []))
    assert wanted(follower, 6, BOX) == [True]


def test_everybody_is_looked_at_now_and_then():
    follower = followed(3)
    asked = []
    for index in range(3, 60):
        asked += [index] if (want := wanted(follower, index, BOX) == [True]) else []
        follower.step(*people(frame(index), [BOX], [[1, 0] if want else [0, 0]]))
    every = round(25 * REFRESH_SECONDS + 0.49)
    assert asked == list(range(2 + every, 60, every))


def test_nobody_found_means_nobody_wanted():
    assert wanted(followed(3), 3) == []


def test_a_crop_is_read_back_nearly_as_it_was_kept():
    image = np.full((40, 20, 3), (30, 120, 200), np.uint8)
    assert np.abs(decode_jpeg(encode_jpeg(image)).astype(int) - image).max() <= 3
    with pytest.raises(ValueError, match="4 bytes are no JPEG"):
        decode_jpeg(b"none")
