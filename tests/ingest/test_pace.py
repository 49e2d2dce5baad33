import pytest

from ingest.pace import Pace


class Clock:
    """Says what it is told."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_frames_a_second_lately_and_all_in_all():
    clock = Clock()
    pace = Pace(clock, window_seconds=2.0)
    measured = []
    # 10 frames a second for four seconds, in blocks of five, then 20 a second.
    for number in range(1, 17):
        clock.now += 0.5 if number <= 8 else 0.25
        measured.append(pace.after(5 * number))
    assert measured[:8] == pytest.approx([10.0] * 8)
    # Half of the last two seconds at each speed: 10 x 1 + 20 x 1 frames; then all of it at 20.
    assert measured[11] == pytest.approx(15.0)
    assert measured[15] == pytest.approx(20.0)
    assert pace.seconds() == pytest.approx(6.0)
    assert pace.overall(80) == pytest.approx(80 / 6)


def test_no_time_at_all_is_no_division_by_zero():
    pace = Pace(Clock())
    assert pace.after(0) == 0
    assert pace.overall(0) == 0


def test_a_long_pause_counts_as_what_it_is():
    clock = Clock()
    pace = Pace(clock)
    clock.now += 10
    assert pace.after(8) == pytest.approx(0.8)
