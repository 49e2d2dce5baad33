"""Tracks that are joined after the fact, and the video that is drawn then."""

import csv

import av
import numpy as np
import pytest

from gallery.errors import ConfigError
from ingest.detector import Detections
from ingest.finished_tracks import ByFrame, FinishedTracks
from ingest.frame import Frame
from ingest.tracker_options import TrackerOptions
from ingest.video_tracking import track_video
from tests.ingest.walkers import NOON, SCENE, BrightDetector, Clip, ColourEmbedder, Walker
from tracking.joining import JoinRule
from tracking.tracker import Step
from tracking.trajectory import Trajectory

COLOUR = (250, 60, 60)
THERE, AGAIN = Walker(COLOUR, 0, 19, 10, 75), Walker(COLOUR, 30, 49, 70, 75)
"""Somebody who is hidden for ten frames and walks on."""
FORGETFUL = TrackerOptions(max_age=3)


def ignore(source, done, total):
    """Progress that nobody is interested in."""


def track(source, out, **options):
    return track_video(source, BrightDetector(), ColourEmbedder(), out, ignore, **options)


def rows(path):
    return [tuple(float(number) for number in line.split(",")) for line in path.read_text().splitlines()]


def test_two_halves_of_a_walk_become_one_without_a_gap(tmp_path):
    source = Clip(50, (THERE, AGAIN))
    apart = track(source, tmp_path / "apart", options=FORGETFUL)
    joined = track(source, tmp_path / "joined", options=FORGETFUL, join=True)
    assert (apart.people, joined.people) == (2, 1)
    table = rows(joined.tracks)
    assert [row[0] for row in table] == list(range(1, 51))
    assert {row[1] for row in table} == {1}
    assert [row[0] for row in table if row[6] == -1] == list(range(21, 31))
    assert np.diff([row[2] for row in table]) == pytest.approx(np.full(49, 2.0), abs=0.2)


def test_the_video_and_the_log_show_the_joined_tracks(tmp_path):
    result = track(Clip(50, (THERE, AGAIN)), tmp_path, options=FORGETFUL, join=True)
    with av.open(str(result.video)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 50
    log = list(csv.DictReader(result.log.read_text().splitlines()))
    assert [(line["people"], line["ids"]) for line in log] == [("1", "1")] * 50
    assert (result.mean_people, result.most_people) == (1.0, 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["annotated.mp4", "log.csv", "tracks.txt"]


def test_long_gaps_stay_and_nobody_is_invented(tmp_path):
    back = Walker(COLOUR, 110, 129, 70, 75)
    result = track(Clip(130, (THERE, back)), tmp_path, options=FORGETFUL, join=True)
    table = rows(result.tracks)
    assert {row[1] for row in table} == {1}  # 3.6 s are a gap to join over, but not to fill
    assert [row[0] for row in table] == [*range(1, 21), *range(111, 131)]


def test_a_scene_keeps_its_people(tmp_path):
    result = track(Clip(100, SCENE), tmp_path, join=True)
    assert result.people == 3
    assert track(Clip(10, ()), tmp_path / "nobody", join=True).tracks.read_text() == ""


def test_sampled_frames_keep_their_numbers(tmp_path):
    result = track(Clip(60, (THERE, AGAIN), fps=5.0), tmp_path, join=True)
    numbers = [row[0] for row in rows(result.tracks)]
    assert set(numbers) <= set(range(1, 61, 5))


def test_a_live_camera_cannot_be_seen_twice(tmp_path):
    live = Clip(10, ())
    live.live = True
    with pytest.raises(ConfigError, match="clip is live and cannot be seen a second time; track it without --join"):
        track(live, tmp_path, join=True)


def test_a_stop_draws_what_was_followed(tmp_path):
    from ingest.stop import Stop

    stop = Stop()
    source = Clip(100, SCENE)

    def stop_soon(name, done, total):
        if done >= 24:
            stop.request("SIGINT")

    result = track_video(source, BrightDetector(), ColourEmbedder(), tmp_path, stop_soon, join=True, stop=stop)
    assert 24 <= result.frames < 100
    with av.open(str(result.video)) as container:
        assert sum(1 for _ in container.decode(video=0)) == result.frames


def test_unconfirmed_tracks_are_forgotten():
    tracks = FinishedTracks(JoinRule(0.5), 10)
    seen = Detections(np.array([[0, 0, 10, 30]], np.float32), np.ones(1, np.float32))
    ids, one = np.array([1]), np.zeros(0, np.int64)
    vectors = np.array([[1, 0]], np.float32)
    tracks.add(Frame(0, NOON, np.zeros((1, 1, 3), np.uint8)), step(ids, seen, confirmed=False), seen, vectors)
    gone = Step(one, np.zeros((0, 4), np.float32), one, np.zeros(0, bool), ids)
    tracks.add(Frame(1, NOON, np.zeros((1, 1, 3), np.uint8)), gone, Detections.none(), vectors[:0])
    assert tracks.whole() == []


def step(ids, seen, *, confirmed):
    return Step(ids, seen.boxes, np.arange(len(ids)), np.full(len(ids), confirmed), np.zeros(0, np.int64))


def test_boxes_by_frame():
    boxes = np.array([[0, 0, 1, 1], [1, 1, 2, 2]], np.float32)
    there = ByFrame(
        [
            Trajectory(7, np.array([2, 3]), boxes, np.array([0.5, 0], np.float32)),
            Trajectory(3, np.array([3, 9]), boxes + 1, np.array([1, 1], np.float32)),
        ]
    )
    ids, found, confidences = there.at(3)
    assert (ids.tolist(), found[:, 0].tolist(), confidences.tolist()) == ([3, 7], [1, 1], [1, 0])
    assert len(there.at(5)[0]) == len(ByFrame([]).at(0)[0]) == 0
