"""Which crops a tracklet keeps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery.tracklet import Crop
from ingest.best_crops import POOL, BestCrops, Candidate


def offer(best: BestCrops, seconds: float, quality: float) -> None:
    microseconds = round(seconds * 1e6)
    place = best.rival(quality, microseconds)
    if place is not None:
        crop = Crop(round(seconds * 100), np.zeros(4, np.float32), quality, b"")
        best.put(place, Candidate(crop, microseconds, np.zeros(2, np.float32)))


def settled(best: BestCrops, seconds: float) -> list[tuple[float, float]]:
    """Time and quality of the kept crops."""
    best.settle(round(seconds * 1e6))
    return [(one.microseconds / 1e6, one.crop.quality) for one in best.kept]


def test_each_half_gives_the_best_crop_of_its_middle_half():
    # Of 8 s the halves' middle halves are 1 to 3 s and 5 to 7 s.
    best = BestCrops(keep=2)
    for seconds, quality in [(0, 0.9), (1, 0.3), (2, 0.5), (3, 0.2), (4, 0.8), (5, 0.4), (6, 0.6), (7, 0.7), (8, 0.9)]:
        offer(best, seconds, quality)
    assert settled(best, 8) == [(7, 0.7), (2, 0.5)]


def test_a_part_without_a_crop_in_its_middle_gives_the_nearest_to_it_however_good():
    best = BestCrops(keep=2)
    for seconds, quality in [(0, 0.9), (0.5, 0.1), (7, 0.3)]:
        offer(best, seconds, quality)
    assert settled(best, 8) == [(7, 0.3), (0.5, 0.1)]


def test_a_part_in_which_nobody_looked_gives_none():
    best = BestCrops(keep=4)
    for seconds in (1.0, 7.0):
        offer(best, seconds, 0.5)
    assert settled(best, 8) == [(1.0, 0.5), (7.0, 0.5)]


def test_a_single_look_is_kept():
    best = BestCrops()
    offer(best, 0, 0.2)
    assert settled(best, 0) == [(0, 0.2)]


def test_of_equals_the_earlier_one_is_kept():
    best = BestCrops(keep=1)
    for seconds in (3.0, 3.1, 4.0, 5.0):
        offer(best, seconds, 0.5)
    assert settled(best, 8) == [(3.0, 0.5)]


def test_within_a_piece_of_time_only_the_best_is_held():
    best = BestCrops(piece=1_000_000)
    for seconds, quality in [(0.0, 0.5), (0.4, 0.8), (0.8, 0.6)]:
        offer(best, seconds, quality)
    assert best.rival(0.8, 900_000) is None
    assert best.rival(0.81, 900_000) == 0
    assert best.rival(0.1, 1_000_000) == 1
    assert [one.crop.quality for one in best.kept] == [0.8]


def test_pieces_grow_with_the_track():
    # Two kept, eight held: the ninth second makes pairs of seconds, each of which keeps its better one.
    best = BestCrops(keep=2, piece=1_000_000)
    for second, quality in enumerate([0.1, 0.2, 0.4, 0.3, 0.5, 0.6, 0.8, 0.7, 0.9]):
        offer(best, second, quality)
    assert best.piece == 2_000_000
    assert [one.crop.quality for one in best.kept] == [0.2, 0.4, 0.6, 0.8, 0.9]


def test_a_long_sleep_in_between_does_not_stop_the_pieces_from_growing():
    best = BestCrops(keep=1, piece=1)
    for seconds in (0, 1, 2, 3, 86_400):
        offer(best, seconds, 0.5)
    assert len(best.kept) <= POOL


def test_settling_again_changes_nothing():
    best = BestCrops(keep=3)
    for k in range(100):
        offer(best, k * 0.1, (k * 37 % 100) / 100)
    assert settled(best, 9.9) == settled(best, 9.9)
    assert len(best.kept) == 3


def test_the_settings_tell_what_changes_the_choice():
    assert BestCrops(5).settings != BestCrops(4).settings


@pytest.mark.parametrize("keep", [1, 4])
@given(offers=st.lists(st.tuples(st.floats(0, 600), st.floats(0.01, 1)), max_size=80).map(sorted))
def test_never_holds_too_many_and_keeps_at_most_one_of_each_part(keep, offers):
    best = BestCrops(keep)
    for seconds, quality in offers:
        offer(best, seconds - offers[0][0], quality)
        assert len(best.kept) <= POOL * keep
    if offers:
        duration = offers[-1][0] - offers[0][0]
        held = {one.microseconds for one in best.kept}
        kept = settled(best, duration)
        assert {round(seconds * 1e6) for seconds, _ in kept} <= held
        assert [quality for _, quality in kept] == sorted((quality for _, quality in kept), reverse=True)
        assert 1 <= len(kept) <= keep
        parts = [min(int(keep * seconds / max(duration, 1e-6)), keep - 1) for seconds, _ in kept]
        assert len(set(parts)) == len(parts)
