"""Which crops a tracklet keeps."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gallery.tracklet import Crop
from ingest.best_crops import BestCrops, Candidate


def offer(best: BestCrops, seconds: float, quality: float) -> None:
    place = best.rival(quality, round(seconds * 1e6))
    if place is not None:
        crop = Crop(round(seconds * 10), np.zeros(4, np.float32), quality, b"")
        best.put(place, Candidate(crop, round(seconds * 1e6), np.zeros(2, np.float32)))


def qualities(best: BestCrops) -> list[float]:
    return [candidate.crop.quality for candidate in best.best_first()]


def test_keeps_the_best_of_many():
    best = BestCrops(keep=2, apart_seconds=1)
    for k, quality in enumerate([0.2, 0.9, 0.1, 0.5, 0.3]):
        offer(best, 2.0 * k, quality)
    assert qualities(best) == [0.9, 0.5]


def test_of_two_at_nearly_the_same_time_only_the_better_stays():
    best = BestCrops(keep=3, apart_seconds=1)
    offer(best, 0.0, 0.5)
    offer(best, 0.4, 0.8)
    offer(best, 0.8, 0.6)
    assert qualities(best) == [0.8]


def test_a_worse_crop_does_not_take_a_full_place():
    best = BestCrops(keep=1, apart_seconds=1)
    offer(best, 0.0, 0.5)
    assert best.rival(0.4, 5_000_000) is None


@given(st.lists(st.tuples(st.floats(0, 60), st.floats(0.01, 1)), max_size=60).map(sorted))
def test_never_keeps_too_many_and_always_the_best_one(offers):
    best = BestCrops(keep=4, apart_seconds=0.7)
    for seconds, quality in offers:
        offer(best, seconds, quality)
    assert len(best.kept) <= 4
    if offers:
        assert qualities(best)[0] == max(quality for _, quality in offers)
