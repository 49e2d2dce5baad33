"""HOTA by hand, and as TrackEval gives it."""

import numpy as np
import pytest

from retrieval.hota import LOCALISATIONS, hota
from tracking.motchallenge import MotTable, read_results, read_truth

WHOLE = (0, 0, 10, 10)
SIX_TENTHS, EIGHT_TENTHS, HALF = (0, 0, 10, 6), (0, 0, 10, 8), (0, 0, 10, 5)  # their IoU with WHOLE
ELSEWHERE = (50, 50, 60, 60)


def table(*rows):
    """Rows of (frame, id, box)."""
    rows = sorted(rows, key=lambda row: row[0])
    ones = np.ones(len(rows))
    return MotTable(
        np.array([frame for frame, _, _ in rows], np.int64),
        np.array([number for _, number, _ in rows], np.int64),
        np.array([box for _, _, box in rows], np.float64).reshape(-1, 4),
        ones,
        ones.astype(np.int64),
        ones,
        np.arange(len(rows)),
    )


def track(number, frames, box=WHOLE):
    return [(frame, number, box) for frame in frames]


PERSON = table(*track(1, range(1, 5)))


def test_the_same_is_perfect():
    found = hota(PERSON, table(*track(99, range(1, 5))))
    assert (found.HOTA, found.DetA, found.AssA, found.LocA) == (1, 1, 1, 1)


def test_a_track_that_changes_its_id_half_way():
    found = hota(PERSON, table(*track(1, [1, 2]), *track(2, [3, 4])))
    assert found.DetA == 1
    assert found.AssA == pytest.approx(0.5)  # each pair: 2 frames together of 4
    assert pytest.approx(0.5**0.5) == found.HOTA


def test_a_person_found_in_half_the_frames():
    found = hota(PERSON, table(*track(1, [2, 3])))
    assert (found.DetA, found.AssA) == pytest.approx((2 / 4, 2 / 4))
    assert pytest.approx(0.5) == found.HOTA


def test_a_track_that_passes_from_one_person_to_another():
    both = table(*track(1, [1, 2]), *track(2, [3, 4], ELSEWHERE))
    found = hota(both, table(*track(1, [1, 2]), *track(1, [3, 4], ELSEWHERE)))
    assert found.DetA == 1
    assert found.AssA == pytest.approx(0.5)


def test_a_false_track_costs_detection_only():
    found = hota(PERSON, table(*track(1, range(1, 5)), *track(2, range(1, 5), ELSEWHERE)))
    assert (found.DetA, found.AssA) == pytest.approx((4 / 8, 1))


def test_a_loose_box_counts_up_to_its_overlap():
    found = hota(PERSON, table(*track(1, range(1, 5), HALF)))
    reached = 10 / 19  # 0.05, 0.10, ..., 0.50, the last exactly
    assert (found.DetA, found.AssA, found.HOTA) == pytest.approx((reached, reached, reached))
    assert found.LocA == pytest.approx((10 * 0.5 + 9 * 1) / 19)


def test_the_track_that_fits_the_whole_way_is_matched_though_another_lies_better_for_a_moment():
    result = table(*track(1, [1, 2, 3], SIX_TENTHS), (2, 2, EIGHT_TENTHS))
    found = hota(table(*track(1, [1, 2, 3])), result)
    reached = 12 / 19
    assert found.DetA == pytest.approx(reached * 3 / 4)
    assert found.AssA == pytest.approx(reached)
    assert pytest.approx(reached * 0.75**0.5) == found.HOTA


@pytest.mark.parametrize(("truth", "result"), [(PERSON, table()), (table(), PERSON), (table(), table())])
def test_nothing_against_something_is_zero(truth, result):
    found = hota(truth, result)
    assert (found.HOTA, found.DetA, found.AssA, found.LocA) == (0, 0, 0, 1)


def test_there_are_nineteen_thresholds():
    assert LOCALISATIONS.tolist() == pytest.approx([0.05 * k for k in range(1, 20)])


@pytest.mark.shared
@pytest.mark.parametrize(
    ("sequence", "expected"),
    [  # as TrackEval 1.3.0 gives them, without its preprocessing
        ("TUD-Campus", (0.3913974378451139, 0.418047030142763, 0.36912068120832836, 0.770052227022172)),
        ("TUD-Stadtmitte", (0.3978490169927877, 0.3922675723693166, 0.4088407518112996, 0.737521177178062)),
    ],
)
def test_it_is_what_trackeval_gives(shared, sequence, expected):
    folder = shared / "data" / "mot" / sequence
    found = hota(read_truth(folder / "gt.txt"), read_results(folder / "sample_result.txt"))
    assert (found.HOTA, found.DetA, found.AssA, found.LocA) == pytest.approx(expected, abs=1e-12)
