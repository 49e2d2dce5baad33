"""Every option of the tracker does something; all numbers are worked by hand for boxes of 20 x 50."""

import numpy as np
import pytest

from ingest.detection_tracking import track_detections
from ingest.pedestrian_tracker import pedestrian_tracker
from ingest.thresholds import Thresholds
from ingest.tracker_options import TrackerOptions
from tracking.motchallenge import read_results
from tracking.settings import TrackerSettings

THRESHOLDS = Thresholds(operating_point=0.9, visit_similarity=0.9, max_cosine_distance=0.1)


def ids_by_frame(tmp_path, seen, looks=None, **chosen):
    """Follows one person, who is at (frame, left); gives the id of each frame that has one."""
    path = tmp_path / "det.txt"
    path.write_text("".join(f"{frame},-1,{left},50,20,50,0.9\n" for frame, left in seen))
    vectors = None
    if looks is not None:
        vectors = tmp_path / "looks.npy"
        np.save(vectors, np.array(looks, np.float32))
    result = track_detections(path, vectors, tmp_path / "out", None, options=TrackerOptions(**chosen))
    table = read_results(result.tracks)
    return dict(zip(table.frames.tolist(), table.ids.tolist(), strict=True))


def test_every_setting_of_the_tracker_can_be_chosen_under_its_name():
    assert set(TrackerOptions.__dataclass_fields__) <= set(TrackerSettings.__dataclass_fields__)


def test_what_is_not_chosen_is_left_to_the_camera_and_the_embedder():
    def settings(**chosen):
        return pedestrian_tracker(THRESHOLDS, 25.0, TrackerOptions(**chosen)).settings

    plain = settings()
    assert "max_cosine_distance=0.1 nn_budget=100 max_iou_distance=0.7 max_age=75 n_init=3" in plain
    assert settings(max_age=10) == plain.replace("max_age=75", "max_age=10")
    assert settings(n_init=2) == plain.replace("n_init=3", "n_init=2")
    assert settings(nn_budget=7) == plain.replace("nn_budget=100", "nn_budget=7")
    assert settings(nn_budget=0) == plain.replace("nn_budget=100", "nn_budget=None")
    assert settings(max_iou_distance=0.5) == plain.replace("max_iou_distance=0.7", "max_iou_distance=0.5")
    assert settings(max_cosine_distance=0.3) == plain.replace("cosine_distance=0.1", "cosine_distance=0.3")


@pytest.mark.parametrize(("max_age", "after"), [(8, 2), (12, 1), (None, 1)])
def test_within_max_age_somebody_gets_the_same_id_again(tmp_path, max_age, after):
    seen = [(frame, 100) for frame in (*range(1, 11), *range(21, 31))]  # away for ten frames
    ids = ids_by_frame(tmp_path, seen, max_age=max_age)
    assert (ids[10], ids[30]) == (1, after)


@pytest.mark.parametrize(("n_init", "first"), [(1, 2), (3, 3), (None, 3), (6, 6)])
def test_n_init_is_how_many_detections_confirm(tmp_path, n_init, first):
    assert min(ids_by_frame(tmp_path, [(frame, 100) for frame in range(1, 11)], n_init=n_init)) == first


@pytest.mark.parametrize(("max_iou_distance", "after"), [(0.5, 2), (0.6, 1), (None, 1)])
def test_max_iou_distance_is_how_far_somebody_may_jump(tmp_path, max_iou_distance, after):
    # A jump of 8 of 20 px: IoU 12 / 28, so a distance of 0.571.
    seen = [(frame, 100 if frame <= 10 else 108) for frame in range(1, 21)]
    ids = ids_by_frame(tmp_path, seen, max_iou_distance=max_iou_distance)
    assert (ids[10], ids[20]) == (1, after)


@pytest.mark.parametrize(("max_cosine_distance", "after"), [(0.1, 2), (None, 2), (0.3, 1), (2.0, 1)])
def test_max_cosine_distance_is_how_much_looks_may_change(tmp_path, max_cosine_distance, after):
    seen = [(frame, 100) for frame in (*range(1, 11), *range(16, 26))]
    looks = [[1.0, 0.0]] * 10 + [[0.75, np.sqrt(1 - 0.75**2)]] * 10  # a distance of 0.25
    ids = ids_by_frame(tmp_path, seen, looks, max_cosine_distance=max_cosine_distance)
    assert (ids[10], ids[25]) == (1, after)


@pytest.mark.parametrize(("nn_budget", "after"), [(3, 2), (10, 2), (11, 1), (0, 1), (None, 1)])
def test_nn_budget_is_how_far_looks_are_remembered(tmp_path, nn_budget, after):
    # Comes in red, takes the coat off for the last ten frames, is away for five, and comes back in red.
    seen = [(frame, 100) for frame in (*range(1, 21), *range(26, 36))]
    red, blue = [1.0, 0.0], [0.0, 1.0]
    ids = ids_by_frame(tmp_path, seen, [red] * 10 + [blue] * 10 + [red] * 10, nn_budget=nn_budget)
    assert (ids[10], ids[20], ids[35]) == (1, 1, after)
