"""The trackers' comparison: what is scored, and how it is averaged."""

import numpy as np

from benchmarks.tracking_data import CameraDetections
from benchmarks.tracking_peers import CHOSEN, FIXED, FROM_HALF, PEERS, ROWS, SHIPPED, Input, options_of, slug
from benchmarks.tracking_rows import Candidate, run
from benchmarks.tracking_sequences import Clip, is_moving
from benchmarks.tracking_table import best_setting, failures, group_cells, mean_table
from retrieval.scene_truth import CameraTruth
from tracking.tracker import DeepSort, Step
from tracking.trajectory import Trajectory


def clip(confidences: list[float], frames: list[int] | None = None) -> Clip:
    """One person who walks 5 px a frame."""
    count = len(confidences)
    at = np.arange(1, count + 1) if frames is None else np.array(frames)
    boxes = np.array([[5.0 * f, 10, 5.0 * f + 40, 110] for f in at], np.float32)
    vectors = np.tile(np.array([[1, 0]], np.float32), (count, 1))
    given = CameraDetections(at, boxes, np.array(confidences, np.float32), vectors, int(at.max()), 12.0, (640, 480))
    truth = CameraTruth(at, np.ones(count, np.int64), boxes, np.ones(count, np.float32))
    return Clip("walk", "walk/cam1", given, truth, None, np.tile(np.eye(2, 3), (int(at.max()), 1, 1)))


def plain(rate: float, vectors: bool) -> DeepSort:
    return DeepSort()


def test_kept_tracks_have_the_boxes_from_before_they_were_confirmed():
    walk = clip([0.9] * 5)
    outcome = run(Candidate(plain), walk)
    assert outcome.kept.frames.tolist() == [1, 2, 3, 4, 5]
    assert outcome.online.frames.tolist() == [3, 4, 5]  # confirmed by the third detection
    assert np.array_equal(outcome.kept.boxes, walk.given.boxes)
    scores = walk.score(outcome.kept.frames, outcome.kept.ids, outcome.kept.boxes)
    assert (scores.HOTA, scores.IDF1, scores.MOTA) == (1, 1, 1)
    online = walk.score(outcome.online.frames, outcome.online.ids, outcome.online.boxes)
    assert online.misses == 2


def test_a_track_that_is_never_confirmed_is_not_kept():
    outcome = run(Candidate(plain), clip([0.9, 0.9]))
    assert len(outcome.kept.frames) == len(outcome.online.frames) == 0


def test_detections_below_a_candidate_s_confidence_do_not_reach_it():
    walk = clip([0.9, 0.9, 0.9, 0.3, 0.9])
    assert run(Candidate(plain), walk).kept.frames.tolist() == [1, 2, 3, 5]
    assert run(Candidate(plain, min_confidence=0.1), walk).kept.frames.tolist() == [1, 2, 3, 4, 5]


def test_joining_changes_what_is_kept_and_not_what_was_said_at_once():
    def first_frame_only(tracks, rate: float) -> list[Trajectory]:
        assert rate == 12.0
        assert [track.vectors.shape for track in tracks] == [(5, 2)]
        whole = tracks[0].trajectory
        return [Trajectory(7, whole.frames[:1], whole.boxes[:1], whole.confidences[:1])]

    outcome = run(Candidate(plain, join=first_frame_only), clip([0.9] * 5))
    assert (outcome.kept.frames.tolist(), outcome.kept.ids.tolist()) == ([1], [7])
    assert outcome.online.frames.tolist() == [3, 4, 5]


def test_a_candidate_with_a_motion_is_told_it_in_every_frame():
    told = []

    class Listening(DeepSort):
        def step(self, boxes, confidences, features=None, *, camera_motion=None) -> Step:
            told.append((len(boxes), camera_motion.tolist()))
            return super().step(boxes, confidences, features)

    run(Candidate(lambda rate, vectors: Listening(), motion=lambda walk: walk.motion), clip([0.9, 0.9], [1, 3]))
    assert told == [(count, [[1, 0, 0], [0, 1, 0]]) for count in (1, 0, 1)]


def scores(hota: float, switches: int = 0) -> dict[str, float]:
    return dict.fromkeys(("HOTA", "IDF1", "MOTA"), hota) | {
        "id_switches": switches,
        "fragments": 1,
        "ms_per_frame": 2.0,
    }


GROUPS = {"scene": ["scene/cam1", "scene/cam2"], "TUD": ["TUD"]}
RESULTS = {
    "good": {"scene/cam1": scores(0.4, 1), "scene/cam2": scores(0.6, 2), "TUD": scores(0.9)},
    "poor": {"scene/cam1": scores(0.1), "scene/cam2": scores(0.2), "TUD": scores(0.3)},
    "failed": {"scene/cam1": scores(0.9), "scene/cam2": {"error": "no"}, "TUD": scores(0.9)},
}


def test_a_scene_counts_once_however_many_cameras_it_has():
    assert str(group_cells(RESULTS, "good", GROUPS)) == "0.700 | 0.700 | 0.700 | 3 | 3 | 2.00"


def test_rows_that_failed_or_lack_a_clip_have_no_mean_and_come_last():
    assert group_cells(RESULTS, "failed", GROUPS) is None
    assert group_cells(RESULTS, "unknown", GROUPS) is None
    named = [line.split(" | ")[0] for line in mean_table(RESULTS, ["failed", "poor", "good"], GROUPS)[2:]]
    assert named == ["| good", "| poor", "| failed"]
    assert failures(RESULTS, list(RESULTS), ["scene/cam1", "scene/cam2"]) == ["- failed on scene/cam2: no"]


def test_the_best_setting_is_of_those_that_finished():
    assert best_setting(RESULTS, {"a": "poor", "b": "good", "c": "failed"}, GROUPS) == "b"
    assert best_setting(RESULTS, {"c": "failed"}, GROUPS) is None


def given(video: str, dimension: int) -> Input:
    return Input(np.zeros(0), np.zeros((0, 4)), np.zeros(0), np.zeros((0, dimension)), 0, 12.0, (640, 480), video)


def options(name: str, setting: str, seen: Input) -> dict:
    return options_of(PEERS[name], PEERS[name].settings[setting], seen)


def test_peers_remember_as_long_as_ours_in_their_own_unit():
    seen = given("cam1.mp4", 256)
    assert options("BoxMOT StrongSORT", SHIPPED, seen) == {}
    assert options("BoxMOT StrongSORT", FROM_HALF, seen) == {"min_conf": 0.5, "max_age": 36}
    roboflow = options("trackers SORT", FROM_HALF, seen)
    assert roboflow == {"track_activation_threshold": 0.5, "lost_track_buffer": 90, "frame_rate": 12.0}


def test_peers_are_told_when_the_camera_is_fixed_or_there_is_nothing_to_see():
    assert options("BoxMOT DeepOCSORT", FIXED, given("cam1.mp4", 256)) == {"cmc_off": True, "max_age": 36}
    assert options("BoxMOT DeepOCSORT", SHIPPED, given("", 0)) == {"cmc_off": True, "use_embeddings": False}


def test_every_peer_has_one_chosen_setting_and_rows_have_files_of_their_own():
    assert all(CHOSEN[name] in peer.settings for name, peer in PEERS.items())
    assert len({slug(row) for row in ROWS}) == len(ROWS)


def test_moving_scenes_are_known_by_their_names():
    assert is_moving("test34-s1-pan")
    assert not is_moving("test34-s1")
    assert not is_moving("TUD-Campus")
