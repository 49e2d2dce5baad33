"""Scores of tracks: small cases by hand, real ones as published."""

from dataclasses import asdict

import numpy as np
import pytest

from gallery.errors import SourceError
from retrieval.mot_evaluation import evaluate_boxes, evaluate_mot

HERE, SHIFTED, THERE = (0, 0, 10, 10), (0, 0, 10, 8), (50, 0, 60, 10)  # HERE and SHIFTED: IoU 0.8


def boxes_of(rows):
    """Frames, ids and boxes of rows (frame, id, box)."""
    frames, ids, boxes = zip(*rows, strict=True) if rows else ((), (), ())
    return np.array(frames, np.int64), np.array(ids, np.int64), np.array(boxes, np.float64).reshape(-1, 4)


def scores(truth, result, ignored=None):
    return evaluate_boxes(*boxes_of(truth), *boxes_of(result), ignored=ignored)


def track(number, frames, box=HERE):
    return [(frame, number, box) for frame in frames]


PERSON = track(1, range(1, 11))


def test_the_same_is_perfect():
    found = scores(PERSON, track(7, range(1, 11)))
    assert (found.MOTA, found.IDF1, found.HOTA, found.MOTP, found.precision, found.recall) == (1, 1, 1, 1, 1, 1)
    assert (found.mostly_tracked, found.partially_tracked, found.mostly_lost, found.objects) == (1, 0, 0, 10)


def test_a_switch_two_misses_and_three_false_boxes():
    result = [*track(7, range(1, 5), SHIFTED), *track(8, range(7, 11), SHIFTED), *track(9, range(1, 4), THERE)]
    found = scores(PERSON, result)
    assert (found.id_switches, found.misses, found.false_positives, found.fragments) == (1, 2, 3, 1)
    assert pytest.approx(1 - (1 + 2 + 3) / 10) == found.MOTA
    assert pytest.approx(2 * 4 / (10 + 11)) == found.IDF1  # one of the two tracks of 4 boxes counts
    assert (found.precision, found.recall, found.MOTP) == pytest.approx((8 / 11, 8 / 10, 0.8))
    assert (found.mostly_tracked, found.partially_tracked) == (1, 0)


def test_the_order_of_rows_does_not_matter():
    result = [*track(7, range(1, 5)), *track(8, range(5, 11), SHIFTED)]
    assert scores(PERSON[::-1], result[::-1]) == scores(PERSON, result)


def test_overlap_below_one_half_is_no_match():
    found = scores(PERSON, track(7, range(1, 11), (0, 0, 10, 4.9)))
    assert (found.misses, found.false_positives) == (10, 10)
    assert scores(PERSON, track(7, range(1, 11), (0, 0, 10, 5))).misses == 0


def test_without_any_result_all_is_missed():
    found = scores(PERSON, [])
    assert (found.misses, found.MOTA, found.IDF1, found.HOTA, found.precision, found.recall) == (10, 0, 0, 0, 0, 0)
    assert found.mostly_lost == 1
    assert all(np.isfinite(value) for value in asdict(found).values())


def test_without_anybody_to_find_all_is_false():
    found = scores([], track(7, [1, 2]))
    assert (found.false_positives, found.objects) == (2, 0)
    assert all(np.isfinite(value) for value in asdict(found).values())


def test_an_ignored_box_is_neither_missed_nor_false():
    truth = [*PERSON, *track(2, range(1, 11), THERE)]
    ignored = np.array([number == 2 for _, number, _ in truth])
    for result in (track(7, range(1, 11)), [*track(7, range(1, 11)), *track(8, range(1, 11), THERE)]):
        found = scores(truth, result, ignored)
        assert (found.MOTA, found.HOTA, found.objects, found.misses, found.false_positives) == (1, 1, 10, 0, 0)
    assert scores(truth, track(7, range(1, 11))).misses == 10  # were they not ignored


def test_ignored_truth_in_any_order_of_rows():
    truth = [(2, 1, HERE), (1, 2, THERE), (1, 1, HERE), (2, 2, THERE)]
    found = scores(truth, track(7, [1, 2]), np.array([False, True, False, True]))
    assert (found.MOTA, found.objects) == (1, 2)


def test_a_box_that_belongs_to_someone_visible_stays_though_it_touches_an_ignored_one():
    truth = [(1, 1, HERE), (1, 2, SHIFTED)]
    found = scores(truth, [(1, 7, HERE)], np.array([False, True]))
    assert (found.MOTA, found.misses) == (1, 0)
    found = scores(truth, [(1, 7, SHIFTED)], np.array([False, True]))  # it lies on the ignored one
    assert (found.misses, found.false_positives) == (1, 0)


def test_a_loose_box_on_an_ignored_one_is_false():
    found = scores([(1, 1, THERE), (1, 2, HERE)], [(1, 7, (0, 0, 10, 4))], np.array([False, True]))
    assert found.false_positives == 1


def written(tmp_path, name, *rows):
    path = tmp_path / name
    path.write_text("".join(row + "\n" for row in rows))
    return path


def test_files_are_scored(tmp_path):
    truth = written(tmp_path, "gt.txt", "1,1,0,0,10,10,1,-1,-1,-1", "2,1,0,0,10,10,1,-1,-1,-1")
    result = written(tmp_path, "tracks.txt", "1,5,0,0,10,10,0.9,-1,-1,-1")
    found = evaluate_mot(truth, result)
    assert (found.objects, found.misses, found.recall) == (2, 1, 0.5)


def test_truth_that_can_hardly_be_seen_is_ignored_on_demand(tmp_path):
    truth = written(tmp_path, "gt.txt", "1,1,0,0,10,10,1,-1,-1,0.9", "2,1,0,0,10,10,1,-1,-1,0.24")
    result = written(tmp_path, "tracks.txt", "1,5,0,0,10,10,0.9,-1,-1,-1")
    assert evaluate_mot(truth, result).misses == 1
    assert evaluate_mot(truth, result, min_visibility=0.25).misses == 0


def test_mot16_scores_walking_people_only(tmp_path):
    truth = written(
        tmp_path,
        "gt.txt",
        "1,1,0,0,10,10,1,1,1.0",
        "1,2,100,0,10,10,0,3,1.0",  # a car: a tracker that reports it is wrong
        "1,3,200,0,10,10,0,7,1.0",  # someone who stands: may be reported or not
        "1,4,300,0,10,10,0,1,1.0",  # somebody whom the flag excludes
    )
    everything = [f"1,{k},{x},0,10,10,0.9,-1,-1,-1" for k, x in enumerate((0, 100, 200), start=1)]
    found = evaluate_mot(truth, written(tmp_path, "tracks.txt", *everything))
    assert (found.objects, found.misses, found.false_positives) == (1, 0, 1)


@pytest.mark.parametrize(
    ("truth", "result", "message"),
    [
        ("", "1,1,0,0,5,5,1\n", "gt.txt has no true box"),
        ("1,1,0,0,5,5,1,-1,-1,0.1\n", "", "gt.txt has no true box to score of visibility 0.25 or more"),
        ("1,1,0,0,5,5,1\n", "hello\n", "tracks.txt line 1 is not numbers"),
        ("1,1,0,0,5\n", "", "gt.txt line 1: 5 numbers"),
        ("1,1,0,0,5,5,1\n", "1,1,0,0,5,5,1\n1,1,0,0,5,5,1\n", "tracks.txt has id 1 twice in frame 1"),
    ],
)
def test_bad_files_are_named(tmp_path, truth, result, message):
    (tmp_path / "gt.txt").write_text(truth)
    (tmp_path / "tracks.txt").write_text(result)
    with pytest.raises(SourceError, match=message):
        evaluate_mot(tmp_path / "gt.txt", tmp_path / "tracks.txt", min_visibility=0.25)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SourceError, match=r"gt.txt cannot be read \(No such file"):
        evaluate_mot(tmp_path / "gt.txt", tmp_path / "tracks.txt")


@pytest.mark.shared
@pytest.mark.parametrize(
    ("sequence", "fractions", "counts"),
    [  # motmetrics' README: MOTA 52.6 % and 56.4 %, IDF1 55.8 % and 64.5 %, distance 0.277 and 0.346
        ("TUD-Campus", (0.526, 0.558, 1 - 0.277, 0.941, 0.582), (7, 7, 13, 150, 1, 6, 1, 359)),
        ("TUD-Stadtmitte", (0.564, 0.645, 1 - 0.346, 0.940, 0.609), (7, 6, 45, 452, 5, 4, 1, 1156)),
    ],
)
def test_public_results_have_their_published_scores(shared, sequence, fractions, counts):
    folder = shared / "data" / "mot" / sequence
    s = evaluate_mot(folder / "gt.txt", folder / "sample_result.txt")
    assert (s.MOTA, s.IDF1, s.MOTP, s.precision, s.recall) == pytest.approx(fractions, abs=5e-4)
    parts = (s.mostly_tracked, s.partially_tracked, s.mostly_lost)
    assert (s.id_switches, s.fragments, s.false_positives, s.misses, *parts, s.objects) == counts
