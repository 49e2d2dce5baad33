"""The benchmark of the tracker alone: its crowds, and how two sets of tracks are compared."""

import numpy as np
import pytest

from benchmarks.crowds import DIMENSION, HEIGHT, WIDTH, made_up_crowd, real_crowd
from benchmarks.timed_trackers import NO_VECTORS, OURS, Ours, ours
from benchmarks.tracker_speed import floor, measure, same_rows


def test_a_made_up_crowd_has_about_so_many_people_and_is_the_same_each_time():
    crowd, again = made_up_crowd(30, 20), made_up_crowd(30, 20)
    assert crowd.per_frame == pytest.approx(28, abs=4)  # some are missed, some false
    for seen, same in zip(crowd.frames, again.frames, strict=True):
        assert np.array_equal(seen.boxes, same.boxes)
        assert seen.vectors.shape == (len(seen.boxes), DIMENSION)
        assert np.linalg.norm(seen.vectors, axis=1) == pytest.approx(np.ones(len(seen.boxes)), abs=1e-5)
        assert (seen.boxes[:, :2] < (WIDTH, HEIGHT)).all()


def test_real_sequences_are_laid_side_by_side_until_there_are_enough_people(tmp_path):
    (tmp_path / "street").mkdir()
    lines = [f"{frame},-1,{10 * n},20,8,16,0.9,-1,-1,-1" for frame in range(1, 31) for n in range(4)]
    (tmp_path / "street" / "det.txt").write_text("\n".join(lines) + "\n")
    crowd = real_crowd(tmp_path, 10, 20)
    assert [len(seen.boxes) for seen in crowd.frames] == [12] * 20
    assert len(np.unique(crowd.frames[0].boxes[:, :2], axis=0)) == 12
    assert real_crowd(tmp_path / "street", 10, 20) is None


def test_all_our_trackers_are_timed_on_each_frame_that_counts():
    crowd = made_up_crowd(3, 160)
    times = measure({name: ours(name, crowd) for name in OURS})
    assert {name: len(t.wall) for name, t in times.items()} == dict.fromkeys(OURS, 40)
    assert all(t.error is None for t in times.values())
    assert floor(crowd)["gallery_vectors"] == sum(len(seen.boxes) for seen in crowd.frames[-100:])


def test_tracks_that_only_have_other_names_are_the_same_but_for_names():
    def tracks(names):
        told = Ours(made_up_crowd(1, 1), lambda _: lambda: None, lambda _: {})
        told.seen = {(frame, names[n]): np.array([n, frame, n + 1, frame + 1.0]) for frame in range(5) for n in (0, 1)}
        return told

    assert same_rows(tracks((1, 2)), tracks((1, 2))) == {"as they are": 1.0, "but for names": 1.0}
    assert same_rows(tracks((1, 2)), tracks((2, 1))) == {"as they are": 0.0, "but for names": 1.0}
    assert same_rows(tracks((1, 2)), tracks((1, 3)))["as they are"] == pytest.approx(1 / 3)


def test_ours_without_vectors_sees_the_same_people():
    crowd = made_up_crowd(8, 30)
    tracker = ours(NO_VECTORS, crowd)
    tracker.frames(0, 30)
    assert {track for frame, track in tracker.seen if frame == 29}
