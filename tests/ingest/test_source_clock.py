from fractions import Fraction

import pytest

from ingest.frame_clock import FrameClock, Sampler

MS = Fraction(1, 1000)


def read(*stamps: int | None, rate: int = 10) -> tuple[list[float], list[float]]:
    """Seconds of frames with timestamps in ms, and the jumps met."""
    clock = FrameClock(Fraction(rate))
    return [float(clock.seconds(stamp, MS)) for stamp in stamps], [float(jump) for jump in clock.jumps]


@pytest.mark.parametrize(
    ("stamps", "seconds", "jumps"),
    [
        ((5000, 5040, 5100), [0, 0.04, 0.1], []),
        ((-40, 0, 40), [0, 0.04, 0.08], []),
        ((None, None, None), [0, 0.1, 0.2], []),
        ((0, None, 250), [0, 0.1, 0.25], []),
        ((None, 700, 800), [0, 0.1, 0.2], []),  # the first timestamp comes late
        ((0, 100, 3_600_100, 3_600_200), [0, 0.1, 3600.1, 3600.2], []),  # the camera paused for an hour
        ((0, 100, 90, 200), [0, 0.1, 0.100001, 0.2], []),  # one bad timestamp
        ((0, 100, 100, 200), [0, 0.1, 0.100001, 0.2], []),
        ((60_000, 60_100, 0, 100), [0, 0.1, 0.2, 0.3], [-60.1]),  # two recordings in one file
        ((0, 100, 10**12, 10**12 + 100), [0, 0.1, 0.2, 0.3], [10**9 - 0.1]),  # nobody pauses for 30 years
    ],
)
def test_times_follow_the_timestamps_and_never_go_back(stamps, seconds, jumps):
    assert read(*stamps) == (pytest.approx(seconds, abs=1e-9), pytest.approx(jumps))


def test_raw_streams_have_exact_times():
    clock = FrameClock(Fraction(30000, 1001))
    times = [clock.seconds(None, None) for _ in range(1000)]
    assert times[-1] == Fraction(999 * 1001, 30000)


def test_sampling_matches_the_slow_way():
    times = [Fraction(i * 1001, 30000) for i in range(300)]
    ticks = [Fraction(k, 7) for k in range(80)]
    expected = sorted({next(i for i, t in enumerate(times) if t >= tick) for tick in ticks if tick <= times[-1]})
    sampler = Sampler(7)
    assert [i for i, t in enumerate(times) if sampler.takes(t)] == expected
